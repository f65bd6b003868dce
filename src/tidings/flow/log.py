"""The log as this process sees it: whatever is written here is offered to its readers at once."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from tidings.model.events import Event
from tidings.model.messages import Message

logger = structlog.get_logger()


class Reader(Protocol):
    """Whoever follows the log of one workspace."""

    def offer(self, told: Sequence[tuple[Event, Message]], last: int) -> None:
        """Take events just written, all of the reader's workspace; `last` is the position of the last of them."""

    def look(self) -> None:
        """Look into the log: there may be something that nobody offered."""


class Log:
    """Readers by workspace, and those who wait for something new."""

    def __init__(self) -> None:
        self._readers: dict[str, list[Reader]] = {}
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._last: dict[str, int] = {}
        self._end = 0
        """The last position that was told of here."""

    def add(self, workspace: str, reader: Reader) -> None:
        """Offer what is written to a reader from now on."""
        self._readers.setdefault(workspace, []).append(reader)

    def remove(self, workspace: str, reader: Reader) -> None:
        """Offer a reader nothing more."""
        self._readers[workspace].remove(reader)

    def tell(self, told: Sequence[tuple[Event, Message]]) -> None:
        """Offer events that were just committed, in the order of the log."""
        whole = told[0][0].position == self._end + 1
        self._end = told[-1][0].position
        by_workspace: dict[str, list[tuple[Event, Message]]] = {}
        for pair in told:
            by_workspace.setdefault(pair[0].workspace, []).append(pair)
        for workspace, mine in by_workspace.items():
            last = mine[-1][0].position
            self._last[workspace] = last
            for reader in self._readers.get(workspace, ()) if whole else ():
                try:
                    reader.offer(mine, last)
                except Exception:
                    logger.exception("a reader could not take what was offered")
                    reader.look()
            self._wake(workspace)
        if not whole:
            # Another process wrote in between; only the log itself has everything in order.
            self.look()

    def look(self) -> None:
        """Have every reader look into the log: somebody else wrote to it, or a batch was lost."""
        for readers in self._readers.values():
            for reader in readers:
                reader.look()
        for workspace in tuple(self._waiting):
            self._wake(workspace)

    async def wait_after(self, workspace: str, position: int, timeout: float) -> None:
        """Wait until something after a position may be there, or for `timeout` seconds."""
        if self._last.get(workspace, 0) > position:
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(workspace, []).append(future)
        try:
            async with asyncio.timeout(timeout):
                await future
        except TimeoutError:
            pass
        finally:
            if future in (waiting := self._waiting.get(workspace, [])):
                waiting.remove(future)

    def _wake(self, workspace: str) -> None:
        for future in self._waiting.pop(workspace, ()):
            if not future.done():
                future.set_result(None)
