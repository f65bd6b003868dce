"""Signatures on what we tell: Standard Webhooks 1.0, and those of the two published vocabularies.

Standard Webhooks   https://www.standardwebhooks.com   `v1,` base64 HMAC-SHA256 of `id.timestamp.body`
"""

import hmac
from base64 import b64decode, b64encode
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from tidings.model.errors import BadSignature, Misconfigured
from tidings.model.secrets import Secret

KEY_PREFIX = "whsec_"
TOLERANCE_MS = 300_000
"""How far a signed time may lie from ours, either way."""

_LONGEST_TIME = 15
"""Digits; more is no time, and costs work to read."""


def key_from(random_bytes: bytes) -> str:
    """Write random bytes (24 to 64 of them, says the specification) as a Standard Webhooks key."""
    return KEY_PREFIX + b64encode(random_bytes).decode("ascii")


class Signer:
    """A Standard Webhooks key, made ready once so that a signature costs little more than the hash of its body."""

    __slots__ = ("_keyed",)

    def __init__(self, key: str | Secret) -> None:
        """Make a key ready; raises Misconfigured where it is no `whsec_` and base64."""
        self._keyed = HMAC(_octets(key), SHA256()).copy

    def sign(self, id: str, timestamp: int, body: bytes) -> str:  # noqa: A002 - the specification's own word
        """Sign one attempt at `timestamp` (Unix seconds): `v1,` and base64."""
        code = self._keyed()
        code.update(f"{id}.{timestamp}.".encode() + body)
        return "v1," + b2a_base64(code.finalize(), newline=False).decode()


def sign_standard(key: str | Secret, id: str, timestamp: int, body: bytes) -> str:  # noqa: A002 - as above
    """Sign one attempt as a `Signer` does, where the key is used only once; raises Misconfigured."""
    return Signer(key).sign(id, timestamp, body)


def verify_standard(
    keys: Sequence[str | Secret],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now_ms: int,
    tolerance_ms: int = TOLERANCE_MS,
) -> None:
    """Return if one of the `v1` signatures is by one of the keys and its time is near ours.

    Header names are in lower case. Raises BadSignature, and Misconfigured where a key is none.
    """
    event, moment, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (event and moment and signatures):
        raise BadSignature("a webhook-id, webhook-timestamp or webhook-signature header is missing")
    if not (event.isascii() and signatures.isascii()):
        raise BadSignature("webhook-id or webhook-signature is not ASCII")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= _LONGEST_TIME):
        raise BadSignature("webhook-timestamp is no time")
    if abs(now_ms - int(moment) * 1000) > tolerance_ms:
        raise BadSignature("webhook-timestamp is too far from now")
    given = signatures.split(" ")
    due = [Signer(key).sign(event, int(moment), body) for key in keys]
    # Every pair is compared, so that the time taken says nothing of which one matched.
    if not sum(hmac.compare_digest(one, other) for one in given for other in due):
        raise BadSignature("no signature is by a key of ours")


def hmac_sha1_hex(secret: str | Secret, body: bytes) -> str:
    """Sign a body for `X-Comapi-Signature`: lower-case hex HMAC-SHA1."""
    return hmac.digest(_text(secret).encode("utf-8"), body, "sha1").hex()


def messagebird(signing_key: str | Secret, timestamp: int, url: str, body: bytes) -> str:
    """Sign one attempt at `timestamp` (Unix seconds) for `messagebird-signature`: base64 HMAC-SHA256."""
    signed = b"%d\n%b\n%b" % (timestamp, url.encode("utf-8"), sha256(body).digest())
    return b64encode(hmac.digest(_text(signing_key).encode("utf-8"), signed, "sha256")).decode("ascii")


def _text(key: str | Secret) -> str:
    return key.reveal() if isinstance(key, Secret) else key


def _octets(key: str | Secret) -> bytes:
    text = _text(key).removeprefix(KEY_PREFIX).rstrip("=")
    try:
        octets = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise Misconfigured("a signing key must be whsec_ and base64") from error
    if not octets:
        raise Misconfigured("a signing key is empty")
    return octets
