"""Telling one subscription: a reader with a cursor on the log.

It reads in order, keeps what its subscription wants, and posts concurrently, but never two events of one message at
once. What failed is set aside (`tidings.flow.aside`) and tried again on the dialect's schedule; only later events of
the same message wait behind it. Where the endpoint as a whole fails (`tidings.flow.endpoint`) the cursor stands still
and one event at a time is tried. The cursor stands where everything before is told, set aside or not wanted, and is
written down together with the attempts (`tidings.flow.journal`).
"""

import asyncio
from collections import OrderedDict

import structlog

from tidings.dialects.dialect import Dialect, Telling
from tidings.flow import notices
from tidings.flow.aside import Aside
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
from tidings.flow.resuming import Reading, made_of, resumed
from tidings.flow.world import World
from tidings.model.events import Event
from tidings.model.exchange import retry_after
from tidings.model.messages import Message
from tidings.model.subscriptions import Subscription, Verdict
from tidings.rules.endpoint import LONGEST_WAIT, probed
from tidings.store.log import events_at
from tidings.store.statements import Transaction
from tidings.wire.http import Result

log = structlog.get_logger()

WINDOW = 1000
"""How many events may be read and not yet finished; beyond it the cursor waits."""
AHEAD = 32
"""The same for each webhook that may be under way now: a thousand endpoints that hang are no thousand windows."""
MOST_HELD = 10_000
"""How many events may be set aside before the reader stops reading further ones."""
LATE = 5_000
"""Milliseconds after which an event is late, and waits a few more of them rather than have what is new wait for it."""
A_TURN = 2
"""How many late webhooks go out in one turn of the event loop while something new is told."""
CHECKPOINT = 1000
"""How far the cursor may come by events that nobody wants before it is written down without another reason."""
AGAIN_AFTER = 1000
"""Milliseconds until the store is asked again when it failed us."""
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
        self._aside = Aside(
            world.clock, self._journal, lambda positions: world.spawn(self._retry(positions)), self._room_for_retries
        )
        self._replays = Replays(
            world, subscription, self._journal, add=self._tell_again, telling=self._wanted, feed=self._pump
        )
        self._following = Following(
            world,
            subscription.workspace,
            take=self._take,
            prepare=self._prepare,
            pump=self._read,
            room=self._room_to_read,
        )
        self._stopped = False
        self._turn: asyncio.Handle | None = None
        """When more is told that is late."""
        self._open: OrderedDict[int, int] = OrderedDict()
        """When what is read and not yet finished was written, by position; a plain dict is slow to find its first."""
        self._under_way = 0
        self._finished: set[int] = set()
        """Positions after the cursor that were finished before the last stop."""
        self._rewound_to = 0
        """Up to here everything was told before, and is told again."""

    # -- starting and stopping -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up where the last reader left off."""
        state, replays = await self._world.store.read(self._left_off())
        self._finished, self._judge.made, self._rewound_to = state.finished, state.made, state.rewound_to
        self._journal.written = state.cursor, state.condition
        self._endpoint.resume(state.condition)
        self._aside.resume(state.held)
        self._replays.take_up(replays)
        self._following.start(state.cursor)

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
        self._poster.change(subscription)
        self._endpoint.change(subscription)
        self._replays.change(subscription)
        self._go_on()

    @property
    def cursor(self) -> int:
        """Everything up to here is told, set aside or not wanted."""
        return next(iter(self._open)) - 1 if self._open else self._following.read_to

    @property
    def endpoint(self) -> Endpoint:
        """How its endpoint is doing."""
        return self._endpoint

    @property
    def oldest_at(self) -> int | None:
        """When the oldest event that is not told was written or tried first; None where everything is told."""
        first = next(iter(self._open.values())) if self._open else None
        return min((each for each in (first, self._aside.oldest_at) if each is not None), default=None)

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

    def offer(self, told: Told, last: int) -> None:
        """Take events that were just written, if everything before them has been read."""
        if self._following.offer(told, last):
            self._pump()
            if self.cursor - self._journal.written[0] >= CHECKPOINT:
                self._journal.write_down()

    def look(self) -> None:
        """Look into the log: there may be something that nobody offered."""
        self._following.look()

    async def look_for_replays(self) -> None:
        """Look for what is to be told again, or no longer."""
        await self._replays.look()

    @property
    def _window(self) -> int:
        batching = self._poster.batching
        return min(WINDOW, self._endpoint.limit * AHEAD * (batching.most if batching is not None else 1))

    def _room_to_read(self) -> int:
        return self._window - len(self._open) if len(self._aside) < MOST_HELD else 0

    async def _prepare(self, told: Told) -> None:
        """Find how often events were told before, so that their attempts are numbered on."""
        again = [event.position for event, _ in told if event.position <= self._rewound_to]
        if again:
            self._judge.made |= await self._world.store.read(made_of(self.subscription.serial, again))

    def _read(self) -> None:
        """Go on after events were read: they may all be unwanted, and the place is to be written down."""
        self._pump()
        self._journal.write_down()

    def _take(self, event: Event, message: Message) -> None:
        position = event.position
        if position in self._finished:
            self._finished.discard(position)
            return
        telling = self._wanted(event, message)
        if telling is None:
            return
        if self._aside.blocks(event.message):
            self._aside.put_behind(event)
            return
        self._open[position] = event.at
        self._lanes.add(telling)

    def _telling(self, event: Event, message: Message) -> Telling | None:
        """Put together what is told; None where the workspace was taken away, and this reader will be."""
        workspace = self._world.directory.workspaces.get(event.workspace)
        return Telling(event, message, workspace) if workspace is not None else None

    def _wanted(self, event: Event, message: Message) -> Telling | None:
        """Put together what is told, if it is wanted."""
        telling = self._telling(event, message)
        if telling is None:
            return None
        siblings = self._world.directory.siblings(event.workspace, self._dialect.name)
        try:
            return telling if self._dialect.wants(self.subscription, siblings, telling) else None
        except Exception:
            # Our own fault. Telling it fails likewise or does no harm; leaving it out would make a hole.
            log.exception("nobody knows whether an event is wanted", id=event.id)
            return telling

    # -- posting -------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Go on after a rest, a probe, or a change."""
        self._aside.go_on()
        self._pump()
        self._following.read_on()

    def _pump(self) -> None:
        if self._stopped or not self._may_begin:
            return
        if self._endpoint.is_stopped:
            self._probe()
            return
        self._post_waiting()
        if self._replays and not self._lanes:
            self._replays.feed(self._endpoint.room(self._under_way))
            self._post_waiting()

    def _post_waiting(self) -> None:
        if not (self._world.log.is_lively and self._is_late):
            self._post_some(WINDOW)
        elif self._turn is None:
            self._turn = asyncio.get_running_loop().call_soon(self._take_turn)

    def _take_turn(self) -> None:
        self._turn = None
        if self._stopped or self._endpoint.is_stopped or not self._may_begin:
            return
        if self._post_some(A_TURN):
            self._turn = asyncio.get_running_loop().call_soon(self._take_turn)

    def _post_some(self, most: int) -> bool:
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
    def _is_late(self) -> bool:
        """Whether what it tells is old already."""
        first = next(iter(self._open.values())) if self._open else None
        return first is not None and self._world.clock.now() - first > LATE

    def _probe(self) -> None:
        """Try one event of an endpoint that fails: the first one every other time, and in between another one."""
        if self._endpoint.room(self._under_way + self._aside.retrying) <= 0:
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
        verdict = self._judged(bundle, at, result)
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
            self._following.read_on()

    def _judged(self, bundle: Bundle, at: int, result: Result) -> Verdict:
        """Judge an answer; what is set aside goes on as soon as an endpoint that failed answers."""
        was_stopped = self._endpoint.is_stopped
        verdict = self._judge.judge(bundle, at, result)
        if was_stopped and not self._endpoint.is_stopped:
            self._aside.go_on()
        return verdict

    def _finish(self, position: int) -> None:
        self._open.pop(position, None)
        self._judge.made.pop(position, None)
        if self._replays.whose(position):
            self._journal.free(position)
            self._replays.decided(position, told=True)

    def _set_aside(self, event: Event, at: int, result: Result) -> None:
        """Set an event aside that failed, and everything of its message that waits behind it."""
        self._open.pop(event.position, None)
        self._try_again(event, tries=1, number=self._judge.made.pop(event.position), first_at=at, result=result)
        self._replays.decided(event.position, told=False)
        for waiting in self._lanes.close(event.message):
            self._open.pop(waiting.event.position, None)
            self._aside.put_behind(waiting.event)
            self._replays.decided(waiting.event.position, told=False)

    # -- what failed, and what is told again ---------------------------------------------------------------------

    def _room_for_retries(self) -> int:
        return 0 if self._endpoint.is_stopped or not self._may_begin else self._endpoint.room(0)

    def _try_again(self, event: Event, *, tries: int, number: int, first_at: int, result: Result) -> None:
        wait = self._dialect.schedule.wait(tries, self._world.chance.share())
        if wait is None:
            self._world.counts.add("deliveries", "exhausted")
            self._tally.given_up += 1
            self._aside.give_up(event, tries=tries, number=number, first_at=first_at)
            self._world.say(notices.exhausted(self.subscription, event, tries=number))
            return
        now = self._world.clock.now()
        asked = min(retry_after(result.headers, now) or 0, LONGEST_WAIT)
        self._aside.put(event, tries=tries, number=number, first_at=first_at, due_at=now + max(wait, asked))

    async def _retry(self, positions: list[int]) -> None:
        try:
            found = await self._world.store.read(events_at(positions))
        except Exception:
            for position in positions:
                self._aside.schedule(position, self._world.clock.now() + AGAIN_AFTER)
                self._aside.tried()
            raise
        tellings = {event.position: self._telling(event, message) for event, message in found}
        for position in positions:
            if (telling := tellings.get(position)) is not None:
                self._judge.made[position] = self._aside[position].number
                self._poster.post((telling,), self._judge.made[position] + 1, self._retried)
            else:
                # Its message was taken out.
                self._aside.free(position)
                self._aside.tried()

    def _retried(self, bundle: Bundle, at: int, result: Result) -> None:
        event = bundle[0].event
        held = self._aside[event.position]
        if self._judged(bundle, at, result) is not Verdict.RETRY:
            self._aside.free(event.position)
        else:
            number, now = self._judge.made[event.position], self._world.clock.now()
            if self._endpoint.is_stopped:
                # It says nothing of this event: it is due as before, once the endpoint answers.
                self._aside.put(event, tries=held.tries, number=number, first_at=held.first_at, due_at=now)
            else:
                self._try_again(event, tries=held.tries + 1, number=number, first_at=held.first_at, result=result)
        self._judge.made.pop(event.position, None)
        self._aside.tried()
        self._journal.write_down()
        self._go_on()

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
