"""The dead-letter list of a subscription: events that were given up, each with the last answer to it."""

from typing import Final

from msgspec import Struct

from tidings.flow.history import attempt_of
from tidings.flow.resuming import held_of
from tidings.model.events import Event
from tidings.model.messages import Message
from tidings.model.subscriptions import Attempt, Held
from tidings.store.log import events_at
from tidings.store.statements import Transaction, statement

NEWEST: Final = 2**62
"""Comes after every position."""


class Dead(Struct, frozen=True):
    """An event that was given up, and the last attempt to tell it, while that is kept."""

    held: Held
    event: Event
    message: Message
    last: Attempt | None


def dead_of(serial: int, *, before: int = NEWEST, limit: int) -> Transaction[list[Dead]]:
    """Read a subscription's dead-letter list before a position, newest first."""
    rows = yield statement("dead_before")(subscription=serial, dead=True, before=before, limit=limit)
    held = [held_of(serial, row) for row in rows]
    positions = [each.position for each in held]
    told = {event.position: (event, message) for event, message in (yield from events_at(positions))}
    attempts = yield statement("attempts_at")(subscriptions=[serial], positions=positions)
    last = {attempt.position: attempt for attempt in map(attempt_of, attempts)}
    return [Dead(each, *told[each.position], last.get(each.position)) for each in held if each.position in told]
