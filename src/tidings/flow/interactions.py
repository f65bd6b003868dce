"""Looking at what people did with messages: a page of it, the newest of it, and how often."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from tidings.flow.look import events_like
from tidings.flow.tallies import tallies_of
from tidings.model.events import Event, Kind
from tidings.model.tallies import Counts
from tidings.rules.counting import counts_of
from tidings.store.log import decode_event
from tidings.store.statements import Transaction, statement


class Done(Struct, frozen=True):
    """Some of what was done with a message, and how often all of it was, as it was at one moment."""

    events: Sequence[Event]
    counts: Counts | None
    """None where nothing was done that is counted."""
    more: bool = False
    """Whether there is more after these."""


def interactions_after(
    message: str, kinds: Sequence[Kind], is_meant: Callable[[Event], bool] | None = None, *, after: int, limit: int
) -> Transaction[Done]:
    """Read the events of some kinds about a message after a position, oldest first.

    What is not meant (by default all is) is passed over, and a page is full all the same as long as there are more.
    """
    found: list[Event] = []
    while True:
        stretch = yield from events_like(message, kinds, after=after, limit=limit + 1)
        found += filter(is_meant, stretch)
        if len(found) > limit or len(stretch) <= limit:
            break
        after = stretch[-1].position
    counts = yield from counted([message])
    return Done(found[:limit], counts.get(message), len(found) > limit)


def newest_interactions(message: str, limit: int) -> Transaction[Done]:
    """Read what was done with a message last, newest first."""
    counts = yield from counted([message])
    if message not in counts:
        return Done((), None)
    rows = yield statement("newest_like")(message=message, kinds=[Kind.INTERACTION.value], limit=limit)
    return Done([decode_event(row) for row in rows], counts[message])


def counted(messages: Sequence[str]) -> Transaction[dict[str, Counts]]:
    """Read how often what was done with messages; nothing of those with which nobody has done anything."""
    tallies = yield from tallies_of(messages)
    return {message: counts_of(mine) for message, mine in tallies.items()}
