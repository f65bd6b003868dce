"""Writing down what became of telling: attempts, events set aside, and where the cursor stands, in bulk."""

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct, field

from tidings.model.subscriptions import Attempt, Held
from tidings.store.statements import Transaction, statement

_PUT_ATTEMPT = statement("put_attempt")
_PUT_HELD = statement("put_held")
_DROP_HELD = statement("drop_held")
_MOVE_CURSOR = statement("move_cursor")


class Changes(Struct):
    """What one notifier has to write down since it last did."""

    attempts: list[Attempt] = field(default_factory=list)
    held: dict[int, Held] = field(default_factory=dict)
    """By position: set aside, or its next try."""
    freed: set[int] = field(default_factory=set)
    """Positions no longer set aside."""
    cursor: int = 0
    """Everything up to here is told, set aside or not wanted, once these changes are written."""

    def over(self, older: "Changes") -> "Changes":
        """Put these on top of older ones that may not be written yet."""
        return Changes(
            attempts=older.attempts + self.attempts,
            held={**{at: held for at, held in older.held.items() if at not in self.freed}, **self.held},
            freed=(older.freed - self.held.keys()) | self.freed,
            cursor=self.cursor,
        )


class Writes(Protocol):
    """A notifier, as seen by whoever writes its changes down."""

    serial: int

    def take_changes(self) -> Changes:
        """Hand over everything that is not known to be on disk."""


class _Written(Struct):
    notifier: Writes
    changes: Changes


class Ledger:
    """Writes the changes of many notifiers with the same four queries."""

    def transaction(self, items: Sequence[Writes]) -> Transaction[Sequence[Any]]:
        """Write them; who waits for it hears whether it is on disk."""
        # The cursor is taken together with what it stands for: while the rows go out, the notifiers go on.
        written = [_Written(notifier, notifier.take_changes()) for notifier in items]
        yield from _write(written)
        return written

    def committed(self, outcomes: Sequence[Any]) -> None:
        """Nobody waits for it."""

    def news(self, outcomes: Sequence[Any]) -> str:
        """Nobody else cares."""
        return ""


def _write(written: Sequence[_Written]) -> Transaction[None]:
    attempts = [
        (
            attempt.subscription,
            attempt.position,
            attempt.number,
            attempt.at,
            attempt.took_ms,
            attempt.status,
            attempt.verdict.value,
            attempt.error,
            attempt.response,
        )
        for each in written
        for attempt in each.changes.attempts
    ]
    if attempts:
        yield _PUT_ATTEMPT.many(attempts)
    held = [
        (held.subscription, held.position, held.message, held.tries, held.first_at, held.due_at, held.dead)
        for each in written
        for held in each.changes.held.values()
    ]
    if held:
        yield _PUT_HELD.many(held)
    freed = [(each.notifier.serial, position) for each in written for position in each.changes.freed]
    if freed:
        yield _DROP_HELD.many(freed)
    yield _MOVE_CURSOR.many([(each.changes.cursor, each.notifier.serial) for each in written])
