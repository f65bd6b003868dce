"""Signatures and tokens, made and checked by hand: nothing here is shared with the hub's side."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

SKEW: Final = 300
"""Seconds that the time of a signed request may be off."""


def sign(fields: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    """Sign fields as the account's signature method says; HMACs come in capitals."""
    key, method = str(settings["signatureSecret"]).encode(), settings.get("signatureMethod", "sha256")
    parts = []
    for name, value in sorted(fields.items()):
        if name != "sig":
            parts.append(f"&{name}={value.replace('&', '_').replace('=', '_')}")
    text = "".join(parts).encode()
    if method == "md5hash":
        return hashlib.md5(text + key, usedforsecurity=False).hexdigest()
    return hmac.new(key, text, method).hexdigest().upper()


def trouble_with(fields: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    """Find the status by which the SMS API refuses who asks; empty where it is the account."""
    secret, signature = fields.get("api_secret"), fields.get("sig")
    if secret is not None and signature is not None:
        return "32"
    if fields.get("api_key") != settings["apiKey"]:
        return "4"
    if signature is None:
        return "" if secret and secret == settings.get("apiSecret") else "4"
    told = fields.get("timestamp", "")
    timely = told.isdigit() and abs(time.time() - int(told)) <= SKEW
    return "" if timely and signature.lower() == sign(fields, settings).lower() else "14"


def is_known(authorization: str, settings: Mapping[str, Any]) -> bool:
    """Whether a request of the Messages API is the account's: by an application's token, or by key and secret."""
    if settings.get("privateKey") and authorization.startswith("Bearer "):
        key = load_pem_private_key(str(settings["privateKey"]).encode(), None).public_key()
        public = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        try:
            claims = jwt.decode(authorization.removeprefix("Bearer "), public, algorithms=["RS256"])
        except jwt.PyJWTError:
            return False
        lasts = claims.get("exp", 0) - claims.get("iat", 0)
        return claims.get("application_id") == settings["applicationId"] and "jti" in claims and 0 < lasts <= 86_400
    user = f"{settings['apiKey']}:{settings.get('apiSecret', '')}"
    return authorization == f"Basic {base64.b64encode(user.encode()).decode()}"


def token_for(body: bytes, settings: Mapping[str, Any]) -> str:
    """Write the token that comes with a webhook of the Messages API."""
    claims = {
        "iat": int(time.time()),
        "jti": str(uuid.uuid4()),
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": settings["apiKey"],
        "application_id": settings.get("applicationId", ""),
    }
    signed = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
    digest = hmac.new(str(settings["signatureSecret"]).encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _encode(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()
