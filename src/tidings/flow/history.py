"""Looking back: the log after a position, and the whole life of one message."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import Struct

from tidings.dialects.dialect import Telling
from tidings.flow.look import Standing, Untold, history_of, message_in
from tidings.model.events import Event
from tidings.model.subscriptions import Attempt, Verdict
from tidings.model.workspaces import Workspace
from tidings.store.log import events_after, events_of, last_position
from tidings.store.statements import Row, Transaction, statement

PAGE: Final = 500
"""How many events are read at once."""
MOST_READ: Final = 10_000
"""How many events are looked at in one go where few of them are wanted."""


class Stretch(Struct, frozen=True):
    """The wanted events of a stretch of the log, and the position it ends at."""

    tellings: Sequence[Telling]
    end: int


class WholeLife(Struct, frozen=True):
    """Everything known of one message."""

    standing: Standing
    events: Sequence[Event]
    attempts: Sequence[Attempt]
    history: Sequence[Untold]


def stretch(workspace: Workspace, after: int, limit: int, is_wanted: Callable[[Telling], bool]) -> Transaction[Stretch]:
    """Read the events of a tenant after a position that are wanted, up to `limit`; the end is where to go on from."""
    found: list[Telling] = []
    looked_at = 0
    while looked_at < MOST_READ:
        pairs = yield from events_after(workspace.id, after, PAGE)
        for event, message in pairs:
            after = event.position
            telling = Telling(event, message, workspace)
            if is_wanted(telling):
                found.append(telling)
                if len(found) == limit:
                    return Stretch(found, after)
        looked_at += len(pairs)
        if len(pairs) < PAGE:
            break
    return Stretch(found, after)


def stretch_about(
    workspace: Workspace, message: str, after: int, limit: int, is_wanted: Callable[[Telling], bool]
) -> Transaction[Stretch | None]:
    """Read the same of one message only; None where the tenant has no such message."""
    standing = yield from message_in(workspace.id, message)
    if standing is None:
        return None
    last = yield from last_position()
    events = yield from events_of(message)
    tellings = [Telling(event, standing.message, workspace) for event in events if event.position > after]
    wanted = [telling for telling in tellings if is_wanted(telling)]
    if len(wanted) > limit:
        return Stretch(wanted[:limit], wanted[limit - 1].event.position)
    return Stretch(wanted, max(last, after))


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
    return WholeLife(standing, events, [_attempt(row) for row in attempts], history)


def _attempt(row: Row) -> Attempt:
    fields: dict[str, Any] = dict(
        zip(("subscription", "position", "number", "at", "took_ms", "status"), row[:6], strict=True)
    )
    return Attempt(**fields, verdict=Verdict(row[6]), error=row[7])
