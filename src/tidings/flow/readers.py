"""Who reads here: a notifier for each subscription and a sender for each channel that this process holds the lease of.

Alone on its database, a process holds everything. With several processes a lease says whose reader moves a cursor; a
process that falls silent loses its leases after a while, and another goes on from what is on disk.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence

import structlog

from tidings.flow.facts import Start
from tidings.flow.notify import Notifier
from tidings.flow.send import Sender
from tidings.flow.sweep import sweep_old, sweep_parked, sweep_timers
from tidings.flow.world import World
from tidings.model.errors import TidingsError
from tidings.model.subscriptions import Subscription
from tidings.model.workspaces import Channel
from tidings.store.database import ANYTHING
from tidings.store.directory import NEWS
from tidings.store.statements import Transaction, statement

logger = structlog.get_logger()

SWEEP = "sweep"
"""The lease of whoever acts on timers."""
TIMERS_EVERY = 1_000
"""Milliseconds between two looks for timers that nobody told us of."""
OLD_EVERY = 3_600_000
LATELY = 600_000
"""Milliseconds within which a report and its message can miss each other; the older ones are looked at more rarely."""


class Readers:
    """Starts and stops readers as subscriptions and channels come, change and go."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._holder = world.chance.id()
        self._notifiers: dict[str, tuple[Subscription, Notifier]] = {}
        self._senders: dict[str, tuple[Channel, Sender]] = {}
        self._held: frozenset[str] = frozenset()
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()

    async def start(self) -> None:
        """Start every reader that is ours, and look after them from now on."""
        self._world.directory.changed.append(self._note_change)
        self._world.store.unsure.append(self._look)
        await self._world.store.database.listen(self._hear)
        await self._settle()
        loop = asyncio.get_running_loop()
        work = (self._follow_changes(), self._keep_leases(), self._sweep(), self._forget())
        self._tasks = [loop.create_task(each) for each in work]

    async def stop(self) -> None:
        """Stop every reader, write down where each stands, and let go of the leases."""
        self._world.directory.changed.remove(self._note_change)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for id_ in tuple(self._notifiers):
            self._world.log.remove(self._notifiers[id_][0].workspace, self._notifiers[id_][1])
        stopping = [notifier.stop() for _, notifier in self._notifiers.values()]
        stopping += [sender.stop() for _, sender in self._senders.values()]
        await asyncio.gather(*stopping)
        await self._world.store.write(lambda: _drop_leases(self._holder), news=NEWS)

    @property
    def notifiers(self) -> Sequence[Notifier]:
        """The notifiers that run here."""
        return [notifier for _, notifier in self._notifiers.values()]

    def send(self, starts: Iterable[Start]) -> None:
        """Hand hops that have just become due to their channels' senders, where those run here."""
        for start in starts:
            known = self._senders.get(start.hop.channel)
            if known is not None:
                known[1].offer(start)

    def _note_change(self) -> None:
        self._settled.clear()
        self._changed.set()

    async def settled(self) -> None:
        """Wait until the readers follow the directory as it is now."""
        await self._settled.wait()

    def _hear(self, news: str) -> None:
        """Another process wrote something."""
        if news in ("log", ANYTHING):
            self._look()
        if news in (NEWS, ANYTHING):
            self._world.spawn(self._world.directory.read())

    def _look(self) -> None:
        """Have every reader here look into the store: there may be something that nobody offered."""
        self._world.log.look()
        for _, sender in tuple(self._senders.values()):
            sender.look()

    async def _settle(self) -> None:
        """Make the readers here those that should be."""
        directory = self._world.directory
        self._changed.clear()
        active = {each.id: each for each in directory.subscriptions.values() if each.active}
        wanted = [SWEEP, *map(_name, active.values()), *map(_name, directory.channels.values())]
        self._held = await self._leases(wanted)
        await self._settle_notifiers(active)
        await self._settle_senders(directory.channels)
        if not self._changed.is_set():
            self._settled.set()

    async def _settle_notifiers(self, active: Mapping[str, Subscription]) -> None:
        for id_, (subscription, notifier) in tuple(self._notifiers.items()):
            if id_ not in active or _name(subscription) not in self._held:
                self._world.log.remove(subscription.workspace, notifier)
                del self._notifiers[id_]
                await notifier.stop()
        for subscription in active.values():
            if _name(subscription) in self._held:
                try:
                    await self._follow(subscription)
                except (TidingsError, LookupError):
                    logger.exception("a subscription cannot be told", subscription=subscription.id)

    async def _settle_senders(self, channels: Mapping[str, Channel]) -> None:
        for id_, (channel, sender) in tuple(self._senders.items()):
            if channels.get(id_) != channel or _name(channel) not in self._held:
                del self._senders[id_]
                await sender.stop()
        for channel in channels.values():
            if _name(channel) in self._held and channel.id not in self._senders:
                sender = Sender(self._world, channel)
                await sender.start()
                self._senders[channel.id] = (channel, sender)

    async def _follow(self, subscription: Subscription) -> None:
        known = self._notifiers.get(subscription.id)
        if known is None:
            notifier = Notifier(self._world, subscription)
            self._world.log.add(subscription.workspace, notifier)
            try:
                await notifier.start()
            except BaseException:
                self._world.log.remove(subscription.workspace, notifier)
                raise
        else:
            notifier = known[1]
            if known[0] != subscription:
                notifier.change(subscription)
        self._notifiers[subscription.id] = (subscription, notifier)

    async def _leases(self, wanted: Collection[str]) -> frozenset[str]:
        """Take or keep the leases that nobody else holds."""
        world = self._world
        if world.store.database.exclusive:
            return frozenset(wanted)
        now = world.clock.now()
        until = now + round(world.settings.lease_seconds * 1000)
        # In one order, so that two processes never wait for each other in a ring.
        names = sorted(wanted)
        return await world.store.write(lambda: _take_leases(names, self._holder, now, until))

    async def _keep_leases(self) -> None:
        """Keep the leases alive, also while readers are being waited for that take their time to stop."""
        while not self._world.store.database.exclusive:
            await asyncio.sleep(self._world.settings.lease_seconds / 3)
            try:
                if await self._leases(self._held) != self._held:
                    self._changed.set()
            except Exception:
                logger.exception("leases could not be kept")

    async def _follow_changes(self) -> None:
        """Follow the directory, and take over what another process has let go of."""
        while True:
            try:
                async with asyncio.timeout(self._world.settings.lease_seconds / 3):
                    await self._changed.wait()
            except TimeoutError:
                if self._world.store.database.exclusive:
                    continue
            try:
                await self._settle()
            except Exception:
                # The database is away, perhaps; the next round finds out.
                logger.exception("readers could not be looked after")
                await asyncio.sleep(1)
                self._changed.set()

    async def _sweep(self) -> None:
        clock = self._world.clock
        while True:
            wake = asyncio.Event()
            timer = clock.at(clock.now() + TIMERS_EVERY, wake.set)
            try:
                await wake.wait()
            finally:
                timer.cancel()
            try:
                if SWEEP in self._held:
                    await sweep_timers(self._world)
                    await sweep_parked(self._world, lately=LATELY)
            except Exception:
                logger.exception("timers could not be looked after")

    async def _forget(self) -> None:
        clock = self._world.clock
        while True:
            try:
                if SWEEP in self._held:
                    await sweep_parked(self._world)
                    await sweep_old(self._world)
            except Exception:
                logger.exception("old rows could not be forgotten")
            wake = asyncio.Event()
            timer = clock.at(clock.now() + OLD_EVERY, wake.set)
            try:
                await wake.wait()
            finally:
                timer.cancel()


def _name(whose: Subscription | Channel) -> str:
    return f"subscription:{whose.serial}" if isinstance(whose, Subscription) else f"channel:{whose.id}"


def _take_leases(names: Sequence[str], holder: str, now: int, until: int) -> Transaction[frozenset[str]]:
    held = set()
    for name in names:
        if (yield statement("take_lease")(name=name, holder=holder, until=until, now=now)):
            held.add(name)
    return frozenset(held)


def _drop_leases(holder: str) -> Transaction[None]:
    yield statement("drop_leases")(holder=holder)
