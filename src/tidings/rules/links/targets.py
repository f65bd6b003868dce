"""Targets: where a short address may lead, judged once when the message is taken.

What comes out is an absolute http or https URL in printable ASCII, so nothing of it can end a header or lead anywhere
but to the host it names. The wording of URLs is RFC 3986; how programs read those that do not keep to it is
https://url.spec.whatwg.org/.
"""

from string import ascii_letters, hexdigits
from typing import Final
from urllib.parse import quote

from tidings.rules.links.hosts import ascii_host

LONGEST: Final = 8_000
"""Characters of a target; longer ones are cut on their way."""
DANGEROUS: Final = frozenset({"javascript", "data", "vbscript", "file", "blob"})
"""Schemes that do something with what they hold instead of leading somewhere."""
TRACKED: Final = frozenset({"http", "https"})

_SPACE: Final = " \t\n\r\f"
"""What may stand around an attribute's value (HTML, section 2.3)."""
_SCHEME: Final = frozenset(ascii_letters + "0123456789+.-")
_PORTS: Final = range(1, 65_536)
_AS_THEY_ARE: Final = "!#$%&'()*+,-./:;=?@[]_~"
"""ASCII that stands in a target as it is; what is not here nor a letter nor a digit is percent-encoded."""
_BEGINNINGS: Final = ("{", "}", "*|", "|*", "<%", "%>", "[[", "]]")
"""What placeholders begin and end with in the languages of templates; no brace is part of a URL."""


def target_of(raw: str) -> str | None:
    """Give the target of an address as it is written; None where it is left alone as it is.

    Left alone is what leads to no page (`mailto:`, `tel:`, `sms:`, `cid:`, any other scheme that is not http, `#part`,
    nothing at all), and what still holds a placeholder. Raises ValueError, saying what is wrong, for all else that is
    no absolute http or https URL in good order.
    """
    written = raw.strip(_SPACE)
    scheme, rest = _scheme(written)
    if scheme in DANGEROUS:
        raise ValueError(f"it is of the scheme {scheme}")
    if not written or written.startswith("#") or has_placeholder(written) or (scheme and scheme not in TRACKED):
        return None
    if not all(map(_is_letter, written)):
        raise ValueError("it has a control character")
    if not scheme:
        raise ValueError("it is relative, and a message has no page that it could be relative to")
    if "\\" in written:
        raise ValueError("it has a backslash")
    if not rest.startswith("//"):
        raise ValueError("it names no host")
    place, path = _cut(rest[2:])
    target = f"{scheme}://{_place(place)}{quote(path, safe=_AS_THEY_ARE)}"
    if len(target) > LONGEST:
        raise ValueError(f"it has more than {LONGEST} characters")
    return target


def has_placeholder(written: str) -> bool:
    """Whether an address still holds a placeholder of some template, such as `{{x}}`, `%recipient.x%` or `*|X|*`.

    A percent sign that begins no octet is one too: no URL has it.
    """
    if any(each in written for each in _BEGINNINGS):
        return True
    following = written.split("%")[1:]
    return any(len(each) < 2 or not set(each[:2]) <= set(hexdigits) for each in following)


def _is_letter(each: str) -> bool:
    """Whether it is no control character, and no half of one."""
    return " " <= each < "\x7f" or (each >= "\xa0" and not "\ud800" <= each <= "\udfff")


def _scheme(written: str) -> tuple[str, str]:
    """Cut the scheme off, in lower case; empty where there is none. Programs read over control characters in it."""
    scheme, colon, rest = written.partition(":")
    read = "".join(each for each in scheme if each > " " and each != "\x7f").lower()
    if not colon or not read or not read[0].isascii() or not read[0].isalpha() or not _SCHEME.issuperset(read):
        return "", written
    return read, rest


def _cut(written: str) -> tuple[str, str]:
    """Cut host and port off what follows them."""
    end = min((at for at in map(written.find, "/?#") if at >= 0), default=len(written))
    return written[:end], written[end:]


def _place(written: str) -> str:
    """Write host and port; raises ValueError."""
    if "@" in written:
        raise ValueError("it has a user name or password before its host")
    at = written.find(":", written.find("]") if written.startswith("[") else 0)
    host, port = (written, "") if at < 0 else (written[:at], written[at + 1 :])
    if not host:
        raise ValueError("it names no host")
    if not port:
        return ascii_host(host)
    if not port.isascii() or not port.isdecimal() or len(port) > 5 or int(port) not in _PORTS:
        raise ValueError("its port is none")
    return f"{ascii_host(host)}:{int(port)}"
