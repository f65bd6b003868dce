"""Errors of the Graph API, and what follows from them for a message.

Errors https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from collections.abc import Callable

import msgspec
from msgspec import Raw, Struct

from tidings.connectors.advice import GATEWAY, Advice, later
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Reply
from tidings.model.stages import Cause

# The whole channel waits for a token that works; no message is lost to an expired one.
UNAUTHORIZED = later(Cause.ACCOUNT, channel_wide=True, stale=True)
TROUBLE = later(Cause.PROVIDER)
THROTTLED = later(Cause.THROTTLED, channel_wide=True)
NO_WORD = Advice(Cause.UNKNOWN)


class _Data(Struct, frozen=True):
    details: str = ""


class GraphError(Struct, frozen=True):
    """An error as the Graph API tells it, in an answer or in a webhook."""

    code: int
    title: str = ""
    message: str = ""
    error_subcode: int | None = None
    error_data: _Data | str | None = None
    error_user_msg: str = ""
    is_transient: bool = False

    @property
    def text(self) -> str:
        """The most telling of its texts."""
        details = self.error_data.details if isinstance(self.error_data, _Data) else self.error_data
        return details or self.title or self.message or self.error_user_msg


class _Answer(Struct, frozen=True):
    error: GraphError


def read_error(raw: Raw) -> GraphError | None:
    """Read one error of a webhook; None where it is none."""
    try:
        return msgspec.json.decode(raw, type=GraphError, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def error_of(reply: Reply) -> GraphError | None:
    """Read the error of an answer; None where it tells none."""
    try:
        return msgspec.json.decode(reply.body, type=_Answer, strict=False).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def refusal(
    reply: Reply, now: int, advise: Callable[[GraphError], Advice | None]
) -> SendFailed | SendDeferred | NoReply:
    """Say what an answer that is no success means for the message; `now` is in milliseconds.

    `advise` knows a platform's codes; None where it has no word for one.
    """
    error = error_of(reply)
    if error is None and reply.status in GATEWAY:
        return NoReply(f"HTTP {reply.status} from a gateway", taken=True)
    advice = _advice(reply.status, error, advise)
    text, code = (error.text, error.code) if error else (f"HTTP {reply.status}", reply.status)
    return advice.follow(reply, text, str(code), reply.retry_after(now))


def _advice(status: int, error: GraphError | None, advise: Callable[[GraphError], Advice | None]) -> Advice:
    known = advise(error) if error else None
    if known and (known.deferred or status != 429):
        return known
    if status == 429:
        return THROTTLED
    if status == 401:
        return UNAUTHORIZED
    if status >= 500 or (error and error.is_transient):
        return TROUBLE
    return NO_WORD
