"""What LinkedIn's answers mean where they are no success, and whether it is worth trying again.

Errors https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling
"""

from msgspec import Struct

from tidings.connectors.advice import GATEWAY, Advice, later
from tidings.connectors.decoding import read
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Reply
from tidings.model.stages import Cause

DAY = 86_400_000
"""Milliseconds."""


ADVICE = {
    400: Advice(Cause.INVALID),
    # The token lives 60 days; every message waits for a new one.
    401: later(Cause.ACCOUNT, channel_wide=True, stale=True),
    # One writes to first-degree connections only.
    403: Advice(Cause.BLOCKED),
    404: Advice(Cause.BAD_ADDRESS),
    405: Advice(Cause.INVALID),
    409: Advice(Cause.INVALID),
    411: Advice(Cause.INVALID),
    413: Advice(Cause.INVALID),
    422: Advice(Cause.INVALID),
    # The version in the header is retired: somebody must set another.
    426: Advice(Cause.ACCOUNT),
    429: later(Cause.THROTTLED, channel_wide=True),
}
"""By HTTP status; what is missing and above 499 is trouble of LinkedIn's, anything else has no word."""

NO_PERMISSION = 100
"""The `serviceErrorCode` of a 403 that means the app's scopes, and not the recipient."""
_NOT_PERMITTED = Advice(Cause.ACCOUNT)
_TROUBLE = later(Cause.PROVIDER)
_NO_WORD = Advice(Cause.UNKNOWN)
_LONGEST_TEXT = 500


class _Error(Struct, frozen=True, rename="camel"):
    message: str | None = None
    code: str | None = None
    service_error_code: int | None = None


def refusal(reply: Reply, now: int) -> SendFailed | SendDeferred | NoReply:
    """Say what an answer that is no success means; `now` is in milliseconds."""
    error = read(reply.body, _Error)
    if error is None and reply.status in GATEWAY:
        return NoReply(f"HTTP {reply.status} from a gateway", taken=True)
    told = error or _Error()
    advice = _advice(reply.status, told)
    code = told.code or str(told.service_error_code or reply.status)
    after = reply.retry_after(now)
    if after is None and reply.status == 429:
        after = (DAY - now % DAY) / 1000  # the quotas are per day, and begin anew at midnight UTC
    text = (told.message or "")[:_LONGEST_TEXT] or f"HTTP {reply.status}"
    return advice.follow(reply, text, code, after)


def _advice(status: int, error: _Error) -> Advice:
    if status == 403 and error.service_error_code == NO_PERMISSION:
        return _NOT_PERMITTED
    return ADVICE.get(status) or (_TROUBLE if status >= 500 else _NO_WORD)
