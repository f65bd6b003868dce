"""What the store asks of a database, and how transactions run on each of the two."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from tidings.store.statements import Transaction

T = TypeVar("T")

ANYTHING = ""
"""What is heard where words of other processes may have been missed: anything may have been said."""


class Database(ABC):
    """One connection that writes, and others that read.

    Only the store's writer calls `begin`, `run`, `mark`, `undo`, `commit` and `rollback`, one after the other.
    """

    exclusive: bool
    """Whether nobody else can write to it while we do."""

    @abstractmethod
    async def open(self) -> None:
        """Connect; raises Misconfigured where that cannot be."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of every connection."""

    @abstractmethod
    async def begin(self) -> None:
        """Open the transaction that all of a batch runs in."""

    @abstractmethod
    async def run(self, transaction: Transaction[T]) -> T:
        """Run one step within the open transaction."""

    @abstractmethod
    async def mark(self) -> None:
        """Remember this point within the open transaction."""

    @abstractmethod
    async def undo(self) -> None:
        """Go back to the point last remembered."""

    @abstractmethod
    async def commit(self) -> None:
        """Put everything since `begin` on disk."""

    @abstractmethod
    async def rollback(self) -> None:
        """Forget everything since `begin`."""

    @abstractmethod
    async def read(self, transaction: Transaction[T]) -> T:
        """Run a step that only reads, beside whatever is being written."""

    @abstractmethod
    async def listen(self, heard: Callable[[str], None]) -> None:
        """Call `heard` with what other processes on the same database say, and with `ANYTHING` after a silence."""

    @abstractmethod
    async def say(self, text: str) -> None:
        """Tell other processes something when the open transaction is committed."""
