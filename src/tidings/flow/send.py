"""The reader of one channel: due hops go to its provider at the channel's pace, and what came of it is a fact.

Before the provider is called, the hop is marked as taken on disk. So whoever finds a taken hop after a crash knows that
the provider may have it.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Collection, Sequence
from itertools import count
from typing import Any, Final

import structlog

from tidings.connectors.connector import Connector
from tidings.flow.clock import Timer
from tidings.flow.facts import Doubted, MessageFact, PutOff, Start
from tidings.flow.handover import Handover
from tidings.flow.pace import Pace
from tidings.flow.poll import Poller
from tidings.flow.readings import ChannelReading
from tidings.flow.world import World
from tidings.model.errors import Misconfigured
from tidings.model.messages import Hop, Message
from tidings.model.workspaces import Channel
from tidings.store.log import decode_life, decode_message
from tidings.store.statements import Transaction, statement

log = structlog.get_logger()

QUEUE = 1000
"""How many hops of one channel are kept in memory; the others wait in the store."""

AGAIN_AFTER = 1000
"""Milliseconds until the store is asked again when it failed us."""

RECORD_WAITS = (0.1, 0.5, 1, 2, 5, 10, 20, 30, 30, 30)
"""Seconds between the tries to write down what a provider said: nobody else knows it."""

_ANYBODY: Final = "\0"
"""No address. As long as it must wait, everybody must."""


class Sender:
    """The reader of one channel's due hops."""

    def __init__(self, world: World, channel: Channel) -> None:
        self._world = world
        self.channel = channel
        self._queue: deque[Start] = deque()
        self._known: set[tuple[str, int]] = set()
        """Hops in the queue, resting or under way."""
        self._resting: list[tuple[int, int, Start]] = []
        """Hops to people who have just been sent another one: when they may go, in order."""
        self._order = count()
        self._under_way = 0
        self._more = True
        """Whether the store may have due hops that are not in the queue."""
        self._filling = False
        self._stopped = False
        self._timer: Timer | None = None
        self._wake_at = 0
        self._settling: Timer | None = None
        self._connector: Connector[Any] | None = None
        self._handover: Handover | None = None
        self._poller = Poller(world, channel)
        self._pace = Pace(None, None)

    async def start(self) -> None:
        """Take up what an earlier sender left: untaken hops are sent, taken ones may have been."""
        try:
            self._connector = self._world.connector(self.channel)
        except Misconfigured as error:
            log.warning("channel cannot send", channel=self.channel.id, why=str(error))
            return
        able = self._connector.able
        limits = self.channel.limits
        self._pace = Pace(
            limits.rate_per_second or able.rate_per_second, limits.per_recipient_seconds or able.per_recipient_seconds
        )
        self._handover = Handover(self._world, self.channel, self._connector, self._pace.stop_until)
        await self._world.wires[self._connector.wire].open(self.channel, self._connector)
        self._poller.start(self._connector)
        # Alone on the database, whoever took a hop is dead; else it may still be waiting for an answer.
        await self._settle_taken(0 if self._world.store.database.exclusive else self._silence)
        self._settle_again()
        self.look()

    async def stop(self) -> None:
        """Start nothing more, and let what is under way end."""
        self._stopped = True
        for timer in (self._timer, self._settling):
            if timer is not None:
                timer.cancel()
        await self._poller.stop()
        # Once in a reader's life; an event would be set for every message.
        while self._under_way or self._filling:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        if self._connector is not None:
            await self._world.wires[self._connector.wire].close(self.channel.id)

    def offer(self, start: Start) -> None:
        """Take a hop that has just become due."""
        if self._is_full(QUEUE) or self._filling:
            self._more = True
            return
        self._enqueue(start)
        self._pump()

    def look(self) -> None:
        """Look into the store: there may be due hops that nobody offered."""
        self._more = True
        self._pump()

    @property
    def reading(self) -> ChannelReading:
        """How it is doing, for whoever watches over many."""
        failing_since = None if self._handover is None else self._handover.failing_since
        return ChannelReading(self.channel.id, self._under_way, failing_since)

    @property
    def _silence(self) -> int:
        """Milliseconds after which whoever took a hop will hear no answer any more."""
        return round(self._world.settings.provider_timeout * 2000)

    async def _settle_taken(self, silence: int) -> None:
        """Decide on the hops that somebody else took so long ago and said nothing more of."""
        assert self._connector is not None
        world = self._world
        taken = await world.store.read(_left_taken(self.channel.id, world.clock.now() - silence))
        for message, hop in taken:
            if (message, hop) in self._known:
                continue
            if self._connector.able.deduplicates:
                await world.record(PutOff(message, hop, world.clock.now()))
            else:
                await world.record(Doubted(message, hop, round(world.settings.uncertain_grace * 1000)))

    def _settle_again(self) -> None:
        """Look for such hops from time to time: what was too young to decide on grows older."""
        if not self._stopped:
            self._settling = self._world.clock.at(self._world.clock.now() + self._silence, self._settle_later)

    def _settle_later(self) -> None:
        self._world.spawn(self._settle_and_look())

    async def _settle_and_look(self) -> None:
        try:
            await self._settle_taken(self._silence)
        finally:
            self._settle_again()
        self.look()

    def _is_full(self, bound: int) -> bool:
        return len(self._queue) + len(self._resting) >= bound

    def _enqueue(self, start: Start) -> None:
        key = (start.message.id, start.hop.number)
        if key not in self._known:
            self._known.add(key)
            self._queue.append(start)

    def _pump(self) -> None:
        """Send as much as pace and concurrency allow, then see that somebody comes back."""
        if self._connector is None or self._stopped or self._connector.polled:
            return
        now = self._world.clock.now()
        self._rouse(now)
        while self._queue and self._under_way < self._world.settings.send_concurrency:
            if pause := self._pace.wait(_ANYBODY, now):
                self._wake(now + pause)
                break
            start = self._queue.popleft()
            if pause := self._pace.wait(start.hop.address, now):
                heapq.heappush(self._resting, (now + pause, next(self._order), start))
                continue
            self._pace.went(start.hop.address, now)
            self._under_way += 1
            self._world.spawn(self._submit(start))
        if self._resting:
            self._wake(self._resting[0][0])
        if self._more and not self._filling and not self._is_full(QUEUE // 2):
            self._filling = True
            self._world.spawn(self._fill())

    def _rouse(self, now: int) -> None:
        """Put those who have rested long enough in front again, in their order."""
        rested = []
        while self._resting and self._resting[0][0] <= now:
            rested.append(heapq.heappop(self._resting)[2])
        self._queue.extendleft(reversed(rested))

    async def _fill(self) -> None:
        """Read due hops from the store."""
        try:
            self._more = False
            now = self._world.clock.now()
            found = await self._world.store.read(_due(self.channel.id, now, QUEUE, frozenset(self._known)))
        except Exception:
            self._more = True
            self._wake(self._world.clock.now() + AGAIN_AFTER)
            raise
        finally:
            self._filling = False
        starts, whole, next_at = found
        for start in starts:
            self._enqueue(start)
        self._more = self._more or not whole
        if next_at is not None:
            self._wake(next_at)
        if self._queue or self._more:
            self._pump()

    def _wake(self, when: int) -> None:
        if self._timer is not None and self._wake_at <= when:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._wake_at = when
        self._timer = self._world.clock.at(when, self._woken)

    def _woken(self) -> None:
        self._timer = None
        self.look()

    async def _submit(self, start: Start) -> None:
        message, hop = start.message, start.hop
        try:
            fact = await self._try(message, hop)
            if fact is not None:
                await self._record(fact)
            if isinstance(fact, PutOff):
                self._wake(fact.until)
        finally:
            self._known.discard((message.id, hop.number))
            self._under_way -= 1
            self._pump()

    async def _try(self, message: Message, hop: Hop) -> MessageFact | None:
        """Take a hop and hand it over; None where somebody else has it, or nobody needs it any more."""
        now = self._world.clock.now()
        try:
            tries = await self._world.store.write(lambda: _take(message.id, hop.number, now))
        except Exception:
            # It may be marked as taken all the same, and then nobody else would ever send it.
            log.exception("a hop could not be taken", channel=self.channel.id, message=message.id)
            return PutOff(message.id, hop.number, now + AGAIN_AFTER)
        assert self._handover is not None
        return None if tries is None else await self._handover.hand_over(message, hop, tries)

    async def _record(self, fact: MessageFact) -> None:
        """Write down what came of a hop; what cannot be written is settled as if we had died here."""
        for pause in RECORD_WAITS:
            try:
                await self._world.record(fact)
            except Exception:
                log.exception("what came of a hop could not be written down", channel=self.channel.id)
                if self._stopped:
                    return
                await asyncio.sleep(pause)
            else:
                return


def _take(message: str, hop: int, now: int) -> Transaction[int | None]:
    rows = yield statement("take_due")(now=now, message=message, hop=hop)
    return int(rows[0][0]) if rows else None


def _left_taken(channel: str, before: int) -> Transaction[Sequence[tuple[str, int]]]:
    rows = yield statement("left_taken")(channel=channel, before=before + 1)
    return [(row[0], row[1]) for row in rows]


def _due(
    channel: str, now: int, limit: int, known: Collection[tuple[str, int]]
) -> Transaction[tuple[list[Start], bool, int | None]]:
    """Read the due hops of a channel that are not known, whether that is all, and when the next one will be due."""
    due = yield statement("due_hops")(channel=channel, now=now, limit=limit)
    new = [(row[0], row[1]) for row in due if (row[0], row[1]) not in known]
    rows = yield statement("with_lives")(messages=[message for message, _ in new])
    found = {row[0]: (decode_message(row[1]), decode_life(row[2])) for row in rows}
    starts = [Start(found[message][0], found[message][1].hops[hop]) for message, hop in new]
    rows = yield statement("next_due")(channel=channel, after=now)
    return starts, len(due) < limit, rows[0][0]
