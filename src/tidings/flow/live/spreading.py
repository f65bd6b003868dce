"""Following what happens in all conversations, in the order it was written down, and telling every device in them.

Everything that is kept has a position, one after the other over all processes on a database. What is written here is
told at once where it follows on what was told last. Where it does not, another process wrote in between, and the store
is read on from there: so nothing is left out, and each conversation is told in its own order. Where no device is
connected, nothing is read.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Protocol

import structlog
from msgspec import DecodeError, Struct
from msgspec.json import decode

from tidings.flow.live.line import Frame
from tidings.flow.live.lines import Lines
from tidings.model.conversations import EventName, Happening

logger = structlog.get_logger()

PAGE: Final = 200
"""How many are told, or read, at once."""
MOST_AHEAD: Final = 10_000
"""How many are kept in memory before they are told; beyond it they are read from the store again."""
LOOK_EVERY: Final = 15.0
"""Seconds between two looks where other processes write too, in case their word of it was lost."""
PATIENCE: Final = 1.0
"""Seconds until the store is asked again that could not be read."""

_MOVED: Final = frozenset({EventName.ADDED, EventName.REMOVED})


class Kept(Protocol):
    """What has happened, as it is kept."""

    async def last(self) -> int:
        """The position of the last."""

    async def after(self, position: int, limit: int) -> Sequence[Happening]:
        """What comes after a position, in order."""

    async def members(self, workspace: str, conversation: str) -> frozenset[str]:
        """The profiles in a conversation, also in one that is deleted."""


class Conversations(Protocol):
    """Who takes part."""

    async def participants(self, workspace: str, conversation: str) -> frozenset[str]:
        """The profiles in a conversation."""

    def known_participants(self, workspace: str, conversation: str) -> frozenset[str] | None:
        """The same where it is known without asking the store."""

    def forget(self, workspace: str, conversation: str) -> None:
        """Ask the store for them again."""


class _About(Struct, rename="camel"):
    profile_id: str = ""


class Spreading:
    """Tells the devices connected here what happens."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.position = -1
        """Everything up to here was told, or happened while nobody listened; -1: it is not known yet."""
        self._ahead: dict[int, Happening] = {}
        """What was written here and is not told yet, by position."""
        self._passing: list[Happening] = []
        """What is not kept and not told yet."""
        self._must_read = False
        self._is_telling = False
        """Whether something is being found out, or told: what is heard of meanwhile comes after it."""
        self._wake = asyncio.Event()
        self._following: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, conversations: Conversations, kept: Kept, *, alone: bool) -> None:
        """Begin to follow; `alone`: no other process writes."""
        self._conversations = conversations
        self._kept = kept
        self._alone = alone
        self._task = asyncio.get_running_loop().create_task(self._follow(), name="conversations, live")

    async def stop(self) -> None:
        """Follow no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def following(self) -> None:
        """Return when whatever is committed from now on is told to the devices that are connected."""
        while self.position < 0:
            if self._following is None:
                self._following = asyncio.get_running_loop().create_future()
            self._wake.set()
            await asyncio.shield(self._following)

    def rest(self) -> None:
        """Hear that no device is connected any more: nothing needs to be known until one is."""
        if not self._is_telling and self._following is None:
            self._ahead.clear()
            self._passing.clear()
            self.position = -1

    # -- what is heard of ------------------------------------------------------------------------------------------

    def happened(self, happenings: Sequence[Happening]) -> None:
        """Hear of what was just committed in a conversation, in order, or of what is not kept."""
        if not len(self._lines):
            self.rest()
            return
        for each in happenings:
            if not each.position:
                self._pass(each)
            elif self._is_next(each) and self._tell_known(each):
                self.position = each.position
            elif len(self._ahead) < MOST_AHEAD:
                self._ahead[each.position] = each
                self._wake.set()
            else:
                self._ahead.clear()
                self.look()

    def look(self) -> None:
        """Hear that something may have happened that nobody told."""
        self._must_read = True
        self._wake.set()

    def _is_next(self, happening: Happening) -> bool:
        return happening.position == self.position + 1 and not self._ahead and not self._is_telling

    # -- telling it ------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            await self._wait()
            self._is_telling = True
            try:
                await self._round()
            except Exception:
                # The database is away, perhaps; nothing is skipped, and the next round finds out.
                logger.exception("what happens in conversations could not be told")
                self._must_read = True
                await asyncio.sleep(PATIENCE)
            finally:
                self._is_telling = False

    async def _wait(self) -> None:
        if self._must_read or self._passing or self.position + 1 in self._ahead:
            return
        try:
            # Alone, what is written here is all there is.
            async with asyncio.timeout(None if self._alone else LOOK_EVERY):
                await self._wake.wait()
        except TimeoutError:
            self._must_read = True

    async def _round(self) -> None:
        self._wake.clear()
        if not len(self._lines) and self._following is None:
            self._must_read = False
            self._ahead.clear()
            self.position = -1
            return
        if self.position < 0:
            self.position = await self._kept.last()
        if self._following is not None:
            self._following.set_result(None)
            self._following = None
        passing, self._passing = self._passing, []
        await self._tell(passing)
        await self._tell_ahead()
        # What one batch wrote is heard of conversation by conversation: only now is it known whether some is missing.
        if self._must_read or self._ahead:
            await self._read()

    async def _tell_ahead(self) -> None:
        while True:
            self._drop_told()
            row = list(_in_a_row(self._ahead, self.position + 1, PAGE))
            if not row:
                return
            await self._tell(row)
            self.position = max(self.position, row[-1].position)

    async def _read(self) -> None:
        """Tell what the store has, up to its end."""
        self._must_read = False
        while True:
            page = await self._kept.after(self.position, PAGE)
            await self._tell(page)
            if page:
                self.position = max(self.position, page[-1].position)
            if len(page) < PAGE:
                self._drop_told()
                return

    def _drop_told(self) -> None:
        for old in [each for each in self._ahead if each <= self.position]:
            del self._ahead[old]

    async def _tell(self, happenings: Collection[Happening]) -> None:
        """Tell some things in order, having found out about all of their conversations at once."""
        for each in happenings:
            if each.name in _MOVED:
                # Where another process wrote it, its own word of it may still be on its way.
                self._conversations.forget(each.workspace, each.conversation)
        pairs = {(each.workspace, each.conversation) for each in happenings if each.conversation}
        gone = {(each.workspace, each.conversation) for each in happenings if each.name == EventName.DELETED}
        told, asked = {}, {}
        for pair in pairs:
            known = None if pair in gone else self._conversations.known_participants(*pair)
            if known is None:
                asked[pair] = self._kept.members(*pair) if pair in gone else self._conversations.participants(*pair)
            else:
                # What is known now may be forgotten while the others are asked for.
                told[pair] = known
        told.update(zip(asked, await asyncio.gather(*asked.values()), strict=True))
        for each in happenings:
            self._spread(each, told.get((each.workspace, each.conversation), frozenset()))

    def _tell_known(self, happening: Happening) -> bool:
        """Tell something at once if it is known whom; say whether it is."""
        known: frozenset[str] | None = frozenset()
        if happening.name == EventName.DELETED:
            return False
        if happening.conversation:
            known = self._conversations.known_participants(happening.workspace, happening.conversation)
        if known is None:
            return False
        self._spread(happening, known)
        return True

    def _pass(self, happening: Happening) -> None:
        # Nobody misses it where too much waits: it is not kept.
        if not self._tell_known(happening) and len(self._passing) < MOST_AHEAD:
            self._passing.append(happening)
            self._wake.set()

    def _spread(self, happening: Happening, participants: frozenset[str]) -> None:
        told: Iterable[str] = participants
        if not happening.conversation or happening.name in _MOVED:
            # Whoever comes or goes hears of it, and of a profile only whoever it is.
            told = participants | {_about(happening)}
        try:
            self._lines.spread(happening.workspace, told, lambda: Frame(happening))
        except Exception:
            # Our own fault; those behind it are not kept from what comes next.
            logger.exception("something that happened cannot be told", id=happening.id)


def _about(happening: Happening) -> str:
    try:
        return decode(happening.payload, type=_About).profile_id
    except (DecodeError, UnicodeDecodeError):
        return ""


def _in_a_row(ahead: Mapping[int, Happening], position: int, most: int) -> Iterable[Happening]:
    for each in range(position, position + most):
        if each not in ahead:
            return
        yield ahead[each]
