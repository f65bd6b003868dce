"""Going over many rows in short steps, so that nobody who writes meanwhile is held up."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Final, TypeVar

from tidings.store.statements import Transaction
from tidings.store.store import Store

T = TypeVar("T")

LONGEST: Final = 0.006
"""Seconds of statements that one step should take at most; a commit comes on top, and takes about as long."""
FIRST: Final = 50
LEAST: Final = 10
MOST: Final = 2_000
"""Rows of a step."""


class Stride:
    """Steps that grow as long as they are quick, and shrink when one was slow."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.size = FIRST
        """How many rows the next step should take."""

    async def write(self, step: Callable[[], Transaction[T]]) -> T:
        """Run one step in the next batch, then rest for as long as it took: half of the writer's time is others'."""
        value, began, seconds = await self._store.write(lambda: _timed(step))
        self.size = after(self.size, seconds)
        await asyncio.sleep(perf_counter() - began)
        return value


def after(size: int, seconds: float) -> int:
    """Give the size of the step after one that took so many seconds."""
    if seconds > LONGEST:
        return max(LEAST, size // 2)
    return min(MOST, size * 3 // 2) if seconds < LONGEST / 2 else size


def _timed(step: Callable[[], Transaction[T]]) -> Transaction[tuple[T, float, float]]:
    """Run a step; say when it began and how long its statements took, in seconds."""
    began = perf_counter()
    value = yield from step()
    return value, began, perf_counter() - began
