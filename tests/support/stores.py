"""Stores for tests: opened on a URL, asked one named query at a time."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tidings.store.database import Database
from tidings.store.postgres import Postgres
from tidings.store.sqlite import SQLite
from tidings.store.statements import Row, Transaction, statement
from tidings.store.store import Store

T = TypeVar("T")


def database_at(url: str) -> Database:
    """Name the database of a URL."""
    return SQLite(Path(url.removeprefix("sqlite:///"))) if url.startswith("sqlite") else Postgres(url)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    """Open a store whose log is ready to be written."""
    store = Store(database_at(url))
    await store.open()
    try:
        for name in ("log", "subscription"):
            await store.write(ask("start_head", name=name))
        yield store
    finally:
        await store.close()


def ask(name: str, /, **values: Any) -> Callable[[], Transaction[list[Row]]]:
    """Make a step of one query."""

    def step() -> Transaction[list[Row]]:
        return (yield statement(name)(**values))

    return step


def put(name: str, /, *rows: Sequence[Any]) -> Callable[[], Transaction[None]]:
    """Make a step that runs one query for many rows."""

    def step() -> Transaction[None]:
        yield statement(name).many(rows)

    return step


async def read(store: Store, name: str, /, **values: Any) -> list[tuple[Any, ...]]:
    """Read with one query."""
    return [tuple(row) for row in await store.read(ask(name, **values)())]


async def write(store: Store, name: str, /, **values: Any) -> list[tuple[Any, ...]]:
    """Write with one query, in a batch of its own."""
    return [tuple(row) for row in await store.write(ask(name, **values))]


async def look_into(url: str, look: Callable[[sqlalchemy.Connection], T]) -> T:
    """Look into a database beside the store, as an operator would with a tool."""
    if url.startswith("sqlite"):
        engine = sqlalchemy.create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            return look(connection)
    asynchronous = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"), poolclass=NullPool)
    async with asynchronous.connect() as connected:
        found = await connected.run_sync(look)
    await asynchronous.dispose()
    return found


def tables_with(marker: str) -> Callable[[sqlalchemy.Connection], set[str]]:
    """Make a look for every column of every table that holds a text somewhere: `table.column`."""

    def look(connection: sqlalchemy.Connection) -> set[str]:
        tables = MetaData()
        tables.reflect(connection)
        return {
            f"{table.name}.{column.name}"
            for table in tables.sorted_tables
            for column in table.columns
            for (value,) in connection.execute(sqlalchemy.select(column))
            if marker.encode() in _octets(value)
        }

    return look


def _octets(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
