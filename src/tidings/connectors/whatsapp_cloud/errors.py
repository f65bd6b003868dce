"""What the Graph API's error codes mean, and whether it is worth trying again.

Codes https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

import msgspec
from msgspec import Raw, Struct

from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Reply
from tidings.model.stages import Cause, Reason

MINUTE = 60.0
HOUR = 3600.0
"""Seconds."""

STOPPED_MARKETING = 131050
"""The person has stopped marketing messages from this business."""


class Advice(Struct, frozen=True):
    """What follows from an error.

    `deferred` messages wait and are sent again, `after` so many seconds where the provider names a time; what is
    neither deferred nor permanent may be sent again by somebody, much later.
    """

    cause: Cause
    permanent: bool = True
    deferred: bool = False
    after: float | None = None
    channel_wide: bool = False


def _later(cause: Cause, after: float | None = None, *, channel_wide: bool = False) -> Advice:
    return Advice(cause, permanent=False, deferred=True, after=after, channel_wide=channel_wide)


# The whole channel waits for a token that works; no message is lost to an expired one.
UNAUTHORIZED = _later(Cause.ACCOUNT, channel_wide=True)
TROUBLE = _later(Cause.PROVIDER)
THROTTLED = _later(Cause.THROTTLED, channel_wide=True)
NO_WORD = Advice(Cause.UNKNOWN)

_GROUPS: tuple[tuple[Advice, tuple[int, ...]], ...] = (
    (UNAUTHORIZED, (0, 3, 10, 190, *range(200, 300))),
    (TROUBLE, (1, 2, 131000, 131016, 131053, 135000)),
    (THROTTLED, (4, 80007, 130429)),
    # One message in 6 seconds to one person; a burst of 45 is lent, and then this comes.
    (_later(Cause.THROTTLED, 6.0), (131056,)),
    (_later(Cause.PROVIDER, MINUTE, channel_wide=True), (131057,)),
    (_later(Cause.THROTTLED, HOUR), (132069, 133016)),
    # Too many people blocked or reported this number: sending on makes it worse.
    (_later(Cause.FILTERED, HOUR, channel_wide=True), (131048, 131064)),
    # Meta chose not to deliver; within 24 hours it would choose the same.
    (Advice(Cause.FILTERED, permanent=False), (131049, 130472)),
    (Advice(Cause.WINDOW), (131047,)),
    (Advice(Cause.UNREACHABLE), (131026,)),
    (Advice(Cause.OPTED_OUT), (STOPPED_MARKETING,)),
    (Advice(Cause.BAD_ADDRESS), (131021, 131030, 131062)),
    (Advice(Cause.INVALID), (33, 100, 131008, 131009, 131052, 137000)),
    (Advice(Cause.INVALID), (132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132068)),
    (Advice(Cause.UNSUPPORTED), (131051,)),
    (Advice(Cause.COUNTRY), (130497,)),
    (Advice(Cause.ACCOUNT), (368, 131005, 131031, 131037, 131042, 131044, 131045, 131063)),
)

ADVICE: dict[int, Advice] = {code: advice for advice, codes in _GROUPS for code in codes}

_GATEWAY = frozenset({502, 504})
"""Answers of something between us and the API, which may have passed the message on."""


class _Data(Struct, frozen=True):
    details: str = ""


class GraphError(Struct, frozen=True):
    """An error as the Graph API tells it, in an answer or in a webhook."""

    code: int
    title: str = ""
    message: str = ""
    error_data: _Data | str | None = None
    is_transient: bool = False

    @property
    def text(self) -> str:
        """The most telling of its texts."""
        details = self.error_data.details if isinstance(self.error_data, _Data) else self.error_data
        return details or self.title or self.message

    @property
    def reason(self) -> Reason:
        """Why a message stopped, in our words."""
        advice = ADVICE.get(self.code, NO_WORD)
        return Reason(advice.cause, self.text, str(self.code), advice.permanent)


class _Answer(Struct, frozen=True):
    error: GraphError


def read_error(raw: Raw) -> GraphError | None:
    """Read one error of a webhook; None where it is none."""
    try:
        return msgspec.json.decode(raw, type=GraphError, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def refusal(reply: Reply, now: int) -> SendFailed | SendDeferred | NoReply:
    """Say what an answer that is no success means for the message; `now` is in milliseconds."""
    error = _error_of(reply)
    if error is None and reply.status in _GATEWAY:
        return NoReply(f"HTTP {reply.status} from a gateway", taken=True)
    advice = _advice(reply.status, error)
    reason = Reason(
        advice.cause,
        error.text if error else f"HTTP {reply.status}",
        str(error.code if error else reply.status),
        advice.permanent,
    )
    if advice.deferred:
        after = reply.retry_after(now)
        return SendDeferred(reason, after=advice.after if after is None else after, channel_wide=advice.channel_wide)
    return SendFailed(reason, reply.raw)


def _error_of(reply: Reply) -> GraphError | None:
    try:
        return msgspec.json.decode(reply.body, type=_Answer, strict=False).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _advice(status: int, error: GraphError | None) -> Advice:
    known = ADVICE.get(error.code) if error else None
    if known and (known.deferred or status != 429):
        return known
    if status == 429:
        return THROTTLED
    if status == 401:
        return UNAUTHORIZED
    if status >= 500 or (error and error.is_transient):
        return TROUBLE
    return NO_WORD
