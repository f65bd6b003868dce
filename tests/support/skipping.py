"""A clock that runs as the machine's does, and that tests set forward."""

import asyncio
import time
from collections.abc import Callable

from support.waiting import until


class _Timer:
    def __init__(self, clock: "SkippingClock", when: int, call: Callable[[], None]) -> None:
        self._clock = clock
        self._when = when
        self._call = call
        self._handle: asyncio.TimerHandle | None = None

    def arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        wait = max(0, self._when - self._clock.now()) / 1000
        self._handle = asyncio.get_running_loop().call_later(wait, self._go_off)

    def cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._clock.timers.discard(self)

    def _go_off(self) -> None:
        self._clock.timers.discard(self)
        self._call()


class SkippingClock:
    """The machine's clock, with all that was skipped before it; sockets and simulators know nothing of that."""

    def __init__(self) -> None:
        self.timers: set[_Timer] = set()
        self._skipped = 0

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + self._skipped

    def at(self, when: int, call: Callable[[], None]) -> _Timer:
        timer = _Timer(self, when, call)
        self.timers.add(timer)
        timer.arm()
        return timer

    def skip(self, seconds: float) -> None:
        """Let so much time have passed; what was due by then goes off at once."""
        self._skipped += round(seconds * 1000)
        for timer in tuple(self.timers):
            timer.arm()

    async def skip_until(self, true: Callable[[], object], *, most: float, what: str = "") -> None:
        """Let a second pass in a moment until something holds; fail when it does not within so many of them."""
        passed = 0
        while not true() and passed < most:
            self.skip(1)
            passed += 1
            await asyncio.sleep(0.01)
        await until(true, what=what)
