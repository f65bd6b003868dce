"""A log that is long already: rows as the hub itself writes them, put into the file directly."""

import sqlite3
import time
from pathlib import Path

import msgspec
from msgspec import Raw

from tidings.flow.clock import Chance
from tidings.model.content import Content
from tidings.model.events import Event, Fact, Kind
from tidings.model.exchange import Piece, Sent
from tidings.model.messages import Direction, Message, Plan, Recipient, Route
from tidings.rules import lifecycle
from tidings.rules.contacts import contact_id
from tidings.store.log import event_row
from tidings.store.statements import statement

CHUNK = 10_000


def fill(path: Path, workspace: str, channel: str, events: int) -> None:
    """Write so many events of half as many messages, each message told accepted and sent, a millisecond apart."""
    # Of late: what is older than messages are kept, the hub would be busy to forget.
    since = time.time_ns() // 1_000_000 - events
    connection = sqlite3.connect(path, isolation_level=None)
    chance = Chance()
    position = connection.execute("SELECT position FROM head WHERE name = 'log'").fetchone()[0]
    for start in range(0, events // 2, CHUNK):
        rows: dict[str, list[tuple[object, ...]]] = {}
        for index in range(start, min(start + CHUNK, events // 2)):
            position = _one(rows, chance, workspace, channel, since, index, position)
        connection.execute("BEGIN")
        for name, values in rows.items():
            connection.executemany(statement(name).sqlite, values)
        connection.execute("UPDATE head SET position = ? WHERE name = 'log'", (position,))
        connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _one(
    rows: dict[str, list[tuple[object, ...]]],
    chance: Chance,
    workspace: str,
    channel: str,
    since: int,
    index: int,
    position: int,
) -> int:
    number = f"+4470{index:08d}"
    now = since + index
    id_ = chance.id()
    contact = contact_id(workspace, "phonenumber", number)
    message = Message(
        id=id_,
        workspace=workspace,
        direction=Direction.OUTGOING,
        created_at=now,
        dialect="channels",
        recipients=(Recipient(contact, {"phonenumber": number}, country="GB"),),
        routes=(Route("sms", channel),),
        content=Content(text=f"Parcel {index} is ready"),
        reference=f"order-{index}",
        expires_at=now + 172_800_000,
    )
    begun = lifecycle.begin(id_, (Plan("sms", channel, number),), expires_at=None, now=now)
    reference = "SM" + chance.key(16).hex()
    answer = Raw(b'{"sid":"%b","status":"queued","num_segments":"1"}' % reference.encode())
    sent = lifecycle.submitted(begun.life, 0, Sent(pieces=(Piece(reference),), answer=answer), now)

    def put(name: str, *values: object) -> None:
        rows.setdefault(name, []).append(values)

    put("put_message", id_, workspace, False, contact, msgspec.json.encode(message))
    put("put_life", id_, None, msgspec.json.encode(sent.life))
    put("put_contact", contact, workspace, "phonenumber", number, now)
    put("put_reach", channel, id_, number, False, now)
    put("put_piece", channel, reference, id_)
    for kind, fact in ((Kind.ACCEPTED, Fact()), (Kind.SENT, Fact(references=(reference,), answer=answer))):
        position += 1
        event = Event(
            position=position,
            id=chance.id(),
            workspace=workspace,
            message=id_,
            revision=1 if kind is Kind.ACCEPTED else 2,
            kind=kind,
            platform="sms",
            channel=channel,
            at=now,
            told_at=now,
            fact=fact,
        )
        put("put_event", *event_row(event))
    return position
