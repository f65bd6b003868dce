"""The log: events as they are stored, and how they are read after a position."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from tidings.model.events import Event, Fact, Kind
from tidings.model.messages import Life, Message, nobody
from tidings.store.statements import Row, Transaction, statement


class _Stored(Struct, frozen=True, array_like=True):
    """An event's body; its position is the row's key."""

    id: str
    workspace: str
    message: str
    revision: int
    kind: Kind
    platform: str
    channel: str
    at: int
    told_at: int
    fact: Fact


_encode = msgspec.json.Encoder().encode
_stored = msgspec.json.Decoder(_Stored).decode
decode_message = msgspec.json.Decoder(Message).decode
decode_life = msgspec.json.Decoder(Life).decode


def event_row(event: Event) -> tuple[int, str, str, str, bytes]:
    """Write an event as a row: position, workspace, message, kind, body."""
    return event.position, event.workspace, event.message, event.kind.value, encode_event(event)


def encode_event(event: Event) -> bytes:
    """Write an event's body."""
    return _encode(
        _Stored(
            event.id,
            event.workspace,
            event.message,
            event.revision,
            event.kind,
            event.platform,
            event.channel,
            event.at,
            event.told_at,
            event.fact,
        )
    )


def decode_event(row: Row) -> Event:
    """Read an event from its position and body."""
    stored = _stored(row[1])
    return Event(
        position=row[0],
        id=stored.id,
        workspace=stored.workspace,
        message=stored.message,
        revision=stored.revision,
        kind=stored.kind,
        platform=stored.platform,
        channel=stored.channel,
        at=stored.at,
        told_at=stored.told_at,
        fact=stored.fact,
    )


def events_after(workspace: str, after: int, limit: int) -> Transaction[list[tuple[Event, Message]]]:
    """Read a tenant's events after a position, each with its message."""
    rows = yield statement("events_after")(workspace=workspace, after=after, limit=limit)
    return (yield from _with_messages(rows))


def events_between(workspace: str, after: int, until: int, limit: int) -> Transaction[list[tuple[Event, Message]]]:
    """Read a tenant's events after a position up to another one, each with its message."""
    rows = yield statement("events_between")(workspace=workspace, after=after, until=until, limit=limit)
    return (yield from _with_messages(rows))


def events_at(positions: Sequence[int]) -> Transaction[list[tuple[Event, Message]]]:
    """Read events by their positions, each with its message."""
    rows = yield statement("events_at")(positions=list(positions))
    return (yield from _with_messages(rows))


def events_of(message: str) -> Transaction[list[Event]]:
    """Read the events of one message, in order."""
    rows = yield statement("events_of")(message=message)
    return [decode_event(row) for row in rows]


def last_position() -> Transaction[int]:
    """Read the position of the newest event."""
    rows = yield statement("last_position")()
    return int(rows[0][0]) if rows else 0


def _with_messages(rows: Sequence[Row]) -> Transaction[list[tuple[Event, Message]]]:
    events = [decode_event(row) for row in rows]
    wanted = list({event.message for event in events})
    messages = {row[0]: decode_message(row[1]) for row in (yield statement("messages_of")(messages=wanted))}
    return [(event, about(event, messages)) for event in events]


def about(event: Event, messages: Mapping[str, Message]) -> Message:
    """Find the message that an event is about; a notice is about none, and has somebody stand in."""
    if event.kind is Kind.NOTICE:
        return nobody(event.workspace, event.message, event.at)
    return messages[event.message]
