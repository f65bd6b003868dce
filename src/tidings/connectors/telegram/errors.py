"""What the Bot API's errors mean, and whether it is worth trying again.

Errors https://core.telegram.org/api/errors   the code says what kind it is, the description's beginning which one
"""

from typing import Any

from msgspec import Struct

from tidings.connectors.advice import GATEWAY, Advice, later
from tidings.connectors.decoding import read
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Reply
from tidings.model.stages import Cause

LONGEST_WAIT = 86_400.0
"""Seconds; Telegram asks for no longer wait that anybody means."""


class Parameters(Struct, frozen=True):
    """What an error says besides its text."""

    retry_after: float | None = None
    """Seconds."""
    migrate_to_chat_id: int | None = None
    """The supergroup that a group has become."""


class Answer(Struct, frozen=True):
    """What the Bot API answers."""

    ok: bool
    result: Any = None
    error_code: int = 0
    description: str = ""
    parameters: Parameters = Parameters()


# The whole channel waits for a token that works; no message is lost to one that was revoked.
UNAUTHORIZED = later(Cause.ACCOUNT, channel_wide=True)
TROUBLE = later(Cause.PROVIDER)
THROTTLED = later(Cause.THROTTLED, channel_wide=True)
GROUP_THROTTLED = later(Cause.THROTTLED)

BY_CODE = {
    400: Advice(Cause.INVALID),
    401: UNAUTHORIZED,
    403: Advice(Cause.BLOCKED),
    404: UNAUTHORIZED,
    409: UNAUTHORIZED,
    413: Advice(Cause.INVALID),
    429: THROTTLED,
}
"""By the code; one from 500 is trouble, and any other we have no word for."""

BY_WORDS: tuple[tuple[int, str, Advice], ...] = (
    (400, "chat not found", Advice(Cause.BAD_ADDRESS)),
    (400, "user not found", Advice(Cause.BAD_ADDRESS)),
    (400, "peer_id_invalid", Advice(Cause.BAD_ADDRESS)),
    (400, "chat_write_forbidden", Advice(Cause.BLOCKED)),
    (400, "have no rights to send", Advice(Cause.BLOCKED)),
    (400, "not enough rights", Advice(Cause.BLOCKED)),
    (403, "user is deactivated", Advice(Cause.BAD_ADDRESS)),
    # The person has never written to the bot, and until then it may not write to them.
    (403, "bot can't initiate conversation", Advice(Cause.WINDOW)),
    (403, "bot can't send messages to bots", Advice(Cause.BAD_ADDRESS)),
    (403, "bot can't send messages to the user", Advice(Cause.WINDOW)),
)
"""By the code and how the description begins, after the code's own name; case does not count."""


def read_answer(reply: Reply) -> Answer | None:
    """Read what the Bot API answers; None where it is not the Bot API that did."""
    return read(reply.body, Answer)


def refusal(reply: Reply, *, in_group: bool = False) -> SendFailed | SendDeferred | NoReply:
    """Say what an answer that is no success means for the message.

    A group has a pace of its own: where that is too fast, nobody else has to wait.
    """
    answer = read_answer(reply)
    if answer is None and reply.status in GATEWAY:
        return NoReply(f"HTTP {reply.status} from a gateway", taken=True)
    code = answer.error_code if answer and answer.error_code else reply.status
    text = answer.description if answer else ""
    advice = _advice(code, text)
    if advice is THROTTLED and in_group:
        advice = GROUP_THROTTLED
    return advice.follow(reply, text or f"HTTP {reply.status}", str(code), _wait(answer))


def _advice(code: int, text: str) -> Advice:
    said = text.lower().partition(": ")[2]
    for known, beginning, advice in BY_WORDS:
        if code == known and said.startswith(beginning):
            return advice
    return BY_CODE.get(code) or (TROUBLE if code >= 500 else Advice(Cause.UNKNOWN))


def _wait(answer: Answer | None) -> float | None:
    told = answer.parameters.retry_after if answer else None
    return min(told, LONGEST_WAIT) if told is not None and told >= 0 else None
