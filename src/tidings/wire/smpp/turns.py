"""Whose turn it is: submissions wait in line for a bind that is there, has room, and may go on."""

import asyncio
from collections import deque
from typing import Protocol

from tidings.model.errors import NoReply


class Gate(Protocol):
    """What lets them through, one at a time."""

    def pause(self) -> float | None:
        """Seconds that the first in line must wait; None where it will be said when that is over."""
        ...

    def enter(self) -> None:
        """Take the room of one."""
        ...

    def leave(self) -> None:
        """Give the room of one back."""
        ...


class Turns:
    """The line in front of a gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._loop = asyncio.get_running_loop()
        self._line: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, seconds: float, *, first: bool = False) -> None:
        """Wait for a turn, at the head of the line where `first`; raises NoReply once it has taken too long.

        Whoever gets a turn has entered the gate, and must leave it.
        """
        turn: asyncio.Future[None] = self._loop.create_future()
        if first:
            self._line.appendleft(turn)
        else:
            self._line.append(turn)
        self.look()
        late = self._loop.call_later(seconds, self._send_away, turn, "The SMSC could not be told in time.", "timeout")
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._gate.leave()
            raise
        finally:
            late.cancel()

    def look(self) -> None:
        """Give turns to whoever may go now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._line:
            if self._line[0].done():
                self._line.popleft()
                continue
            pause = self._gate.pause()
            if pause is None:
                return
            if pause > 0:
                self._timer = self._loop.call_later(pause, self.look)
                return
            self._gate.enter()
            self._line.popleft().set_result(None)

    def refuse(self, why: str) -> None:
        """Send everybody away: nothing goes any more."""
        while self._line:
            self._send_away(self._line.popleft(), why, "connect")

    def _send_away(self, turn: "asyncio.Future[None]", why: str, error: str) -> None:
        if not turn.done():
            turn.set_exception(NoReply(why, taken=False, error=error))
