"""The tokens by which Apple and we know each other: JSON Web Tokens under the MSP's secret, in both directions.

Authorizing https://register.apple.com/resources/messages/msp-rest-api/auth

A token says who speaks and when. It does not cover what is said: for that there is only TLS.
"""

import jwt

from tidings.connectors.apple_messages.settings import AppleSettings
from tidings.connectors.bearer import claims_of, is_time
from tidings.model.errors import BadSignature
from tidings.model.exchange import Callback

OLDEST = 3600
AHEAD = 300
"""Seconds that a token of Apple's may be old, and that Apple's clock may be ahead."""


def authorization(settings: AppleSettings, now: int) -> str:
    """Write the header that proves who we are; `now` is in milliseconds."""
    return f"Bearer {jwt.encode({'iss': settings.msp_id, 'iat': now // 1000}, settings.key, algorithm='HS256')}"


def verify(callback: Callback, settings: AppleSettings) -> None:
    """Return if the callback brings a token of Apple's for this MSP, not long made; raises BadSignature."""
    claims = claims_of(callback, settings.key)
    audience = claims.get("aud")
    if settings.msp_id not in (audience if isinstance(audience, list) else [audience]):
        raise BadSignature("the token is not for this MSP")
    now = callback.received_at // 1000
    made, ends = claims.get("iat"), claims.get("exp", now)
    if not is_time(made) or not now - OLDEST <= made <= now + AHEAD:
        raise BadSignature("the token was made too long ago, or in the future")
    if not is_time(ends) or ends < now:
        raise BadSignature("the token has ended")
