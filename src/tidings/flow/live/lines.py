"""Every device that is connected here, found by whom it belongs to; how many there may be, and how much may wait."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec import Struct

from tidings.flow.live.line import End, Frame, Line
from tidings.model.conversations import Session

K = TypeVar("K")


class Bounds(Struct, frozen=True):
    """How much this process takes upon itself."""

    lines: int
    """Devices connected at once."""
    octets: int
    """What may wait for all of them together."""


class Lines:
    """The devices connected to this process."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._of_profile: dict[tuple[str, str], set[Line]] = {}
        self._of_session: dict[str, set[Line]] = {}
        self._slow: set[Line] = set()
        """Those that something waits for."""
        self._count = 0
        self.waiting = 0
        """Octets that wait for all of them."""

    def __len__(self) -> int:
        return self._count

    @property
    def is_full(self) -> bool:
        """Whether there is room for no more."""
        return self._count >= self._bounds.lines

    def open(self, session: Session, most: int, wake: Callable[[], None]) -> Line | End:
        """Take a device in, unless its profile has `most` connected or there is no room: then say why not.

        `wake` is called whenever something waits for it, and when it is let go.
        """
        if self.is_full:
            return End.FULL
        mine = self._of_profile.setdefault((session.workspace, session.profile), set())
        if len(mine) >= most:
            return End.TOO_MANY
        line = Line(session, self._grown, wake)
        mine.add(line)
        self._of_session.setdefault(session.id, set()).add(line)
        self._count += 1
        return line

    def close(self, line: Line) -> None:
        """Forget a device that has left."""
        session = line.session
        line.let_go(line.end or End.STOPPING)
        line.sent()
        _take_out(self._of_profile, (session.workspace, session.profile), line)
        _take_out(self._of_session, session.id, line)
        self._count -= 1

    def spread(self, workspace: str, profiles: Iterable[str], frame: Callable[[], Frame]) -> None:
        """Put something to every device of some profiles; it is put into words only where there is one."""
        made: Frame | None = None
        for profile in profiles:
            for line in tuple(self._of_profile.get((workspace, profile), ())):
                made = made or frame()
                line.put(made)

    def end_session(self, session: str) -> None:
        """Let go of the devices of a session that was ended."""
        for line in tuple(self._of_session.get(session, ())):
            line.let_go(End.SESSION_ENDED)

    def end(self, why: End) -> None:
        """Let go of every device."""
        for line in self.all():
            line.let_go(why)

    def all(self) -> list[Line]:
        """Give every device."""
        return [line for lines in self._of_profile.values() for line in lines]

    def _grown(self, line: Line, octets: int) -> None:
        """Hear that more or less waits for one; where it is too much for all, let go of whoever has most."""
        self.waiting += octets
        if line.waiting:
            self._slow.add(line)
        else:
            self._slow.discard(line)
        while octets > 0 and self.waiting > self._bounds.octets:
            worst = max((each for each in self._slow if each.end is None), key=_waiting, default=None)
            if worst is None:
                # What is still on its way is freed when their connections are cut.
                return
            worst.let_go(End.SLOW)


def _waiting(line: Line) -> int:
    return line.waiting


def _take_out(lines: dict[K, set[Line]], key: K, line: Line) -> None:
    lines[key].discard(line)
    if not lines[key]:
        del lines[key]
