"""What a demonstration tells, and what must come of it: for each message, every event in each vocabulary."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from tidings.cli.demo.receiver import OMNICHANNEL
from tidings.cli.demo.stage import Player, Stage


class Chapter(NamedTuple):
    """One message: what happens to it, and what must be told of it."""

    title: str
    how: str
    """Over what, and asked in which vocabulary."""
    stage: str
    hops: tuple[str, ...]
    """Each hop's platform and last stage, in order."""
    omnichannel: tuple[str, ...]
    """Event and platform."""
    channels: tuple[str, ...]
    """Event, and status or type."""
    answers: int | None = None
    """Of an incoming message: which chapter's message it must be tied to."""
    log: tuple[str, ...] = ()
    """What the log must say of it, in order: kinds of events, and of an interaction its deed; empty: not looked at."""
    later: int = 0
    """How many of the webhooks come only with the next chapter."""

    @property
    def webhooks(self) -> int:
        """How many webhooks must come of it."""
        return len(self.omnichannel) + len(self.channels)


Act = Callable[[Stage], Awaitable[str | None]]
"""How a chapter begins; gives the id of the message sent, None where somebody else wrote it."""


class Play(NamedTuple):
    """Everything that is played in one demonstration."""

    players: tuple[Player, ...]
    events: tuple[str, ...]
    """Events of the channels vocabulary that are subscribed to, one subscription each."""
    scenes: tuple[tuple[Chapter, Act], ...]
    common: str = ""
    """What every event of the omnichannel vocabulary ends with, and need not be shown: the only platform."""

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """What is told, in order."""
        return tuple(chapter for chapter, _ in self.scenes)


class Outcome(NamedTuple):
    """What became of a chapter's message, as the hub's API and the webhooks tell it."""

    stage: str
    hops: tuple[str, ...]
    omnichannel: tuple[str, ...]
    channels: tuple[str, ...]
    answers: int | None = None
    log: tuple[str, ...] = ()


def differences(chapter: Chapter, outcome: Outcome) -> list[str]:
    """Say everything that is not as it must be.

    A subscription sees a message's events in order. The one omnichannel webhook must see all of them so, but for what
    came in, which is another message; of the channels vocabulary each event is a subscription of its own, and nothing
    is promised between two of them.
    """
    found = [
        *_unlike("stage", chapter.stage, outcome.stage),
        *_unlike("hops", ", ".join(chapter.hops), ", ".join(outcome.hops)),
        *_unlike("answers message", _number(chapter.answers), _number(outcome.answers)),
    ]
    if chapter.log:
        found += _unlike("log", ", ".join(chapter.log), ", ".join(outcome.log))
    found += _out_of_order(chapter.omnichannel, outcome.omnichannel, _message)
    found += _out_of_order(chapter.channels, outcome.channels, lambda event: event.partition(" ")[0])
    return found


def _unlike(what: str, expected: str, got: str) -> list[str]:
    return [] if expected == got else [f"{what}: expected {expected or 'none'}, got {got or 'none'}"]


def _out_of_order(expected: Sequence[str], got: Sequence[str], subscription: Callable[[str], str]) -> list[str]:
    found: list[str] = []
    for name in dict.fromkeys(map(subscription, (*expected, *got))):
        wanted = ", ".join(each for each in expected if subscription(each) == name)
        came = ", ".join(each for each in got if subscription(each) == name)
        found += _unlike(name, wanted, came)
    return found


def _message(event: str) -> str:
    return f"{OMNICHANNEL} inbound" if event.startswith("message.inbound") else OMNICHANNEL


def _number(chapter: int | None) -> str:
    return "" if chapter is None else str(chapter + 1)
