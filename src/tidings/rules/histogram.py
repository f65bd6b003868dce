"""A histogram: how many of the measured values were at most so much. Cheap enough for every event."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


class Histogram:
    """Values by the bounds they are within, and their sum."""

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        """Rising; each counts what is at most so much and more than the one before."""
        self.total = 0.0
        """The sum of all values."""
        self._counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def __len__(self) -> int:
        return sum(self._counts)

    @property
    def at_most(self) -> tuple[int, ...]:
        """How many values are at most each bound; the last number is that of all."""
        return tuple(accumulate(self._counts))
