"""How the vocabulary signs a delivery: with the webhook's secret, over the exact body alone."""

import hmac
from typing import Final

from tidings.model.secrets import Secret
from tidings.rules.signing import hmac_sha1_hex
from tidings.rules.signing.examining import Finding, Flaw, Received, examine_body, missing_of

SIGNATURE: Final = "X-Comapi-Signature"

_NAME: Final = SIGNATURE.lower()


def signature_headers(secret: Secret, body: bytes) -> dict[str, str]:
    """Sign a body; without a secret there is nothing to sign with, and nothing is said."""
    return {SIGNATURE: hmac_sha1_hex(secret, body)} if secret else {}


def examine_signature(secret: Secret, received: Received) -> Finding | None:
    """Verify a signature; None where there is no secret, and no signature came."""
    missing = missing_of(received, SIGNATURE, (_NAME,))
    if not secret:
        return Finding(SIGNATURE, Flaw.UNSIGNED, "The webhook has no `secret`.") if missing is None else None
    if missing is not None:
        return missing
    given = received.headers[_NAME].encode()

    def is_over(body: bytes) -> bool:
        return hmac.compare_digest(hmac_sha1_hex(secret, body).encode(), given)

    return examine_body(received, SIGNATURE, is_over)
