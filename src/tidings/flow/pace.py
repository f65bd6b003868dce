"""How fast one channel may send: so many a second, and one to the same person every so often."""

from collections import OrderedDict


class Pace:
    """Says when the next message may go; times are milliseconds."""

    def __init__(self, per_second: float | None, per_recipient_seconds: float | None) -> None:
        self._step = 1000 / per_second if per_second else 0.0
        # A second's worth may go at once, so that a timer's coarseness costs no throughput.
        self._burst = 1000.0 if per_second and per_second > 1 else 0.0
        self._gap = round(per_recipient_seconds * 1000) if per_recipient_seconds else 0
        self._next = 0.0
        self._stopped_until = 0
        self._last: OrderedDict[str, int] = OrderedDict()

    def wait(self, address: str, now: int) -> int:
        """Milliseconds until a message to this address may go; 0: now."""
        wait = max(self._stopped_until - now, self._next - self._burst - now, 0.0)
        if self._gap and (last := self._last.get(address)) is not None:
            wait = max(wait, last + self._gap - now)
        return int(wait) + (wait > int(wait))

    def went(self, address: str, now: int) -> None:
        """Note that a message went."""
        self._next = max(self._next, now) + self._step
        if self._gap:
            self._last[address] = now
            self._last.move_to_end(address)
            while self._last and now - next(iter(self._last.values())) > self._gap:
                self._last.popitem(last=False)

    def stop_until(self, when: int) -> None:
        """Let nothing go until a time: the provider has had enough."""
        self._stopped_until = max(self._stopped_until, when)
