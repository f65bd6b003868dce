"""Standard Webhooks 1.0: signing, with one key or several, and verifying.

Scheme  https://www.standardwebhooks.com   over `id.timestamp.body`: `v1,` base64 HMAC-SHA256; `v1a,` base64 Ed25519
"""

import hmac
from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from tidings.model.errors import BadSignature
from tidings.model.secrets import Secret
from tidings.model.subscriptions import KeyKind, SigningKey
from tidings.rules.signing.keys import octets_of, private_key

TOLERANCE_MS = 300_000
"""How far a signed time may lie from ours, either way."""

_LONGEST_TIME = 15
"""Digits; more is no time, and costs work to read."""

Sign = Callable[[str, int, bytes], str]
"""Signs an attempt: the event's id, the time (Unix seconds), the exact body."""


class Signer:
    """Signs attempts with one key or several, made ready once, so that a signature costs little more than its hash."""

    __slots__ = ("sign",)

    sign: Sign
    """Sign one attempt with every key that has not expired at its time; the signatures stand with spaces between."""

    def __init__(self, *keys: str | Secret | SigningKey) -> None:
        """Make keys ready; a text is an HMAC key without an end. Raises Misconfigured where one is no key."""
        ready = [(_signature(key), _end(key)) for key in keys]
        # Most subscriptions have one key, which goes on: nothing stands between it and who asks.
        self.sign = ready[0][0] if len(ready) == 1 and ready[0][1] is None else _several(ready)


def sign_standard(key: str | Secret, id: str, timestamp: int, body: bytes) -> str:  # noqa: A002 - the specification's word
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
    timestamp = read_seconds(moment)
    if timestamp is None:
        raise BadSignature("webhook-timestamp is no time")
    if abs(now_ms - timestamp * 1000) > tolerance_ms:
        raise BadSignature("webhook-timestamp is too far from now")
    given = signatures.split(" ")
    due = [Signer(key).sign(event, timestamp, body) for key in keys]
    # Every pair is compared, so that the time taken says nothing of which one matched.
    if not sum(hmac.compare_digest(one, other) for one in given for other in due):
        raise BadSignature("no signature is by a key of ours")


def read_seconds(text: str) -> int | None:
    """Read a header's Unix seconds; None where it is no time."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_TIME else None


def _several(ready: Sequence[tuple[Sign, int | None]]) -> Sign:
    def sign(id: str, timestamp: int, body: bytes) -> str:  # noqa: A002 - as above
        live = (one for one, end in ready if end is None or timestamp * 1000 < end)
        return " ".join([one(id, timestamp, body) for one in live])

    return sign


def _signature(key: str | Secret | SigningKey) -> Sign:
    if isinstance(key, SigningKey):
        return _ed25519(key.secret) if key.kind is KeyKind.ED25519 else _hmac(key.secret)
    return _hmac(key)


def _end(key: str | Secret | SigningKey) -> int | None:
    return key.expires_at if isinstance(key, SigningKey) else None


def _hmac(key: str | Secret) -> Sign:
    keyed = HMAC(octets_of(key, KeyKind.HMAC), SHA256()).copy

    def sign(id: str, timestamp: int, body: bytes) -> str:  # noqa: A002 - as above
        code = keyed()
        code.update(f"{id}.{timestamp}.".encode() + body)
        return "v1," + b2a_base64(code.finalize(), newline=False).decode()

    return sign


def _ed25519(key: str | Secret) -> Sign:
    private = private_key(key)

    def sign(id: str, timestamp: int, body: bytes) -> str:  # noqa: A002 - as above
        return "v1a," + b2a_base64(private.sign(f"{id}.{timestamp}.".encode() + body), newline=False).decode()

    return sign
