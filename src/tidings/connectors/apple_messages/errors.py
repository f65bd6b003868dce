"""What the gateway's answers mean where they are no success, and whether it is worth trying again.

Codes https://register.apple.com/resources/messages/msp-rest-api/common-specs
"""

from msgspec import Struct

from tidings.model.errors import SendDeferred, SendFailed
from tidings.model.exchange import Reply
from tidings.model.stages import Cause, Reason

_SECOND_TOKEN = 5.0
"""Seconds until a message is tried with a new token, where it was refused with one."""


class Advice(Struct, frozen=True):
    """What follows from a status; `deferred` messages wait and are sent again."""

    cause: Cause
    text: str
    deferred: bool = False
    channel_wide: bool = False


ADVICE = {
    400: Advice(Cause.INVALID, "A field is missing or malformed."),
    # The whole channel waits for a secret, or a clock, that is right; no message is lost to a wrong one.
    401: Advice(Cause.ACCOUNT, "The request brought no token.", deferred=True, channel_wide=True),
    403: Advice(
        Cause.ACCOUNT, "The token is refused: the secret or the clock is wrong.", deferred=True, channel_wide=True
    ),
    404: Advice(Cause.BAD_ADDRESS, "Nobody is known by this id."),
    410: Advice(Cause.OPTED_OUT, "The person has closed the conversation."),
    413: Advice(Cause.INVALID, "The message is too large."),
    415: Advice(Cause.UNSUPPORTED, "The gateway takes no such message."),
    429: Advice(Cause.THROTTLED, "Too many messages at once.", deferred=True, channel_wide=True),
}
"""By HTTP status; what is missing and above 499 is trouble of Apple's, anything else has no word."""

_TROUBLE = Advice(Cause.PROVIDER, "Trouble at the gateway.", deferred=True)
_NO_WORD = Advice(Cause.UNKNOWN, "The gateway gave no reason.")


def refusal(reply: Reply, now: int, tries: int = 0) -> SendFailed | SendDeferred:
    """Say what an answer that is no success means; `now` is in milliseconds, `tries` how often it was tried before."""
    advice = ADVICE.get(reply.status) or (_TROUBLE if reply.status >= 500 else _NO_WORD)
    reason = Reason(advice.cause, advice.text, str(reply.status), permanent=not advice.deferred)
    if not advice.deferred:
        return SendFailed(reason, reply.raw)
    after = reply.retry_after(now)
    if reply.status == 403 and tries == 0:
        # A token may have grown old on its way; the next one decides.
        return SendDeferred(reason, after=_SECOND_TOKEN if after is None else after)
    return SendDeferred(reason, after=after, channel_wide=advice.channel_wide)
