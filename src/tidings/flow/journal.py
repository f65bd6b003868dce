"""What one reader has to write down: attempts, events set aside, and where its cursor stands."""

import asyncio
from collections.abc import Callable

from tidings.flow.attempts import Changes
from tidings.flow.world import World
from tidings.model.subscriptions import Attempt, Held

AGAIN_AFTER = 1000
"""Milliseconds until something is written again that could not be."""


class Journal:
    """Collects changes and has them written together, one write at a time; what fails is written with the next."""

    def __init__(self, world: World, serial: int, cursor: Callable[[], int]) -> None:
        self._world = world
        self.serial = serial
        self._cursor = cursor
        self._changes = Changes()
        self._taken = Changes()
        """What is being written."""
        self._written: asyncio.Future[object] | None = None
        """Done when it is."""
        self.written_to = 0
        """Where the cursor stands on disk."""
        self._stopped = False

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

    def write_down(self) -> None:
        """Have everything written, unless that is under way or there is nothing."""
        changes = self._changes
        changed = changes.attempts or changes.held or changes.freed or self._cursor() != self.written_to
        if changed and self._written is None:
            self._written = self._world.store.put(self._world.ledger, self)
            self._written.add_done_callback(self._wrote)

    async def stop(self) -> None:
        """Write everything down a last time; what cannot be is told once more by the next reader."""
        self._stopped = True
        self.write_down()
        while self._written is not None:
            await asyncio.wait([self._written])

    def take_changes(self) -> Changes:
        """Hand over everything that is not known to be on disk."""
        self._changes.cursor = self._cursor()
        self._taken, self._changes = self._changes.over(self._taken), Changes()
        return self._taken

    def _wrote(self, written: "asyncio.Future[object]") -> None:
        self._written = None
        taken, self._taken = self._taken, Changes()
        if written.exception() is None:
            self.written_to = taken.cursor
            self.write_down()
            return
        self._changes = self._changes.over(taken)
        if not self._stopped:
            self._world.clock.at(self._world.clock.now() + AGAIN_AFTER, self.write_down)
