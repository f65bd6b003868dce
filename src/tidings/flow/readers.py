"""Who reads here: a notifier for each subscription and a sender for each channel that this process holds the lease of.

Alone on its database, a process holds everything. With several processes a lease says whose reader moves a cursor; a
process that falls silent loses its leases after a while, and another goes on from what is on disk.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

import structlog

from tidings.flow.behind import Behind
from tidings.flow.clicks import taking
from tidings.flow.clicks.telling import LEASE as CLICKS
from tidings.flow.clicks.telling import ClickReader
from tidings.flow.conversations.reports import Reporter
from tidings.flow.facts import Start
from tidings.flow.forget import Forgetting
from tidings.flow.joining import join_waiting
from tidings.flow.leases import Lease, Leases
from tidings.flow.log import is_of_log, named_in
from tidings.flow.measured import Round
from tidings.flow.notify import Notifier
from tidings.flow.readings import Readings
from tidings.flow.replays import NEWS as REPLAYS
from tidings.flow.send import Sender
from tidings.flow.sweep import sweep_old, sweep_parked, sweep_timers
from tidings.flow.world import World
from tidings.model.errors import TidingsError
from tidings.model.subscriptions import Subscription
from tidings.model.workspaces import Channel
from tidings.store.database import ANYTHING
from tidings.store.directory import NEWS

logger = structlog.get_logger()

SWEEP = "sweep"
"""The lease of whoever acts on timers."""
TIMERS_EVERY = 1_000
"""Milliseconds between two looks for timers that nobody told us of."""
OLD_EVERY = 3_600_000
FRAGMENTS_EVERY = 10_000
"""Milliseconds between two looks for parts of texts that met unseen, or wait for others in vain."""
WATCH_EVERY = 30_000
"""Milliseconds between two looks for subscriptions that are behind."""
LATELY = 600_000
"""Milliseconds within which a report and its message can miss each other; the older ones are looked at more rarely."""


class Readers:
    """Starts and stops readers as subscriptions and channels come, change and go."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._notifiers: dict[str, tuple[Subscription, Notifier]] = {}
        self._senders: dict[str, tuple[Channel, Sender]] = {}
        self._leases = Leases(world, self._go_on)
        self._tasks: list[asyncio.Task[None]] = []
        self._behind = Behind(world)
        self._reporter = Reporter(world)
        world.conversations.tell = self._reporter.tell
        self._forgetting = Forgetting(world)
        self._clicks = ClickReader(world, lambda: self._leases.holds(CLICKS))
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()

    async def start(self) -> None:
        """Start every reader that is ours, and look after them from now on."""
        self._world.directory.changed.append(self._note_change)
        self._world.store.unsure.append(self._look)
        self._world.replays_changed = self.look_for_replays
        self._world.readings = self._read
        await self._world.store.database.listen(self._hear)
        await self._settle()
        loop = asyncio.get_running_loop()
        work = (
            self._keep_leases(),
            self._follow_changes(),
            self._every(TIMERS_EVERY, self._sweep, "timers"),
            self._every(OLD_EVERY, self._forget, "old rows"),
            self._every(WATCH_EVERY, self._watch, "subscriptions"),
            self._every(FRAGMENTS_EVERY, self._join, "parts of texts"),
            self._clicks.run(),
        )
        self._tasks = [loop.create_task(each) for each in work]

    async def stop(self) -> None:
        """Stop every reader, write down where each stands, and let go of the leases."""
        self._world.directory.changed.remove(self._note_change)
        keeping, *tasks = self._tasks
        await _ended(tasks)
        for id_ in tuple(self._notifiers):
            self._world.log.remove(self._notifiers[id_][0].workspace, self._notifiers[id_][1])
        stopping = [notifier.stop() for _, notifier in self._notifiers.values()]
        stopping += [sender.stop() for _, sender in self._senders.values()]
        await asyncio.gather(*stopping)
        # What is under way takes its time to end, and what became of it is written down while that is ours to do.
        await _ended([keeping])
        await self._leases.drop()

    @property
    def notifiers(self) -> Sequence[Notifier]:
        """The notifiers that run here."""
        return [notifier for _, notifier in self._notifiers.values()]

    def _read(self) -> Readings:
        return Readings(
            [notifier.reading for notifier in self.notifiers],
            [sender.reading for _, sender in self._senders.values()],
            sweeps=self._leases.holds(SWEEP),
        )

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
        if is_of_log(news) or news == ANYTHING:
            self._look(named_in(news))
        self._world.conversations.hear(news)
        if news in (NEWS, ANYTHING):
            self._world.spawn(self._world.directory.read())
        if news in (REPLAYS, ANYTHING):
            self.look_for_replays()
        if news in (taking.NEWS, ANYTHING):
            self._clicks.look()

    def look_for_replays(self) -> None:
        """Have every notifier here look for what is to be told again."""
        for notifier in self.notifiers:
            self._world.spawn(notifier.look_for_replays())

    def _look(self, workspaces: Collection[str] | None = None) -> None:
        """Have the readers of some workspaces (None: all) and every sender look into the store.

        There may be something that nobody offered.
        """
        self._world.log.look(workspaces)
        for _, sender in tuple(self._senders.values()):
            sender.look()

    async def _settle(self) -> None:
        """Make the readers here those that should be."""
        directory = self._world.directory
        self._changed.clear()
        active = {each.id: each for each in directory.subscriptions.values() if each.active}
        wanted = [SWEEP, CLICKS, *map(_name, active.values()), *map(_name, directory.channels.values())]
        await self._leases.take(wanted)
        await self._settle_notifiers(active)
        await self._settle_senders(directory.channels)
        self._leases.let_go(frozenset(wanted))
        self._world.measured.keep(directory.subscriptions, directory.channels)
        if not self._changed.is_set():
            self._settled.set()

    async def _settle_notifiers(self, active: Mapping[str, Subscription]) -> None:
        for id_, (subscription, notifier) in tuple(self._notifiers.items()):
            now = active.get(id_)
            # A reader that was set to another place is a new one, and so is one whose lease somebody else had.
            lease = self._leases.get(_name(subscription))
            if now is None or now.epoch != subscription.epoch or lease is not notifier.lease:
                self._world.log.remove(subscription.workspace, notifier)
                del self._notifiers[id_]
                await notifier.stop()
        for subscription in active.values():
            if (lease := self._leases.get(_name(subscription))) is not None:
                try:
                    await self._follow(subscription, lease)
                except (TidingsError, LookupError):
                    logger.exception("a subscription cannot be told", subscription=subscription.id)

    async def _settle_senders(self, channels: Mapping[str, Channel]) -> None:
        for id_, (channel, sender) in tuple(self._senders.items()):
            if channels.get(id_) != channel or self._leases.get(_name(channel)) is None:
                del self._senders[id_]
                await sender.stop()
        for channel in channels.values():
            if self._leases.get(_name(channel)) is not None and channel.id not in self._senders:
                sender = Sender(self._world, channel)
                await sender.start()
                self._senders[channel.id] = (channel, sender)

    async def _follow(self, subscription: Subscription, lease: Lease) -> None:
        known = self._notifiers.get(subscription.id)
        if known is None:
            notifier = Notifier(self._world, subscription, lease)
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

    def _go_on(self) -> None:
        for notifier in self.notifiers:
            notifier.go_on()

    async def _keep_leases(self) -> None:
        """Keep the leases alive, also while readers are being waited for that take their time to stop."""
        while not self._world.store.database.exclusive:
            await asyncio.sleep(self._world.settings.lease_seconds / 3)
            try:
                if not await self._leases.keep():
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

    async def _every(self, milliseconds: int, work: Callable[[], Awaitable[None]], what: str) -> None:
        """Do something now and every so often."""
        clock = self._world.clock
        while True:
            try:
                await work()
            except Exception:
                logger.exception("what is done every so often broke", what=what)
            wake = asyncio.Event()
            timer = clock.at(clock.now() + milliseconds, wake.set)
            try:
                await wake.wait()
            finally:
                timer.cancel()

    async def _sweep(self) -> None:
        if self._leases.holds(SWEEP):
            await sweep_timers(self._world)
            await self._reporter.sweep()
            await sweep_parked(self._world, lately=LATELY)

    async def _forget(self) -> None:
        if self._leases.holds(SWEEP):
            clock = self._world.clock
            began_at = clock.now()
            await sweep_parked(self._world)
            await sweep_old(self._world)
            await self._forgetting.round()
            self._world.measured.forgetting = Round(began_at, clock.now())

    async def _join(self) -> None:
        if self._leases.holds(SWEEP):
            await join_waiting(self._world)

    async def _watch(self) -> None:
        self._behind.look(self.notifiers)


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """End tasks."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _name(whose: Subscription | Channel) -> str:
    return f"subscription:{whose.serial}" if isinstance(whose, Subscription) else f"channel:{whose.id}"
