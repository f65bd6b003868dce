"""Writing down what became of telling: attempts, events set aside, and where the cursor stands, in bulk."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct, field

from tidings.model.subscriptions import Attempt, Held, Progress
from tidings.rules.endpoint import WELL, Condition
from tidings.store.statements import Transaction, statement

MOST_HEADERS = 4096
"""Octets of JSON that an answer's headers may take in the log; a header is kept whole or not at all."""
_COOKIE = "set-cookie"

_PUT_ATTEMPT = statement("put_attempt")
_PUT_HELD = statement("put_held")
_DROP_HELD = statement("drop_held")
_MOVE_CURSOR = statement("move_cursor")
_MOVE_REPLAY = statement("move_replay")


class Changes(Struct):
    """What one notifier has to write down since it last did."""

    attempts: list[Attempt] = field(default_factory=list)
    held: dict[int, Held] = field(default_factory=dict)
    """By position: set aside, or its next try."""
    freed: set[int] = field(default_factory=set)
    """Positions no longer set aside."""
    replays: dict[str, Progress] = field(default_factory=dict)
    """By id: how far what is told again has come."""
    cursor: int = 0
    """Everything up to here is told, set aside or not wanted, once these changes are written."""
    condition: Condition = WELL
    """How the endpoint is doing."""

    def over(self, older: "Changes") -> "Changes":
        """Put these on top of older ones that may not be written yet."""
        return Changes(
            attempts=older.attempts + self.attempts,
            held={**{at: held for at, held in older.held.items() if at not in self.freed}, **self.held},
            freed=(older.freed - self.held.keys()) | self.freed,
            replays=older.replays | self.replays,
            cursor=self.cursor,
            condition=self.condition,
        )


class Writes(Protocol):
    """A notifier, as seen by whoever writes its changes down."""

    serial: int
    epoch: int

    def take_changes(self) -> Changes:
        """Hand over everything that is not known to be on disk."""


class _Written(Struct):
    notifier: Writes
    changes: Changes


class Ledger:
    """Writes the changes of many notifiers with the same four queries."""

    rank = 1

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
            encode_headers(attempt.headers),
        )
        for each in written
        for attempt in each.changes.attempts
    ]
    if attempts:
        yield _PUT_ATTEMPT.many(attempts)
    held = [
        (held.subscription, held.position, held.message, held.tries, held.first_at, held.due_at, held.dead, held.number)
        for each in written
        for held in each.changes.held.values()
    ]
    if held:
        yield _PUT_HELD.many(held)
    freed = [(each.notifier.serial, position) for each in written for position in each.changes.freed]
    if freed:
        yield _DROP_HELD.many(freed)
    replays = [
        (progress.place, progress.told, progress.set_aside, progress.fate, progress.ended_at, id_)
        for each in written
        for id_, progress in each.changes.replays.items()
    ]
    if replays:
        yield _MOVE_REPLAY.many(replays)
    yield _MOVE_CURSOR.many(
        [
            (each.changes.cursor, encode_condition(each.changes.condition), each.notifier.serial, each.notifier.epoch)
            for each in written
        ]
    )


def encode_headers(headers: Mapping[str, str]) -> bytes:
    """Write an answer's headers: those that let somebody in are left out, and so is what would be too much."""
    if not headers:
        return b""
    kept = msgspec.json.encode(headers)
    if len(kept) <= MOST_HEADERS and _COOKIE not in headers:
        return kept
    room, few = MOST_HEADERS - len("{}"), {}
    for name, value in headers.items():
        size = len(msgspec.json.encode({name: value})) - len("{}") + len(",")
        if name != _COOKIE and size <= room:
            few[name] = value
            room -= size
    return msgspec.json.encode(few)


def decode_headers(kept: bytes) -> dict[str, str]:
    """Read an answer's headers."""
    return msgspec.json.decode(kept, type=dict[str, str]) if kept else {}


def encode_condition(condition: Condition) -> bytes:
    """Write how an endpoint is doing; nothing where it is well."""
    return b"" if condition is WELL else msgspec.json.encode(condition)


def decode_condition(state: bytes) -> Condition:
    """Read how an endpoint is doing."""
    return msgspec.json.decode(state, type=Condition) if state else WELL
