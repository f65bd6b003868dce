"""Renewing the access token, which lasts a day. The refresh token is another one each time.

Renewal https://business-api.tiktok.com/portal/docs?id=1832184159540418
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from tidings.connectors.tiktok.errors import accepted
from tidings.connectors.tiktok.settings import TikTokSettings
from tidings.model.errors import SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange
from tidings.model.stages import Cause, Reason

MARGIN = 30 * 60_000
"""Milliseconds before its end that a token is renewed."""


class _Tokens(Struct, frozen=True):
    access_token: str
    refresh_token: str
    expires_in: int = 0
    refresh_token_expires_in: int = 0
    """Seconds."""


def is_due(settings: TikTokSettings, now: int) -> bool:
    """Whether the access token is used up, or will be soon; False where nobody knows until when it lasts."""
    return bool(settings.token_expires_at) and now >= settings.token_expires_at - MARGIN


def renew(settings: TikTokSettings, refresh_token: str, now: int) -> Exchange[Mapping[str, Any]]:
    """Trade the refresh token for new ones; gives the settings that change.

    Raises SendDeferred, for the whole channel where TikTok does not take it any more: somebody must consent again.
    """
    asked = {
        "client_id": settings.client_key,
        "client_secret": settings.client_secret.reveal(),
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
    }
    reply = yield Call.post(settings.url("tt_user/oauth2/refresh_token"), json=asked)
    try:
        answer = accepted(reply, settings, now)
    except SendFailed as failure:
        raise _waiting(failure.reason) from failure
    except SendDeferred as wait:
        raise (_waiting(wait.reason) if wait.stale else wait) from wait
    try:
        tokens = msgspec.convert(answer.data, _Tokens)
    except msgspec.ValidationError as error:
        reason = Reason(Cause.PROVIDER, "The answer holds no tokens.", permanent=False)
        raise SendDeferred(reason) from error
    return {
        "accessToken": tokens.access_token,
        "refreshToken": tokens.refresh_token,
        "tokenExpiresAt": _end(tokens.expires_in, now),
        "refreshTokenExpiresAt": _end(tokens.refresh_token_expires_in, now),
    }


def _waiting(reason: Reason) -> SendDeferred:
    """No message is lost meanwhile: they wait until somebody sets other tokens."""
    return SendDeferred(Reason(Cause.ACCOUNT, reason.text, reason.code, permanent=False), channel_wide=True)


def _end(seconds: int, now: int) -> int:
    """When something ends that lasts so long; 0 where nobody says."""
    return now + seconds * 1000 if 0 < seconds < 10**9 else 0
