"""Host names as they are written in targets, and those that look like another's.

A name in letters beyond ASCII is written as IDNA has it (RFC 5891, mapped by UTS 46). Two kinds are refused, because a
person cannot tell them from the name they look like: labels that mix scripts nobody writes together (UTS 39 section
5.2, "highly restrictive"), and labels wholly of another script's letters that each look like one of ASCII, unless the
top-level domain is of that script too.
"""

from ipaddress import AddressValueError, IPv6Address
from typing import Final

LONGEST: Final = 253
"""Characters of a host name (RFC 1035)."""
LONGEST_LABEL: Final = 63
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
"""What names are made of; underscores are in no host name by the book, and in many that work."""

_COMMON: Final = frozenset({"COMMON", "INHERITED"})
"""Scripts of what belongs to every script, such as digits and hyphens."""
_TOGETHER: Final = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)
"""Scripts that are written together, beside each script alone."""


def ascii_host(host: str) -> str:
    """Write a host in lower-case ASCII; raises ValueError, saying what is wrong with it."""
    if host.startswith("["):
        return _address(host)
    lower = host.lower()
    if not lower.isascii() or "xn--" in lower:
        return _international(lower)
    labels = lower.removesuffix(".").split(".")
    if len(lower) > LONGEST or not all(0 < len(each) <= LONGEST_LABEL and _LETTERS.issuperset(each) for each in labels):
        raise ValueError("its host is no name and no address")
    return lower


def _address(host: str) -> str:
    try:
        address = IPv6Address(host[1:-1] if host.endswith("]") else "")
    except AddressValueError as error:
        raise ValueError("its host is no IPv6 address") from error
    if address.scope_id is not None:
        raise ValueError("its host is an address of one machine's own network")
    return f"[{address}]"


def _international(host: str) -> str:
    import idna  # noqa: PLC0415 - hardly any host needs it

    try:
        written = idna.encode(host, uts46=True).decode()
        labels = [idna.decode(each) for each in written.removesuffix(".").split(".")]
    except UnicodeError as error:
        raise ValueError("its host is no name of the domain name system") from error
    top = _scripts(labels[-1])
    for label in labels:
        scripts = _scripts(label)
        if len(scripts) > 1 and not any(scripts <= each for each in _TOGETHER):
            raise ValueError(f"its host mixes scripts and may be taken for another: {label}")
        if scripts and "LATIN" not in scripts and scripts.isdisjoint(top) and _looks_ascii(label):
            raise ValueError(f"its host looks like another in Latin letters: {label}")
    return written


def _scripts(label: str) -> frozenset[str]:
    """Name the scripts that a label is written in."""
    from confusable_homoglyphs.categories import unique_aliases  # noqa: PLC0415 - a table for hardly any host

    return frozenset(unique_aliases(label)) - _COMMON


def _looks_ascii(label: str) -> bool:
    """Whether every letter of a label is one of ASCII or looks like one."""
    from confusable_homoglyphs.confusables import is_confusable  # noqa: PLC0415 - a table for hardly any host

    def looks(letter: str) -> bool:
        found = is_confusable(letter, preferred_aliases=["LATIN"])
        return letter.isascii() or (found and any(each["c"].isascii() for each in found[0]["homoglyphs"]))

    return all(map(looks, label))
