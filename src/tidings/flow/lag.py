"""How late the event loop is: whatever keeps it busy in one piece delays everybody else by as much."""

import asyncio
import time
from typing import Final

from tidings.rules.histogram import Histogram

EVERY: Final = 0.25
"""Seconds between two looks."""
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Lag:
    """Asks the event loop to call back at a time, again and again, and notes how late it does."""

    def __init__(self, every: float = EVERY) -> None:
        self.seconds = Histogram(SECONDS)
        self._every = every
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look from now on, on the running event loop."""
        # Not the loop's own time: it stands still while the loop is busy, and some loops tell whole milliseconds.
        self._due = time.monotonic() + self._every
        self._timer = asyncio.get_running_loop().call_later(self._every, self._called)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _called(self) -> None:
        self.seconds.add(max(0.0, time.monotonic() - self._due))
        self.start()
