"""Deliveries whose answers the SMSC may never have had: it delivers them again, and they are taken once.

SMPP gives a delivery no id, and a person may mean the same text twice. But what was answered just as the line broke,
and comes again over the next one octet by octet, is the same delivery: the answer was lost.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from hashlib import sha256
from typing import Final

LATELY: Final = 5.0
"""Seconds before the line broke in which an answer may have been lost: longer, and the line was known to be dead."""
REPEATED: Final = 3600.0
"""Seconds after which an SMSC that delivers the same again means another one."""
MOST: Final = 10_000


class Repeats:
    """What may be delivered again over one bind after another; `now` gives seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._line = 0
        self._answered: deque[tuple[float, bytes]] = deque(maxlen=MOST)
        """When what was answered over this line, the oldest first."""
        self._lost: OrderedDict[bytes, float] = OrderedDict()
        """What may come again, and until when; the oldest first."""

    @property
    def line(self) -> int:
        """Which line it is, counted from 0."""
        return self._line

    def broke(self) -> None:
        """Hear that the line is gone: what was answered last may come again over the next one."""
        since = self._now() - LATELY
        for at, digest in self._answered:
            if at >= since:
                self._expect(digest)
        self._answered.clear()
        self._line += 1

    def taken(self, body: bytes, line: int) -> None:
        """Hear that a delivery that came over a line is on disk, and about to be answered if the line is there yet."""
        digest = sha256(body).digest()
        if line == self._line:
            self._answered.append((self._now(), digest))
        else:
            self._expect(digest)

    def is_one(self, body: bytes) -> bool:
        """Whether a delivery is one of those; it is none the next time."""
        until = self._lost.pop(sha256(body).digest(), None)
        return until is not None and self._now() < until

    def _expect(self, digest: bytes) -> None:
        self._lost[digest] = self._now() + REPEATED
        self._lost.move_to_end(digest)
        while len(self._lost) > MOST or next(iter(self._lost.values())) <= self._now():
            self._lost.popitem(last=False)
