"""The tokens of unsubscribe links: whose message it was and who got it, sealed so that nobody can make one up.

A token must say all by itself, without a cookie or a login (RFC 8058 section 3.1). It is two parts in base64url with a
dot between: `v1|workspace|message|address`, or `v2|workspace|channel|message|address`, and the first 16 octets of its
HMAC-SHA256. The first is a channel's own, sealed with a key of its settings; the second is the hub's.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

LONGEST: Final = 900
"""Characters of a token; mail programs cut longer links."""
ONE_CLICK: Final = ("List-Unsubscribe", "One-Click")
"""The one form field, and its value, that a mail program posts (RFC 8058 section 3.2)."""

LINK_HEADER: Final = "List-Unsubscribe"
POST_HEADER: Final = "List-Unsubscribe-Post"

_OF_A_CHANNEL: Final = "v1"
_OF_THE_HUB: Final = "v2"
_NAMES: Final = {_OF_A_CHANNEL: 2, _OF_THE_HUB: 3}
"""How many names stand before the address."""
_SEALED: Final = 16


class Unsubscribing(Struct, frozen=True):
    """Whom a token unsubscribes, and from whose messages."""

    workspace: str
    message: str
    address: str
    channel: str = ""
    """The channel that the message went over, of a token of the hub's own."""


def unsubscribe_headers(url: str) -> Mapping[str, str]:
    """Write the headers that lead to a link (RFC 2369, RFC 8058); only an https one is followed with one click."""
    headers = {LINK_HEADER: f"<{url}>"}
    return headers | {POST_HEADER: "=".join(ONE_CLICK)} if url.startswith("https://") else headers


def write_token(whose: Unsubscribing, key: str) -> str:
    """Write a token; raises ValueError where a name holds what divides them, or it would be too long."""
    version = _OF_THE_HUB if whose.channel else _OF_A_CHANNEL
    names = (whose.workspace, *((whose.channel,) if whose.channel else ()), whose.message)
    if any("|" in name for name in names):
        raise ValueError("Neither a workspace nor a message has a | in its name.")
    payload = "|".join((version, *names, whose.address)).encode()
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
    version, _, rest = payload.partition("|")
    number = _NAMES.get(version, 0)
    *names, address = rest.split("|", number)
    if not number or len(names) != number or not payload.isprintable():
        return None
    return Unsubscribing(names[0], names[-1], address, names[1] if version == _OF_THE_HUB else "")


def is_sealed_with_one_of(token: str, keys: Iterable[str]) -> bool:
    """Whether a token is one of ours, by the key we seal with now or one that we sealed with before."""
    return any(is_sealed(token, key) for key in keys)


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
