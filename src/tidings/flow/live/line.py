"""One connected device: what waits for it, within bounds, and why it is let go.

Nothing is ever left out of a line. A device that does not keep up is let go of, and resumes from what is kept: so what
waits for it is bounded, and what it has seen has no holes.
"""

from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from tidings.model.conversations import Happening, Session
from tidings.rules.conversations.shown import encoded

MOST_FRAMES: Final = 1_000
MOST_OCTETS: Final = 262_144
"""How much may wait for one device."""


class End(IntEnum):
    """Why a device is let go, by the WebSocket close code that says so (RFC 6455 7.4)."""

    STOPPING = 1012
    """The hub stops: come again at once, another may be there."""
    FULL = 1013
    """This process has as many devices as it can take: come again later."""
    UNAUTHORISED = 4401
    """No token, a wrong one, or one that has expired: sign in again."""
    SLOW = 4408
    """It did not read what it was sent: come again, and resume."""
    SESSION_ENDED = 4410
    """Its session was ended: sign in again, if the user wants to."""
    TOO_MANY = 4429
    """The profile has as many devices connected as it may, or this one says too much: come again later."""


class Frame:
    """Something that happened, as devices are told of it: put into words once for all of them."""

    __slots__ = ("_body", "_text", "happening", "size")

    def __init__(self, happening: Happening) -> None:
        self.happening = happening
        self._body = encoded(happening)
        self._text = ""
        self.size = len(self._body)
        """Octets."""

    @property
    def body(self) -> bytes:
        """The event as JSON."""
        return self._body

    @property
    def text(self) -> str:
        """The same as text."""
        if not self._text:
            # What a client once said may hold what is no UTF-8, and a WebSocket would be closed over it.
            self._text = self._body.decode(errors="replace")
        return self._text


class Line:
    """What waits for one device, in order."""

    __slots__ = ("_frames", "_grown", "_under_way", "_waiting", "_wake", "end", "session")

    def __init__(self, session: Session, grown: Callable[["Line", int], None], wake: Callable[[], None]) -> None:
        self.session = session
        self.end: End | None = None
        """Why it was let go, once it was."""
        self._frames: deque[Frame] = deque()
        self._waiting = 0
        self._under_way = 0
        self._grown = grown
        self._wake = wake

    @property
    def waiting(self) -> int:
        """Octets that wait for it or are on their way."""
        return self._waiting + self._under_way

    def put(self, frame: Frame) -> None:
        """Have it told something; where too much waits for it already, it is let go."""
        if self.end is not None:
            return
        if len(self._frames) >= MOST_FRAMES or self._waiting + frame.size > MOST_OCTETS + self._allowance(frame):
            self.let_go(End.SLOW)
            return
        self._frames.append(frame)
        self._waiting += frame.size
        self._grown(self, frame.size)
        self._wake()

    def take(self, most: int) -> list[Frame]:
        """Give what comes next, up to `most` octets but one at least; it counts as waiting until `sent`."""
        taken: list[Frame] = []
        size = 0
        while self._frames and (not taken or size + self._frames[0].size <= most):
            frame = self._frames.popleft()
            taken.append(frame)
            size += frame.size
        self._waiting -= size
        self._under_way += size
        return taken

    def sent(self) -> None:
        """Hear that the device has what was taken."""
        sent, self._under_way = self._under_way, 0
        self._grown(self, -sent)

    def let_go(self, why: End) -> None:
        """Tell it nothing more, and keep nothing for it."""
        if self.end is None:
            self.end = why
            self._frames.clear()
            waiting, self._waiting = self._waiting, 0
            self._grown(self, -waiting)
            self._wake()

    def _allowance(self, frame: Frame) -> int:
        """One event may be as large as it likes to whoever has read everything before it."""
        return frame.size if not self._frames else 0
