"""Migrations make what the schema declares, on both databases, from nothing."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from support.postgres import Server
from support.stores import database_at, look_into
from tidings.model.errors import Misconfigured
from tidings.store import migrations
from tidings.store.database import Database
from tidings.store.migrate import migrate_sqlite, versions
from tidings.store.postgres import Postgres
from tidings.store.schema import metadata
from tidings.store.version import wanted_version


def _differences(connection: sqlalchemy.Connection) -> object:
    return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


async def test_the_migrated_schema_is_the_declared_one(database: Database, database_url: str) -> None:
    assert await look_into(database_url, _differences) == []


async def test_a_partial_index_finds_the_timers(database: Database, database_url: str) -> None:
    """Alembic does not compare the conditions of indexes."""
    sqlite = "SELECT sql FROM sqlite_master WHERE name = 'life_due'"
    postgres = "SELECT indexdef FROM pg_indexes WHERE indexname = 'life_due'"
    asked = sqlalchemy.text(sqlite if database.exclusive else postgres)
    made = await look_into(database_url, lambda connection: connection.execute(asked).scalar_one())
    assert "due_at IS NOT NULL" in made


async def test_a_database_knows_its_version(database: Database, database_url: str) -> None:
    has, wants = await look_into(database_url, versions)
    assert has == wants is not None


async def test_an_empty_postgres_database_is_migrated_when_it_is_opened(postgres: Server) -> None:
    postgres.sql("CREATE DATABASE from_nothing")
    url = postgres.url("from_nothing")
    for _ in range(2):
        database = Postgres(url)
        await database.open()
        await database.close()
    assert await look_into(url, _differences) == []


async def test_opening_migrates_nothing_twice(database_url: str) -> None:
    for _ in range(2):
        database = database_at(database_url)
        await database.open()
        await database.close()


async def test_a_database_of_a_newer_version_is_not_touched(database_url: str) -> None:
    database = database_at(database_url)
    await database.open()
    await database.close()

    def age(connection: sqlalchemy.Connection) -> None:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()

    await look_into(database_url, age)
    with pytest.raises(Misconfigured, match="9999"):
        await database_at(database_url).open()


async def test_postgres_migrates_as_the_driver_reads_the_url(postgres_url: str) -> None:
    """`sslmode` is the driver's word; SQLAlchemy's own reading of URLs does not know it."""
    database = Postgres(f"{postgres_url}?sslmode=disable&application_name=ours")
    await database.open()
    await database.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://tidings@127.0.0.1:1/nobody_listens",
        "postgresql://tidings@127.0.0.1:notaport/x",
    ],
)
async def test_a_server_that_cannot_be_used_is_the_operators(url: str) -> None:
    with pytest.raises(Misconfigured, match="PostgreSQL cannot be used"):
        await Postgres(url).open()


async def test_a_database_that_is_not_there_is_the_operators(postgres: Server) -> None:
    with pytest.raises(Misconfigured, match='database "nowhere" does not exist'):
        await Postgres(postgres.url("nowhere")).open()


async def test_processes_that_start_together_migrate_once(postgres: Server) -> None:
    postgres.sql("CREATE DATABASE together")
    databases = [Postgres(postgres.url("together")) for _ in range(4)]
    await asyncio.gather(*(each.open() for each in databases))
    await asyncio.gather(*(each.close() for each in databases))
    assert await look_into(postgres.url("together"), _differences) == []


# -- SQLite's own ------------------------------------------------------------------------------------------------


async def test_a_commit_of_sqlite_waits_for_the_disk(tmp_path: Path) -> None:
    database = database_at(f"sqlite:///{tmp_path / 'a.db'}")
    await database.open()
    writer: sqlite3.Connection = database._open  # type: ignore[attr-defined]
    pragmas = {
        name: writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode", "page_size")
    }
    await database.close()
    assert pragmas == {"synchronous": 2, "journal_mode": "wal", "page_size": 8192}


async def test_readers_of_sqlite_cannot_write(tmp_path: Path) -> None:
    database = database_at(f"sqlite:///{tmp_path / 'a.db'}")
    await database.open()
    for reader in database._idle:  # type: ignore[attr-defined]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("INSERT INTO setting (name, value) VALUES ('a', 'b')")
    await database.close()


async def test_a_second_hub_on_the_same_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "below" / "a.db"
    first, second = (database_at(f"sqlite:///{path}") for _ in range(2))
    await first.open()
    with pytest.raises(Misconfigured, match=f"Another hub has {path} open"):
        await second.open()
    await first.close()
    await second.open()
    await second.close()


async def test_a_file_that_is_no_database_is_the_operators_and_is_let_go_of(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"this is no database, and long enough to be none" * 100)
    for _ in range(2):
        with pytest.raises(Misconfigured, match="cannot be brought to today's schema"):
            await database_at(f"sqlite:///{path}").open()


async def test_an_older_file_keeps_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    migrate_sqlite(str(path))
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO setting (name, value) VALUES ('kept', 'yes')")
    connection.close()
    migrate_sqlite(str(path))
    with sqlite3.connect(path) as connection:
        kept = connection.execute("SELECT name, value FROM setting").fetchall()
    connection.close()
    assert kept == [("kept", "yes")]


def test_the_version_that_is_wanted_is_the_newest_migration() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert wanted_version() == scripts.get_current_head()
