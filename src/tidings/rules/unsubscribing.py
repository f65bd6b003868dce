"""The tokens of unsubscribe links: whose message it was and who got it, sealed so that nobody can make one up.

A token must say all by itself, without a cookie or a login (RFC 8058 section 3.1). It is two parts in base64url with a
dot between: `v1|workspace|message|address`, and the first 16 octets of its HMAC-SHA256.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from msgspec import Struct

LONGEST: Final = 900
"""Characters of a token; mail programs cut longer links."""
ONE_CLICK: Final = ("List-Unsubscribe", "One-Click")
"""The one form field, and its value, that a mail program posts (RFC 8058 section 3.2)."""

_VERSION: Final = "v1"
_FIELDS: Final = 4
_SEALED: Final = 16


class Unsubscribing(Struct, frozen=True):
    """Whom a token unsubscribes, and from whose messages."""

    workspace: str
    message: str
    address: str


def write_token(whose: Unsubscribing, key: str) -> str:
    """Write a token; raises ValueError where a name holds what divides them, or it would be too long."""
    names = (whose.workspace, whose.message)
    if any("|" in name for name in names):
        raise ValueError("Neither a workspace nor a message has a | in its name.")
    payload = "|".join((_VERSION, *names, whose.address)).encode()
    token = f"{_written(payload)}.{_written(hmac.digest(key.encode(), payload, 'sha256')[:_SEALED])}"
    if len(token) > LONGEST:
        raise ValueError(f"An unsubscribe token has at most {LONGEST} characters.")
    return token


def read_token(token: str) -> Unsubscribing | None:
    """Read what a token says of itself, which proves nothing; None where it is none."""
    if len(token) > LONGEST:
        return None
    written = token.partition(".")[0]
    try:
        payload = urlsafe_b64decode(written + "=" * (-len(written) % 4)).decode()
    except ValueError:
        return None
    version, *fields = payload.split("|", _FIELDS - 1)
    if version != _VERSION or len(fields) != _FIELDS - 1 or not payload.isprintable():
        return None
    return Unsubscribing(*fields)


def is_sealed(token: str, key: str) -> bool:
    """Whether a token is one of ours: exactly what we would write. In constant time."""
    whose = read_token(token)
    if whose is None or not key:
        return False
    try:
        due = write_token(whose, key)
    except ValueError:
        return False
    return hmac.compare_digest(due.encode(), token.encode("utf-8", "replace"))


def _written(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
