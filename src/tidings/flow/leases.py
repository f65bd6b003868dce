"""Leases: which readers run in this process, where several share a database.

A lease is a row with a holder and a time, renewed long before that. Whoever could not renew it in time starts nothing
and writes nothing down any more: another process may have it, and goes on from what is on disk.
"""

import asyncio
import math
from collections.abc import Callable, Collection, Sequence

from msgspec import Struct

from tidings.flow.world import World
from tidings.store.directory import NEWS
from tidings.store.statements import Transaction, statement

NEVER = -math.inf


class Lease:
    """That a name is ours. It is so without a break: a name that was lost and is taken again has a new lease."""

    def __init__(self, now: Callable[[], float], until: float) -> None:
        self._now = now
        self.until = until
        """Seconds, on the event loop's clock: nobody sets that one."""

    @property
    def holds(self) -> bool:
        """Whether the name is certainly ours at this moment."""
        return self._now() < self.until


class Leases:
    """The leases of one process. Alone on its database it has whatever it wants, for ever.

    `renewed` is called when leases hold again that had run out, and that nobody else has taken meanwhile.
    """

    def __init__(self, world: World, renewed: Callable[[], None]) -> None:
        self._world = world
        self._renewed = renewed
        self._now = asyncio.get_running_loop().time
        self._holder = world.chance.id()
        self._ours: dict[str, Lease] = {}

    def get(self, name: str) -> Lease | None:
        """Give the lease of a name; None where it is not ours."""
        return self._ours.get(name)

    def holds(self, name: str) -> bool:
        """Whether a name is certainly ours at this moment."""
        lease = self._ours.get(name)
        return lease is not None and lease.holds

    async def take(self, wanted: Collection[str]) -> None:
        """Take what nobody else holds, and renew what is ours."""
        if self._world.store.database.exclusive:
            for name in wanted:
                self._ours.setdefault(name, Lease(self._now, math.inf))
            return
        await self._write(wanted)

    async def keep(self) -> bool:
        """Renew what is ours; False where something was lost."""
        return await self._write(())

    def let_go(self, wanted: Collection[str]) -> None:
        """Hold nothing that is not wanted any longer; others may have it when it has run out."""
        for name in self._ours.keys() - wanted:
            self._ours.pop(name).until = NEVER

    async def drop(self) -> None:
        """Have others take over at once."""
        await self._world.store.write(lambda: _drop(self._holder), news=NEWS)

    async def _write(self, wanted: Collection[str]) -> bool:
        seconds = self._world.settings.lease_seconds
        ours, begun, now = dict(self._ours), self._now(), self._world.clock.now()
        # In one order, so that two processes never wait for each other in a ring.
        names = sorted(ours.keys() | wanted)
        asked = _Asked(names, frozenset(ours), self._holder, now, now + round(seconds * 1000))
        kept, taken = await self._world.store.write(lambda: _take(asked))
        had_run_out = False
        for name, lease in ours.items():
            if name in kept:
                had_run_out = had_run_out or not lease.holds
                lease.until = max(lease.until, begun + seconds)
            else:
                lease.until = NEVER
                if self._ours.get(name) is lease:
                    del self._ours[name]
        for name in taken:
            self._ours[name] = Lease(self._now, begun + seconds)
        if had_run_out:
            self._renewed()
        return kept == ours.keys()


class _Asked(Struct, frozen=True):
    names: Sequence[str]
    ours: frozenset[str]
    holder: str
    now: int
    until: int


def _take(asked: _Asked) -> Transaction[tuple[set[str], set[str]]]:
    """Renew and take leases; gives those that were ours all the time, and those that are new."""
    kept, taken = set(), set()
    for name in asked.names:
        if name in asked.ours and (yield statement("keep_lease")(name=name, holder=asked.holder, until=asked.until)):
            kept.add(name)
        elif (yield statement("take_lease")(name=name, holder=asked.holder, until=asked.until, now=asked.now)):
            taken.add(name)
    return kept, taken


def _drop(holder: str) -> Transaction[None]:
    yield statement("drop_leases")(holder=holder)
