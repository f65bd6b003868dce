"""How fast somebody may go."""

from collections import OrderedDict
from typing import Any, Final

REMEMBERED: Final = 20_000
"""Profiles and conversations whose pace is remembered."""


class Paces:
    """How fast profiles go: so many a second, and as many at once after a pause (a token bucket for each)."""

    def __init__(self) -> None:
        self._left: OrderedDict[Any, tuple[float, int]] = OrderedDict()

    def take(self, who: Any, per_second: float, now: int, burst: float | None = None) -> float:
        """Take one turn; gives 0, or the seconds to wait where there is none left."""
        most = max(1.0, per_second if burst is None else burst)
        left, at = self._left.pop(who, (most, now))
        left = min(most, left + max(0, now - at) / 1000 * per_second)
        self._left[who] = (left - 1 if left >= 1 else left, now)
        while len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        return 0.0 if left >= 1 else (1 - left) / per_second
