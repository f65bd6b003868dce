"""What TikTok's codes mean, and whether it is worth trying again. They come with HTTP 200; success is the code 0.

Codes https://business-api.tiktok.com/portal/docs?id=1737172488964097
"""

from typing import Any

from msgspec import Struct

from tidings.connectors.advice import GATEWAY, Advice, later
from tidings.connectors.decoding import read
from tidings.connectors.tiktok.settings import TikTokSettings
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Reply
from tidings.model.stages import Cause

MINUTE = 60.0
HOURS = 4 * 3600.0
"""Seconds: until a rate, and until the day's allowance of conversations, may have room again."""


class Answer(Struct, frozen=True):
    """What every call is answered with."""

    code: int
    message: str = ""
    request_id: str = ""
    data: Any = None


# The whole channel waits for a token that works; no message is lost to an expired one.
UNAUTHORIZED = later(Cause.ACCOUNT, channel_wide=True, stale=True)
THROTTLED = later(Cause.THROTTLED, after=MINUTE, channel_wide=True)
# The account speaks with as many people as it may in a day; those it speaks with already are still reached.
USED_UP = later(Cause.THROTTLED, after=HOURS)
TROUBLE = later(Cause.PROVIDER)
AGAINST_THE_RULES = Advice(Cause.WINDOW)

BY_CODE = {
    40001: Advice(Cause.ACCOUNT),
    40002: Advice(Cause.INVALID),
    40007: Advice(Cause.BAD_ADDRESS),
    40908: Advice(Cause.UNSUPPORTED),
}
"""Codes that mean the same for everybody; which ones speak of the token, the rate and the rules is set."""

TOO_FAST = "too fast"
"""In the text of a code of the rules: not this message is against them, but how many there were today."""

_CLASSES = {4: Advice(Cause.INVALID), 5: TROUBLE}
"""By the first of a code's five digits."""


def read_answer(reply: Reply) -> Answer | None:
    """Read what TikTok answers; None where it is not TikTok that did."""
    return read(reply.body, Answer)


def accepted(reply: Reply, settings: TikTokSettings, now: int) -> Answer:
    """Give the answer of a call that was done; raises what any other means for the message."""
    answer = read_answer(reply)
    if answer is None or not reply.ok:
        raise _without_code(reply, answer, settings, now)
    if answer.code:
        raise _told(reply, answer, advice_on(answer.code, answer.message, settings), None)
    return answer


def advice_on(code: int, text: str, settings: TikTokSettings) -> Advice:
    """Say what follows from a code."""
    if code in settings.token_codes:
        return UNAUTHORIZED
    if code in settings.throttle_codes:
        return THROTTLED
    if code in settings.window_codes:
        return USED_UP if TOO_FAST in text.lower() else AGAINST_THE_RULES
    return BY_CODE.get(code) or _CLASSES.get(code // 10_000) or Advice(Cause.UNKNOWN)


def _without_code(
    reply: Reply, answer: Answer | None, settings: TikTokSettings, now: int
) -> SendFailed | SendDeferred | NoReply:
    """Say what an HTTP status means that is no success, or an answer that is none of TikTok's."""
    if answer is not None and answer.code and reply.status != 429:
        return _told(reply, answer, advice_on(answer.code, answer.message, settings), reply.retry_after(now))
    if reply.ok:
        return NoReply("The answer is none of TikTok's.", taken=True)
    if reply.status in GATEWAY:
        return NoReply(f"HTTP {reply.status} from a gateway", taken=True)
    advice = Advice(Cause.UNKNOWN)
    if reply.status == 429:
        advice = THROTTLED
    elif reply.status in (401, 403):
        advice = UNAUTHORIZED
    elif reply.status >= 500:
        advice = TROUBLE
    told = Answer(reply.status, answer.message if answer else "")
    return _told(reply, told, advice, reply.retry_after(now))


def _told(reply: Reply, answer: Answer, advice: Advice, asked: float | None) -> SendFailed | SendDeferred:
    return advice.follow(reply, answer.message or f"TikTok answered {answer.code}.", str(answer.code), asked)
