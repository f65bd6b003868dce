"""How fast one channel may send: so many a second, and one to the same person every so often."""

from collections import OrderedDict, deque
from math import ceil


class Pace:
    """Says when the next message may go; times are milliseconds.

    A second's worth may go at once, so that a timer's coarseness costs no throughput; then no more in that second.
    """

    def __init__(self, per_second: float | None, per_recipient_seconds: float | None) -> None:
        count = max(1, int(per_second or 0))
        # A rate that is no whole number is kept on the average: so many in the time that so many take.
        self._span = count * 1000 / per_second if per_second else 0.0
        self._went: deque[int] = deque(maxlen=count)
        self._gap = round(per_recipient_seconds * 1000) if per_recipient_seconds else 0
        self._last: OrderedDict[str, int] = OrderedDict()
        self._stopped_until = 0

    def wait(self, address: str, now: int) -> int:
        """Milliseconds until a message to this address may go; 0: now."""
        wait: float = self._stopped_until - now
        if len(self._went) == self._went.maxlen:
            wait = max(wait, self._went[0] + self._span - now)
        if (last := self._last.get(address)) is not None:
            wait = max(wait, last + self._gap - now)
        return max(0, ceil(wait))

    def went(self, address: str, now: int) -> None:
        """Note that a message went."""
        if self._span:
            self._went.append(now)
        if self._gap:
            self._last[address] = now
            self._last.move_to_end(address)
            while now - next(iter(self._last.values())) > self._gap:
                self._last.popitem(last=False)

    def stop_until(self, when: int) -> None:
        """Let nothing go until a time: the provider has had enough."""
        self._stopped_until = max(self._stopped_until, when)
