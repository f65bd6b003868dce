"""Telling one subscription: a reader with a cursor on the log.

It reads in order, keeps what its subscription wants, and posts concurrently, but never two events of one message at
once. What failed is set aside (`tidings.flow.aside`) and tried again on the dialect's schedule; only later events of
the same message wait behind it. Where the endpoint as a whole fails (`tidings.flow.endpoint`) the cursor stands still
and one event at a time is tried. The cursor stands where everything before is told, set aside or not wanted, and is
written down together with the attempts (`tidings.flow.journal`).
"""

import asyncio
import math

from tidings.dialects.dialect import Dialect, Telling
from tidings.flow.ahead import window
from tidings.flow.choosing import Choosing
from tidings.flow.endpoint import Endpoint
from tidings.flow.following import Following, Told
from tidings.flow.gathering import Gathering
from tidings.flow.journal import Journal, Place
from tidings.flow.judging import Judge
from tidings.flow.lanes import Bundle, Lanes
from tidings.flow.leases import Lease
from tidings.flow.posting import Poster
from tidings.flow.readings import EndpointReading
from tidings.flow.replays import Ordered, Replays, under_way
from tidings.flow.resuming import Reading, resumed
from tidings.flow.retrying import Retrying
from tidings.flow.unfinished import Unfinished
from tidings.flow.world import World
from tidings.model.events import Event
from tidings.model.messages import Message
from tidings.model.subscriptions import Subscription, Verdict
from tidings.rules.endpoint import probed
from tidings.store.statements import Transaction
from tidings.wire.http import Result

MOST_HELD = 10_000
"""How many events may be set aside before the reader stops reading further ones."""
LATE = 5_000
"""Milliseconds after which an event is late, and waits a few more of them rather than have what is new wait for it."""
CHECKPOINT = 1000
"""How far the cursor may come by events that nobody wants before it is written down without another reason."""
PROBED = 3
"""Among how many of the first events, and what is set aside, probes choose."""


class Notifier:
    """The reader of one subscription."""

    def __init__(self, world: World, subscription: Subscription, lease: Lease) -> None:
        self._world = world
        self.subscription = subscription
        self.lease = lease
        self._dialect: Dialect = world.dialects[subscription.dialect]
        self._poster = Poster(world, subscription, self._dialect)
        self._endpoint = Endpoint(world, subscription, self._dialect, self._go_on)
        self._lanes = Lanes()
        self._gathering = Gathering(world.clock, self._lanes, self._poster, self._pump)
        self._journal = Journal(world, subscription.serial, subscription.epoch, lease, self._place, self._go_on)
        self._tally = world.measured.endpoints[subscription.id]
        self._judge = Judge(world, self._dialect, self._endpoint, self._gathering, self._journal, self._tally)
        self._choosing = Choosing(world, subscription, self._dialect)
        self._retrying = Retrying(
            world,
            subscription,
            self._dialect,
            choosing=self._choosing,
            poster=self._poster,
            endpoint=self._endpoint,
            judge=self._judge,
            journal=self._journal,
            tally=self._tally,
            may_begin=lambda: self._may_begin and not self._stopped,
            go_on=self._go_on,
        )
        self._aside = self._retrying.aside
        self._replays = Replays(
            world, subscription, self._journal, add=self._tell_again, telling=self._choosing.wanted, feed=self._pump
        )
        self._following = Following(
            world,
            subscription.workspace,
            take=self._take,
            prepare=self._judge.prepare,
            pump=self._read,
            room=self._room_to_read,
            listen=lambda: world.log.listen(subscription.workspace, self),
        )
        self._stopped = False
        self._open = Unfinished()
        self._under_way = 0

    # -- starting and stopping -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up where the last reader left off."""
        state, replays = await self._world.store.read(self._left_off())
        self._open.before = state.finished
        self._judge.resume(state.made, state.rewound_to)
        self._journal.written = state.cursor, state.condition
        self._endpoint.resume(state.condition)
        self._aside.resume(state.held)
        self._replays.take_up(replays)
        self._following.start(state.cursor)
        self._read_on()

    def _left_off(self) -> Transaction[tuple[Reading, list[Ordered]]]:
        """Read everything at once: nothing begins while something is missing."""
        state = yield from resumed(self.subscription, most_held=2 * MOST_HELD)
        return state, (yield from under_way(self.subscription.serial))

    async def stop(self) -> None:
        """Start nothing more, let what is under way end, and write everything down."""
        self._stopped = True
        for part in (self._following, self._aside, self._endpoint, self._replays, self._gathering):
            part.stop()
        # Once in a reader's life; an event would be set for every delivery.
        while self._under_way or self._aside.retrying or self._following.reading:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await self._journal.stop()

    def go_on(self) -> None:
        """Go on where the lease had run out, and holds again."""
        self._go_on()
        self._journal.write_down()

    def change(self, subscription: Subscription) -> None:
        """Go on with other settings: the next attempt uses them."""
        self.subscription = subscription
        for part in (self._poster, self._endpoint, self._choosing, self._retrying, self._replays):
            part.change(subscription)
        self._go_on()

    @property
    def cursor(self) -> int:
        """Everything up to here is told, set aside or not wanted."""
        return self._open.cursor(self._following.read_to)

    @property
    def endpoint(self) -> Endpoint:
        """How its endpoint is doing."""
        return self._endpoint

    @property
    def oldest_at(self) -> int | None:
        """When the oldest event that is not told was written or tried first; None where everything is told."""
        return min((each for each in (self._open.oldest_at, self._aside.oldest_at) if each is not None), default=None)

    @property
    def held(self) -> int:
        """How many events are set aside."""
        return len(self._aside)

    @property
    def reading(self) -> EndpointReading:
        """How it is doing, for whoever watches over many."""
        subscription, condition = self.subscription, self._endpoint.condition
        return EndpointReading(
            subscription.workspace, subscription.id, condition, self.oldest_at, self.held, len(self._replays)
        )

    @property
    def behind(self) -> bool:
        """Whether there is something it has not read, told or given up."""
        return bool(self._open or self._aside) or not self._following.caught_up

    @property
    def _may_begin(self) -> bool:
        """Whether anything may be told: it is ours to tell, and what was told is on its way to the disk."""
        return self.lease.holds and not self._journal.is_full

    def _place(self) -> Place:
        return self.cursor, self._endpoint.condition

    # -- reading the log -----------------------------------------------------------------------------------------

    def offer(self, told: Told, last: int) -> bool:
        """Take events that were just written, if everything before them has been read; says whether it wants more."""
        if self._yields or not self._following.offer(told, last):
            self.look()
            return False
        self._pump()
        if self.cursor - self._journal.written[0] >= CHECKPOINT:
            self._journal.write_down()
        return True

    def look(self) -> None:
        """Look into the log: there may be something that nobody offered."""
        self._following.miss()
        self._read_on()

    async def look_for_replays(self) -> None:
        """Look for what is to be told again, or no longer."""
        await self._replays.look()

    @property
    def _window(self) -> int:
        return window(self._endpoint, self._poster.batching)

    def _room_to_read(self) -> int:
        return self._window - len(self._open) if len(self._aside) < MOST_HELD else 0

    def _read_on(self) -> None:
        """Read on if there is something to read and room for it, in its turn where it yields to others."""
        if not self._following.may_read:
            return
        if self._yields:
            self._world.turns.ask(self, known=self._endpoint.has_answered)
        else:
            self._following.read_on()

    def _read(self) -> None:
        """Go on after a page was read."""
        self._pump()
        if not self._open:
            # None of it is wanted: nothing else will have the place written down.
            self._journal.write_down()
        self._read_on()

    def _take(self, event: Event, message: Message) -> None:
        position = event.position
        if self._open.was_finished(position):
            return
        telling = self._choosing.wanted(event, message)
        if telling is None:
            return
        if self._aside.blocks(event.message):
            self._aside.put_behind(event)
            return
        self._open.add(position, event.at)
        self._lanes.add(telling)

    # -- posting -------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Go on after a rest, a probe, or a change."""
        self._aside.go_on()
        self._pump()
        self._read_on()

    def _pump(self) -> None:
        if self._stopped or not self._may_begin:
            return
        self._post_waiting()
        if self._replays and not (self._lanes or self._endpoint.is_stopped):
            self._replays.feed(self._endpoint.room(self._under_way))
            self._post_waiting()

    def _post_waiting(self) -> None:
        if not self._yields:
            self._post_some()
        elif self._may_post:
            self._world.turns.ask(self, known=self._endpoint.has_answered)

    @property
    def _may_post(self) -> bool:
        """Whether there is something to post, and room for it."""
        if self._endpoint.is_stopped:
            return bool(self._lanes or self._aside) and self._endpoint.room(self._under_way + self._aside.retrying) > 0
        return bool(self._lanes) and self._endpoint.room(self._under_way) > 0

    def take_turn(self) -> bool:
        """Read on, and post one webhook; says whether there is more to post."""
        if self._stopped or not self._may_begin:
            return False
        self._following.read_on()
        if self._endpoint.is_stopped:
            self._probe()
            return False
        return self._post_some(1)

    def _post_some(self, most: float = math.inf) -> bool:
        """Post what may go, up to so many webhooks; says whether there is more."""
        while self._lanes and self._endpoint.room(self._under_way) > 0:
            if most == 0:
                return True
            bundle = self._gathering.take()
            if not bundle:
                return False
            self._post(bundle)
            most -= 1
        return False

    @property
    def _yields(self) -> bool:
        """Whether others go first: its endpoint is not known to answer, or what it tells is old already."""
        return not self._endpoint.answers or (self._world.log.is_lively and self._is_late)

    @property
    def _is_late(self) -> bool:
        oldest_at = self._open.oldest_at
        return oldest_at is not None and self._world.clock.now() - oldest_at > LATE

    def _probe(self) -> None:
        """Try one event of an endpoint that fails: the first one every other time, and in between another one."""
        if not self._may_post:
            return
        ready = min(PROBED, len(self._lanes))
        chosen = probed(self._endpoint.condition.probes, ready + bool(self._aside))
        if chosen < ready:
            self._post(self._lanes.take(1, skip=chosen))
        else:
            self._aside.probe()
        # Nothing else is under way: what comes back next is the probe.
        self._judge.probing = bool(self._under_way or self._aside.retrying)

    def _post(self, bundle: Bundle) -> None:
        self._under_way += 1
        replay = self._replays.whose(bundle[0].event.position)
        self._poster.post(bundle, self._judge.number(bundle), self._posted, replay=replay)

    def _posted(self, bundle: Bundle, at: int, result: Result) -> None:
        self._under_way -= 1
        verdict = self._retrying.judged(bundle, at, result)
        if verdict is Verdict.RETRY and (len(bundle) > 1 or self._endpoint.is_stopped):
            self._lanes.put_back(bundle)
        elif verdict is Verdict.RETRY:
            self._set_aside(bundle[0].event, at, result)
        else:
            self._lanes.done(bundle)
            for telling in bundle:
                self._finish(telling.event.position)
        self._journal.write_down()
        self._pump()
        if len(self._open) < self._window // 2:
            self._read_on()

    def _finish(self, position: int) -> None:
        self._open.finish(position)
        self._judge.made.pop(position, None)
        if self._replays.whose(position):
            self._journal.free(position)
            self._replays.decided(position, told=True)

    def _set_aside(self, event: Event, at: int, result: Result) -> None:
        """Set an event aside that failed, and everything of its message that waits behind it."""
        self._open.finish(event.position)
        number = self._judge.made.pop(event.position)
        self._retrying.try_again(event, tries=1, number=number, first_at=at, result=result)
        self._replays.decided(event.position, told=False)
        for waiting in self._lanes.close(event.message):
            self._open.finish(waiting.event.position)
            self._aside.put_behind(waiting.event)
            self._replays.decided(waiting.event.position, told=False)

    def _tell_again(self, telling: Telling, made: int) -> bool:
        """Put an event into its lane of which attempts were made before; False where it is on its way anyhow."""
        position = telling.event.position
        if position in self._aside:
            self._aside.hasten(position)
            return False
        if position > self.cursor:
            return False
        if self._aside.blocks(telling.event.message):
            self._aside.put_behind(telling.event)
            return False
        if made:
            self._judge.made[position] = made
        self._lanes.add(telling)
        return True
