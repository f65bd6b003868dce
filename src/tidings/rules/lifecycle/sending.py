"""What we do with a message: take it, take note of one, hand its hops over."""

from msgspec import Raw
from msgspec.structs import replace

from tidings.model.events import Fact, Kind
from tidings.model.exchange import Sent
from tidings.model.messages import Life, Plan
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.addresses import invalid_request
from tidings.rules.lifecycle.moves import Move, Tell, Word, advance
from tidings.rules.lifecycle.parts import name_parts
from tidings.rules.lifecycle.reporting import heard, most
from tidings.rules.lifecycle.story import lost_as, next_hop, settle, with_hop

_VALIDATION = frozenset({Cause.COUNTRY})
"""Refusals that make the request itself invalid, if no route is left that could take it."""


def begin(message: str, plans: tuple[Plan, ...], *, expires_at: int | None, now: int) -> Move:
    """Take charge of a message: tell that it is accepted, and start its first hop.

    Where every plan is refused as an invalid request, it fails at once with nothing told before.
    """
    refusals = tuple(plan.refusal for plan in plans if plan.refusal is not None and plan.refusal.cause in _VALIDATION)
    if refusals and len(refusals) == len(plans):
        reason = _together(refusals)
        life = Life(message, 1, Stage.FAILED, (Stage.FAILED,), reason=reason, updated_at=now)
        return Move(life, (Tell(Kind.FAILED, 1, "", "", now, Fact(reason=reason)),))
    life = Life(message, 1, Stage.ACCEPTED, (Stage.ACCEPTED,), plans=plans, updated_at=now, expires_at=expires_at)
    first = next((plan for plan in plans if plan.channel), Plan(plans[0].platform if plans else ""))
    told = Tell(Kind.ACCEPTED, 1, first.platform, first.channel, now, Fact())
    return Move(life, (told,)).then(next_hop(life, now))


def arrived(message: str, now: int) -> Life:
    """The life of an incoming message: it is here, and that is all."""
    return Life(message, 0, Stage.DELIVERED, (Stage.DELIVERED,), updated_at=now)


def submitted(life: Life, number: int, sent: Sent, now: int) -> Move:
    """Note that a provider took a hop, and take what it said of it while we waited for its answer."""
    hop = life.hops[number]
    window_at = hop.window_at
    if hop.sent_at is None and hop.window is not None and not hop.receipted:
        window_at = now + hop.window
    taken = replace(
        hop,
        parts=name_parts(hop, sent.pieces),
        submitted=True,
        sent_at=hop.sent_at or now,
        sender=sent.sender or hop.sender,
        units=most(hop.units, sent.units),
        stage=advance(hop.stage, Stage.SENT),
        doubt_at=None,
        window_at=window_at,
    )
    move = settle(life, taken, now, Word(now, Stage.SENT, answer=sent.answer))
    return move.then(heard(move.life, number, now))


def refused(life: Life, number: int, reason: Reason, data: Raw | None, now: int) -> Move:
    """Note that a hop could not be submitted; where a provider has said that it has it, that stands."""
    move = heard(life, number, now)
    hop = move.life.hops[number]
    if not hop.waiting:
        return move
    lost = replace(hop, reason=reason, data=data, stage=lost_as(reason), doubt_at=None)
    return settle(move.life, lost, now, Word(now))


def postponed(life: Life, number: int, now: int) -> Move:
    """Note that a hop waits to be tried again; where a provider has said that it has it, it does not."""
    move = heard(life, number, now)
    hop = move.life.hops[number]
    if not hop.waiting:
        return replace(move, stop=(number, *move.stop))
    return Move(with_hop(move.life, replace(hop, tries=hop.tries + 1, updated_at=now), now, untold=1))


def doubted(life: Life, number: int, grace: int, now: int) -> Move:
    """Note that nobody knows whether the provider took a hop; it is given up after `grace` milliseconds of silence."""
    move = heard(life, number, now)
    hop = move.life.hops[number]
    if not hop.waiting or hop.doubt_at is not None:
        return move
    return Move(with_hop(move.life, replace(hop, doubt_at=now + grace, updated_at=now), now, untold=1))


def _together(refusals: tuple[Reason, ...]) -> Reason:
    """Make one reason of several, which names them all in the published form."""
    if len(refusals) == 1:
        return refusals[0]
    return replace(refusals[0], text=invalid_request([refusal.text for refusal in refusals]))
