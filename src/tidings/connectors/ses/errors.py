"""What SES's refusals of a send request mean.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html
"""

from typing import Final

import msgspec
from msgspec import Struct

from tidings.connectors.mail.words import text_of
from tidings.model.errors import SendDeferred, SendFailed
from tidings.model.exchange import Reply
from tidings.model.stages import Cause, Reason

HOUR: Final = 3600.0
"""Seconds."""


class Refusal(Struct, frozen=True):
    """What an answer means: why, and whether later or never."""

    cause: Cause
    later: bool = False
    channel_wide: bool = False
    after: float | None = None
    """Seconds; SES itself never says how long to wait."""


_MISSING_RIGHT: Final = Refusal(Cause.ACCOUNT, later=True, channel_wide=True)
"""A wrong key or a missing permission is the operator's to mend, so the messages wait for it."""
_TOO_FAST: Final = Refusal(Cause.THROTTLED, later=True, channel_wide=True)
_QUOTA: Final = Refusal(Cause.THROTTLED, later=True, channel_wide=True, after=HOUR)

REFUSALS: Final = {
    "TooManyRequestsException": _TOO_FAST,
    "ThrottlingException": _TOO_FAST,
    "Throttling": _TOO_FAST,
    "LimitExceededException": _QUOTA,
    "MessageRejected": Refusal(Cause.INVALID),
    "BadRequestException": Refusal(Cause.INVALID),
    "NotFoundException": Refusal(Cause.INVALID),  # no such template, list or configuration set
    "MailFromDomainNotVerifiedException": Refusal(Cause.ACCOUNT),
    "AccountSuspendedException": Refusal(Cause.ACCOUNT),
    "SendingPausedException": Refusal(Cause.ACCOUNT),
    "AccessDeniedException": _MISSING_RIGHT,
    "UnrecognizedClientException": _MISSING_RIGHT,
    "InvalidClientTokenId": _MISSING_RIGHT,
    "InvalidSignatureException": _MISSING_RIGHT,
    "SignatureDoesNotMatch": _MISSING_RIGHT,
    "MissingAuthenticationTokenException": _MISSING_RIGHT,
    "ExpiredTokenException": _MISSING_RIGHT,
}
"""By the type of the exception."""

BY_STATUS: Final = {
    403: _MISSING_RIGHT,
    404: _MISSING_RIGHT,
    413: Refusal(Cause.INVALID),
    429: _TOO_FAST,
}
"""Where the type is missing or new."""

BY_TEXT: Final = (
    ("daily", _QUOTA),
    ("not verified", Refusal(Cause.ACCOUNT)),
)
"""What one type says in several ways: which quota is used up, and that a message is rejected for its sender."""
_SEVERAL_MEANINGS: Final = frozenset(
    {"TooManyRequestsException", "ThrottlingException", "Throttling", "MessageRejected"}
)

_NOT_SES: Final = Reason(Cause.ACCOUNT, "The base URL does not lead to SES's API.", "200", permanent=False)


class _Said(Struct, frozen=True):
    message: str | None = None
    Message: str | None = None
    type: str | None = msgspec.field(name="__type", default=None)


def refused(reply: Reply) -> SendFailed | SendDeferred:
    """Say what an answer means that does not say the message was taken."""
    if reply.ok:
        return SendDeferred(_NOT_SES, channel_wide=True)
    said = _said(reply)
    # A header with the type, and perhaps a URL after it; some services write it into the body only.
    kind = text_of(reply.headers.get("x-amzn-errortype"), said.type).partition(":")[0].rpartition("#")[2]
    text = text_of(said.message, said.Message) or f"SES answered {reply.status}."
    meaning = _meaning(kind, text, reply.status)
    reason = Reason(meaning.cause, text[:1000], kind or str(reply.status), permanent=not meaning.later)
    if meaning.later:
        return SendDeferred(reason, after=meaning.after, channel_wide=meaning.channel_wide)
    return SendFailed(reason, reply.raw)


def _meaning(kind: str, text: str, status: int) -> Refusal:
    if kind in _SEVERAL_MEANINGS:
        for part, meaning in BY_TEXT:
            if part in text.lower():
                return meaning
    if known := REFUSALS.get(kind) or BY_STATUS.get(status):
        return known
    return Refusal(Cause.PROVIDER, later=True) if status >= 500 else Refusal(Cause.INVALID)


def _said(reply: Reply) -> _Said:
    try:
        return msgspec.json.decode(reply.body, type=_Said)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Said()
