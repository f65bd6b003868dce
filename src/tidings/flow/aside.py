"""What one reader has set aside: events that failed, those of the same message behind them, and when each is due."""

import heapq
from collections import deque
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from tidings.flow.clock import Clock, Timer
from tidings.flow.journal import Journal
from tidings.model.events import Event
from tidings.model.subscriptions import Held

AT_ONCE = 8
"""How many are tried at once; they never take a first attempt's place."""


class Aside:
    """The events set aside for one subscription. Of each message only the first is tried; the others wait for it.

    `retry` is given the positions of those to be tried; `room` says how many of them may be under way now. Where that
    is none, `go_on` is called when there is some again.
    """

    def __init__(
        self, clock: Clock, journal: Journal, retry: Callable[[list[int]], None], room: Callable[[], int]
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._retry = retry
        self._room = room
        self._held: dict[int, Held] = {}
        self._messages: dict[str, deque[int]] = {}
        """By message: its positions, the first of which is being tried."""
        self._due: list[tuple[int, int]] = []
        self._timer: Timer | None = None
        self._stopped = False
        self.retrying = 0
        """How many are being tried now."""

    def __len__(self) -> int:
        return len(self._held)

    def __getitem__(self, position: int) -> Held:
        return self._held[position]

    def __contains__(self, position: int) -> bool:
        return position in self._held

    @property
    def next_at(self) -> int | None:
        """When the next of them is due; None where nothing waits for a time."""
        return self._due[0][0] if self._due else None

    @property
    def oldest_at(self) -> int | None:
        """When the one that waits the longest was tried first; None where nothing is set aside."""
        return min((each.first_at for each in self._held.values()), default=None)

    def blocks(self, message: str) -> bool:
        """Whether something of a message is set aside, so that what comes later must wait behind it."""
        return message in self._messages

    def resume(self, held: Iterable[Held]) -> None:
        """Go on with what an earlier reader had set aside, in the order of the log."""
        for each in held:
            self._held[each.position] = each
            self._messages.setdefault(each.message, deque()).append(each.position)
        now = self._clock.now()
        for positions in self._messages.values():
            first = self._held[positions[0]]
            self.schedule(first.position, now if first.due_at is None else first.due_at)

    def stop(self) -> None:
        """Try nothing more."""
        self._stopped = True
        self.go_on()

    def put_behind(self, event: Event) -> None:
        """Set an event aside because an earlier one of its message is; without one, it is tried at once."""
        now = self._clock.now()
        self._hold(self._new(event, tries=0, number=0, first_at=now, due_at=None))
        waiting = self._messages.setdefault(event.message, deque())
        waiting.append(event.position)
        if len(waiting) == 1:
            self.schedule(event.position, now)

    def put(self, event: Event, *, tries: int, number: int, first_at: int, due_at: int) -> None:
        """Set an event aside after so many tries and attempts, to be tried again at a time."""
        if event.position not in self._held:
            self._messages.setdefault(event.message, deque()).append(event.position)
        self._hold(self._new(event, tries=tries, number=number, first_at=first_at, due_at=due_at))
        self.schedule(event.position, due_at)

    def give_up(self, event: Event, *, tries: int, number: int, first_at: int) -> None:
        """Put an event on the dead-letter list, out of the way of what waits behind it."""
        known = self._held.pop(event.position, None)
        held = self._new(event, tries=tries, number=number, first_at=first_at, due_at=None)
        self._journal.hold(replace(held, dead=True))
        if known is not None:
            self._unblock(event.message)

    def free(self, position: int) -> None:
        """Set an event aside no longer, and go on with the next of its message."""
        held = self._held.pop(position)
        self._journal.free(position)
        self._unblock(held.message)

    def schedule(self, position: int, due_at: int) -> None:
        """Have an event tried at a time."""
        heapq.heappush(self._due, (due_at, position))
        self.go_on()

    def hasten(self, position: int) -> None:
        """Have an event that is set aside tried now, unless it waits behind another one of its message."""
        held = self._held[position]
        if self._messages[held.message][0] == position:
            self._due = [each for each in self._due if each[1] != position]
            heapq.heapify(self._due)
            self.schedule(position, self._clock.now())

    def probe(self) -> None:
        """Try the first of them now, whenever it is due: its endpoint is being probed."""
        if self._due and not self._stopped:
            self._try([heapq.heappop(self._due)[1]])

    def tried(self) -> None:
        """Hear that one of those being tried is decided on."""
        self.retrying -= 1
        self.go_on()

    def go_on(self) -> None:
        """Try what is due, as far as there is room, and see that somebody comes back for the rest."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due and not self._stopped and self._places() > 0:
            self._timer = self._clock.at(self._due[0][0], self._retry_due)

    def _places(self) -> int:
        return min(AT_ONCE, self._room()) - self.retrying

    def _new(self, event: Event, *, tries: int, number: int, first_at: int, due_at: int | None) -> Held:
        return Held(
            subscription=self._journal.serial,
            position=event.position,
            message=event.message,
            tries=tries,
            number=number,
            first_at=first_at,
            due_at=due_at,
        )

    def _hold(self, held: Held) -> None:
        self._held[held.position] = held
        self._journal.hold(held)

    def _unblock(self, message: str) -> None:
        positions = self._messages[message]
        positions.popleft()
        if positions:
            self.schedule(positions[0], self._clock.now())
        else:
            del self._messages[message]

    def _retry_due(self) -> None:
        now = self._clock.now()
        places = self._places()
        positions: list[int] = []
        while self._due and self._due[0][0] <= now and len(positions) < places:
            positions.append(heapq.heappop(self._due)[1])
        if positions:
            self._try(positions)
        else:
            self.go_on()

    def _try(self, positions: list[int]) -> None:
        self.retrying += len(positions)
        self._retry(positions)
        self.go_on()
