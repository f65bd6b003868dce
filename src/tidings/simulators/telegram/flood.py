"""Flood control: how many messages a bot may send, in all and to one chat."""

import math
import time
from collections import defaultdict, deque

from tidings.simulators.telegram.answers import Wrong

EVERYBODY = (30, 1.0)
PERSON = (60, 60.0)
"""One a second, of which a burst may come at once."""
GROUP = (20, 60.0)
"""So many messages in so many seconds."""


class Flood:
    """Counts what a bot sends, and refuses what is too much."""

    def __init__(self) -> None:
        self._sent: dict[int, deque[float]] = defaultdict(deque)

    def check(self, chat: int, *, paid: bool) -> None:
        """Count a message; raises Wrong, with how long to wait, where it is one too many."""
        now = time.monotonic()
        bounds = [(chat, GROUP if chat < 0 else PERSON)]
        if not paid:
            bounds.append((0, EVERYBODY))
        wait = max(self._wait(where, bound, now) for where, bound in bounds)
        if wait:
            raise Wrong(f"Too Many Requests: retry after {wait}", 429, retry_after=wait)
        for where, _ in bounds:
            self._sent[where].append(now)

    def _wait(self, where: int, bound: tuple[int, float], now: float) -> int:
        most, seconds = bound
        sent = self._sent[where]
        while sent and sent[0] <= now - seconds:
            sent.popleft()
        return math.ceil(sent[0] + seconds - now) if len(sent) >= most else 0
