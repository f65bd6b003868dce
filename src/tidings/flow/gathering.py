"""Gathering: how many events go into one webhook, and how long the first of them waits for company."""

from collections.abc import Callable

from tidings.flow.clock import Clock, Timer
from tidings.flow.lanes import Bundle, Lanes
from tidings.flow.posting import Poster
from tidings.model.subscriptions import Verdict


class Gathering:
    """Bundles for one subscription, of one event each unless it asks for more.

    A bundle that fails is told again in halves, down to the one event that is the trouble; each one that is taken lets
    the next be twice as large.
    """

    def __init__(self, clock: Clock, lanes: Lanes, poster: Poster, wake: Callable[[], None]) -> None:
        self._clock = clock
        self._lanes = lanes
        self._poster = poster
        self._wake = wake
        self._size: int | None = None
        """How many events a bundle may have after one failed; None: as many as the subscription asks for."""
        self._since: int | None = None
        """When the first event began to wait; None where none waits."""
        self._timer: Timer | None = None

    def take(self) -> Bundle:
        """Take the next bundle from the lanes; an empty one where it is not yet time."""
        batching = self._poster.batching
        if batching is None:
            return self._lanes.take(1)
        most = batching.most if self._size is None else min(self._size, batching.most)
        now = self._clock.now()
        if self._since is None:
            self._since = now
        due_at = self._since + batching.wait_ms
        if self._lanes.waiting < most and now < due_at:
            if self._timer is None:
                self._timer = self._clock.at(due_at, self._due)
            return ()
        self.stop()
        bundle = self._lanes.take(most)
        # What is left over has waited as long: it goes as soon as it may.
        self._since = None if not self._lanes.waiting else self._since
        return bundle

    def answered(self, bundle: Bundle, verdict: Verdict) -> None:
        """Hear what became of a bundle."""
        if len(bundle) > 1 and verdict is Verdict.RETRY:
            self._size = len(bundle) // 2
        elif self._size is not None and verdict is not Verdict.RETRY:
            self._size *= 2
            if self._poster.batching is None or self._size >= self._poster.batching.most:
                self._size = None

    def stop(self) -> None:
        """Wake nobody."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self._timer = None
        self._wake()
