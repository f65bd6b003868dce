"""Signing keys for tests."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tidings.model.secrets import Secret
from tidings.model.subscriptions import KeyKind, SigningKey


def hmac_key(octets: bytes = b"k" * 24, **more: Any) -> SigningKey:
    """Make an HMAC key, by default the same one every time."""
    given: dict[str, Any] = {"id": "s1", "kind": KeyKind.HMAC, "created_at": 1, **more}
    return SigningKey(secret=Secret("whsec_" + b64encode(octets).decode()), **given)


def ed25519_key(octets: bytes = b"k" * 32, **more: Any) -> SigningKey:
    """Make an Ed25519 key, by default the same one every time."""
    given: dict[str, Any] = {"id": "pair", "kind": KeyKind.ED25519, "created_at": 1, **more}
    return SigningKey(secret=Secret("whsk_" + b64encode(octets).decode()), **given)


def proves_v1a(public: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a `whpk_` key proves a webhook.

    Written from the specification's words alone: `v1a,` and the base64 Ed25519 signature of `id.timestamp.body`.
    """
    key = Ed25519PublicKey.from_public_bytes(b64decode(public.removeprefix("whpk_"), validate=True))
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    for each in headers["webhook-signature"].split(" "):
        version, _, signature = each.partition(",")
        if version == "v1a":
            try:
                key.verify(b64decode(signature, validate=True), signed)
            except InvalidSignature:
                continue
            return True
    return False
