"""The parts of a hop: which of them a report is about, and what they come to together."""

from msgspec import UNSET
from msgspec.structs import replace

from tidings.model.exchange import Piece
from tidings.model.messages import Hop, Life, Part
from tidings.model.reports import Target
from tidings.model.stages import LOST, Reason, Stage


def hop_of(life: Life, channel: str, target: Target) -> Hop | None:
    """Find the hop that a report from a channel is about: by number, by a part's reference, else the newest there.

    None where the message never went over that channel, so that one channel cannot speak for another.
    """
    mine = [hop for hop in life.hops if hop.channel == channel]
    if target.hop is not None:
        return next((hop for hop in mine if hop.number == target.hop), None)
    if target.reference and len(mine) > 1:
        for hop in mine:
            if any(part.reference == target.reference for part in hop.parts):
                return hop
    return mine[-1] if mine else None


def joined(hop: Hop, parts: tuple[Part, ...]) -> Stage:
    """Tell a hop's stage from its parts: failed or expired as soon as one is, else as far as the last of them.

    With several recipients it is `sent` for good: what becomes of each is told of its part alone.
    """
    if hop.expected > 1:
        return Stage.SENT
    if len(parts) == 1:
        return parts[0].stage
    stages = [part.stage for part in parts]
    return max([stage for stage in stages if stage in LOST], default=min(stages))


def knows(hop: Hop, target: Target) -> bool:
    """Whether a report's reference, if it has one, is that of a part."""
    return not target.reference or any(part.reference == target.reference for part in hop.parts)


def tell_parts(hop: Hop, target: Target, stage: Stage, reason: Reason | None) -> tuple[Part, ...]:
    """Give the parts after a report; one about a part that nobody has named yet adds it."""
    parts = hop.parts
    if len(parts) == hop.expected == 1 and (hop.sent_at is not None or _is_meant(hop, parts[0], target)):
        # All of it is one piece, whatever second name the provider may have for it.
        return (_told(parts[0], stage, reason),)
    if not any(_is_meant(hop, part, target) for part in parts):
        parts = (*parts, Part(target.reference, target.recipient, Stage.PROCESSING))
    return tuple(_told(part, stage, reason) if _is_meant(hop, part, target) else part for part in parts)


def name_parts(hop: Hop, pieces: tuple[Piece, ...]) -> tuple[Part, ...]:
    """Give the parts after the provider has named them, with all that was heard of them before.

    What was said of the hop as a whole, when no part had a name, was said of each.
    """
    named = tuple(_named(hop, piece) for piece in pieces)
    references = {(piece.reference, piece.recipient) for piece in pieces}
    others = tuple(
        part if part.stage >= Stage.SENT else replace(part, stage=Stage.SENT)
        for part in hop.parts
        if (part.reference or not named) and (part.reference, part.recipient) not in references
    )
    return named + others


def _named(hop: Hop, piece: Piece) -> Part:
    target = Target(reference=piece.reference, recipient=piece.recipient)
    heard = max((part for part in hop.parts if _is_meant(hop, part, target)), key=_stage, default=None)
    taken = Part(piece.reference, piece.recipient)
    if piece.refused is not UNSET:
        taken = replace(taken, stage=Stage.FAILED, reason=piece.refused)
    if heard is None or heard.stage <= taken.stage:
        return taken
    return replace(taken, stage=heard.stage, reason=heard.reason)


def _stage(part: Part) -> Stage:
    return part.stage


def _is_meant(hop: Hop, part: Part, target: Target) -> bool:
    """Whether a report is about a part; what a report or a part leaves open fits everything."""
    if target.reference and part.reference and part.reference != target.reference:
        return False
    if hop.expected == 1 or not target.recipient or not part.recipient:
        return True
    return part.recipient.lower() == target.recipient.lower()


def _told(part: Part, stage: Stage, reason: Reason | None) -> Part:
    if stage <= part.stage:
        return part
    return Part(part.reference, part.recipient, stage, reason if stage in LOST else None)
