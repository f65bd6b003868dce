"""Places in the log: where a time falls, and where an event stands.

Positions are given out in the order of commits, so times and event ids (which begin with their time) grow along the
log. Halving it finds a place with some twenty reads of one row, and needs no index that every event would pay for.
"""

from collections.abc import Callable
from typing import Final

from tidings.model.events import Event
from tidings.model.messages import Message
from tidings.store.log import decode_event, events_between, last_position
from tidings.store.statements import Transaction, statement

ASTRAY: Final = 2_000
"""How many positions an event may stand from where its id sorts: the clocks of several processes differ a little."""


def place_before(time: int) -> Transaction[int]:
    """Find the place right before the first event written at or after a time, in milliseconds."""
    return (yield from _halve(lambda event: event.at >= time))


def find_event(workspace: str, id_: str) -> Transaction[tuple[Event, Message] | None]:
    """Find an event of a tenant by its id; None where there is none."""
    near = yield from _halve(lambda event: event.id >= id_)
    # It may be far behind the one before, where what stood between was forgotten.
    rows = yield statement("event_from")(position=near + 1)
    near = rows[0][0] if rows else near
    found = yield from events_between(workspace, max(0, near - ASTRAY), near + ASTRAY, 2 * ASTRAY)
    return next((pair for pair in found if pair[0].id == id_), None)


def _halve(is_after: Callable[[Event], bool]) -> Transaction[int]:
    """Find the last place before which nothing is after what is looked for."""
    low = 0
    high = yield from last_position()
    while low < high:
        middle = (low + high) // 2
        rows = yield statement("event_from")(position=middle + 1)
        event = decode_event(rows[0]) if rows else None
        if event is None or event.position > high or is_after(event):
            high = middle
        else:
            low = event.position
    return low
