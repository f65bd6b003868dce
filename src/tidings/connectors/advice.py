"""What follows for a message from a provider's refusal: connectors' tables of codes say it with this."""

from msgspec import Struct

from tidings.model.errors import SendDeferred, SendFailed
from tidings.model.exchange import Reply
from tidings.model.stages import Cause, Reason

GATEWAY = frozenset({502, 504})
"""Answers of something between us and a provider, which may have passed the message on."""


class Advice(Struct, frozen=True):
    """What follows from an error.

    `deferred` messages wait and are sent again, `after` so many seconds where the provider names no time; what is
    neither deferred nor permanent may be sent again by somebody, much later. `stale`: the token is used up.
    """

    cause: Cause
    permanent: bool = True
    deferred: bool = False
    after: float | None = None
    channel_wide: bool = False
    stale: bool = False

    def follow(self, reply: Reply, text: str, code: str, asked: float | None) -> SendFailed | SendDeferred:
        """Say what becomes of the message; `asked` is how many seconds the provider asks to wait."""
        reason = Reason(self.cause, text, code, self.permanent)
        if not self.deferred:
            return SendFailed(reason, reply.raw)
        after = self.after if asked is None else asked
        return SendDeferred(reason, after=after, channel_wide=self.channel_wide, stale=self.stale)


def later(cause: Cause, after: float | None = None, *, channel_wide: bool = False, stale: bool = False) -> Advice:
    """Advise to wait and send again, `after` so many seconds."""
    return Advice(cause, permanent=False, deferred=True, after=after, channel_wide=channel_wide, stale=stale)
