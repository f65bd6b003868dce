"""Doing an event once, though it is told at least once.

An event is claimed before it is worked on, kept once that is done, and released if it fails. So what broke half-way is
done again with the next attempt, and what is being worked on is not begun a second time meanwhile.
"""

import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from tidings.model.errors import TidingsError

REMEMBERED: Final = 7 * 24 * 3600.0
"""Seconds; the hub tries for about a day, and somebody may have it replay what was given up."""
CLAIMED: Final = 60.0
"""Seconds after which work that nobody ended is taken for dead; the hub waits ten for an answer."""
MOST: Final = 100_000
"""Events: some 30 MB in memory."""


class UnderWay(TidingsError):
    """Somebody is at work on the event just now: answer with 409, and it comes again."""


class Seen(ABC):
    """Which events were done. Use `once`; the other three are what a memory of your own has to bring."""

    @contextmanager
    def once(self, id: str) -> Iterator[bool]:  # noqa: A002 - the word of the events themselves
        """Claim an event while the block runs; gives False where it was done before, and there is nothing to do.

        A block that ends makes it done. One that raises gives it back, so that the next attempt does it. Raises
        UnderWay where another block is at work on it.
        """
        claim = self.claim(id)
        if claim is None:
            yield False
            return
        try:
            yield True
        except BaseException:
            self.release(id, claim)
            raise
        self.keep(id)

    @abstractmethod
    def claim(self, id: str) -> str | None:  # noqa: A002 - as above
        """Claim an event, or a claim whose time is over; gives the claim's name, None where the event was done.

        Raises UnderWay where the event is claimed.
        """

    @abstractmethod
    def keep(self, id: str) -> None:  # noqa: A002 - as above
        """Remember that an event was done."""

    @abstractmethod
    def release(self, id: str, claim: str) -> None:  # noqa: A002 - as above
        """Forget a claim; that of somebody else, who took the event over, stays."""


class _Entry(NamedTuple):
    at: float
    claim: str
    """Empty: it was done."""


class MemorySeen(Seen):
    """Remembers in this process, of all its threads; a restart forgets.

    `seconds` is how long an event is remembered, `most` how many are, `claimed` how many seconds a claim holds, and
    `now` gives the time in seconds.
    """

    def __init__(
        self,
        *,
        seconds: float = REMEMBERED,
        most: int = MOST,
        claimed: float = CLAIMED,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._claimed = claimed
        self._now = now
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        """Oldest first."""
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many events are remembered, with those under way."""
        return len(self._entries)

    def claim(self, id: str) -> str | None:  # noqa: A002 - as above
        """Claim an event; None where it was done, UnderWay where it is claimed."""
        with self._lock:
            now = self._now()
            self._forget(now)
            entry = self._entries.get(id)
            if entry is not None:
                if not entry.claim:
                    return None
                if entry.at > now - self._claimed:
                    raise UnderWay("somebody is at work on this event")
            claim = secrets.token_hex(8)
            self._put(id, _Entry(now, claim))
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
            return claim

    def keep(self, id: str) -> None:  # noqa: A002 - as above
        """Remember that an event was done."""
        with self._lock:
            self._put(id, _Entry(self._now(), ""))

    def release(self, id: str, claim: str) -> None:  # noqa: A002 - as above
        """Forget a claim that still holds."""
        with self._lock:
            entry = self._entries.get(id)
            if entry is not None and entry.claim == claim:
                del self._entries[id]

    def _put(self, id: str, entry: _Entry) -> None:  # noqa: A002 - as above
        self._entries[id] = entry
        self._entries.move_to_end(id)

    def _forget(self, now: float) -> None:
        while self._entries and next(iter(self._entries.values())).at <= now - self._seconds:
            self._entries.popitem(last=False)
