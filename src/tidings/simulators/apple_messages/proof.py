"""Tokens, written and checked by hand: nothing here is shared with the hub's side."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

SKEW = 3600
"""Seconds that a token's time may be off."""


def token_for(settings: Mapping[str, Any], *, at: int | None = None) -> str:
    """Write a token of Apple's for the MSP."""
    claims = {"aud": settings["mspId"], "iat": round(time.time()) if at is None else at}
    signed = f"{_encode(_json({'alg': 'HS256', 'typ': 'JWT'}))}.{_encode(_json(claims))}"
    return f"{signed}.{_encode(_sign(signed, settings))}"


def trouble_with(headers: Mapping[str, str], settings: Mapping[str, Any]) -> int:
    """Find the status by which a request without a good token of the MSP's is refused; 0 where it has one."""
    given = headers.get("authorization", "")
    if not given:
        return 401
    signed, _, signature = given.removeprefix("Bearer ").rpartition(".")
    if not hmac.compare_digest(_encode(_sign(signed, settings)), signature):
        return 403
    claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
    fits = claims.get("iss") == settings["mspId"] and abs(time.time() - claims.get("iat", 0)) <= SKEW
    return 0 if fits and headers.get("source-id") == settings["businessId"] else 403


def _sign(signed: str, settings: Mapping[str, Any]) -> bytes:
    return hmac.new(base64.b64decode(settings["secret"]), signed.encode(), hashlib.sha256).digest()


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encode(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
