"""Keeping the account's token alive: one of Instagram's login lasts 60 days, and can be refreshed while it does.

Refresh https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from tidings.connectors.decoding import read
from tidings.connectors.instagram.settings import InstagramSettings
from tidings.connectors.meta import errors
from tidings.connectors.meta.messaging.codes import advise
from tidings.model.errors import SendDeferred
from tidings.model.exchange import Call, Exchange
from tidings.model.stages import Cause, Reason
from tidings.rules.times import from_iso, to_iso

AHEAD = 10 * 86_400_000
"""How long before its end a token is refreshed, milliseconds."""
LONGEST = 366 * 86_400
"""Seconds that a token may be said to last."""


class _Token(Struct, frozen=True):
    access_token: str
    expires_in: int


def is_due(settings: InstagramSettings, now: int) -> bool:
    """Whether the token soon ends; never that of a page, or one whose end nobody has told or has passed."""
    if settings.page_id or not settings.token_expires_on:
        return False
    try:
        ends = from_iso(settings.token_expires_on)
    except ValueError:
        return False
    return now < ends <= now + AHEAD


def renew(settings: InstagramSettings, now: int) -> Exchange[Mapping[str, Any]]:
    """Get a new token; raises SendDeferred where that is not to be had now."""
    asked = {"grant_type": "ig_refresh_token", "access_token": settings.access_token.reveal()}
    reply = yield Call.get(f"{settings.origin}/refresh_access_token?{urlencode(asked)}")
    if not reply.ok:
        refused = errors.refusal(reply, now, advise)
        raise SendDeferred(Reason(Cause.ACCOUNT, f"The token is not refreshed: {refused}", permanent=False))
    token = read(reply.body, _Token)
    if token is None or not token.access_token or not 0 < token.expires_in <= LONGEST:
        raise SendDeferred(Reason(Cause.ACCOUNT, "The answer holds no token.", permanent=False))
    return {"accessToken": token.access_token, "tokenExpiresOn": to_iso(now + token.expires_in * 1000)}
