"""Doing an event once, remembered in a SQLite file: it outlives the process, and several processes may share it."""

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tidings.receiver.seen import CLAIMED, REMEMBERED, Seen, UnderWay

MOST: Final = 1_000_000
"""Events: a file of about 150 MB."""
PATIENCE: Final = 5.0
"""Seconds to wait while another process writes; after that sqlite3.OperationalError is raised."""

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS seen (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at REAL NOT NULL,
    claim TEXT NOT NULL
)
"""
_INDEX: Final = "CREATE INDEX IF NOT EXISTS seen_at ON seen (at)"


class SqliteSeen(Seen):
    """Remembers in a file, for every thread and process that uses it, also after a restart.

    `seconds` is how long an event is remembered, `most` how many are, `claimed` how many seconds a claim holds, and
    `now` gives the time in seconds, the same for every process. Every method raises sqlite3.Error where the file
    cannot be written; then nothing is done, and the event comes again. It may be made before a server forks its
    workers, but not used while it does.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        seconds: float = REMEMBERED,
        most: int = MOST,
        claimed: float = CLAIMED,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = str(path)
        self._seconds = seconds
        self._most = most
        self._claimed = claimed
        self._now = now
        self._file = _File(self._path)

    def __len__(self) -> int:
        """How many events are remembered, with those under way."""
        with self._transaction() as database:
            (number,) = database.execute("SELECT count(*) FROM seen").fetchone()
        return int(number)

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        self._file.close()
        self._file = _File(self._path)

    def claim(self, id: str) -> str | None:  # noqa: A002 - the word of the events themselves
        """Claim an event; None where it was done, UnderWay where it is claimed."""
        claim = secrets.token_hex(8)
        with self._transaction() as database:
            now = self._now()
            database.execute("DELETE FROM seen WHERE at <= ?", (now - self._seconds,))
            database.execute("DELETE FROM seen WHERE id = ? AND claim != '' AND at <= ?", (id, now - self._claimed))
            found = database.execute("SELECT claim FROM seen WHERE id = ?", (id,)).fetchone()
            if found is not None:
                if found[0]:
                    raise UnderWay("somebody is at work on this event")
                return None
            cursor = database.execute("INSERT INTO seen (id, at, claim) VALUES (?, ?, ?)", (id, now, claim))
            database.execute("DELETE FROM seen WHERE number <= ?", ((cursor.lastrowid or 0) - self._most,))
        return claim

    def keep(self, id: str) -> None:  # noqa: A002 - as above
        """Remember that an event was done."""
        with self._transaction() as database:
            now = self._now()
            if not database.execute("UPDATE seen SET at = ?, claim = '' WHERE id = ?", (now, id)).rowcount:
                database.execute("INSERT INTO seen (id, at, claim) VALUES (?, ?, '')", (id, now))

    def release(self, id: str, claim: str) -> None:  # noqa: A002 - as above
        """Forget a claim that still holds."""
        with self._transaction() as database:
            database.execute("DELETE FROM seen WHERE id = ? AND claim = ?", (id, claim))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._file = self._file.here()
        with self._file.transaction() as database:
            yield database


class _File:
    """The file as this process has it open; opened when it is first needed."""

    def __init__(self, path: str, inherited: "_File | None" = None) -> None:
        self._path = path
        self._process = os.getpid()
        self._inherited = inherited
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None

    def here(self) -> "_File":
        """Give the file as the process has it that asks.

        A connection must not be used across a fork, nor even closed (https://sqlite.org/howtocorrupt.html, 2.6). So
        what came over from the parent is kept and let alone, with its lock, which may be held by nobody who is here.
        """
        return self if self._process == os.getpid() else _File(self._path, inherited=self)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Have the file for oneself; what was changed is undone where something is raised."""
        with self._lock:
            database = self._open()
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")

    def close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            database = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            try:
                # Where another process changes it just now, this does not wait, and need not: it is changed for all.
                with suppress(sqlite3.OperationalError):
                    database.execute("PRAGMA journal_mode = WAL")
                # What a power failure takes back is done once more; a crash of the process takes nothing back.
                database.execute("PRAGMA synchronous = NORMAL")
                database.execute("BEGIN IMMEDIATE")
                database.execute(_TABLE)
                database.execute(_INDEX)
                database.execute("COMMIT")
            except BaseException:
                database.close()
                raise
            self._database = database
        return self._database
