"""How the vocabulary signs a delivery, and when it tries again."""

import hmac
from typing import Final

from tidings.dialects.dialect import Delivery
from tidings.model.secrets import Secret
from tidings.rules.schedule import HOUR, MINUTE, SECOND, Schedule
from tidings.rules.signing import messagebird
from tidings.rules.signing.examining import Finding, Flaw, Received, examine_body, missing_of, timely
from tidings.rules.signing.standard import read_seconds

SIGNATURE: Final = "messagebird-signature"
TIMESTAMP: Final = "messagebird-request-timestamp"

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
    """Sign one attempt; without a key there is nothing to sign with, and nothing is said."""
    if not key:
        return {}
    return {
        SIGNATURE: messagebird(key, delivery.timestamp, delivery.url, delivery.body),
        TIMESTAMP: str(delivery.timestamp),
        "messagebird-request-id": delivery.event,
    }


def examine_signature(key: Secret, signed_url: str, received: Received) -> Finding | None:
    """Verify a signature that was made over a URL of ours; None where there is no key, and no signature came."""
    missing = missing_of(received, SIGNATURE, (SIGNATURE, TIMESTAMP))
    if not key:
        came = missing is None or missing.is_there
        return Finding(SIGNATURE, Flaw.UNSIGNED, "The subscription has no `signingKey`.") if came else None
    if missing is not None:
        return missing
    timestamp = read_seconds(received.headers[TIMESTAMP])
    if timestamp is None:
        return Finding(SIGNATURE, Flaw.MALFORMED_HEADER, f"{TIMESTAMP} is no time in Unix seconds.")
    given = received.headers[SIGNATURE].encode()

    def is_over(url: str, body: bytes) -> bool:
        return hmac.compare_digest(messagebird(key, timestamp, url, body).encode(), given)

    finding = examine_body(received, SIGNATURE, lambda body: is_over(received.url, body))
    if finding.flaw is None:
        return timely(received, finding, TIMESTAMP, timestamp)
    if is_over(signed_url, received.body):
        return Finding(SIGNATURE, Flaw.WRONG_URL, f"It is over {signed_url}, and this is {received.url}.")
    return finding
