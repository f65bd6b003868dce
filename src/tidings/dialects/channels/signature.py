"""How the vocabulary signs a delivery, and when it tries again."""

from base64 import b64encode
from hashlib import sha256
from hmac import digest
from typing import Final

from tidings.dialects.dialect import Delivery
from tidings.model.secrets import Secret
from tidings.rules.schedule import HOUR, MINUTE, SECOND, Schedule

SCHEDULE: Final = Schedule(
    (
        5 * SECOND,
        30 * SECOND,
        2 * MINUTE,
        5 * MINUTE,
        15 * MINUTE,
        30 * MINUTE,
        1 * HOUR,
        2 * HOUR,
        4 * HOUR,
    )
)
"""About eight hours in all."""


def signature_headers(key: Secret, delivery: Delivery) -> dict[str, str]:
    """Sign one attempt; without a key there is nothing to sign with, and nothing is said.

    The signature is base64 HMAC-SHA256 over timestamp, LF, the full URL, LF and the raw SHA-256 of the body.
    """
    if not key:
        return {}
    said = f"{delivery.timestamp}\n{delivery.url}\n".encode() + sha256(delivery.body).digest()
    return {
        "messagebird-signature": b64encode(digest(key.reveal().encode(), said, "sha256")).decode(),
        "messagebird-request-timestamp": str(delivery.timestamp),
        "messagebird-request-id": delivery.event,
    }
