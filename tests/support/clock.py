"""A clock that tests move."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from tidings.flow.clock import Timer


class _Timer:
    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None

    def go_off(self) -> None:
        call, self.call = self.call, None
        if call is not None:
            call()


class MovedClock:
    """Stands still until it is moved; timers go off as it passes them, and at once where it already has."""

    def __init__(self, now: int = 1_790_000_000_000) -> None:
        self._now = now
        self._timers: list[tuple[int, int, _Timer]] = []
        self._order = count()

    def now(self) -> int:
        return self._now

    def at(self, when: int, call: Callable[[], None]) -> Timer:
        timer = _Timer(call)
        if when <= self._now:
            asyncio.get_running_loop().call_soon(timer.go_off)
        else:
            heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def move(self, milliseconds: int) -> None:
        """Move on, letting every timer on the way go off at its own time."""
        end = self._now + milliseconds
        while self._timers and self._timers[0][0] <= end:
            when, _, timer = heapq.heappop(self._timers)
            self._now = max(self._now, when)
            timer.go_off()
        self._now = end

    @property
    def next_at(self) -> int | None:
        """When the next timer will go off."""
        return min((when for when, _, timer in self._timers if timer.call is not None), default=None)
