"""The devices connected here, and what they are told: where doors and whatever happens in conversations meet."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from tidings.flow.clock import Clock, Timer
from tidings.flow.live.line import End, Line
from tidings.flow.live.lines import Bounds, Lines
from tidings.flow.live.spreading import Conversations, Kept, Spreading
from tidings.model.conversations import Happening, Session

logger = structlog.get_logger()

PATIENCE: Final = 1.0
"""Seconds until sessions are looked up again that could not be."""

IsAlive = Callable[[str], Awaitable[bool]]
"""Whether a session was not ended."""


class Live:
    """Tells the devices that are connected to this process what happens."""

    def __init__(self, bounds: Bounds, clock: Clock) -> None:
        self.lines = Lines(bounds)
        self._clock = clock
        self._spreading = Spreading(self.lines)
        self._expiring: dict[Line, Timer] = {}
        self._must_check = asyncio.Event()
        self._checking: asyncio.Task[None] | None = None

    def start(self, conversations: Conversations, kept: Kept, *, is_alive: IsAlive, alone: bool) -> None:
        """Begin to follow what happens; `alone`: no other process writes."""
        self._spreading.start(conversations, kept, alone=alone)
        self._is_alive = is_alive
        self._checking = asyncio.get_running_loop().create_task(self._check(), name="sessions, live")

    async def stop(self) -> None:
        """Let go of every device, and follow no more."""
        self.end()
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)
        await self._spreading.stop()

    def end(self) -> None:
        """Let go of every device: the hub stops."""
        self.lines.end(End.STOPPING)

    async def open(self, session: Session, most: int, wake: Callable[[], None]) -> Line | End:
        """Connect a device, of which its profile may have `most`; or say why not.

        Once this returns, the device is told of everything that is committed from then on; what was committed before
        can be read. `wake` is called, also before that, when something waits for it and when it is let go.
        """
        line = self.lines.open(session, most, wake)
        if isinstance(line, End):
            return line
        self._expiring[line] = self._clock.at(session.expires_at, lambda: line.let_go(End.UNAUTHORISED))
        try:
            await self._spreading.following()
            # It may have been ended after it was looked up and before there was a line to end.
            if line.end is None and not await self._is_alive(session.id):
                line.let_go(End.SESSION_ENDED)
        except BaseException:
            self.close(line)
            raise
        if line.end is not None:
            self.close(line)
            return line.end
        return line

    @property
    def position(self) -> int:
        """Up to where everything was told to those connected; what comes after it is told to a device just opened."""
        return self._spreading.position

    def close(self, line: Line) -> None:
        """Hear that a device has left."""
        self._expiring.pop(line).cancel()
        self.lines.close(line)
        if not len(self.lines):
            self._spreading.rest()

    # -- what is heard of conversations ------------------------------------------------------------------------------

    def happened(self, workspace: str, conversation: str, happenings: Sequence[Happening]) -> None:
        """Tell what was just committed in a conversation, or what is not kept at all."""
        self._spreading.happened(happenings)

    def look(self, workspace: str, conversation: str) -> None:
        """Tell what is found in the store: something may have happened that nobody told."""
        self._spreading.look()

    def ended(self, workspace: str, session: str) -> None:
        """Let go of the devices of a session that was ended; an empty one: of all those that were."""
        if session:
            self.lines.end_session(session)
        else:
            self._must_check.set()

    async def _check(self) -> None:
        """Look whether the sessions of those connected were ended, whenever one may have been that nobody told of."""
        while True:
            await self._must_check.wait()
            self._must_check.clear()
            for line in self.lines.all():
                try:
                    if line.end is None and not await self._is_alive(line.session.id):
                        line.let_go(End.SESSION_ENDED)
                except Exception:
                    # The database is away, perhaps.
                    logger.exception("a session could not be looked up")
                    self._must_check.set()
                    await asyncio.sleep(PATIENCE)
                    break
