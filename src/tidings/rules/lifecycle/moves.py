"""What a fact makes of a life, and the order of the stages."""

from msgspec import Raw, Struct

from tidings.model.events import Fact, Kind
from tidings.model.messages import Hop, Life
from tidings.model.stages import Stage


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

    def then(self, after: "Move") -> "Move":
        """Put a move that was made from this one's life behind it, as one."""
        return Move(after.life, self.tells + after.tells, after.start or self.start, self.stop + after.stop)


class Word(Struct, frozen=True):
    """What somebody said that moved a hop, and when they say it happened."""

    at: int
    stage: Stage | None = None
    """The stage they said; every other is implied."""
    raw: Raw | None = None
    """The provider's report."""
    answer: Raw | None = None
    """What the provider answered when it took the message."""


def advance(now: Stage, told: Stage) -> Stage:
    """Give the further of two stages."""
    return max(now, told)
