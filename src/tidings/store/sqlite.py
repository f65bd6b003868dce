"""SQLite: one file, one process, a commit on disk before anybody hears of it."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tidings.model.errors import Misconfigured
from tidings.store.database import Database
from tidings.store.statements import Row, Transaction
from tidings.store.version import ASKED, wanted_version

T = TypeVar("T")

_READERS = 2


class SQLite(Database):
    """One SQLite file.

    The statements of a batch run where the event loop runs, a few microseconds each; only the commit, which waits for
    the disk, goes to a thread. So the interpreter is never fought over, and the loop never waits for a disk.
    """

    exclusive = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None
        self._writer: sqlite3.Connection | None = None
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="read")
        self._idle: list[sqlite3.Connection] = []

    async def open(self) -> None:
        """Lock the file against other hubs, bring it to today's schema, and connect."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            self._lock = None
            raise Misconfigured(f"Another hub has {self.path} open. Stop it, or give this one another file.") from error
        try:
            await asyncio.to_thread(_bring_up_to_date, self.path)
            self._writer = self._connect()
            self._idle = [self._connect(read_only=True) for _ in range(_READERS)]
        except Exception as error:
            await self.close()
            raise Misconfigured(f"{self.path} cannot be brought to today's schema: {error}") from error

    async def close(self) -> None:
        """Close every connection and let go of the file."""
        self._committer.shutdown()
        self._readers.shutdown()
        for connection in (self._writer, *self._idle):
            if connection is not None:
                connection.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _connect(self, *, read_only: bool = False) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, cached_statements=256)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -65536")
        # Small checkpoints, often: a large one within a commit is what a slow commit is made of.
        connection.execute("PRAGMA wal_autocheckpoint = 1000")
        connection.execute("PRAGMA busy_timeout = 5000")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
        return connection

    @property
    def _open(self) -> sqlite3.Connection:
        assert self._writer is not None, "the database is not open"
        return self._writer

    async def begin(self) -> None:
        """Open the batch's transaction."""
        self._open.execute("BEGIN IMMEDIATE")

    async def run(self, transaction: Transaction[T]) -> T:
        """Run one step within it."""
        return _run(self._open, transaction)

    async def mark(self) -> None:
        """Set a savepoint."""
        self._open.execute("SAVEPOINT step")

    async def undo(self) -> None:
        """Go back to it."""
        self._open.execute("ROLLBACK TO step")

    async def commit(self) -> None:
        """Commit, in a thread: the disk is waited for there."""
        await asyncio.get_running_loop().run_in_executor(self._committer, self._open.execute, "COMMIT")

    async def rollback(self) -> None:
        """Forget the batch."""
        if self._open.in_transaction:
            self._open.execute("ROLLBACK")

    async def read(self, transaction: Transaction[T]) -> T:
        """Read in a thread, from the newest committed state."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, transaction)

    def _read(self, transaction: Transaction[T]) -> T:
        connection = self._idle.pop()
        try:
            # One snapshot for all the queries of a step.
            connection.execute("BEGIN")
            try:
                return _run(connection, transaction)
            finally:
                connection.execute("COMMIT")
        finally:
            self._idle.append(connection)

    async def listen(self, heard: Callable[[str], None]) -> None:
        """Nobody else is there to be heard."""

    async def say(self, text: str) -> None:
        """Nobody else is there to be told."""


def _bring_up_to_date(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        if connection.execute(ASKED).fetchall() == [(wanted_version(),)]:
            return
    except sqlite3.OperationalError:
        # There is no such table: the file is new.
        pass
    finally:
        connection.close()
    from tidings.store.migrate import migrate_sqlite  # noqa: PLC0415 - see `tidings.store.version`

    migrate_sqlite(str(path))


def _run(connection: sqlite3.Connection, transaction: Transaction[T]) -> T:
    rows: list[Row] = []
    try:
        query = next(transaction)
        while True:
            if query.rows is None:
                rows = connection.execute(query.statement.sqlite, query.sqlite_values).fetchall()
            elif query.rows:
                connection.executemany(query.statement.sqlite, query.rows)
            query = transaction.send(rows)
    except StopIteration as end:
        value: T = end.value
        return value
