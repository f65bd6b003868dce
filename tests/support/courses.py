"""The course of one life: facts are told one after another, and what must hold of every life is checked at each."""

from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from tidings.model.events import Fact, Kind
from tidings.model.exchange import Piece, Sent
from tidings.model.messages import Hop, Life, Plan
from tidings.model.reports import Deed, Interaction, Receipt, Target
from tidings.model.stages import SUCCESS, Cause, Reason, Stage
from tidings.rules import lifecycle
from tidings.rules.lifecycle import Move, Tell

EXPIRES = 1_000_000
ANSWER = Raw(b'{"id":"a"}')
NUMBER = "+441234567890"

SMS = Plan("sms", "sms-channel", NUMBER)
WHATSAPP = Plan("whatsapp", "whatsapp-channel", NUMBER)
RCS = Plan("rcs", "rcs-channel", NUMBER)
EMAIL = Plan("email", "email-channel", "a@example.org", own_receipt=True)
LETTER = replace(EMAIL, expected=2, last_word=True)
"""An e-mail to two."""

_SUCCESSES = [kind for stage in SUCCESS for kind in Kind if kind.stage is stage]


class Course:
    """A life and everything that was told of it; the time goes on by one millisecond a fact."""

    def __init__(self, *plans: Plan, expires_at: int | None = EXPIRES) -> None:
        self.now = 0
        self.tells: list[Tell] = []
        self.starts: list[int] = []
        self.stops: list[int] = []
        self.life = Life("m")
        self.take(lifecycle.begin("m", plans, expires_at=expires_at, now=0))

    def take(self, move: Move) -> Move:
        """Go on to what a fact made of the life."""
        before, after = self.life, move.life
        assert after.stage >= before.stage, "a message never goes backwards"
        revisions = [before.revision, *(tell.revision for tell in move.tells)]
        assert all(one < next_ for one, next_ in pairwise(revisions)), "every event is newer"
        assert revisions[-1] <= after.revision
        assert move.moved == bool(move.tells)
        self.life = after
        self.tells += move.tells
        self.starts += [move.start.number] if move.start else []
        self.stops += move.stop
        told = [tell.kind for tell in self.tells if tell.kind is not Kind.INTERACTION]
        assert len(set(told)) == len(told), "nothing is told twice"
        successes = [kind for kind in told if kind in _SUCCESSES]
        assert successes == _SUCCESSES[: len(successes)], "sent, delivered, read: in order, without gaps"
        assert [kind.stage for kind in told] == list(after.told), "what was told is known"
        return move

    def sent(self, *references: str, hop: int = 0, answer: Raw = ANSWER, **more: Any) -> Move:
        """The provider takes a hop; a reference may bring its recipient after a slash."""
        self.now += 1
        named = (reference.partition("/") for reference in references or ("a",))
        pieces = tuple(Piece(reference, recipient) for reference, _, recipient in named)
        sent = Sent(pieces=pieces, answer=answer, **more)
        return self.take(lifecycle.submitted(self.life, hop, sent, self.now))

    def told(self, stage: Stage, reference: str = "a", *, channel: str = "", **more: Any) -> Move:
        """The provider tells a stage; of the first hop's channel unless another is named."""
        self.now += 1
        about = {name: more.pop(name) for name in ("message", "hop", "recipient") if name in more}
        given = receipt(stage, Target(reference=reference, **about), **more)
        return self.take(lifecycle.received(self.life, channel or self.life.hops[0].channel, given, self.now))

    def did(self, deed: Deed, reference: str = "a", *, channel: str = "", recipient: str = "", **more: Any) -> Move:
        """A person does something."""
        self.now += 1
        target = Target(reference=reference, recipient=recipient)
        done = Interaction(f"{deed}:{self.now}", deed, target, Raw(b'{"deed":1}'), **more)
        return self.take(lifecycle.interacted(self.life, channel or self.life.hops[0].channel, done, self.now))

    def answered(self, channel: str = "") -> Move:
        """A person replies."""
        self.now += 1
        return self.take(lifecycle.answered(self.life, channel or self.life.hops[0].channel, self.now))

    def refused(self, hop: int = 0, *, cause: Cause = Cause.INVALID, data: Raw | None = None) -> Move:
        """The provider refuses a hop."""
        self.now += 1
        return self.take(lifecycle.refused(self.life, hop, Reason(cause, "No."), data, self.now))

    def postponed(self, hop: int = 0) -> Move:
        """A hop is to be tried again."""
        self.now += 1
        return self.take(lifecycle.postponed(self.life, hop, self.now))

    def doubted(self, hop: int = 0, *, grace: int = 600) -> Move:
        """The provider's answer is lost."""
        self.now += 1
        return self.take(lifecycle.doubted(self.life, hop, grace, self.now))

    def wait(self, until: int) -> Move:
        """Time goes on."""
        self.now = until
        return self.take(lifecycle.timed(self.life, until))

    @property
    def events(self) -> list[tuple[Kind, int]]:
        """What was told, with the revisions."""
        return [(tell.kind, tell.revision) for tell in self.tells]

    @property
    def kinds(self) -> list[Kind]:
        """What was told."""
        return [tell.kind for tell in self.tells]

    @property
    def last(self) -> Fact:
        """What the last event says."""
        return self.tells[-1].fact

    @property
    def stages(self) -> list[Stage]:
        """How far the hops have come."""
        return [hop.stage for hop in self.life.hops]


def receipt(stage: Stage, target: Target, **more: Any) -> Receipt:
    """Make a receipt whose own words say its stage."""
    return Receipt(target, stage, Raw(b'{"status":"%s"}' % stage.word.encode()), **more)


def stored(life: Life) -> Life:
    """Write a life down and read it again, as the store does."""
    return msgspec.json.decode(msgspec.json.encode(life), type=Life)


def timeless(life: Life) -> Life:
    """Give a life without the times at which its facts came."""
    hops = tuple(replace(hop, updated_at=0, sent_at=hop.sent_at and 1) for hop in life.hops)
    return replace(life, updated_at=0, hops=hops)


def part_stages(hop: Hop) -> dict[tuple[str, str], Stage]:
    """How far the parts of a hop have come, by reference and recipient."""
    return {(part.reference, part.recipient): part.stage for part in hop.parts}
