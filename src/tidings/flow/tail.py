"""The log, read from a place by whoever asks: at once, as soon as there is something new, or for as long as they stay.

Polling, long polling and streams are this one reading. Nothing is kept for a reader between two pages, so a slow one
costs no more than the page it holds. Those who stand at the same place read the same page, and it is put into words
once for all of them.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from msgspec import Struct

from tidings.dialects.dialect import Telling
from tidings.flow.log import Log
from tidings.flow.look import message_in
from tidings.model.workspaces import Workspace
from tidings.store.log import events_after, events_of, last_position
from tidings.store.statements import Transaction
from tidings.store.store import Store

logger = structlog.get_logger()

PAGE: Final = 500
"""How many events are read at once, at most."""
MOST_READ: Final = 10_000
"""How many events are looked at in one go where few of them are wanted."""
LOOK_EVERY: Final = 15.0
"""Seconds between two looks where other processes write to the log too, in case their word of it was lost."""


class Shown(Struct, frozen=True):
    """An event as it is shown: its name, and what is told of it as JSON in one line."""

    name: str
    body: bytes


class Entry(Struct, frozen=True):
    """An event of the log, and what it was shown as to those who read it together."""

    telling: Telling
    forms: dict[str, Shown]

    def form(self, name: str, show: Callable[[Telling], Shown]) -> Shown:
        """Show it in a form, which is made once."""
        shown = self.forms.get(name)
        if shown is None:
            shown = self.forms[name] = show(self.telling)
        return shown


class Wish(Struct, frozen=True):
    """What somebody may read and wants to, as it stands now."""

    workspace: Workspace
    is_wanted: Callable[[Telling], bool]
    message: str = ""
    """Only events about this one; empty: of all."""


class Stretch(Struct, frozen=True):
    """The wanted events of a stretch of the log, and the position it ends at."""

    entries: Sequence[Entry]
    end: int
    is_last: bool
    """Whether the log ends here too."""


class Page(Struct, frozen=True):
    """Some events of the log in a row."""

    entries: Sequence[Entry]
    is_last: bool
    """Whether the log ends here."""


NO_SUCH_MESSAGE: Final = Stretch((), -1, is_last=True)
"""What is read of a message that the tenant does not have."""


class Pages:
    """Reads pages of the log, each once for everybody in this process who stands before it at that moment."""

    def __init__(self, store: Store, log: Log) -> None:
        self._store = store
        self.log = log
        self._under_way: dict[tuple[str, int, int], asyncio.Task[Page]] = {}

    @property
    def exclusive(self) -> bool:
        """Whether nobody else writes to the log."""
        return self._store.database.exclusive

    async def read(self, workspace: Workspace, after: int, size: int, mark: int) -> Page:
        """Read a tenant's events after a position, as they are at a mark or later: `size`, or as many as others do."""
        key = (workspace.id, after, mark)
        reading = self._under_way.get(key)
        if reading is None:
            reading = asyncio.get_running_loop().create_task(self._read(workspace, after, size))
            self._under_way[key] = reading
            reading.add_done_callback(lambda ended: self._ended(key, ended))
        # Whoever goes away leaves it to the others.
        return await asyncio.shield(reading)

    async def read_about(self, wish: Wish, after: int, limit: int) -> Stretch:
        """Read the wanted events about one message; `NO_SUCH_MESSAGE` where there is none."""
        return await self._store.read(_about(wish, after, limit))

    async def _read(self, workspace: Workspace, after: int, size: int) -> Page:
        pairs = await self._store.read(events_after(workspace.id, after, size))
        entries = [Entry(Telling(event, message, workspace), {}) for event, message in pairs]
        return Page(entries, is_last=len(entries) < size)

    def _ended(self, key: tuple[str, int, int], reading: asyncio.Task[Page]) -> None:
        del self._under_way[key]
        if not reading.cancelled():
            # Where everybody went away, nobody is left to hear that it failed.
            reading.exception()


class Tail:
    """One reader; `wish` says before each page what they may read, and raises Refused where that is nothing now."""

    def __init__(self, pages: Pages, wish: Callable[[], Wish], *, page: int | None = None) -> None:
        self._pages = pages
        self._wish = wish
        self.page = PAGE if page is None else page
        """How many events are read at once."""

    async def read(self, after: int, limit: int) -> Stretch:
        """Read what is wanted after a position, up to `limit`, as far as is looked at in one go."""
        return await self._read(self._wish(), after, limit)

    async def wait(self, after: int, limit: int, seconds: float) -> Stretch:
        """Read the same, and where there is nothing, what comes within some seconds."""
        log = self._pages.log
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            wish = self._wish()
            mark = log.mark(wish.workspace.id)
            found = await self._read(wish, after, limit)
            left = until - loop.time()
            if found.entries or left <= 0 or log.closed or found is NO_SUCH_MESSAGE:
                return found
            after = found.end
            if found.is_last:
                patience = left if self._pages.exclusive else min(left, LOOK_EVERY)
                await log.wait_since(wish.workspace.id, mark, patience)

    async def _read(self, wish: Wish, after: int, limit: int) -> Stretch:
        if wish.message:
            return await self._pages.read_about(wish, after, limit)
        found: list[Entry] = []
        seen = 0
        while True:
            mark = self._pages.log.mark(wish.workspace.id)
            page = await self._pages.read(wish.workspace, after, self.page, mark)
            for entry in page.entries:
                after = entry.telling.event.position
                if _is_wanted(wish, entry.telling):
                    found.append(entry)
                    if len(found) == limit:
                        return Stretch(found, after, is_last=False)
            seen += len(page.entries)
            if page.is_last or seen >= MOST_READ:
                return Stretch(found, after, is_last=page.is_last)
            wish = self._wish()


class Streams:
    """How many streams are open in this process, by workspace."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[str] = Counter()

    def open(self, workspace: str) -> bool:
        """Take a place for one more; False where all are taken."""
        if self._open[workspace] >= self._most:
            return False
        self._open[workspace] += 1
        return True

    def close(self, workspace: str) -> None:
        """Give a place back."""
        self._open[workspace] -= 1
        if not self._open[workspace]:
            del self._open[workspace]

    def __len__(self) -> int:
        return self._open.total()


def _is_wanted(wish: Wish, telling: Telling) -> bool:
    try:
        return wish.is_wanted(telling)
    except Exception:
        # Our own fault. Telling it does no harm; leaving it out would make a hole.
        logger.exception("nobody knows whether an event is wanted", id=telling.event.id)
        return True


def _about(wish: Wish, after: int, limit: int) -> Transaction[Stretch]:
    standing = yield from message_in(wish.workspace.id, wish.message)
    if standing is None:
        return NO_SUCH_MESSAGE
    last = yield from last_position()
    events = yield from events_of(wish.message)
    tellings = (Telling(event, standing.message, wish.workspace) for event in events if event.position > after)
    wanted = [Entry(telling, {}) for telling in tellings if _is_wanted(wish, telling)]
    if len(wanted) > limit:
        return Stretch(wanted[:limit], wanted[limit - 1].telling.event.position, is_last=False)
    return Stretch(wanted, max(last, after), is_last=True)
