"""What providers and people say: receipts, deeds, replies."""

from msgspec.structs import replace

from tidings.model.events import Fact, Kind
from tidings.model.messages import Hop, Life
from tidings.model.reports import PROVING, Deed, Interaction, Receipt, Target
from tidings.model.stages import LOST, Cause, Reason, Stage
from tidings.rules.lifecycle.moves import Move, Tell, Word, advance
from tidings.rules.lifecycle.parts import hop_of, joined, knows, tell_parts
from tidings.rules.lifecycle.story import settle, unsaid


def received(life: Life, channel: str, receipt: Receipt, now: int) -> Move:
    """Take a provider's word on a message; what moves nothing changes nothing.

    A receipt that names a part before the answer to our own request has named them all waits on the hop for that
    answer: only then is it known whether the other parts got as far.
    """
    hop = hop_of(life, channel, receipt.target)
    if hop is None or receipt.stage < Stage.SENT:
        return Move(life)
    if _awaits_answer(hop) and not knows(hop, receipt.target):
        if any(each.target == receipt.target and each.stage is receipt.stage for each in hop.early):
            return Move(life)
        return settle(life, replace(hop, early=(*hop.early, receipt)), now, Word(now))
    return _believe(life, hop, receipt, now)


def heard(life: Life, number: int, now: int) -> Move:
    """Take the receipts of a hop that came before the provider's answer, which is there now or will never be."""
    hop = life.hops[number]
    if not hop.early:
        return Move(life)
    move = settle(life, replace(hop, early=()), now, Word(now))
    for receipt in hop.early:
        move = move.then(_believe(move.life, move.life.hops[number], receipt, now))
    return move


def interacted(life: Life, channel: str, interaction: Interaction, now: int) -> Move:
    """Take what a person did with a message: tell what it proves first, then the deed itself.

    That they read it is a stage and no deed; it is told as the stage alone.
    """
    hop = hop_of(life, channel, interaction.target)
    at = now if interaction.at is None else interaction.at
    move = Move(life)
    if hop is not None and interaction.deed in PROVING and not interaction.prefetched:
        seen = interaction.deed in (Deed.OPENED, Deed.READ)
        stage = Stage.READ if seen else Stage.DELIVERED
        word = Word(at, stage, interaction.raw) if seen else Word(at)
        move = _prove(life, hop, interaction.target, stage, now, word)
        hop = move.life.hops[hop.number]
    if interaction.deed is Deed.READ:
        return move
    life = replace(move.life, revision=move.life.revision + 1, updated_at=now)
    fact = Fact(
        interaction=interaction,
        references=hop.references if hop else (),
        sender=hop.sender if hop else "",
    )
    told = Tell(Kind.INTERACTION, life.revision, hop.platform if hop else "", channel, at, fact)
    return move.then(Move(life, (told,)))


def answered(life: Life, channel: str, now: int) -> Move:
    """Take a person's reply to a message as the proof that they have it."""
    hop = hop_of(life, channel, Target())
    return Move(life) if hop is None else _prove(life, hop, Target(), Stage.DELIVERED, now, Word(now))


def _awaits_answer(hop: Hop) -> bool:
    """Whether the provider's answer to our own request is yet to come.

    Of a hop that was put off, an earlier try may have been taken whose answer was lost; of a doubted one, it was.
    """
    return hop.waiting and not hop.tries and hop.doubt_at is None


def _believe(life: Life, hop: Hop, receipt: Receipt, now: int) -> Move:
    parts = tell_parts(hop, receipt.target, receipt.stage, receipt.reason)
    stage = advance(hop.stage, joined(hop, parts))
    if receipt.stage in LOST and hop.expected == 1:
        # One lost part loses the hop, also where that part was said to be delivered before.
        stage = advance(stage, receipt.stage)
    lost = stage in LOST and stage > hop.stage
    told = replace(
        hop,
        parts=parts,
        stage=stage,
        submitted=True,
        receipted=True,
        window_at=None,
        doubt_at=None,
        units=most(hop.units, receipt.units),
        reason=receipt.reason or unsaid(stage) if lost else hop.reason,
        data=receipt.raw if lost else hop.data,
    )
    if hop.stage >= Stage.DELIVERED and receipt.stage is Stage.FAILED and life.late_failure is None:
        failure = receipt.reason or Reason(Cause.UNKNOWN)
        life = replace(life, late_failure=failure, revision=life.revision + 1, updated_at=now)
    word = Word(now if receipt.at is None else receipt.at, receipt.stage, receipt.raw)
    return _unqueued(hop, settle(life, told, now, word))


def _prove(life: Life, hop: Hop, target: Target, stage: Stage, now: int, word: Word) -> Move:
    """Take a deed as the proof that a person has the message: all of it, or their own part of what went to several."""
    meant = target if hop.expected > 1 and knows(hop, target) else Target(recipient=target.recipient)
    parts = tell_parts(hop, meant, stage, None)
    told = replace(
        hop,
        parts=parts,
        stage=advance(hop.stage, joined(hop, parts)),
        submitted=True,
        receipted=True,
        window_at=None,
        doubt_at=None,
    )
    return _unqueued(hop, settle(life, told, now, word))


def _unqueued(before: Hop, move: Move) -> Move:
    """Take a hop out of the queue that was to be tried again, and had arrived all the same."""
    return replace(move, stop=(before.number, *move.stop)) if before.waiting and before.tries else move


def most(counted: int | None, told: int | None) -> int | None:
    """Give the larger of two counts, of which either may be missing."""
    return told if counted is None else counted if told is None else max(counted, told)
