"""Telling again: stretches of the log, or of the dead-letter list, beside what is new and after it.

A replay is an order on disk. The subscription's notifier reads along it and puts what is meant into its own lanes, so
that no two events of one message are under way at once, and an endpoint that is down stops a replay too.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tidings.dialects.dialect import Telling
from tidings.flow.clock import Timer
from tidings.flow.journal import Journal
from tidings.flow.resuming import made_of
from tidings.flow.world import World
from tidings.model.events import Event
from tidings.model.messages import Message
from tidings.model.subscriptions import Progress, Replay, Subscription
from tidings.store.log import events_at, events_between
from tidings.store.statements import Row, Transaction, statement

NEWS = "replays"
"""What other processes are told when something is to be told again, or no longer."""
PAGE = 200
"""How many events are read at once."""
AGAIN_AFTER = 1000
"""Milliseconds until the store is asked again when it failed us."""
DONE = "done"
CANCELLED = "cancelled"


class Ordered(Struct, frozen=True):
    """A replay, and how far it has come."""

    replay: Replay
    progress: Progress


class Stretch(Struct, frozen=True):
    """A stretch of what is to be told again."""

    told: Sequence[tuple[Event, Message]]
    made: dict[int, int]
    """By position, how many attempts were made."""
    end: int
    """The stretch ends here."""


class _Run:
    """One replay under way."""

    def __init__(self, ordered: Ordered) -> None:
        self.replay = ordered.replay
        self.progress = ordered.progress
        self.read_to = ordered.progress.place
        self.open: OrderedDict[int, None] = OrderedDict()
        """Positions that are read and not yet told again, in order."""
        self.buffer: deque[tuple[Telling, int]] = deque()
        """What is read, and how many attempts were made of it."""
        self.next_at = 0
        """When the next one may go, by the rate."""
        self.reading = False

    @property
    def place(self) -> int:
        """Everything up to here is decided."""
        return next(iter(self.open)) - 1 if self.open else self.read_to

    @property
    def is_done(self) -> bool:
        """Whether there is nothing more to be told."""
        return not self.open and self.read_to >= self.replay.until


class Replays:
    """What one subscription is being told again.

    `add` puts an event of which so many attempts were made into the notifier's lanes, unless it is on its way anyhow;
    `telling` puts together what is told of an event that is wanted; `feed` is called when there is something to feed.
    """

    def __init__(
        self,
        world: World,
        subscription: Subscription,
        journal: Journal,
        *,
        add: Callable[[Telling, int], bool],
        telling: Callable[[Event, Message], Telling | None],
        feed: Callable[[], None],
    ) -> None:
        self._world = world
        self._subscription = subscription
        self._journal = journal
        self._add = add
        self._telling = telling
        self._feed = feed
        self._runs: dict[str, _Run] = {}
        self._of: dict[int, _Run] = {}
        """By position: whose turn it is."""
        self._timer: Timer | None = None
        self._stopped = False

    def __len__(self) -> int:
        return len(self._runs)

    def change(self, subscription: Subscription) -> None:
        """Follow the subscription: its names of events may have changed."""
        self._subscription = subscription

    def stop(self) -> None:
        """Feed nothing more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    async def look(self) -> None:
        """Read what is to be told again: new orders are taken up, those called off dropped."""
        self.take_up(await self._world.store.read(under_way(self._subscription.serial)))

    def take_up(self, orders: Sequence[Ordered]) -> None:
        """Go on with what is under way, and with nothing else."""
        ordered = {each.replay.id: each for each in orders}
        for id_ in [id_ for id_ in self._runs if id_ not in ordered]:
            self._drop(id_)
        for id_, each in ordered.items():
            if id_ not in self._runs:
                self._runs[id_] = _Run(each)
        self._feed()

    def feed(self, room: int) -> None:
        """Put up to so many events into the lanes, one replay after the other, at their rates."""
        if self._stopped:
            return
        now = self._world.clock.now()
        for run in tuple(self._runs.values()):
            while room > 0 and run.buffer and run.next_at <= now:
                telling, made = run.buffer.popleft()
                self._of[telling.event.position] = run
                if self._add(telling, made):
                    room -= 1
                    if run.replay.rate is not None:
                        run.next_at = max(run.next_at, now - 1000) + round(1000 / run.replay.rate)
                else:
                    self.decided(telling.event.position, told=False)
            if not run.buffer and not run.reading:
                self._read_on(run)
        self._wake_at_rate(now)

    def whose(self, position: int) -> str:
        """Name the replay that an event is being told again by; empty where it is told for the first time."""
        run = self._of.get(position)
        return run.replay.id if run is not None else ""

    def decided(self, position: int, *, told: bool) -> None:
        """Hear that an event was told again, or is set aside and retried like any other."""
        run = self._of.pop(position, None)
        if run is None:
            return
        run.open.pop(position, None)
        count = replace(run.progress, place=run.place)
        self._note(run, replace(count, told=count.told + 1) if told else replace(count, set_aside=count.set_aside + 1))

    def _note(self, run: _Run, progress: Progress) -> None:
        run.progress = progress
        if run.replay.id not in self._runs:
            return
        if run.is_done:
            run.progress = replace(progress, place=run.replay.until, fate=DONE, ended_at=self._world.clock.now())
            del self._runs[run.replay.id]
        self._journal.progress(run.replay.id, run.progress)
        self._journal.write_down()

    def _drop(self, id_: str) -> None:
        run = self._runs.pop(id_)
        # What is in the lanes already is told all the same; nobody counts it any more.
        self._of = {position: whose for position, whose in self._of.items() if whose is not run}

    def _read_on(self, run: _Run) -> None:
        if run.read_to < run.replay.until:
            run.reading = True
            self._world.spawn(self._read(run))
        elif run.is_done:
            self._note(run, run.progress)

    async def _read(self, run: _Run) -> None:
        try:
            page = await self._world.store.read(page_of(self._subscription, run.replay, run.read_to))
        except Exception:
            self._world.clock.at(self._world.clock.now() + AGAIN_AFTER, self._feed)
            raise
        finally:
            run.reading = False
        for event, message in page.told:
            telling = self._telling(event, message)
            if telling is not None and self._is_named(run.replay, telling):
                run.buffer.append((telling, page.made.get(event.position, 0)))
                run.open[event.position] = None
        run.read_to = page.end
        self._note(run, replace(run.progress, place=run.place))
        self._feed()

    def _is_named(self, replay: Replay, telling: Telling) -> bool:
        if not replay.events:
            return True
        return self._world.dialects[self._subscription.dialect].name_of(telling) in replay.events

    def _wake_at_rate(self, now: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting = [run.next_at for run in self._runs.values() if run.buffer and run.next_at > now]
        if waiting:
            self._timer = self._world.clock.at(min(waiting), self._feed)


def under_way(serial: int) -> Transaction[list[Ordered]]:
    """Read what a subscription is being told again."""
    return [ordered(row) for row in (yield statement("replays_under_way")(subscription=serial))]


def ordered(row: Row) -> Ordered:
    """Read a replay from its row."""
    return Ordered(msgspec.json.decode(row[1], type=Replay), Progress(*row[2:7]))


def put_replay(serial: int, replay: Replay) -> Transaction[None]:
    """Write a replay down; the subscription's notifier takes it up when it hears of it."""
    yield statement("put_replay")(
        id=replay.id, subscription=serial, body=msgspec.json.encode(replay), place=replay.after
    )


def cancel_replay(serial: int, replay: str, now: int) -> Transaction[bool]:
    """Call a replay off; False where it has ended already."""
    rows = yield statement("end_replay")(subscription=serial, id=replay, fate=CANCELLED, ended_at=now)
    return bool(rows)


def page_of(subscription: Subscription, replay: Replay, after: int) -> Transaction[Stretch]:
    """Read a stretch of what is to be told again."""
    if not replay.dead_letters:
        told = yield from events_between(subscription.workspace, after, replay.until, PAGE)
        made = yield from made_of(subscription.serial, [event.position for event, _ in told])
        return Stretch(told, made, told[-1][0].position if len(told) == PAGE else replay.until)
    rows = yield statement("held_between")(
        subscription=subscription.serial, dead=True, after=after, until=replay.until, limit=PAGE
    )
    positions = [row[0] for row in rows]
    told = yield from events_at(positions)
    made = yield from made_of(subscription.serial, positions)
    end = positions[-1] if len(positions) == PAGE else replay.until
    return Stretch(sorted(told, key=lambda pair: pair[0].position), made, end)
