"""How a post is known to be Mailgun's.

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks

Hex HMAC-SHA256, under the signing key, of timestamp and token written one after the other. The rest of the post is not
covered, so a token counts once, and not for long.
"""

import hmac
from collections.abc import Iterable

from msgspec import Struct

from tidings.model.errors import BadSignature
from tidings.model.secrets import Secret

MINUTE = 60_000
"""Milliseconds."""
OLDEST = 9 * 60 * MINUTE
"""Posts are repeated over some eight hours, perhaps under the first one's timestamp."""
AHEAD = 15 * MINUTE
TOKEN_LENGTH = 50
"""Always the same, and that matters: nothing else says where the timestamp ends and the token begins."""


class Proof(Struct, frozen=True, rename="kebab"):
    """The signed part of a post; for a sub-account's event, the primary account signs it too."""

    timestamp: str | int = ""
    token: str = ""
    signature: str = ""
    parent_signature: str = ""


def check(proof: Proof, keys: Iterable[Secret], now: int) -> None:
    """Return if one of the keys signed it, and not too long ago; raises BadSignature."""
    timestamp = str(proof.timestamp)
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12 and len(proof.token) == TOKEN_LENGTH):
        raise BadSignature("It has no proper timestamp and token.")
    signed = (timestamp + proof.token).encode("utf-8", "replace")
    given = [each.encode("utf-8", "replace") for each in (proof.signature, proof.parent_signature)]
    expected = [hmac.digest(key.reveal().encode(), signed, "sha256").hex().encode() for key in keys]
    # Every pair is compared, so that the time it takes tells nothing.
    if not sum(hmac.compare_digest(ours, theirs) for ours in expected for theirs in given):
        raise BadSignature("No signing key of the channel made this signature.")
    if not now - OLDEST <= int(timestamp) * 1000 <= now + AHEAD:
        raise BadSignature("It was signed too long ago, or in the future.")
