"""How a webhook is known to be TikTok's.

Signature https://developers.tiktok.com/doc/webhooks-verification   Tiktok-Signature: t=<Unix seconds>,s=<hex>, where s
is the HMAC-SHA256 of the time, a full stop and the raw body, by the app's secret
"""

import hmac

from tidings.model.errors import BadSignature
from tidings.model.exchange import Callback
from tidings.model.secrets import Secret

_LONGEST_TIME = 12
"""Digits."""


def verify(callback: Callback, secret: Secret, tolerance: int) -> None:
    """Return if a webhook is signed with the secret, within so many seconds of now; raise BadSignature if not."""
    told = dict(part.strip().partition("=")[::2] for part in callback.headers.get("tiktok-signature", "").split(","))
    at = told.get("t", "")
    if not (at.isascii() and at.isdigit() and len(at) <= _LONGEST_TIME):
        raise BadSignature("Tiktok-Signature has no time")
    key = secret.reveal().encode()
    due = hmac.digest(key, at.encode() + b"." + callback.body, "sha256").hex().encode()
    # An empty secret proves nothing, for everybody knows it.
    if not (key and hmac.compare_digest(due, told.get("s", "").encode("utf-8", "replace"))):
        raise BadSignature("Tiktok-Signature is not by the app's secret")
    if abs(callback.received_at - int(at) * 1000) > tolerance * 1000:
        raise BadSignature("Tiktok-Signature is too old, or of a time to come")
