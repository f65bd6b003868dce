"""Getting a new token for the one that ends, after 60 days.

Refresh tokens https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from tidings.connectors.linkedin.errors import refusal
from tidings.connectors.linkedin.settings import LinkedInSettings
from tidings.model.errors import SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange
from tidings.model.stages import Cause, Reason

EARLIER = 7 * 86_400_000
"""Milliseconds before its end that a token is renewed."""


class _Token(Struct, frozen=True):
    access_token: Annotated[str, Meta(min_length=1)]
    expires_in: Annotated[int, Meta(ge=0, le=10 * 365 * 86_400)]
    """Seconds."""
    refresh_token: str = ""


def renewal(settings: LinkedInSettings, now: int, *, refused: bool) -> Exchange[Mapping[str, Any]] | None:
    """Renew the token if LinkedIn refused it or it ends within a week; None where it need not or cannot be."""
    ends = settings.token_expires_at
    soon = ends is not None and ends - now < EARLIER
    able = settings.client_id and settings.client_secret and settings.refresh_token
    return _renew(settings, now) if able and (refused or soon) else None


def _renew(settings: LinkedInSettings, now: int) -> Exchange[Mapping[str, Any]]:
    assert settings.client_secret is not None
    assert settings.refresh_token is not None
    form = {
        "grant_type": "refresh_token",
        "refresh_token": settings.refresh_token.reveal(),
        "client_id": settings.client_id,
        "client_secret": settings.client_secret.reveal(),
    }
    reply = yield Call.post(f"{settings.oauth_url.rstrip('/')}/oauth/v2/accessToken", form=form)
    if not reply.ok:
        trouble = refusal(reply, now)
        if isinstance(trouble, SendFailed) or reply.status == 401:
            # Its grant is gone too: only the member can give a new one.
            raise SendFailed(Reason(Cause.ACCOUNT, "The refresh token is refused.", str(reply.status)))
        raise trouble
    try:
        token = msgspec.json.decode(reply.body, type=_Token)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SendDeferred(Reason(Cause.PROVIDER, "The answer has no token.", permanent=False)) from error
    changed: dict[str, Any] = {"accessToken": token.access_token, "tokenExpiresAt": now + token.expires_in * 1000}
    return {**changed, "refreshToken": token.refresh_token} if token.refresh_token else changed
