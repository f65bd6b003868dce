"""The signatures of webhooks, made a second time: from the contract and the RFCs alone, with none of the hub's code."""

from base64 import b64encode
from hashlib import sha1, sha256
from typing import Any


def hmac_by_hand(key: bytes, said: bytes, hash_: Any) -> bytes:
    """HMAC as RFC 2104 spells it out; both hashes have blocks of 64 octets."""
    key = (hash_(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hash_(bytes(each ^ 0x36 for each in key) + said).digest()
    digest: bytes = hash_(bytes(each ^ 0x5C for each in key) + inner).digest()
    return digest


def comapi_headers(secret: str, body: bytes) -> dict[str, str]:
    """Lower-case hex HMAC-SHA1 of the exact body."""
    digest = hmac_by_hand(secret.encode(), body, sha1)
    return {"X-Comapi-Signature": "".join(f"{octet:02x}" for octet in digest)}


def messagebird_headers(key: str, timestamp: int, url: str, body: bytes, event: str = "evt-1") -> dict[str, str]:
    """Base64 HMAC-SHA256 over timestamp, LF, full URL, LF and the raw 32-byte SHA-256 of the body."""
    said = str(timestamp).encode() + b"\x0a" + url.encode() + b"\x0a" + sha256(body).digest()
    return {
        "messagebird-signature": b64encode(hmac_by_hand(key.encode(), said, sha256)).decode(),
        "messagebird-request-timestamp": str(timestamp),
        "messagebird-request-id": event,
    }


def standard_headers(octets: bytes, timestamp: int, body: bytes, event: str = "evt-1") -> dict[str, str]:
    """Standard Webhooks 1.0, `v1`: base64 HMAC-SHA256 over id, full stop, timestamp, full stop, body."""
    said = event.encode() + b"." + str(timestamp).encode() + b"." + body
    signature = "v1," + b64encode(hmac_by_hand(octets, said, sha256)).decode()
    return {"webhook-id": event, "webhook-timestamp": str(timestamp), "webhook-signature": signature}
