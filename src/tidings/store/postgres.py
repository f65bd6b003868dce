"""PostgreSQL: any number of processes on one database."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

import asyncpg
import structlog

from tidings.model.errors import Misconfigured
from tidings.store.database import ANYTHING, Database
from tidings.store.statements import Row, Transaction
from tidings.store.version import ASKED, wanted_version

log = structlog.get_logger()

T = TypeVar("T")

_CHANNEL = "tidings"
_READERS = 4
_AGAIN_AFTER = 1.0
"""Seconds between two tries to listen again."""
_DURABLE = """
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')
"""
_TROUBLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
_UNUSABLE = (*_TROUBLE, ValueError)


class Postgres(Database):
    """One connection writes, a few read, one hears what other processes have written."""

    exclusive = False

    def __init__(self, url: str) -> None:
        self.url = url
        self._writer: asyncpg.Connection[Any] | None = None
        self._listener: asyncpg.Connection[Any] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._pool: asyncpg.Pool[Any] | None = None
        self._transaction: Any = None
        self._marks: list[Any] = []

    async def open(self) -> None:
        """Bring the database to today's schema, and connect."""
        try:
            await _bring_up_to_date(self.url)
            self._writer = await self._connect()
            self._pool = await asyncpg.create_pool(self.url, min_size=1, max_size=_READERS)
        except _UNUSABLE as error:
            await self.close()
            raise Misconfigured(f"PostgreSQL cannot be used: {error}") from error

    async def close(self) -> None:
        """Close every connection."""
        if self._listening is not None:
            self._listening.cancel()
        if self._pool is not None:
            await self._pool.close()
        for connection in (self._writer, self._listener):
            if connection is not None:
                with contextlib.suppress(*_TROUBLE):
                    await connection.close()

    async def _connect(self) -> "asyncpg.Connection[Any]":
        connection = await asyncpg.connect(self.url, statement_cache_size=512)
        await connection.execute(_DURABLE)
        return connection

    @property
    def _open(self) -> "asyncpg.Connection[Any]":
        assert self._writer is not None, "the database is not open"
        return self._writer

    async def begin(self) -> None:
        """Open the batch's transaction, on a new connection where the old one was lost."""
        if self._open.is_closed():
            self._writer = await self._connect()
        self._marks.clear()
        self._transaction = self._open.transaction()
        await self._transaction.start()

    async def run(self, transaction: Transaction[T]) -> T:
        """Run one step within it."""
        return await _run(self._open, transaction)

    async def mark(self) -> None:
        """Set a savepoint."""
        mark = self._open.transaction()
        await mark.start()
        self._marks.append(mark)

    async def undo(self) -> None:
        """Go back to it."""
        await self._marks.pop().rollback()

    async def commit(self) -> None:
        """Commit; `synchronous_commit` is on, so it is on disk then."""
        while self._marks:
            await self._marks.pop().commit()
        await self._transaction.commit()

    async def rollback(self) -> None:
        """Forget the batch, and the connection with it: whatever state it is in, the next batch begins afresh."""
        self._marks.clear()
        self._open.terminate()

    async def read(self, transaction: Transaction[T]) -> T:
        """Read on a connection of its own, in one snapshot."""
        assert self._pool is not None, "the database is not open"
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await _run(connection, transaction)

    async def listen(self, heard: Callable[[str], None]) -> None:
        """Hear what other processes say; our own words are not repeated to us."""
        lost = await self._listen(heard)
        self._listening = asyncio.get_running_loop().create_task(self._keep_listening(heard, lost))

    async def _listen(self, heard: Callable[[str], None]) -> asyncio.Event:
        """Listen on a new connection; give what is set when it is lost."""
        lost = asyncio.Event()

        def on_notice(_connection: Any, process: int, _channel: str, text: Any) -> None:
            if process != self._open.get_server_pid():
                heard(str(text))

        self._listener = await asyncpg.connect(self.url)
        self._listener.add_termination_listener(lambda _connection: lost.set())
        await self._listener.add_listener(_CHANNEL, on_notice)
        return lost

    async def _keep_listening(self, heard: Callable[[str], None], lost: asyncio.Event) -> None:
        while True:
            await lost.wait()
            try:
                lost = await self._listen(heard)
            except _TROUBLE as error:
                log.warning("nobody listens to other processes", why=str(error))
                await asyncio.sleep(_AGAIN_AFTER)
                continue
            heard(ANYTHING)

    async def say(self, text: str) -> None:
        """Notify the others, once the batch is committed."""
        await self._open.execute("SELECT pg_notify($1, $2)", _CHANNEL, text)


async def _bring_up_to_date(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval(ASKED) == wanted_version():
            return
    except asyncpg.UndefinedTableError:
        # The database is new.
        pass
    finally:
        await connection.close()
    from tidings.store.migrate import migrate_postgres  # noqa: PLC0415 - see `tidings.store.version`

    await migrate_postgres(url)


async def _run(connection: Any, transaction: Transaction[T]) -> T:
    rows: list[Row] = []
    try:
        query = next(transaction)
        while True:
            if query.rows is None:
                rows = await connection.fetch(query.statement.postgres, *query.values)
            elif query.rows:
                await connection.executemany(query.statement.postgres, query.rows)
            query = transaction.send(rows)
    except StopIteration as end:
        value: T = end.value
        return value
