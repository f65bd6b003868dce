"""Taking turns: who is not known to answer, or tells what is late, does a little and lets others go first.

A thousand endpoints that hang look like any others until they have hung. To read for all of them and to post to all of
them takes seconds; done at once, nothing else is done in that time. So they wait in line for the whole process, and
while something new is told, that line has a tenth of its time. Those that have answered, and are behind or have failed
once, stand in a line of their own that has half of it: they must catch up, and never wait for the others. The rest is
not used up even where nobody else wants it: a thread that writes to the database waits for every moment in which the
event loop does nothing.
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
"""Seconds from one round of turns to the next while something new is told."""
KNOWN: Final = 0.0025
"""Seconds after which such a round takes no further turn of those that have answered."""
UNKNOWN: Final = 0.0005
"""And of those that nobody has heard from."""
MANY: Final = 64
"""How many turns of either a round takes while nothing new is told; the next one follows at once."""


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
        self._taken_at = -math.inf
        """When the last round began, on the monotonic clock."""

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
        if not (self._known or self._unknown) or self._next is not None:
            return
        loop, wait = asyncio.get_running_loop(), self._taken_at + EVERY - time.monotonic()
        if wait > 0 and self._log.is_lively:
            self._next = loop.call_later(wait, self._take)
        else:
            self._next = loop.call_soon(self._take)

    def _take(self) -> None:
        self._next = None
        self._taken_at = time.monotonic()
        try:
            self._go_along(self._known, KNOWN)
            self._go_along(self._unknown, UNKNOWN)
        finally:
            self._set()

    def _go_along(self, line: OrderedDict[Taker, None], lasting: float) -> None:
        """Give turns to a line until its time is up: one alone has all of it."""
        until = time.monotonic() + (lasting if self._log.is_lively else math.inf)
        for _ in range(MANY):
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
