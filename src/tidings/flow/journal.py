"""What one reader has to write down: attempts, events set aside, how its endpoint does, and where its cursor stands."""

import asyncio
from collections.abc import Callable

from tidings.flow.attempts import Changes
from tidings.flow.leases import Lease
from tidings.flow.world import World
from tidings.model.subscriptions import Attempt, Held, Progress
from tidings.rules.endpoint import WELL, Condition

MOST_UNWRITTEN = 256
"""How many attempts may be on no disk before no more are begun: what dies with this process is told again."""
AGAIN_AFTER = 1000
"""Milliseconds until something is written again that could not be."""

Place = tuple[int, Condition]
"""Where a cursor stands, and how the endpoint is doing there."""


class Lapsed(Exception):
    """The lease ran out before something was written: whoever has it now writes what became of it."""


class Journal:
    """Collects changes and has them written together, one write at a time; what fails is written with the next.

    While the lease does not hold nothing is written: another reader may go on from what is on disk.
    """

    def __init__(
        self, world: World, serial: int, epoch: int, lease: Lease, place: Callable[[], Place], wake: Callable[[], None]
    ) -> None:
        self._world = world
        self._wake = wake
        self._lease = lease
        self.serial = serial
        self.epoch = epoch
        self._place = place
        self._changes = Changes()
        self._taken = Changes()
        """What is being written."""
        self._written: asyncio.Future[object] | None = None
        """Done when it is."""
        self.written: Place = (0, WELL)
        """What stands on disk."""
        self._stopped = False

    @property
    def is_full(self) -> bool:
        """Whether so much waits for the disk that nothing more should be begun; `wake` is called when it is there."""
        return len(self._changes.attempts) + len(self._taken.attempts) >= MOST_UNWRITTEN

    def tried(self, attempt: Attempt) -> None:
        """Note one try to tell an event."""
        self._changes.attempts.append(attempt)

    def hold(self, held: Held) -> None:
        """Note that an event is set aside, or its next try, or that it is given up."""
        self._changes.held[held.position] = held
        self._changes.freed.discard(held.position)

    def free(self, position: int) -> None:
        """Note that an event is set aside no longer."""
        self._changes.held.pop(position, None)
        self._changes.freed.add(position)

    def progress(self, replay: str, progress: Progress) -> None:
        """Note how far a replay has come."""
        self._changes.replays[replay] = progress

    def write_down(self) -> None:
        """Have everything written, unless that is under way or there is nothing."""
        changes = self._changes
        if self._written is not None or not self._lease.holds:
            return
        if changes.attempts or changes.held or changes.freed or changes.replays or self._has_moved():
            self._written = self._world.store.put(self._world.ledger, self)
            self._written.add_done_callback(self._wrote)

    async def stop(self) -> None:
        """Write everything down a last time; what cannot be is told once more by the next reader."""
        self._stopped = True
        self.write_down()
        while self._written is not None:
            await asyncio.wait([self._written])

    def take_changes(self) -> Changes:
        """Hand over everything that is not known to be on disk; raises Lapsed where it is not ours to write."""
        if not self._lease.holds:
            raise Lapsed
        self._changes.cursor, self._changes.condition = self._place()
        self._taken, self._changes = self._changes.over(self._taken), Changes()
        return self._taken

    def _has_moved(self) -> bool:
        cursor, condition = self._place()
        return cursor != self.written[0] or condition is not self.written[1]

    def _wrote(self, written: "asyncio.Future[object]") -> None:
        self._written = None
        was_full = self.is_full
        taken, self._taken = self._taken, Changes()
        if written.exception() is None:
            self.written = taken.cursor, taken.condition
            self.write_down()
            if was_full:
                self._wake()
            return
        self._changes = self._changes.over(taken)
        if not self._stopped:
            self._world.clock.at(self._world.clock.now() + AGAIN_AFTER, self.write_down)
