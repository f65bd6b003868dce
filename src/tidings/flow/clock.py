"""Time and chance, handed in so that tests can move them."""

import asyncio
import os
import random
import time
from collections.abc import Callable
from typing import Protocol

import uuid_utils


class Timer(Protocol):
    """Something that will happen."""

    def cancel(self) -> None:
        """Make it not happen."""


class Clock(Protocol):
    """What tells the time and calls back."""

    def now(self) -> int:
        """The time, in milliseconds since 1970."""

    def at(self, when: int, call: Callable[[], None]) -> Timer:
        """Call back at a time, or at once where it has passed."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        """The time, in milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def at(self, when: int, call: Callable[[], None]) -> Timer:
        """Call back at a time, on the running event loop."""
        return asyncio.get_running_loop().call_later(max(0.0, (when - self.now()) / 1000), call)


class Chance:
    """Ids, keys and jitter."""

    def id(self) -> str:
        """A new id, a UUIDv7: ids made later sort later, so that an index on them only grows at its end."""
        return str(uuid_utils.uuid7())

    def key(self, octets: int = 32) -> bytes:
        """Random octets that nobody can guess."""
        return os.urandom(octets)

    def share(self) -> float:
        """A number from 0 to 1, for jitter."""
        return random.random()  # noqa: S311 - spreading retries needs no secrecy
