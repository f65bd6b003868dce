"""What a hop's new stage asks of the message: what to tell, which hop to start, which to stop."""

from msgspec.structs import replace

from tidings.model.events import Fact, Kind, Tried
from tidings.model.messages import Hop, Life, Plan
from tidings.model.stages import FINAL, LOST, SUCCESS, Cause, Reason, Stage
from tidings.rules.lifecycle.moves import Move, Tell, Word, advance

_KINDS = {kind.stage: kind for kind in Kind if kind.stage is not None}


def settle(life: Life, hop: Hop, now: int, word: Word) -> Move:
    """Put a changed hop back, and do what its new stage asks of the message; what changes nothing moves nothing."""
    before = life.hops[hop.number]
    if hop == before:
        return Move(life)
    if hop.stage <= before.stage:
        return Move(with_hop(life, hop, now))
    if hop.stage in SUCCESS:
        return _succeed(life, replace(hop, updated_at=word.at, reason=None, data=None), now, word)
    return _lose(with_hop(life, replace(hop, updated_at=word.at), now), hop.number, now, word)


def with_hop(life: Life, hop: Hop, now: int, *, untold: int = 0) -> Life:
    """Put a changed hop back, with so many untold changes of the message."""
    hops = _in_place(life.hops, hop)
    due_at = due(life.stage, life.expires_at, hops, life.plans)
    return replace(life, hops=hops, revision=life.revision + untold, updated_at=now, due_at=due_at)


def next_hop(life: Life, now: int) -> Move:
    """Start the next plan that can be started; those that cannot become failed hops on the way."""
    hops = life.hops
    plans = list(life.plans)
    while plans:
        plan = plans.pop(0)
        if not plan.channel and (plan.refusal is None or plan.refusal.cause is Cause.NO_CHANNEL):
            continue
        hop = _hop_from(plan, len(hops), now)
        hops = (*hops, hop)
        if hop.stage is Stage.PROCESSING:
            left = tuple(plans)
            due_at = due(life.stage, life.expires_at, hops, left)
            return Move(replace(life, hops=hops, plans=left, updated_at=now, due_at=due_at), start=hop)
    return _fail(replace(life, hops=hops, plans=()), now, Word(now))


def expire(life: Life, now: int) -> Move:
    """Close a message's window: what is not yet submitted will not be."""
    hop = next((each for each in reversed(life.hops) if not each.cancelled), None)
    hops, stop = _cancelled(life.hops)
    reason = Reason(Cause.EXPIRED, "The message was not delivered within its window.")
    life = replace(life, hops=hops, plans=())
    return replace(_lost(life, hop, Stage.EXPIRED, reason, now, Word(now)), stop=stop)


def due(stage: Stage, expires_at: int | None, hops: tuple[Hop, ...], plans: tuple[Plan, ...]) -> int | None:
    """Tell when time alone will next do something to a life; None where nothing is left to wait for."""
    if stage in FINAL:
        return None
    times = [] if expires_at is None else [expires_at]
    for hop in hops:
        if hop.last_word and hop.stage is Stage.SENT:
            return None
        if (lapses_at := lapse(hop, plans)) is not None:
            times.append(lapses_at)
    return min(times, default=None)


def lapse(hop: Hop, plans: tuple[Plan, ...]) -> int | None:
    """Tell when a hop is given up because nobody said anything: it is uncertain, or another plan is to be tried."""
    if hop.waiting:
        return hop.doubt_at
    return hop.window_at if plans and hop.stage is Stage.SENT else None


def lost_as(reason: Reason) -> Stage:
    """Tell the stage that a reason to give up stands for."""
    return Stage.EXPIRED if reason.cause is Cause.EXPIRED else Stage.FAILED


def unsaid(stage: Stage) -> Reason:
    """Give the reason of a loss that nobody gave one for."""
    return Reason(Cause.EXPIRED if stage is Stage.EXPIRED else Cause.UNKNOWN)


def _succeed(life: Life, hop: Hop, now: int, word: Word) -> Move:
    """Tell what a hop's stage proves and nobody has told yet, in order and without gaps."""
    told = life.told
    tells: list[Tell] = []
    for stage in SUCCESS:
        if stage <= hop.stage and stage not in told:
            told = (*told, stage)
            revision = life.revision + len(tells) + 1
            fact = _success(hop, stage, word, late=life.stage in LOST)
            tells.append(Tell(_KINDS[stage], revision, hop.platform, hop.channel, word.at, fact))
    furthest, hops, plans = advance(life.stage, hop.stage), _in_place(life.hops, hop), life.plans
    stop: tuple[int, ...] = ()
    if furthest >= Stage.DELIVERED:
        # Nobody gets a message twice because a carrier was slow to say so.
        (hops, stop), plans = _cancelled(hops), ()
    after = replace(
        life,
        revision=life.revision + len(tells),
        stage=furthest,
        told=told,
        hops=hops,
        plans=plans,
        reason=None if furthest > life.stage else life.reason,
        updated_at=now,
        due_at=due(furthest, life.expires_at, hops, plans),
    )
    return Move(after, tuple(tells), stop=stop)


def _success(hop: Hop, stage: Stage, word: Word, *, late: bool) -> Fact:
    return Fact(
        sender=hop.sender,
        references=hop.references,
        units=hop.units,
        answer=word.answer if stage is Stage.SENT else None,
        raw=word.raw if stage is hop.stage else None,
        implied=stage is not word.stage,
        late=late,
    )


def _lose(life: Life, number: int, now: int, word: Word) -> Move:
    """Go on to the next plan after a hop was lost; where none is left and nothing is in play, so is the message."""
    hop = life.hops[number]
    untold = replace(life, revision=life.revision + 1)
    if life.stage >= Stage.DELIVERED or any(each.waiting or each.stage in SUCCESS for each in life.hops):
        return Move(untold)
    if life.plans:
        return next_hop(untold, now)
    if _ending(life) <= life.stage:
        return Move(untold)
    # First the hop fails and then the message, except where the platform's receipt is the message's own.
    return _fail(untold if hop.submitted and not hop.own_receipt else life, now, word, hop)


def _ending(life: Life) -> Stage:
    """Tell how a message ends that no hop can deliver any more: it expired only if every hop it was sent over did."""
    stages = [hop.stage for hop in life.hops]
    return Stage.EXPIRED if Stage.EXPIRED in stages and Stage.FAILED not in stages else Stage.FAILED


def _fail(life: Life, now: int, word: Word, hop: Hop | None = None) -> Move:
    """Give a message up, because of a hop or else the last: no hop is left."""
    hop = hop or (life.hops[-1] if life.hops else None)
    reason = hop.reason if hop else Reason(Cause.NO_CHANNEL, "The workspace has no channel for it.")
    return _lost(life, hop, _ending(life), reason, now, word)


def _lost(life: Life, hop: Hop | None, stage: Stage, reason: Reason | None, now: int, word: Word) -> Move:
    """Tell that a message is lost, and what became of every hop that was."""
    fact = Fact(
        sender=hop.sender if hop else "",
        references=hop.references if hop else (),
        units=hop.units if hop else None,
        reason=reason,
        submitted=any(each.submitted for each in life.hops),
        raw=word.raw,
        tried=tuple(
            Tried(each.platform, each.reason or unsaid(each.stage), each.updated_at, each.submitted, each.data)
            for each in life.hops
            if each.stage in LOST
        ),
        late=life.stage in LOST,
    )
    life = replace(
        life,
        revision=life.revision + 1,
        stage=stage,
        told=(*life.told, stage),
        reason=reason,
        updated_at=now,
        due_at=None,
    )
    platform, channel = (hop.platform, hop.channel) if hop else ("", "")
    return Move(life, (Tell(_KINDS[stage], life.revision, platform, channel, word.at, fact),))


def _hop_from(plan: Plan, number: int, now: int) -> Hop:
    return Hop(
        number,
        plan.platform,
        plan.channel,
        plan.address,
        stage=Stage.PROCESSING if plan.refusal is None else lost_as(plan.refusal),
        expected=plan.expected,
        reason=plan.refusal,
        data=plan.data,
        updated_at=now,
        window=plan.window,
        last_word=plan.last_word or plan.expected > 1,
        own_receipt=plan.own_receipt,
    )


def _in_place(hops: tuple[Hop, ...], hop: Hop) -> tuple[Hop, ...]:
    return (hop,) if len(hops) == 1 else tuple(hop if each.number == hop.number else each for each in hops)


def _cancelled(hops: tuple[Hop, ...]) -> tuple[tuple[Hop, ...], tuple[int, ...]]:
    """Cancel what still has to be submitted; give the hops after it, and the numbers of those."""
    stop = [hop.number for hop in hops if hop.waiting]
    if not stop:
        return hops, ()
    return tuple(replace(hop, cancelled=True) if hop.number in stop else hop for hop in hops), tuple(stop)
