"""The access token, which lasts an hour and is had for a signed assertion.

Tokens  https://developers.google.com/identity/protocols/oauth2/service-account#httprest
"""

from collections.abc import Mapping
from typing import Any

import jwt
from msgspec import Struct

from tidings.connectors.decoding import read
from tidings.connectors.rbm.settings import RbmSettings
from tidings.model.errors import SendDeferred
from tidings.model.exchange import Call, Exchange
from tidings.model.stages import Cause, Reason

SCOPE = "https://www.googleapis.com/auth/rcsbusinessmessaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
HOUR = 3600
"""Seconds: as long as an assertion may be good."""
MARGIN = 60_000
"""Milliseconds before its end that a token is renewed."""


class _Token(Struct, frozen=True):
    access_token: str
    expires_in: int = HOUR


def is_due(settings: RbmSettings, now: int) -> bool:
    """Whether there is no token, or it is used up, or will be soon."""
    return not settings.access_token or now >= settings.token_expires_at - MARGIN


def renew(settings: RbmSettings, now: int) -> Exchange[Mapping[str, Any]]:
    """Get a token for an assertion; gives the settings that change.

    Raises SendDeferred, for the whole channel where Google does not believe the assertion: messages wait until somebody
    sets another key.
    """
    try:
        assertion = _assertion(settings, now // 1000)
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise _waiting("The private key cannot be used.", "") from error
    reply = yield Call.post(settings.tokens, form={"grant_type": GRANT, "assertion": assertion})
    if reply.status >= 500 or reply.status == 429:
        reason = Reason(Cause.PROVIDER, f"Google's token door answered {reply.status}.", permanent=False)
        raise SendDeferred(reason, after=reply.retry_after(now))
    token = read(reply.body, _Token) if reply.ok else None
    if token is None:
        raise _waiting(f"Google gave no access token for the service account: {reply.status}.", str(reply.status))
    lasts = min(max(token.expires_in, 0), 24 * HOUR)
    return {"accessToken": token.access_token, "tokenExpiresAt": now + lasts * 1000}


def _assertion(settings: RbmSettings, seconds: int) -> str:
    claims = {
        "iss": settings.client_email,
        "scope": SCOPE,
        "aud": settings.tokens,
        "iat": seconds,
        "exp": seconds + HOUR,
    }
    return jwt.encode(claims, settings.private_key.reveal(), algorithm="RS256")


def _waiting(text: str, code: str) -> SendDeferred:
    return SendDeferred(Reason(Cause.ACCOUNT, text, code, permanent=False), channel_wide=True)
