"""The log as this process sees it: whatever is written here is offered to its readers at once.

Processes on one database tell each other whose log has grown: `news_of` writes that down, `named_in` reads it.
"""

import asyncio
import math
import time
from collections.abc import Collection, Iterable, Sequence
from typing import Final, Protocol

import structlog

from tidings.model.events import Event
from tidings.model.messages import Message

logger = structlog.get_logger()

NEWS: Final = "log"
"""How word of something new in the log begins; the workspaces follow, after a space and with commas between."""
LONGEST_NEWS: Final = 4_000
"""Characters; PostgreSQL carries 8,000 octets. Where there are more workspaces than fit, none is named."""


def news_of(workspaces: Iterable[str]) -> str:
    """Write word of something new in the log of some workspaces, or of none (there are hops to be sent)."""
    text = f"{NEWS} {','.join(sorted(set(workspaces)))}"
    return text if len(text) <= LONGEST_NEWS else NEWS


def is_of_log(news: str) -> bool:
    """Whether it is word of the log."""
    return news.partition(" ")[0] == NEWS


def named_in(news: str) -> Collection[str] | None:
    """Read whose log has grown; None: anybody's may have."""
    _, named, workspaces = news.partition(" ")
    return frozenset(filter(None, workspaces.split(","))) if named else None


A_MOMENT: Final = 0.1
"""Seconds."""


class Reader(Protocol):
    """Whoever follows the log of one workspace."""

    def offer(self, told: Sequence[tuple[Event, Message]], last: int) -> bool:
        """Take events just written, all of the reader's workspace; `last` is the position of the last of them.

        Says whether what comes next is to be offered too. Else it reads that, and listens again when it begins to.
        """

    def look(self) -> None:
        """Look into the log: there may be something that nobody offered."""


class Log:
    """Readers by workspace, and those who wait for something new."""

    def __init__(self) -> None:
        self._readers: dict[str, dict[Reader, None]] = {}
        self._listening: dict[str, dict[Reader, None]] = {}
        """Those that want to be offered what is written; to ask a thousand that do not would take its time."""
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._heard: dict[str, int] = {}
        """How often something was heard of a workspace's log."""
        self._looked = 0
        """How often there may have been something new in anybody's."""
        self._told_at = -math.inf
        """When something new was heard of last, on the monotonic clock."""
        self._end = 0
        """The last position that was told of here."""
        self.closed = False
        """Whether nobody is to wait any more, because the hub stops."""

    def add(self, workspace: str, reader: Reader) -> None:
        """Offer what is written to a reader from now on."""
        self._readers.setdefault(workspace, {})[reader] = None
        self.listen(workspace, reader)

    def remove(self, workspace: str, reader: Reader) -> None:
        """Offer a reader nothing more."""
        del self._readers[workspace][reader]
        self._listening[workspace].pop(reader, None)

    def listen(self, workspace: str, reader: Reader) -> None:
        """Offer what is written to a reader again that did not want to be offered more."""
        if reader in self._readers[workspace]:
            self._listening.setdefault(workspace, {})[reader] = None

    def tell(self, told: Sequence[tuple[Event, Message]]) -> None:
        """Offer events that were just committed, in the order of the log."""
        self._told_at = time.monotonic()
        whole = told[0][0].position == self._end + 1
        self._end = told[-1][0].position
        by_workspace: dict[str, list[tuple[Event, Message]]] = {}
        for pair in told:
            by_workspace.setdefault(pair[0].workspace, []).append(pair)
        for workspace, mine in by_workspace.items():
            if whole:
                self._offer(workspace, mine)
            self._wake(workspace)
        if not whole:
            # Another process wrote in between; only the log itself has everything in order. Those who wait read it
            # anyhow, and that process tells them of what is theirs.
            self._have_readers_look()

    def _offer(self, workspace: str, told: Sequence[tuple[Event, Message]]) -> None:
        last = told[-1][0].position
        listening = self._listening.get(workspace, {})
        for reader in tuple(listening):
            try:
                goes_on = reader.offer(told, last)
            except Exception:
                logger.exception("a reader could not take what was offered")
                reader.look()
                continue
            if not goes_on:
                del listening[reader]

    def look(self, workspaces: Collection[str] | None = None) -> None:
        """Have the readers of some workspaces (None: all) look: somebody else wrote, or a batch was lost."""
        self._told_at = time.monotonic()
        self._have_readers_look(workspaces)
        if workspaces is None:
            self._looked += 1
            workspaces = tuple(self._waiting)
        for workspace in workspaces:
            self._wake(workspace)

    @property
    def is_lively(self) -> bool:
        """Whether something new was heard of a moment ago."""
        return time.monotonic() - self._told_at < A_MOMENT

    def close(self) -> None:
        """Have nobody wait any more: the hub stops."""
        self.closed = True
        self.look()

    def mark(self, workspace: str) -> int:
        """Give a mark that is another one as soon as there may be something new: take it before you read."""
        return self._heard.get(workspace, 0) + self._looked

    async def wait_since(self, workspace: str, mark: int, timeout: float) -> None:
        """Wait until something may be there that was not when a mark was taken, or for `timeout` seconds."""
        if self.closed or self.mark(workspace) != mark:
            return
        future = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(workspace, set())
        waiting.add(future)
        try:
            async with asyncio.timeout(timeout):
                await future
        except TimeoutError:
            pass
        finally:
            waiting.discard(future)
            if not waiting and self._waiting.get(workspace) is waiting:
                del self._waiting[workspace]

    def _have_readers_look(self, workspaces: Collection[str] | None = None) -> None:
        for workspace in tuple(self._readers) if workspaces is None else workspaces:
            for reader in self._readers.get(workspace, ()):
                reader.look()

    def _wake(self, workspace: str) -> None:
        self._heard[workspace] = self._heard.get(workspace, 0) + 1
        for future in self._waiting.pop(workspace, ()):
            if not future.done():
                future.set_result(None)
