"""What LINE's refusals mean, and whether it is worth trying again.

Errors https://developers.line.biz/en/reference/messaging-api/#error-responses   an HTTP status, and texts
"""

from msgspec import Struct

from tidings.connectors.advice import Advice, later
from tidings.connectors.decoding import read
from tidings.model.exchange import Reply
from tidings.model.stages import Cause

# The whole channel waits for a token that works; no message is lost to an expired one.
_UNAUTHORIZED = later(Cause.ACCOUNT, channel_wide=True)
_THROTTLED = later(Cause.THROTTLED, channel_wide=True)

STATUSES = {
    400: Advice(Cause.INVALID),
    401: _UNAUTHORIZED,
    403: Advice(Cause.ACCOUNT),
    404: Advice(Cause.INVALID),
    409: Advice(Cause.INVALID),
    410: Advice(Cause.INVALID),
    413: Advice(Cause.INVALID),
    415: Advice(Cause.INVALID),
    422: Advice(Cause.BAD_ADDRESS),
    429: _THROTTLED,
}
"""By HTTP status; a 409 is a refusal only where no retry key was given."""

TEXTS = {
    (400, "invalid reply token"): Advice(Cause.WINDOW),
    (400, "failed to send messages"): Advice(Cause.BAD_ADDRESS),
    (400, "the property, 'to',"): Advice(Cause.BAD_ADDRESS),
    (429, "monthly limit"): Advice(Cause.ACCOUNT, permanent=False),
}
"""By HTTP status and a part of the message in lower case, where the status alone does not tell."""

ADDRESSEE = Advice(Cause.BAD_ADDRESS)
"""What is wrong with the property `to`."""

NO_WORD = Advice(Cause.UNKNOWN)


class Detail(Struct, frozen=True):
    """What is wrong with one property."""

    message: str = ""
    property: str = ""


class Problem(Struct, frozen=True):
    """LINE's error."""

    message: str = ""
    details: tuple[Detail, ...] = ()

    @property
    def text(self) -> str:
        """All of it in one line."""
        found = "; ".join(f"{each.property}: {each.message}" for each in self.details)
        return f"{self.message} ({found})" if found else self.message


def judge(reply: Reply) -> tuple[Advice, str]:
    """Say what follows from an answer that is neither a success nor a server's error."""
    problem = read(reply.body, Problem) or Problem()
    advice = _advice(reply.status, problem)
    return advice, problem.text or f"HTTP {reply.status}"


def _advice(status: int, problem: Problem) -> Advice:
    said = problem.message.lower()
    for (of, part), advice in TEXTS.items():
        if of == status and part in said:
            return advice
    if status == 400 and any(each.property == "to" for each in problem.details):
        return ADDRESSEE
    return STATUSES.get(status, NO_WORD)
