"""JSON Web Tokens by which a provider proves its callbacks: `Authorization: Bearer`, HS256.

Tokens   https://www.rfc-editor.org/rfc/rfc7519
HS256    https://www.rfc-editor.org/rfc/rfc7518#section-3.2

Read by hand and not by a library: secrets that providers give out are shorter than a library wants them, and it says so
at every callback.
"""

import base64
import hmac
import re
from typing import Any, TypeGuard

import msgspec

from tidings.model.errors import BadSignature
from tidings.model.exchange import Callback

_BEARER = re.compile(r"[Bb]earer ([A-Za-z0-9_-]{1,4096})\.([A-Za-z0-9_-]{1,4096})\.([A-Za-z0-9_-]{1,4096})")


def claims_of(callback: Callback, key: bytes) -> dict[str, Any]:
    """Read what a callback's token claims; raises BadSignature where there is none, or none by this key."""
    given = _BEARER.fullmatch(callback.headers.get("authorization", ""))
    if given is None or not key:
        raise BadSignature("Authorization brings no token")
    head, claims, signature = given.groups()
    due = base64.urlsafe_b64encode(hmac.digest(key, f"{head}.{claims}".encode(), "sha256")).rstrip(b"=")
    # Compared as it is written: a last letter with bits to spare makes no second way to write one token.
    if not hmac.compare_digest(due, signature.encode()):
        raise BadSignature("the token is not by the secret")
    header = _object(head)
    if header.get("alg") != "HS256" or "crit" in header:
        raise BadSignature("the token is of another kind")
    return _object(claims)


def is_time(value: Any) -> TypeGuard[float]:
    """Whether a claim is a time in seconds."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _object(part: str) -> dict[str, Any]:
    try:
        octets = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        return msgspec.json.decode(octets, type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        raise BadSignature("the token cannot be read") from error
