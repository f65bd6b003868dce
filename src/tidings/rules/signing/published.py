"""The signatures of the two published vocabularies, each with a secret of its own."""

import hmac
from base64 import b64encode
from hashlib import sha256

from tidings.model.secrets import Secret


def hmac_sha1_hex(secret: str | Secret, body: bytes) -> str:
    """Sign a body for `X-Comapi-Signature`: lower-case hex HMAC-SHA1."""
    return hmac.digest(_octets(secret), body, "sha1").hex()


def messagebird(signing_key: str | Secret, timestamp: int, url: str, body: bytes) -> str:
    """Sign one attempt at `timestamp` (Unix seconds) for `messagebird-signature`: base64 HMAC-SHA256.

    It is over the timestamp, LF, the full URL, LF and the raw SHA-256 of the body.
    """
    signed = b"%d\n%b\n%b" % (timestamp, url.encode("utf-8"), sha256(body).digest())
    return b64encode(hmac.digest(_octets(signing_key), signed, "sha256")).decode("ascii")


def _octets(secret: str | Secret) -> bytes:
    return (secret.reveal() if isinstance(secret, Secret) else secret).encode("utf-8")
