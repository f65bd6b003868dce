"""What Viber's status codes mean, and whether it is worth trying again.

Codes https://developers.viber.com/docs/api/rest-bot-api/#error-codes   every answer is an HTTP 200 with a `status`
"""

from msgspec import Struct

from tidings.connectors.advice import Advice, later
from tidings.model.errors import SendDeferred, SendFailed
from tidings.model.exchange import Reply
from tidings.model.stages import Cause

OK = 0
MOST_TRIES = 3
"""How often a message is handed over that Viber refuses for a reason that nobody knows."""


# The whole channel waits for somebody to put it right; no message is lost to that.
_NOT_IN_ORDER = later(Cause.ACCOUNT, channel_wide=True)

ADVICE: dict[int, Advice] = {
    1: Advice(Cause.ACCOUNT),  # invalidUrl
    2: _NOT_IN_ORDER,  # invalidAuthToken
    3: Advice(Cause.INVALID),  # badData
    4: Advice(Cause.INVALID),  # missingData
    5: Advice(Cause.BAD_ADDRESS),  # receiverNotRegistered
    6: Advice(Cause.OPTED_OUT),  # receiverNotSubscribed
    7: Advice(Cause.ACCOUNT),  # publicAccountBlocked
    8: Advice(Cause.ACCOUNT),  # publicAccountNotFound
    9: Advice(Cause.ACCOUNT),  # publicAccountSuspended
    10: _NOT_IN_ORDER,  # webhookNotSet
    11: Advice(Cause.UNSUPPORTED),  # receiverNoSuitableDevice
    12: later(Cause.THROTTLED, channel_wide=True),  # tooManyRequests
    13: Advice(Cause.UNSUPPORTED),  # apiVersionNotSupported
    14: Advice(Cause.UNSUPPORTED),  # incompatibleWithVersion
    15: Advice(Cause.ACCOUNT),  # publicAccountNotAuthorized
    16: Advice(Cause.INVALID),  # chatReplyMessageNotAllowed
    17: Advice(Cause.INVALID),  # chatIsNotInline
    18: Advice(Cause.INVALID),  # noPublicChat
    19: Advice(Cause.INVALID),  # cannotSendBroadcast
    20: Advice(Cause.INVALID),  # broadcastNotAllowed
    21: Advice(Cause.COUNTRY),  # unsupportedCountry
    22: Advice(Cause.UNSUPPORTED),  # paymentUnsupported
    23: Advice(Cause.ACCOUNT, permanent=False),  # freeMessagesExceeded, until next month
    24: Advice(Cause.ACCOUNT, permanent=False),  # noBalance
}


class Answer(Struct, frozen=True):
    """What Viber answers to any call."""

    status: int
    status_message: str = ""
    message_token: int | str = ""
    """A number that not every language can hold, so it is kept as text."""
    chat_hostname: str = ""
    billing_status: int | None = None


def refusal(reply: Reply, answer: Answer, tries: int, now: int) -> SendFailed | SendDeferred:
    """Say what a status means for the message; `now` is in milliseconds."""
    advice = ADVICE.get(answer.status)
    if advice is None:
        advice = later(Cause.PROVIDER) if tries < MOST_TRIES else Advice(Cause.UNKNOWN)
    text = answer.status_message or f"Viber's status {answer.status}"
    return advice.follow(reply, text, str(answer.status), reply.retry_after(now))
