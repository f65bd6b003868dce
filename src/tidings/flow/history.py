"""Looking back: the whole life of one message."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from tidings.flow.interactions import counted
from tidings.flow.look import Standing, Untold, history_of, message_in
from tidings.model.events import Event
from tidings.model.subscriptions import Attempt, Verdict
from tidings.model.tallies import Counts
from tidings.store.log import events_of
from tidings.store.statements import Row, Transaction, statement


class WholeLife(Struct, frozen=True):
    """Everything known of one message."""

    standing: Standing
    events: Sequence[Event]
    attempts: Sequence[Attempt]
    history: Sequence[Untold]
    counts: Counts | None
    """How often what was done with it; None where nothing was."""


def whole_life(workspace: str, message: str, serials: Sequence[int]) -> Transaction[WholeLife | None]:
    """Read everything about a message, with the attempts to tell it to some subscriptions; None without one."""
    standing = yield from message_in(workspace, message)
    if standing is None:
        return None
    events = yield from events_of(message)
    attempts: list[Row] = yield statement("attempts_at")(
        subscriptions=list(serials), positions=[event.position for event in events]
    )
    history = yield from history_of(message)
    counts = yield from counted([message])
    return WholeLife(standing, events, [attempt_of(row) for row in attempts], history, counts.get(message))


def attempt_of(row: Row) -> Attempt:
    """Read an attempt from its row, without what was answered."""
    fields: dict[str, Any] = dict(
        zip(("subscription", "position", "number", "at", "took_ms", "status"), row[:6], strict=True)
    )
    return Attempt(**fields, verdict=Verdict(row[6]), error=row[7])
