"""Telling one subscription: a reader with a cursor on the log.

It reads in order, keeps what its subscription wants, and posts concurrently, but never two events of one message at
once. What failed is set aside (`tidings.flow.aside`) and tried again on the dialect's schedule; only later events of
the same message wait behind it. The cursor stands where everything before is told, set aside or not wanted, and is
written down together with the attempts (`tidings.flow.journal`).
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

import structlog

from tidings.dialects.dialect import Delivery, Dialect, Telling
from tidings.flow.aside import Aside
from tidings.flow.delivery import headers_of
from tidings.flow.journal import Journal
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
        self._journal = Journal(world, subscription.serial, lambda: self.cursor)
        self._aside = Aside(world.clock, self._journal, lambda positions: world.spawn(self._retry(positions)))
        self._finished: set[int] = set()
        """Positions after the cursor that were finished before the last stop."""

    # -- starting and stopping -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up where the last reader left off."""
        self._read_to, held, self._finished = await self._world.store.read(_state(self._subscription.serial))
        self._journal.written_to = self._read_to
        self._aside.resume(held)
        self._reading = False
        self._read_on()

    async def stop(self) -> None:
        """Start nothing more, let what is under way end, and write everything down."""
        self._stopped = True
        self._aside.stop()
        # Once in a reader's life; an event would be set for every delivery.
        while self._under_way or self._aside.retrying or self._reading:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await self._journal.stop()

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
        return bool(self._open or self._aside) or not self._caught_up

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
        if self.cursor - self._journal.written_to >= CHECKPOINT:
            self._journal.write_down()

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
        return len(self._open) >= WINDOW or len(self._aside) >= MOST_HELD

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
            self._journal.write_down()

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
        if self._aside.blocks(event.message):
            self._aside.put_behind(telling.event)
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
                self._aside.put_behind(waiting.event)
        elif lane:
            self._lanes[event.message] = lane
            self._ready.append(lane.popleft())
        self._journal.write_down()
        self._pump()
        if len(self._open) < WINDOW // 2:
            self._read_on()

    def _judge(self, event: Event, number: int, at: int, result: Result) -> Verdict:
        verdict = Verdict.RETRY if result.error else self._dialect.judge(result.status)
        self._journal.tried(
            Attempt(
                subscription=self._subscription.serial,
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

    def _try_again(self, event: Event, *, tries: int, first_at: int, result: Result) -> None:
        wait = self._dialect.schedule.wait(tries, self._world.chance.share())
        if wait is None:
            self._world.counts.add("deliveries", "exhausted")
            self._aside.give_up(event, tries=tries, first_at=first_at)
            return
        now = self._world.clock.now()
        asked = retry_after(result.headers, now)
        self._aside.put(event, tries=tries, first_at=first_at, due_at=now + max(wait, min(asked or 0, LONGEST_WAIT)))

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
                self._post(telling, self._aside[position].tries + 1, self._retry_done)
            else:
                # Its message was taken out.
                self._aside.free(position)
                self._aside.tried()

    def _retry_done(self, telling: Telling, number: int, at: int, result: Result) -> None:
        event = telling.event
        if self._judge(event, number, at, result) is Verdict.RETRY:
            self._try_again(event, tries=number, first_at=self._aside[event.position].first_at, result=result)
        else:
            self._aside.free(event.position)
        self._aside.tried()
        self._journal.write_down()
        self._read_on()


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
