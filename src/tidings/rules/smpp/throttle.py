"""How fast one bind may go: its contract's rate, and less once the SMSC has had enough."""

from math import inf
from typing import Final

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
"""Seconds that a bind rests after the SMSC has had enough: doubled each time that happens again, until one is taken."""
SLOWEST: Final = 1.0
"""Submissions a second that are tried at the least, where the contract has as many."""
RECOVERY: Final = 0.02
"""The share of its full rate that a bind gets back each second."""
BURST: Final = 0.1
"""Seconds' worth that may go at once, so that a timer's coarseness costs no throughput."""


class Throttle:
    """A token bucket: throttling halves its rate, which comes back slowly. Times are seconds of one clock."""

    def __init__(self, per_second: float) -> None:
        self._full = per_second
        self._rate = per_second
        self._tokens = self._most
        self._looked = -inf
        self._pause = 0.0
        self._paused_until = -inf

    @property
    def rate(self) -> float:
        """Submissions a second that go now."""
        return self._rate

    @property
    def _most(self) -> float:
        return max(1.0, self._rate * BURST)

    def wait(self, now: float) -> float:
        """Seconds until the next submission may go; 0: now."""
        if now < self._paused_until:
            return self._paused_until - now
        past = min(now - self._looked, 60.0)
        self._looked = now
        self._rate = min(self._full, self._rate + self._full * RECOVERY * past)
        self._tokens = min(self._most, self._tokens + self._rate * past)
        # What is left out by rounding must not make anybody wait for nothing.
        return 0.0 if self._tokens > 1 - 1e-6 else (1 - self._tokens) / self._rate

    def went(self) -> None:
        """Note that one went."""
        self._tokens -= 1

    def throttled(self, now: float) -> None:
        """Note that the SMSC has had enough; all that were under way together say so once."""
        if now < self._paused_until:
            return
        self._pause = min(LONGEST_PAUSE, self._pause * 2 or FIRST_PAUSE)
        self._paused_until = self._looked = now + self._pause
        self._rate = max(min(SLOWEST, self._full), self._rate / 2)
        self._tokens = 1.0

    def taken(self, now: float) -> None:
        """Note that one was taken."""
        if now >= self._paused_until:
            self._pause = 0.0
