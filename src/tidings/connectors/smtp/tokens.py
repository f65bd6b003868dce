"""Getting a new access token for AUTH XOAUTH2 (RFC 6749 section 6)."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tidings.connectors.decoding import read
from tidings.connectors.smtp.settings import SmtpSettings
from tidings.model.errors import SendDeferred
from tidings.model.exchange import Call, Exchange
from tidings.model.stages import Cause, Reason

AHEAD = 120_000
"""Milliseconds before its end that a token is renewed."""
_LONGEST = 10 * 365 * 86_400


class _Granted(Struct, frozen=True):
    access_token: str
    expires_in: float = 0
    refresh_token: str = ""


def is_wanted(settings: SmtpSettings, now: int, *, refused: bool) -> bool:
    """Whether a new token is to be had, and can be."""
    if settings.refresh_token is None or not settings.token_url:
        return False
    ends = settings.token_ends
    return refused or settings.access_token is None or 0 < ends <= now + AHEAD


def renew(settings: SmtpSettings, now: int) -> Exchange[Mapping[str, Any]]:
    """Ask for a new token; gives the settings that change. Raises SendDeferred where there is none to be had."""
    assert settings.refresh_token is not None
    form = {"grant_type": "refresh_token", "refresh_token": settings.refresh_token.reveal()}
    form |= {"client_id": settings.client_id} if settings.client_id else {}
    form |= {"client_secret": settings.client_secret.reveal()} if settings.client_secret else {}
    reply = yield Call.post(settings.token_url, form=form)
    granted = read(reply.body, _Granted) if reply.ok else None
    if granted is None or not granted.access_token:
        reason = Reason(Cause.ACCOUNT, f"No access token is given out: {reply.status}.", str(reply.status), False)
        raise SendDeferred(reason, channel_wide=True)
    changed: dict[str, Any] = {"accessToken": granted.access_token}
    changed["tokenEnds"] = now + round(granted.expires_in * 1000) if 0 < granted.expires_in <= _LONGEST else 0
    if granted.refresh_token:
        changed["refreshToken"] = granted.refresh_token
    return changed
