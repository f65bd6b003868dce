"""Each step forward keeps what a database of the step before holds."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import sqlalchemy
from alembic import command

from support.postgres import Server
from support.stores import look_into, opened, read
from tidings.flow.attempts import decode_headers
from tidings.model.messages import Direction, Message, Recipient
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
