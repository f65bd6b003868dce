"""How often somebody has asked for what does not exist: links cannot be guessed, and looking them up costs."""

from collections import OrderedDict
from typing import Final

MOST: Final = 60
"""Guesses within `WITHIN` that are too many."""
WITHIN: Final = 60_000
"""Milliseconds."""
MOST_HOUSEHOLDS: Final = 10_000


class Guesses:
    """Counts guesses by who made them, the last ten thousand of those."""

    def __init__(self) -> None:
        self._made: OrderedDict[str, tuple[int, int]] = OrderedDict()
        """Since when they are counted, and how many."""

    def add(self, whose: str, now: int) -> None:
        """Count one more."""
        since, number = self._made.pop(whose, (now, 0))
        self._made[whose] = (now, 1) if now - since >= WITHIN else (since, number + 1)
        if len(self._made) > MOST_HOUSEHOLDS:
            self._made.popitem(last=False)

    def are_too_many(self, whose: str, now: int) -> bool:
        """Say whether somebody has made too many within the last minute."""
        since, number = self._made.get(whose, (now, 0))
        return number >= MOST and now - since < WITHIN
