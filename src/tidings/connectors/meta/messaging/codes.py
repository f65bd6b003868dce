"""What the error codes of the Send API mean, and whether it is worth trying again.

Codes https://developers.facebook.com/docs/messenger-platform/error-codes
"""

import msgspec

from tidings.connectors.advice import Advice
from tidings.connectors.meta import errors
from tidings.connectors.meta.errors import THROTTLED, TROUBLE, UNAUTHORIZED, GraphError, error_of
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Reply
from tidings.model.stages import Cause, Reason

MOST_TRIES = 3
"""How often a message is sent again after an error of which nobody knows whether it will pass."""

LONGEST_WORDS = 500
"""Characters of an answer that is no answer of Meta's."""

_PERMISSION = Advice(Cause.ACCOUNT)
_WINDOW = Advice(Cause.WINDOW)

CODES: dict[int, Advice] = {
    **dict.fromkeys((1, 2, 1200), TROUBLE),
    **dict.fromkeys((4, 613, 80006), THROTTLED),
    190: UNAUTHORIZED,
    **dict.fromkeys((3, 9, 10, 368, *range(200, 300)), _PERMISSION),
    # 10900: the comment has been answered in private before.
    **dict.fromkeys((33, 100, 10900), Advice(Cause.INVALID)),
    551: Advice(Cause.BLOCKED),
}

SUBCODES: dict[tuple[int, int], Advice] = {
    # Too many marketing messages to one person; more of them will not pass either.
    **dict.fromkeys(((4, 2018354), (9, 2018352)), Advice(Cause.FILTERED, permanent=False)),
    **dict.fromkeys(((10, 2018065), (10, 2018278), (10, 2534022)), _WINDOW),
    **dict.fromkeys(((100, 2018001), (100, 2534014)), Advice(Cause.BAD_ADDRESS)),
}
"""Codes whose subcode says something else than the code."""


def advise(error: GraphError) -> Advice | None:
    """Say what follows from an error; None where we have no word for its code."""
    return SUBCODES.get((error.code, error.error_subcode or 0)) or CODES.get(error.code)


def refusal(reply: Reply, now: int, tries: int) -> SendFailed | SendDeferred | NoReply:
    """Say what an answer that is no success means for a message that was sent `tries` times before.

    `now` is in milliseconds. An error that may pass is one until it has come too often: 2 is also what Meta says of a
    person who has blocked the page. What something in between answers instead of Meta is told in its own words.
    """
    told = errors.refusal(reply, now, advise)
    if isinstance(told, SendDeferred) and told.reason.cause is Cause.PROVIDER and tries >= MOST_TRIES:
        return SendFailed(Reason(Cause.PROVIDER, told.reason.text, told.reason.code, permanent=False), reply.raw)
    if isinstance(told, SendFailed) and error_of(reply) is None:
        words = reply.body.decode("utf-8", "replace").strip()[:LONGEST_WORDS] or told.reason.text
        return SendFailed(msgspec.structs.replace(told.reason, text=words))
    return told
