"""Telling one subscription: a reader with a cursor on the log.

It reads in order, keeps what its subscription wants, and posts concurrently, but never two events of one message at
once. What failed is set aside and tried again on the dialect's schedule; only later events of the same message wait
behind it. The cursor stands where everything before is told, set aside or not wanted, and is written down together
with the attempts.
"""

import asyncio
import heapq
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

import structlog

from tidings.dialects.dialect import Delivery, Dialect, Telling
from tidings.flow.attempts import Changes
from tidings.flow.clock import Timer
from tidings.flow.delivery import headers_of
from tidings.flow.world import World
from tidings.model.events import Event
from tidings.model.exchange import retry_after
from tidings.model.messages import Message
from tidings.model.subscriptions import Attempt, Held, Subscription, Verdict
from tidings.rules.signing import Signer
from tidings.store.log import events_after, events_at
from tidings.store.statements import Transaction, statement
from tidings.wire.http import Result

log = structlog.get_logger()

WINDOW = 1000
"""How many events may be read and not yet finished; beyond it the cursor waits."""
PAGE = 500
"""How many events are read from the log at once."""
KEPT = 8192
"""Octets of an endpoint's answer that are kept."""
GONE = 410
"""The status that disables a subscription."""
LARGEST_ANSWER = 2**20
"""Octets an endpoint may answer."""
MOST_HELD = 10_000
"""How many events may be set aside before the reader stops reading further ones."""
RETRIES_AT_ONCE = 8
"""Of the events set aside, how many are tried at once; they never take a first attempt's place."""
LONGEST_WAIT = 86_400_000
"""Milliseconds: as far as an endpoint's `Retry-After` is believed."""
CHECKPOINT = 1000
"""How far the cursor may come by events that nobody wants before it is written down without another reason."""
AGAIN_AFTER = 1000
"""Milliseconds until the store is asked again when it failed us."""


class Notifier:
    """The reader of one subscription."""

    def __init__(self, world: World, subscription: Subscription) -> None:
        self._world = world
        self._subscription = subscription
        self._dialect: Dialect = world.dialects[subscription.dialect]
        self._signer = Signer(subscription.signing_key)
        self.serial = subscription.serial
        self._read_to = 0
        self._caught_up = False
        self._more = False
        self._reading = True
        """Also until it is known where to read from."""
        self._stopped = False
        self._open: OrderedDict[int, None] = OrderedDict()
        """Positions read and not yet finished, in order; a plain dict would be slow to find the first of them."""
        self._lanes: dict[str, deque[Telling]] = {}
        """By message: events that wait for the one under way."""
        self._ready: deque[Telling] = deque()
        self._under_way = 0
        self._retrying = 0
        self._held: dict[int, Held] = {}
        self._blocked: dict[str, deque[int]] = {}
        """By message: positions set aside, the first of which is being tried."""
        self._due: list[tuple[int, int]] = []
        self._timer: Timer | None = None
        self._changes = Changes()
        self._taken = Changes()
        """What is being written."""
        self._written: asyncio.Future[object] | None = None
        """Done when it is."""
        self._written_to = 0
        self._finished: set[int] = set()
        """Positions after the cursor that were finished before the last stop."""

    # -- starting and stopping -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up where the last reader left off."""
        self._read_to, held, self._finished = await self._world.store.read(_state(self.serial))
        self._written_to = self._read_to
        for each in held:
            self._held[each.position] = each
            self._blocked.setdefault(each.message, deque()).append(each.position)
        now = self._world.clock.now()
        for positions in self._blocked.values():
            first = self._held[positions[0]]
            self._schedule(first.position, now if first.due_at is None else first.due_at)
        self._reading = False
        self._read_on()

    async def stop(self) -> None:
        """Start nothing more, let what is under way end, and write everything down.

        What cannot be written now is told once more by the next reader.
        """
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        # Once in a reader's life; an event would be set for every delivery.
        while self._under_way or self._retrying or self._reading:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        self._write_down()
        while self._written is not None:
            await asyncio.wait([self._written])

    def change(self, subscription: Subscription) -> None:
        """Go on with other settings: the next attempt uses them."""
        self._subscription = subscription
        self._signer = Signer(subscription.signing_key)

    @property
    def cursor(self) -> int:
        """Everything up to here is told, set aside or not wanted."""
        return next(iter(self._open)) - 1 if self._open else self._read_to

    @property
    def behind(self) -> bool:
        """Whether there is something it has not read, told or given up."""
        return bool(self._open or self._held) or not self._caught_up

    # -- reading the log -----------------------------------------------------------------------------------------

    def offer(self, told: Sequence[tuple[Event, Message]], last: int) -> None:
        """Take events that were just written, if everything before them has been read."""
        if not self._caught_up:
            self._more = True
            return
        if self._is_full() or self._stopped:
            self._caught_up = False
            return
        self._take_new(told)
        self._read_to = max(last, self._read_to)
        self._pump()
        if self.cursor - self._written_to >= CHECKPOINT:
            self._write_down()

    def look(self) -> None:
        """Look into the log: there may be something that nobody offered."""
        self._caught_up = False
        self._more = True
        self._read_on()

    def _read_on(self) -> None:
        if self._reading or self._stopped or self._caught_up or self._is_full():
            return
        self._reading = True
        self._world.spawn(self._read())

    def _is_full(self) -> bool:
        return len(self._open) >= WINDOW or len(self._held) >= MOST_HELD

    async def _read(self) -> None:
        try:
            while not (self._caught_up or self._stopped or self._is_full()):
                # What is written from here on is offered, and an offer that comes while we read makes us read again.
                self._more = False
                workspace = self._subscription.workspace
                told = await self._world.store.read(events_after(workspace, self._read_to, PAGE))
                self._take_new(told)
                self._caught_up = len(told) < PAGE and not self._more
                self._pump()
        except Exception:
            self._world.clock.at(self._world.clock.now() + AGAIN_AFTER, self._read_on)
            raise
        finally:
            self._reading = False
            self._write_down()

    def _take_new(self, told: Sequence[tuple[Event, Message]]) -> None:
        # An event can be read from the log before it is offered: it is on disk first.
        for event, message in told:
            if event.position > self._read_to:
                self._read_to = event.position
                self._take(event, message)

    def _take(self, event: Event, message: Message) -> None:
        position = event.position
        if position in self._finished:
            self._finished.discard(position)
            return
        telling = self._telling(event, message)
        if telling is None or not self._is_wanted(telling):
            return
        if event.message in self._blocked:
            self._set_aside(telling.event, tries=0, due_at=None)
            return
        self._open[position] = None
        lane = self._lanes.get(event.message)
        if lane is not None:
            lane.append(telling)
            return
        self._lanes[event.message] = deque()
        self._ready.append(telling)

    def _telling(self, event: Event, message: Message) -> Telling | None:
        """Put together what is told; None where the workspace was taken away, and this reader will be."""
        workspace = self._world.directory.workspaces.get(event.workspace)
        return Telling(event, message, workspace) if workspace is not None else None

    def _is_wanted(self, telling: Telling) -> bool:
        siblings = self._world.directory.siblings(telling.event.workspace, self._dialect.name)
        try:
            return self._dialect.wants(self._subscription, siblings, telling)
        except Exception:
            # Our own fault. Telling it fails likewise or does no harm; leaving it out would make a hole.
            log.exception("nobody knows whether an event is wanted", id=telling.event.id)
            return True

    # -- posting -------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        while self._ready and self._under_way < self._world.settings.webhook_concurrency and not self._stopped:
            telling = self._ready.popleft()
            self._under_way += 1
            self._post(telling, 1, self._first_done)

    def _post(self, telling: Telling, number: int, done: Callable[[Telling, int, int, Result], None]) -> None:
        at = self._world.clock.now()
        subscription = self._subscription
        try:
            body = self._dialect.render(telling)
            delivery = Delivery(telling.event.id, at // 1000, subscription.url, body)
            headers = headers_of(self._dialect, subscription, self._signer, delivery, number)
        except Exception as error:
            # Our own fault: the event is kept and tried again, by a better version perhaps.
            log.exception("an event cannot be told", subscription=subscription.id, id=telling.event.id)
            result = Result(0, 0, error="render", why=str(error), sent=False)
            asyncio.get_running_loop().call_soon(done, telling, number, at, result)
            return

        def answered(result: Result) -> None:
            if result.status == GONE:
                self._world.gone(subscription)
            done(telling, number, at, result)

        self._world.http.request(
            "POST",
            subscription.url,
            headers,
            body,
            answered,
            timeout=self._world.settings.webhook_timeout,
            keep=KEPT,
            bound=LARGEST_ANSWER,
        )

    def _first_done(self, telling: Telling, number: int, at: int, result: Result) -> None:
        self._under_way -= 1
        event = telling.event
        verdict = self._judge(event, number, at, result)
        lane = self._lanes.pop(event.message)
        self._open.pop(event.position, None)
        if verdict is Verdict.RETRY:
            self._try_again(event, tries=number, first_at=at, result=result)
            for waiting in lane:
                self._open.pop(waiting.event.position, None)
                self._set_aside(waiting.event, tries=0, due_at=None)
        elif lane:
            self._lanes[event.message] = lane
            self._ready.append(lane.popleft())
        self._write_down()
        self._pump()
        if len(self._open) < WINDOW // 2:
            self._read_on()

    def _judge(self, event: Event, number: int, at: int, result: Result) -> Verdict:
        verdict = Verdict.RETRY if result.error else self._dialect.judge(result.status)
        self._changes.attempts.append(
            Attempt(
                subscription=self.serial,
                position=event.position,
                number=number,
                at=at,
                took_ms=result.took_ms,
                status=result.status,
                verdict=verdict,
                error=result.error,
                response=result.body,
            )
        )
        self._world.counts.add("deliveries", verdict.value)
        return verdict

    # -- what failed ---------------------------------------------------------------------------------------------

    def _set_aside(self, event: Event, *, tries: int, due_at: int | None, first_at: int | None = None) -> None:
        now = self._world.clock.now()
        held = Held(
            subscription=self.serial,
            position=event.position,
            message=event.message,
            tries=tries,
            first_at=now if first_at is None else first_at,
            due_at=due_at,
        )
        self._hold(held)
        waiting = self._blocked.setdefault(event.message, deque())
        waiting.append(event.position)
        if due_at is None and len(waiting) == 1:
            self._schedule(event.position, now)

    def _hold(self, held: Held) -> None:
        self._held[held.position] = held
        self._changes.held[held.position] = held
        self._changes.freed.discard(held.position)

    def _try_again(self, event: Event, *, tries: int, first_at: int, result: Result) -> None:
        wait = self._dialect.schedule.wait(tries, self._world.chance.share())
        now = self._world.clock.now()
        if wait is None:
            self._give_up(event, tries, first_at)
            return
        asked = retry_after(result.headers, now)
        due_at = now + max(wait, min(asked or 0, LONGEST_WAIT))
        if event.position in self._held:
            self._hold(
                Held(
                    subscription=self.serial,
                    position=event.position,
                    message=event.message,
                    tries=tries,
                    first_at=first_at,
                    due_at=due_at,
                )
            )
        else:
            self._set_aside(event, tries=tries, due_at=due_at, first_at=first_at)
        self._schedule(event.position, due_at)

    def _give_up(self, event: Event, tries: int, first_at: int) -> None:
        dead = Held(
            subscription=self.serial,
            position=event.position,
            message=event.message,
            tries=tries,
            first_at=first_at,
            due_at=None,
            dead=True,
        )
        known = event.position in self._held
        self._held.pop(event.position, None)
        self._changes.held[event.position] = dead
        self._world.counts.add("deliveries", "exhausted")
        if known:
            self._unblock(event.message)

    def _unblock(self, message: str) -> None:
        """Go on with the next event of a message whose first one is out of the way."""
        positions = self._blocked[message]
        positions.popleft()
        if positions:
            self._schedule(positions[0], self._world.clock.now())
        else:
            del self._blocked[message]

    def _schedule(self, position: int, due_at: int) -> None:
        heapq.heappush(self._due, (due_at, position))
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due and not self._stopped:
            self._timer = self._world.clock.at(self._due[0][0], self._retry_due)

    def _retry_due(self) -> None:
        now = self._world.clock.now()
        positions = []
        while self._due and self._due[0][0] <= now and self._retrying < RETRIES_AT_ONCE:
            positions.append(heapq.heappop(self._due)[1])
            self._retrying += 1
        if positions:
            self._world.spawn(self._retry(positions))
        elif self._retrying < RETRIES_AT_ONCE:
            self._set_timer()

    async def _retry(self, positions: list[int]) -> None:
        try:
            found = await self._world.store.read(events_at(positions))
        except Exception:
            for position in positions:
                self._retrying -= 1
                self._schedule(position, self._world.clock.now() + AGAIN_AFTER)
            raise
        tellings = {event.position: self._telling(event, message) for event, message in found}
        for position in positions:
            if (telling := tellings.get(position)) is not None:
                self._post(telling, self._held[position].tries + 1, self._retry_done)
            else:
                # Its message was taken out.
                self._retrying -= 1
                self._free(position)
        self._set_timer()

    def _retry_done(self, telling: Telling, number: int, at: int, result: Result) -> None:
        self._retrying -= 1
        event = telling.event
        held = self._held[event.position]
        if self._judge(event, number, at, result) is Verdict.RETRY:
            self._try_again(event, tries=number, first_at=held.first_at, result=result)
        else:
            self._free(event.position)
        self._write_down()
        self._set_timer()
        self._read_on()

    def _free(self, position: int) -> None:
        """Set an event aside no longer."""
        held = self._held.pop(position)
        self._changes.held.pop(position, None)
        self._changes.freed.add(position)
        self._unblock(held.message)

    # -- writing down --------------------------------------------------------------------------------------------

    def take_changes(self) -> Changes:
        """Hand over everything that is not known to be on disk."""
        self._changes.cursor = self.cursor
        self._taken, self._changes = self._changes.over(self._taken), Changes()
        return self._taken

    def _write_down(self) -> None:
        changes = self._changes
        changed = changes.attempts or changes.held or changes.freed or self.cursor != self._written_to
        if changed and self._written is None:
            self._written = self._world.store.put(self._world.ledger, self)
            self._written.add_done_callback(self._wrote)

    def _wrote(self, written: "asyncio.Future[object]") -> None:
        """Go on after a write; where it failed, what it was about is still to be written."""
        self._written = None
        taken, self._taken = self._taken, Changes()
        if written.exception() is None:
            self._written_to = taken.cursor
            self._write_down()
            return
        self._changes = self._changes.over(taken)
        if not self._stopped:
            self._world.clock.at(self._world.clock.now() + AGAIN_AFTER, self._write_down)


def _state(serial: int) -> Transaction[tuple[int, list[Held], set[int]]]:
    """Read where a reader stood: its cursor, what is set aside, and what after the cursor is finished already."""
    after = int((yield statement("get_cursor")(subscription=serial))[0][0])
    rows = yield statement("held_by")(subscription=serial, dead=False, limit=2 * MOST_HELD)
    held = [
        Held(subscription=serial, position=row[0], message=row[1], tries=row[2], first_at=row[3], due_at=row[4])
        for row in rows
    ]
    finished = {each.position for each in held if each.position > after}
    finished.update(row[0] for row in (yield statement("dead_after")(subscription=serial, after=after, dead=True)))
    for position, verdict in (yield statement("attempts_after")(subscription=serial, after=after)):
        if verdict != Verdict.RETRY.value:
            finished.add(position)
    return after, held, finished
