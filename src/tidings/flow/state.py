"""How the hub is doing: what waits, and for how long. It is the same for every process on one database."""

from typing import Any

from msgspec import Struct

from tidings.store.log import last_position
from tidings.store.statements import Transaction, statement


class Due(Struct, frozen=True):
    """The hops of one channel that wait to be submitted."""

    number: int
    oldest_at: int
    """When the one that waits the longest was due, or will be."""


class State(Struct, frozen=True):
    """What waits, at one moment."""

    position: int
    """Of the newest event."""
    due: dict[str, Due]
    """Hops to be submitted, by channel."""
    parked: dict[str, int]
    """By why, in a word or two."""
    held: int
    """Events set aside for a subscription, to be told again."""
    dead: int
    """Events given up for a subscription."""


def state() -> Transaction[State]:
    """Read what waits."""
    position = yield from last_position()
    due = {row[0]: Due(row[2], row[1]) for row in (yield statement("waiting_by_channel")())}
    parked: dict[str, int] = {}
    for why, number in (yield statement("count_parked")()):
        # After the colon stands what only a person reads.
        word = why.partition(":")[0]
        parked[word] = parked.get(word, 0) + number
    held: dict[Any, int] = {bool(row[0]): row[1] for row in (yield statement("count_held")())}
    return State(position, due, parked, held.get(False, 0), held.get(True, 0))
