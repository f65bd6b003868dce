"""What time alone does to a message."""

from msgspec.structs import replace

from tidings.model.messages import Life
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.lifecycle.moves import Move, Word
from tidings.rules.lifecycle.reporting import heard
from tidings.rules.lifecycle.story import due, expire, lapse, settle

_UNCERTAIN = Reason(Cause.UNCERTAIN, "The connection broke while the provider may have taken it.")
_SILENT = Reason(Cause.UNREACHABLE, "No receipt came within the hop's window.", permanent=False)


def timed(life: Life, now: int) -> Move:
    """Do the one thing that is due: expire the message, give up an uncertain hop, try the next plan after a silent one.

    What else is due by then is due at once again. Where nothing is, it is only noted when the next thing will be.
    """
    due_at = due(life.stage, life.expires_at, life.hops, life.plans)
    if due_at is None or due_at > now:
        return Move(life if due_at == life.due_at else replace(life, due_at=due_at))
    if life.expires_at is not None and life.expires_at <= now:
        early = next((hop.number for hop in life.hops if hop.early), None)
        return expire(life, now) if early is None else heard(life, early, now)
    hop = next(hop for hop in life.hops if (at := lapse(hop, life.plans)) is not None and at <= now)
    given_up = replace(
        hop,
        stage=Stage.FAILED,
        reason=_UNCERTAIN if hop.waiting else _SILENT,
        doubt_at=None,
        window_at=None,
    )
    return settle(life, given_up, now, Word(now))
