"""What Google's answers mean for a message, and whether it is worth trying again.

Errors  https://developers.google.com/business-communications/rcs-business-messaging/guides/build/messages/send#errors
"""

from typing import Any

from msgspec import Struct

from tidings.connectors.decoding import read, text_at
from tidings.model.errors import SendDeferred, SendFailed
from tidings.model.exchange import Reply
from tidings.model.stages import Cause, Reason

TESTER = "tester"
"""In the text of a refusal: the agent is not launched, and the person was not invited."""

FAILED = {
    400: Cause.UNSUPPORTED,
    403: Cause.ACCOUNT,
    404: Cause.UNREACHABLE,
}
"""What refuses this message, by its status; 404 is a phone without RCS, or one that the agent does not reach."""

TAKEN = frozenset({200, 409})
"""409: the id was used before, and so by us."""


class Advice(Struct, frozen=True):
    """What follows from a status that is no refusal of the message."""

    cause: Cause
    channel_wide: bool = False
    stale: bool = False


LATER = {
    401: Advice(Cause.ACCOUNT, channel_wide=True, stale=True),
    429: Advice(Cause.THROTTLED, channel_wide=True),
}
TROUBLE = Advice(Cause.PROVIDER)


def raise_for(reply: Reply, now: int) -> None:
    """Return where the message was taken; raises SendFailed or SendDeferred otherwise."""
    if reply.status in TAKEN:
        return
    text, code = _said(reply)
    advice = LATER.get(reply.status) or (TROUBLE if reply.status >= 500 else None)
    if advice is not None:
        reason = Reason(advice.cause, text, code, permanent=False)
        after = reply.retry_after(now)
        raise SendDeferred(reason, after=after, channel_wide=advice.channel_wide, stale=advice.stale)
    cause = Cause.UNREACHABLE if TESTER in text.lower() else FAILED.get(reply.status, Cause.UNKNOWN)
    raise SendFailed(Reason(cause, text, code), reply.raw)


def _said(reply: Reply) -> tuple[str, str]:
    """Read the text and the code of an error; the status stands in where there is none."""
    answer = read(reply.body, dict[str, Any])
    text = text_at(answer, "error", "message") or f"Google answered {reply.status}."
    return text, text_at(answer, "error", "status") or str(reply.status)
