"""How the Messages API and we know each other: JSON Web Tokens in both directions, or our key and secret.

Ours    https://developer.vonage.com/en/getting-started/concepts/authentication  RS256 by the application's key
Theirs  https://developer.vonage.com/en/getting-started/concepts/webhooks        HS256 by the signature secret, with the
        SHA-256 of the body
"""

import hashlib
import hmac
import uuid
from base64 import b64encode
from functools import lru_cache
from typing import Final

import jwt

from tidings.connectors.bearer import claims_of, is_time
from tidings.connectors.vonage.settings import VonageSettings
from tidings.model.errors import BadSignature
from tidings.model.exchange import Callback
from tidings.model.secrets import Secret

SPAN: Final = 300
"""Seconds that one token is used for: a signature costs more than all the rest of a request."""
LIFE: Final = 900
"""Seconds that a token is good for."""


def authorization(settings: VonageSettings, now: int) -> str:
    """Write the header that proves who we are; `now` is in milliseconds."""
    if settings.private_key:
        seconds = now // 1000
        return f"Bearer {_token(settings.application_id, settings.private_key, seconds - seconds % SPAN)}"
    secret = settings.api_secret.reveal() if settings.api_secret else ""
    return f"Basic {b64encode(f'{settings.api_key}:{secret}'.encode()).decode()}"


@lru_cache(maxsize=64)
def _token(application: str, key: Secret, since: int) -> str:
    claims = {
        "application_id": application,
        "iat": since,
        "exp": since + LIFE,
        "jti": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{application}:{since}")),
    }
    return jwt.encode(claims, key.reveal(), algorithm="RS256")


def verify_token(callback: Callback, settings: VonageSettings, secret: Secret) -> None:
    """Return if the callback's token is by the secret, of this account and body, and new; raises BadSignature."""
    claims = claims_of(callback, secret.reveal().encode())
    made, now = claims.get("iat"), callback.received_at / 1000
    if not is_time(made) or abs(now - made) > settings.max_callback_age:
        raise BadSignature("the token was made too long ago, or in the future")
    if is_time(ends := claims.get("exp", now)) and ends < now:
        raise BadSignature("the token has ended")
    if claims.get("api_key") != settings.api_key:
        raise BadSignature("the token is for another account")
    told = str(claims.get("payload_hash", "")).encode("utf-8", "replace")
    # Of a GET, the body is empty, and nothing covers what the query says.
    if callback.method == "GET" or not hmac.compare_digest(
        hashlib.sha256(callback.body).hexdigest().encode(), told.lower()
    ):
        raise BadSignature("the token is for another body")
