"""xtext: how SMTP writes what may hold any character into a parameter of a command (RFC 3461 section 4)."""

import re

_TO_ESCAPE = re.compile(r"[^!-*,-<>-~]")
"""All but printable ASCII without space, `+` and `=`."""
_ESCAPED = re.compile(r"\+([0-9A-F]{2})")


def xtext(text: str) -> str:
    """Write a text as xtext; each octet of what is no ASCII is escaped for itself."""
    return _TO_ESCAPE.sub(lambda found: "".join(f"+{octet:02X}" for octet in found[0].encode("utf-8", "replace")), text)


def from_xtext(text: str) -> str:
    """Read xtext; what only looks escaped, and is not, stays as it is."""
    octets = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    try:
        return octets.encode("latin-1").decode()
    except UnicodeError:
        return octets


def from_strict_xtext(text: str) -> str:
    """Read xtext that escapes only what must be; else give the text as it is.

    Some mail servers give addresses back with the escapes, others without: `joe+42@…` was never escaped, as `+42`
    would be a B that needs none.
    """
    read = from_xtext(text)
    return read if xtext(read) == text else text
