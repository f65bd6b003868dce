"""What the Graph API's error codes mean, and whether it is worth trying again.

Codes https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

from tidings.connectors.advice import Advice, later
from tidings.connectors.meta import errors
from tidings.connectors.meta.errors import NO_WORD, THROTTLED, TROUBLE, UNAUTHORIZED, GraphError
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Reply
from tidings.model.stages import Cause, Reason

MINUTE = 60.0
HOUR = 3600.0
"""Seconds."""

STOPPED_MARKETING = 131050
"""The person has stopped marketing messages from this business."""

_GROUPS: tuple[tuple[Advice, tuple[int, ...]], ...] = (
    (UNAUTHORIZED, (0, 3, 10, 190, *range(200, 300))),
    (TROUBLE, (1, 2, 131000, 131016, 131053, 135000)),
    (THROTTLED, (4, 80007, 130429)),
    # One message in 6 seconds to one person; a burst of 45 is lent, and then this comes.
    (later(Cause.THROTTLED, 6.0), (131056,)),
    (later(Cause.PROVIDER, MINUTE, channel_wide=True), (131057,)),
    (later(Cause.THROTTLED, HOUR), (132069, 133016)),
    # Too many people blocked or reported this number: sending on makes it worse.
    (later(Cause.FILTERED, HOUR, channel_wide=True), (131048, 131064)),
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


def advise(error: GraphError) -> Advice | None:
    """Say what follows from an error; None where we have no word for its code."""
    return ADVICE.get(error.code)


def reason_of(error: GraphError) -> Reason:
    """Why a message stopped, in our words."""
    advice = ADVICE.get(error.code, NO_WORD)
    return Reason(advice.cause, error.text, str(error.code), advice.permanent)


def refusal(reply: Reply, now: int) -> SendFailed | SendDeferred | NoReply:
    """Say what an answer that is no success means for the message; `now` is in milliseconds."""
    return errors.refusal(reply, now, advise)
