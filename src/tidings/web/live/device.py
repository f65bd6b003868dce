"""One device at its socket: what waits for it is sent at its own pace, and what it says is done."""

import asyncio
from typing import Final

from tidings.flow.conversations.acting import act, read_command
from tidings.flow.conversations.sessions import read_session
from tidings.flow.live.line import End, Line
from tidings.model.conversations import Session
from tidings.model.errors import Refused
from tidings.rules.rate import Bucket
from tidings.web.live import spoken
from tidings.web.sockets import Gone, Socket, Stalled

PIECE: Final = 65_536
"""Octets that are on their way to a device at once; one event may be more."""
A_SECOND: Final = 10
AT_ONCE: Final = 50
"""How much a device may say, in the long run and at once."""
REASONS: Final = {
    End.STOPPING: "The hub stops: come again.",
    End.FULL: "There is no room: come again later.",
    End.UNAUTHORISED: "The token is none, or has expired: sign in.",
    End.SLOW: "What was sent is not read: come again, and resume.",
    End.SESSION_ENDED: "The session was ended.",
    End.TOO_MANY: "Too many devices, or too much said: come again later.",
}
"""At most 123 octets each (RFC 6455 5.5.1)."""


class Device:
    """A device that is to be connected, and then is."""

    def __init__(self, socket: Socket, space: str, most: int) -> None:
        self._socket = socket
        self._world = socket.world
        self._space = space
        self._most = most
        """How many devices its profile may have connected."""
        self._line: Line | None = None
        self._is_ready = False
        self._telling: asyncio.Task[None] | None = None
        self._bucket = Bucket(A_SECOND, AT_ONCE)

    async def connect(self, token: str) -> End | None:
        """Have it told what happens from now on; None: it is. Else say why it is not. Raises Refused (401)."""
        session = await read_session(self._world, token, self._space)
        line = await self._world.live.open(session, self._most, self._wake)
        if isinstance(line, End):
            return line
        self._line = line
        self._world.counts.add("sockets", "opened")
        return None

    async def stay(self) -> None:
        """Tell it what happens and hear what it says, until it leaves or is let go."""
        assert self._line is not None, "it is not connected"
        session, now = self._line.session, self._world.clock.now()
        try:
            await self._socket.write((spoken.ready(session.id, session.profile, session.expires_at, now),))
            self._is_ready = True
            self._wake()
            while True:
                await self._hear(session, await self._socket.read())
        except Gone:
            return
        except Stalled:
            self._world.counts.add("sockets", "slow")
            self._socket.cut()

    def leave(self) -> None:
        """Forget it."""
        if self._telling is not None:
            self._telling.cancel()
        if self._line is not None:
            self._world.live.close(self._line)
            self._world.counts.add("sockets", "ended")

    async def bid_farewell(self, why: End) -> None:
        """Let it go, and say why."""
        await self._socket.close(why, REASONS[why])

    # -- telling -------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        """Send what waits for it, if nobody does so yet."""
        if self._is_ready and self._telling is None and self._line is not None:
            self._telling = asyncio.get_running_loop().create_task(self._tell(self._line))

    async def _tell(self, line: Line) -> None:
        try:
            while frames := line.take(PIECE):
                await self._socket.write([frame.text for frame in frames])
                line.sent()
        except Gone:
            return
        except Stalled:
            line.let_go(End.SLOW)
        finally:
            self._telling = None
        if line.end is not None:
            if line.end is End.SLOW:
                self._world.counts.add("sockets", "slow")
            await self.bid_farewell(line.end)

    # -- hearing -------------------------------------------------------------------------------------------------

    async def _hear(self, session: Session, text: str) -> None:
        now, id_ = self._world.clock.now(), ""
        if not self._bucket.take(now):
            await self.bid_farewell(End.TOO_MANY)
            raise Gone
        try:
            said = spoken.read(text)
            id_ = said.id
            answer = await self._answer(session, said, text, now)
        except Refused as refused:
            answer = spoken.refused(refused, id_, now)
        if answer:
            await self._socket.write((answer,))

    async def _answer(self, session: Session, said: spoken.Spoken, text: str, now: int) -> str:
        """Do what it says; give what it is answered, empty for nothing. Raises Refused."""
        if said.name == spoken.ECHO:
            return spoken.echoed(said, now)
        await act(self._world, session, read_command(text.encode()))
        return spoken.done(said, now) if said.id else ""
