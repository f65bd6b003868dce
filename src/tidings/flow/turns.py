"""Taking turns: who is not known to answer, or tells what is late, does a little and lets others go first.

A thousand endpoints that hang look like any others until they have hung. To read for all of them and to post to all of
them takes seconds; done at once, nothing else is done in that time. So they wait in line for the whole process, and
while something new is told, that line has a tenth of its time. The rest is not used up even where nobody else wants it:
a thread that writes to the database waits for every moment in which the event loop does nothing.

Those that have answered, and are behind or have failed once, stand in a line of their own: they must catch up, and
never wait for the others. A few of them have their turn whenever the event loop has seen to what is new, so that they
have the more time the less there is of that.
"""

import asyncio
import math
import time
from collections import OrderedDict
from typing import Final, Protocol

import structlog

from tidings.flow.log import Log

logger = structlog.get_logger()

EVERY: Final = 0.005
"""Seconds from one turn of the unknown to the next while something new is told."""
LASTING: Final = 0.0005
"""Seconds after which they take no further one."""
A_FEW: Final = 2
"""How many turns of those that are behind there are in one turn of the event loop while something new is told."""
MANY: Final = 64
"""How many of either there are while nothing is."""


class Taker(Protocol):
    """Whoever waits for a turn."""

    def take_turn(self) -> bool:
        """Do one small thing; says whether there is more to do."""


class Turns:
    """Two lines of those who wait for a turn. Whoever has more to do stands at the end of theirs again."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: OrderedDict[Taker, None] = OrderedDict()
        """Those whose endpoints have answered."""
        self._unknown: OrderedDict[Taker, None] = OrderedDict()
        self._next: asyncio.Handle | None = None
        self._is_timed = False
        """Whether nobody comes back before a time."""
        self._taken_at = -math.inf
        """When the unknown had their last turn, on the monotonic clock."""

    def __contains__(self, taker: Taker) -> bool:
        """Whether somebody waits for a turn."""
        return taker in self._known or taker in self._unknown

    def ask(self, taker: Taker, *, known: bool) -> None:
        """Wait for a turn, unless it does so already; `known` says whether its endpoint has ever answered."""
        if known:
            self._unknown.pop(taker, None)
            self._known.setdefault(taker)
        elif taker not in self._known:
            self._unknown.setdefault(taker)
        self._set()

    def _set(self) -> None:
        """See that somebody comes back for those who wait."""
        if self._next is not None:
            if not (self._is_timed and self._known):
                return
            self._next.cancel()
            self._next = None
        loop, wait = asyncio.get_running_loop(), self._taken_at + EVERY - time.monotonic()
        if self._known or (self._unknown and not (wait > 0 and self._log.is_lively)):
            self._next, self._is_timed = loop.call_soon(self._take), False
        elif self._unknown:
            self._next, self._is_timed = loop.call_later(wait, self._take), True

    def _take(self) -> None:
        self._next = None
        lively = self._log.is_lively
        try:
            self._go_along(self._known, A_FEW if lively else MANY, math.inf)
            now = time.monotonic()
            if not lively or now - self._taken_at >= EVERY:
                self._taken_at = now
                self._go_along(self._unknown, MANY, LASTING if lively else math.inf)
        finally:
            self._set()

    def _go_along(self, line: OrderedDict[Taker, None], most: int, lasting: float) -> None:
        """Give so many turns to a line, until its time is up: one alone has all of them."""
        until = time.monotonic() + lasting
        for _ in range(most):
            if not line:
                break
            taker, _ = line.popitem(last=False)
            if self._give(taker):
                line.setdefault(taker)
            if time.monotonic() >= until:
                break

    def _give(self, taker: Taker) -> bool:
        try:
            return taker.take_turn()
        except Exception:
            logger.exception("somebody could not take a turn")
            return False
