"""Each step forward keeps what a database of the step before holds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy
from alembic import command
from msgspec import Raw

from support.postgres import Server
from support.stores import look_into, opened, read
from tidings.flow.attempts import decode_headers
from tidings.flow.interactions import counted
from tidings.model.events import Event, Fact, Kind
from tidings.model.messages import Direction, Message, Recipient
from tidings.model.reports import Deed, Interaction, Target
from tidings.model.tallies import Count, Counts, LinkCount
from tidings.rules.counting import tally_of
from tidings.store.log import event_row
from tidings.store.migrate import _config

Do = Callable[[sqlalchemy.Connection], None]


@pytest.fixture(params=["sqlite", "postgres"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that was never migrated."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new.db'}"
    postgres: Server = request.getfixturevalue("postgres")
    name = f"new_{tmp_path.name}".lower()[:60].replace("-", "_")
    postgres.sql(f"CREATE DATABASE {name}")
    return postgres.url(name)


async def migrate(url: str, version: str, then: Do) -> None:
    """Bring a database to a version, and do something with it there."""

    def run(connection: sqlalchemy.Connection) -> None:
        command.upgrade(_config(connection), version)
        connection.commit()
        then(connection)
        connection.commit()

    await look_into(url, run)


def message(id_: str, *contacts: str, incoming: bool = False) -> Message:
    return Message(
        id=id_,
        workspace="w1",
        direction=Direction.INCOMING if incoming else Direction.OUTGOING,
        created_at=1,
        recipients=tuple(Recipient(each, {"emailaddress": "é@example.com"}) for each in contacts),
        raw=msgspec.Raw(b'{"said":"\\u0000\\ud800"}') if incoming else None,
    )


async def test_everybody_whom_a_message_was_for_is_known_afterwards(new_url: str) -> None:
    def fill(connection: sqlalchemy.Connection) -> None:
        for each in (
            message("m1", "a", "b", "c", "b"),
            message("m2", "b"),
            message("m3"),
            message("m4", "d", incoming=True),
        ):
            incoming = each.direction is Direction.INCOMING
            connection.execute(
                sqlalchemy.text("INSERT INTO message VALUES (:id, 'w1', :incoming, '', :body)"),
                {"id": each.id, "incoming": incoming, "body": msgspec.json.encode(each)},
            )

    found: list[tuple[str, str]] = []

    def look(connection: sqlalchemy.Connection) -> None:
        rows = connection.execute(sqlalchemy.text("SELECT contact, message FROM party ORDER BY contact"))
        found.extend((row[0], row[1]) for row in rows)

    await migrate(new_url, "0001", fill)
    await migrate(new_url, "0002", look)
    assert found == [("b", "m1"), ("c", "m1")]


async def test_attempts_of_before_have_no_headers(new_url: str) -> None:
    def fill(connection: sqlalchemy.Connection) -> None:
        connection.execute(
            sqlalchemy.text("INSERT INTO attempt VALUES (1, 5, 1, 7, 3, 204, 'done', '', :body)"), {"body": b"ok"}
        )

    await migrate(new_url, "0001", fill)
    async with opened(new_url) as store:
        ((_, _, _, response, headers),) = await read(store, "answers_to", subscriptions=[1], positions=[5])
    assert (bytes(response), decode_headers(headers)) == (b"ok", {})


async def test_what_was_done_before_there_were_counts_is_counted(new_url: str) -> None:
    link: dict[str, Any] = {"url": "https://a.example/\0", "link_name": "A"}
    done = [
        ("m1", Interaction("1", Deed.OPENED, Target("m1"), Raw(b"{}"), prefetched=True), 10),
        ("m1", Interaction("2", Deed.CLICKED, Target("m1"), Raw(b"{}"), **link), 30),
        ("m1", Interaction("3", Deed.CLICKED, Target("m1"), Raw(b"{}"), **link), 20),
        ("m1", Interaction("4", Deed.CLICKED, Target("m1"), Raw(b"{}"), url="x" * 5_000), 2**62),
        ("m1", Interaction("which nobody can read", Deed.OPENED, Target("m1"), Raw(b'{"said":"\\ud800"}')), 70),
        ("m2", Interaction("5", Deed.REACTION, Target("m2"), Raw(b"{}"), action="unreact"), 40),
    ]
    events = [
        Event(
            position=position,
            id=str(position),
            workspace="w1",
            message=message,
            revision=position,
            kind=Kind.INTERACTION,
            platform="sms",
            channel="c1",
            at=50,
            told_at=told_at,
            fact=Fact(interaction=interaction),
        )
        for position, (message, interaction, told_at) in enumerate(done, 1)
    ]

    def fill(connection: sqlalchemy.Connection) -> None:
        rows = "INSERT INTO event (position, workspace, message, kind, body) VALUES (:p, :w, :m, :k, :b)"
        for event in events:
            connection.execute(sqlalchemy.text(rows), dict(zip("pwmkb", event_row(event), strict=True)))

    await migrate(new_url, "0007", fill)
    async with opened(new_url) as store:
        counts = await store.read(counted(["m1", "m2"]))
        first = tally_of("m1", done[1][1], 0)
        assert first.link in {row[3] for row in await read(store, "tallies_of", messages=["m1"])}
    assert counts == {
        "m1": Counts(
            deeds={"opened": Count(0, 1, 10, 10), "clicked": Count(3, 0, 20, 50)},
            links=(LinkCount(link["url"], "A", Count(2, 0, 20, 30)),),
            others=Count(1, 0, 50, 50),
        ),
        "m2": Counts(deeds={"unreaction": Count(1, 0, 40, 40)}),
    }
