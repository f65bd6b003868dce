"""The life of a message: what each fact makes of it, whatever order facts come in.

Every function takes a `Life` and a fact and gives a `Move`: the life after it, the events to tell, and whether a new
hop is to be submitted. Stages are joined, never assigned, so that twice, late and out of order are ordinary.
"""

from collections.abc import Iterable

from msgspec import Raw, Struct
from msgspec.structs import replace

from tidings.model.events import Fact, Kind, Tried
from tidings.model.exchange import Sent
from tidings.model.messages import Hop, Life, Part, Plan
from tidings.model.reports import PROVING, Deed, Interaction, Receipt, Target
from tidings.model.stages import FINAL, SUCCESS, Cause, Reason, Stage

_KINDS = {kind.stage: kind for kind in Kind if kind.stage is not None}
_LOST = (Stage.EXPIRED, Stage.FAILED)
_VALIDATION = frozenset({Cause.COUNTRY})
"""Refusals that make the request itself invalid, if no route is left that could take it."""


class Tell(Struct, frozen=True):
    """An event yet to be written down."""

    kind: Kind
    revision: int
    platform: str
    channel: str
    told_at: int
    fact: Fact


class Move(Struct, frozen=True):
    """What a fact made of a life."""

    life: Life
    tells: tuple[Tell, ...] = ()
    start: Hop | None = None
    """A hop that is to be submitted now."""
    stop: tuple[int, ...] = ()
    """Hops that must no longer be submitted."""

    @property
    def moved(self) -> bool:
        """Whether anything is told."""
        return bool(self.tells)


def advance(now: Stage, told: Stage) -> Stage:
    """Give the further of two stages."""
    return max(now, told)


def begin(message: str, plans: tuple[Plan, ...], *, expires_at: int | None, now: int) -> Move:
    """Take charge of a message: tell that it is accepted, and start its first hop.

    Where every plan is refused as an invalid request, it fails at once with nothing told before.
    """
    if plans and all(plan.refusal is not None and plan.refusal.cause in _VALIDATION for plan in plans):
        reason = plans[0].refusal
        life = Life(message, 1, Stage.FAILED, (Stage.FAILED,), reason=reason, updated_at=now)
        return Move(life, (Tell(Kind.FAILED, 1, "", "", now, Fact(reason=reason)),))
    life = Life(
        message,
        1,
        Stage.ACCEPTED,
        (Stage.ACCEPTED,),
        plans=plans,
        updated_at=now,
        expires_at=expires_at,
        due_at=expires_at,
    )
    first = next((plan for plan in plans if plan.channel), Plan(plans[0].platform if plans else ""))
    told = Tell(Kind.ACCEPTED, 1, first.platform, first.channel, now, Fact())
    after = _next_hop(life, now)
    return replace(after, tells=(told, *after.tells))


def arrived(message: str, now: int) -> Life:
    """The life of an incoming message: it is here, and that is all."""
    return Life(message, 0, Stage.DELIVERED, (Stage.DELIVERED,), updated_at=now)


def submitted(life: Life, number: int, sent: Sent, now: int) -> Move:
    """Note that a provider took a hop."""
    hop = life.hops[number]
    known = {(part.reference, part.recipient) for part in hop.parts}
    new = tuple(
        Part(piece.reference, piece.recipient)
        for piece in sent.pieces
        if (piece.reference, piece.recipient) not in known
    )
    window_at = now + hop.window if hop.window is not None and not hop.receipted else None
    hop = replace(
        hop,
        parts=tuple(replace(part, stage=advance(part.stage, Stage.SENT)) for part in hop.parts) + new,
        submitted=True,
        sent_at=hop.sent_at or now,
        sender=sent.sender or hop.sender,
        units=sent.units if sent.units is not None else hop.units,
        stage=advance(hop.stage, Stage.SENT),
        doubt_at=None,
        window_at=window_at,
    )
    return _settle(life, hop, now, now, answer=sent.answer)


def refused(life: Life, number: int, reason: Reason, data: Raw | None, now: int) -> Move:
    """Note that a hop could not be submitted."""
    hop = replace(life.hops[number], reason=reason, data=data, stage=_failing(reason), doubt_at=None)
    if life.hops[number].stage >= hop.stage:
        return Move(life)
    return _settle(life, hop, now, now)


def postponed(life: Life, number: int, now: int) -> Move:
    """Note that a hop waits to be tried again."""
    hop = life.hops[number]
    if not hop.waiting:
        return Move(life)
    return Move(_with_hop(life, replace(hop, tries=hop.tries + 1, updated_at=now), now, life.revision + 1))


def doubted(life: Life, number: int, grace: int, now: int) -> Move:
    """Note that nobody knows whether the provider took a hop; it is given up after `grace` milliseconds of silence."""
    hop = life.hops[number]
    if not hop.waiting or hop.doubt_at is not None:
        return Move(life)
    return Move(_with_hop(life, replace(hop, doubt_at=now + grace, updated_at=now), now, life.revision + 1))


def received(life: Life, channel: str, receipt: Receipt, now: int) -> Move:
    """Take a provider's word on a message; what moves nothing changes nothing."""
    hop = hop_of(life, channel, receipt.target)
    if hop is None or receipt.stage < Stage.SENT:
        return Move(life)
    told = _told_hop(hop, receipt.target, receipt.stage, receipt.reason)
    told = replace(
        told,
        submitted=True,
        receipted=True,
        window_at=None,
        doubt_at=None,
        units=receipt.units if receipt.units is not None else hop.units,
    )
    if told.stage in _LOST and told.stage > hop.stage:
        told = replace(told, reason=receipt.reason or Reason(_cause(told.stage)), data=receipt.raw)
    if hop.stage >= Stage.DELIVERED and receipt.stage is Stage.FAILED and life.late_failure is None:
        life = replace(life, late_failure=receipt.reason or Reason(Cause.UNKNOWN), revision=life.revision + 1)
    at = now if receipt.at is None else receipt.at
    return _settle(life, told, now, at, raw=receipt.raw)


def interacted(life: Life, channel: str, interaction: Interaction, now: int) -> Move:
    """Take what a person did with a message: tell what it proves first, then the deed itself."""
    hop = hop_of(life, channel, interaction.target)
    at = now if interaction.at is None else interaction.at
    move = Move(life)
    if hop is not None and interaction.deed in PROVING and not interaction.prefetched:
        seen = interaction.deed in (Deed.OPENED, Deed.READ)
        stage = Stage.READ if seen else Stage.DELIVERED
        move = _prove(life, hop, interaction.target, stage, now, at, interaction.raw if seen else None)
        hop = move.life.hops[hop.number]
    life = replace(move.life, revision=move.life.revision + 1, updated_at=now)
    fact = Fact(
        interaction=interaction,
        references=hop.references if hop else (),
        sender=hop.sender if hop else "",
    )
    told = Tell(Kind.INTERACTION, life.revision, hop.platform if hop else "", channel, at, fact)
    return replace(move, life=life, tells=(*move.tells, told))


def answered(life: Life, channel: str, now: int) -> Move:
    """Take a person's reply to a message as the proof that they have it."""
    hop = hop_of(life, channel, Target())
    return _prove(life, hop, Target(), Stage.DELIVERED, now, now, None) if hop is not None else Move(life)


def timed(life: Life, now: int) -> Move:
    """Do what time alone does: expire the message, give up an uncertain hop, try the next plan after a silent hop."""
    if life.expires_at is not None and life.expires_at <= now and life.stage not in FINAL:
        return _expire(life, now)
    for hop in life.hops:
        if hop.doubt_at is not None and hop.doubt_at <= now and hop.waiting:
            reason = Reason(Cause.UNCERTAIN, "The connection broke while the provider may have taken it.")
            return _settle(life, replace(hop, stage=Stage.FAILED, reason=reason, doubt_at=None), now, now)
        if hop.window_at is not None and hop.window_at <= now and life.plans and life.stage < Stage.DELIVERED:
            reason = Reason(Cause.UNREACHABLE, "No receipt came within the hop's window.", permanent=False)
            return _settle(life, replace(hop, stage=Stage.FAILED, reason=reason, window_at=None), now, now)
    return Move(replace(life, due_at=_due(life)))


def hop_of(life: Life, channel: str, target: Target) -> Hop | None:
    """Find the hop that a report from a channel is about: by number, by a part's reference, else the newest there.

    None where the message never went over that channel, so that one channel cannot speak for another.
    """
    mine = [hop for hop in life.hops if hop.channel == channel]
    if target.hop is not None:
        return next((hop for hop in mine if hop.number == target.hop), None)
    if target.reference:
        for hop in mine:
            if any(part.reference == target.reference for part in hop.parts):
                return hop
    return mine[-1] if mine else None


def joined(hop: Hop, parts: tuple[Part, ...]) -> Stage:
    """Tell a hop's stage from its parts: failed or expired as soon as one is, else as far as the last of them."""
    if hop.expected > 1:
        return Stage.SENT
    stages = [part.stage for part in parts]
    lost = [stage for stage in stages if stage in _LOST]
    return max(lost) if lost else min(stages)


def _told_hop(hop: Hop, target: Target, stage: Stage, reason: Reason | None) -> Hop:
    parts = hop.parts
    if not parts or (target.reference and not any(_is_meant(part, target) for part in parts)):
        parts = (*parts, Part(target.reference, target.recipient, Stage.PROCESSING))
    parts = tuple(_told_part(part, stage, reason) if _is_meant(part, target) else part for part in parts)
    return replace(hop, parts=parts, stage=advance(hop.stage, joined(hop, parts)))


def _is_meant(part: Part, target: Target) -> bool:
    if target.reference and part.reference and part.reference != target.reference:
        return False
    return not target.recipient or not part.recipient or part.recipient.lower() == target.recipient.lower()


def _told_part(part: Part, stage: Stage, reason: Reason | None) -> Part:
    if stage <= part.stage:
        return part
    return replace(part, stage=stage, reason=reason if stage in _LOST else None)


def _prove(life: Life, hop: Hop, target: Target, stage: Stage, now: int, at: int, raw: Raw | None) -> Move:
    if target.reference and not any(_is_meant(part, target) for part in hop.parts):
        target = Target(recipient=target.recipient)
    hop = replace(_told_hop(hop, target, stage, None), submitted=True, doubt_at=None, window_at=None, receipted=True)
    return _settle(life, hop, now, at, raw=raw, implied=raw is None)


def _settle(
    life: Life,
    hop: Hop,
    now: int,
    at: int,
    *,
    raw: Raw | None = None,
    answer: Raw | None = None,
    implied: bool = False,
) -> Move:
    """Put a changed hop back, and do what its new stage asks of the message."""
    before = life.hops[hop.number]
    if hop == before:
        return Move(life)
    if hop.stage > before.stage:
        hop = replace(hop, updated_at=at)
    life = _with_hop(life, hop, now, life.revision)
    if hop.stage in SUCCESS and hop.stage > before.stage:
        return _succeed(life, hop, at, raw, answer, implied)
    if hop.stage in _LOST and hop.stage > before.stage:
        return _lose(life, hop, now, at, raw)
    return Move(life)


def _succeed(life: Life, hop: Hop, at: int, raw: Raw | None, answer: Raw | None, implied: bool) -> Move:
    late = life.stage in _LOST
    tells: list[Tell] = []
    for stage in SUCCESS:
        if stage > hop.stage or stage in life.told:
            continue
        life = replace(
            life,
            revision=life.revision + 1,
            stage=advance(life.stage, stage),
            told=(*life.told, stage),
            reason=None if stage > life.stage else life.reason,
        )
        itself = stage is hop.stage
        fact = Fact(
            sender=hop.sender,
            references=hop.references,
            units=hop.units,
            answer=answer if stage is Stage.SENT else None,
            raw=raw if itself else None,
            implied=implied or not itself,
            late=late,
        )
        tells.append(Tell(_KINDS[stage], life.revision, hop.platform, hop.channel, at, fact))
    stop: tuple[int, ...] = ()
    if hop.stage >= Stage.DELIVERED:
        life, stop = _no_more_hops(life)
    return Move(replace(life, due_at=_due(life)), tuple(tells), stop=stop)


def _lose(life: Life, hop: Hop, now: int, at: int, raw: Raw | None) -> Move:
    if life.stage >= Stage.DELIVERED or life.stage is Stage.FAILED:
        return Move(life)
    by_receipt = hop.submitted and not hop.own_receipt
    if life.stage is Stage.EXPIRED or any(_in_play(each) for each in life.hops):
        return Move(replace(life, revision=life.revision + 1, due_at=_due(life)))
    if life.plans:
        return _next_hop(replace(life, revision=life.revision + 1), now)
    return _fail(replace(life, revision=life.revision + 1) if by_receipt else life, hop, now, at, raw)


def _fail(life: Life, hop: Hop | None, now: int, at: int, raw: Raw | None = None) -> Move:
    """Give a message up: no hop is left."""
    tried = tuple(_tried(each) for each in life.hops if each.stage in _LOST)
    stage = Stage.EXPIRED if life.hops and all(each.stage is Stage.EXPIRED for each in life.hops) else Stage.FAILED
    reason = hop.reason if hop else Reason(Cause.NO_CHANNEL, "The workspace has no channel for it.")
    life = replace(
        life,
        revision=life.revision + 1,
        stage=stage,
        told=(*life.told, stage),
        reason=reason,
        due_at=None,
        updated_at=now,
    )
    fact = Fact(
        sender=hop.sender if hop else "",
        references=hop.references if hop else (),
        units=hop.units if hop else None,
        reason=reason,
        submitted=any(each.submitted for each in life.hops),
        raw=raw,
        tried=tried,
    )
    where = (hop.platform, hop.channel) if hop else ("", "")
    return Move(life, (Tell(_KINDS[stage], life.revision, *where, at, fact),))


def _expire(life: Life, now: int) -> Move:
    hop = next((each for each in reversed(life.hops) if not each.cancelled), None)
    life, stop = _no_more_hops(life)
    reason = Reason(Cause.EXPIRED, "The message was not delivered within its window.")
    life = replace(
        life,
        revision=life.revision + 1,
        stage=Stage.EXPIRED,
        told=(*life.told, Stage.EXPIRED),
        reason=reason,
        updated_at=now,
        due_at=None,
    )
    fact = Fact(
        sender=hop.sender if hop else "",
        references=hop.references if hop else (),
        units=hop.units if hop else None,
        reason=reason,
        submitted=any(each.submitted for each in life.hops),
        tried=tuple(_tried(each) for each in life.hops if each.stage in _LOST),
    )
    where = (hop.platform, hop.channel) if hop else ("", "")
    return Move(life, (Tell(Kind.EXPIRED, life.revision, *where, now, fact),), stop=stop)


def _next_hop(life: Life, now: int) -> Move:
    """Start the next plan that can be started; those that cannot become failed hops on the way."""
    hops = life.hops
    plans = life.plans
    failed: Hop | None = None
    while plans:
        plan, *rest = plans
        plans = tuple(rest)
        if not plan.channel and (plan.refusal is None or plan.refusal.cause is Cause.NO_CHANNEL):
            continue
        hop = _hop_from(plan, len(hops), now)
        hops = (*hops, hop)
        if hop.stage is Stage.PROCESSING:
            life = replace(life, hops=hops, plans=plans, updated_at=now)
            return Move(replace(life, due_at=_due(life)), start=hop)
        failed = hop
    life = replace(life, hops=hops, plans=())
    last = failed or (hops[-1] if hops else None)
    return _fail(life, last, now, now)


def _hop_from(plan: Plan, number: int, now: int) -> Hop:
    return Hop(
        number,
        plan.platform,
        plan.channel,
        plan.address,
        stage=Stage.PROCESSING if plan.refusal is None else _failing(plan.refusal),
        expected=plan.expected,
        reason=plan.refusal,
        data=plan.data,
        updated_at=now,
        window=plan.window,
        last_word=plan.last_word or plan.expected > 1,
        own_receipt=plan.own_receipt,
    )


def _tried(hop: Hop) -> Tried:
    return Tried(hop.platform, hop.reason or Reason(_cause(hop.stage)), hop.updated_at, hop.submitted, hop.data)


def _with_hop(life: Life, hop: Hop, now: int, revision: int) -> Life:
    hops = tuple(hop if each.number == hop.number else each for each in life.hops)
    life = replace(life, hops=hops, revision=revision, updated_at=now)
    return replace(life, due_at=_due(life))


def _no_more_hops(life: Life) -> tuple[Life, tuple[int, ...]]:
    """Cancel what is not yet submitted: nobody gets a message twice because a carrier was slow to say so."""
    stop = tuple(hop.number for hop in life.hops if hop.waiting)
    hops = tuple(replace(hop, cancelled=True) if hop.waiting else hop for hop in life.hops)
    return replace(life, hops=hops, plans=()), stop


def _in_play(hop: Hop) -> bool:
    return not hop.cancelled and hop.stage not in _LOST


def _due(life: Life) -> int | None:
    """Tell when time alone will next do something to this life."""
    if life.stage in FINAL or _has_last_word(life.hops):
        return None
    times = [] if life.expires_at is None else [life.expires_at]
    for hop in life.hops:
        if hop.doubt_at is not None and hop.waiting:
            times.append(hop.doubt_at)
        if hop.window_at is not None and life.plans and hop.stage is Stage.SENT:
            times.append(hop.window_at)
    return min(times, default=None)


def _has_last_word(hops: Iterable[Hop]) -> bool:
    return any(hop.last_word and hop.stage is Stage.SENT for hop in hops)


def _failing(reason: Reason) -> Stage:
    return Stage.EXPIRED if reason.cause is Cause.EXPIRED else Stage.FAILED


def _cause(stage: Stage) -> Cause:
    return Cause.EXPIRED if stage is Stage.EXPIRED else Cause.UNKNOWN
