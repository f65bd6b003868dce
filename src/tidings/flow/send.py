"""Sending for one channel: due hops are handed to the provider at the channel's pace, and what came of it is a fact.

Before the provider is called, the hop is marked as taken on disk. So whoever finds a taken hop after a crash knows that
the provider may have it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import structlog

from tidings.connectors.connector import Connector, Outgoing
from tidings.flow.clock import Timer
from tidings.flow.facts import Doubted, MessageFact, NotSubmitted, PutOff, Start, Submitted
from tidings.flow.pace import Pace
from tidings.flow.world import World
from tidings.model.errors import Misconfigured, NoReply, SendDeferred, SendFailed
from tidings.model.messages import Hop, Message
from tidings.model.platforms import platform
from tidings.model.stages import Cause, Reason
from tidings.model.workspaces import Channel
from tidings.rules.schedule import MINUTE, SECOND, Schedule
from tidings.store.log import decode_life, decode_message
from tidings.store.statements import Transaction, statement

log = structlog.get_logger()

QUEUE = 1000
"""How many hops of one channel are kept in memory; the others wait in the store."""

RETRIES = Schedule(
    tuple(seconds * SECOND for seconds in (2, 5, 15, 30)) + tuple(minutes * MINUTE for minutes in (1, 2, 5, 10, 15, 30))
)
"""When a hop that was not taken is tried again, where the provider names no time; the last wait is repeated until the
message expires."""


class Sender:
    """The reader of one channel's due hops."""

    def __init__(self, world: World, channel: Channel) -> None:
        self._world = world
        self.channel = channel
        self._queue: deque[Start] = deque()
        self._known: set[tuple[str, int]] = set()
        """Hops in the queue or under way."""
        self._under_way = 0
        self._more = True
        """Whether the store may have due hops that are not in the queue."""
        self._filling = False
        self._stopped = False
        self._timer: Timer | None = None
        self._wake_at = 0
        self._connector: Connector[Any] | None = None
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
        await self._settle_taken()
        self.look()

    async def stop(self) -> None:
        """Start nothing more, and let what is under way end."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        # Once in a reader's life; an event would be set for every message.
        while self._under_way or self._filling:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    @property
    def polled(self) -> bool:
        """Whether the provider fetches its messages itself."""
        return bool(getattr(self._connector, "polled", False))

    def offer(self, start: Start) -> None:
        """Take a hop that has just become due."""
        if len(self._queue) >= QUEUE or self._filling:
            self._more = True
            return
        self._enqueue(start)
        self._pump()

    def look(self) -> None:
        """Look into the store: there may be due hops that nobody offered."""
        self._more = True
        self._pump()

    async def _settle_taken(self) -> None:
        """Decide on the hops that were taken when the last sender ended."""
        assert self._connector is not None
        world = self._world
        # Another process that lost its lease may still be waiting for an answer.
        silent = 0 if world.store.database.exclusive else round(world.settings.provider_timeout * 2000)
        taken = await world.store.read(_left_taken(self.channel.id, world.clock.now() - silent))
        for message, hop in taken:
            if self._connector.able.deduplicates:
                await world.record(PutOff(message, hop, world.clock.now()))
            else:
                await world.record(Doubted(message, hop, round(world.settings.uncertain_grace * 1000)))

    def _enqueue(self, start: Start) -> None:
        key = (start.message.id, start.hop.number)
        if key not in self._known:
            self._known.add(key)
            self._queue.append(start)

    def _pump(self) -> None:
        """Send as much as pace and concurrency allow, then see that somebody comes back."""
        if self._connector is None or self._stopped or self.polled:
            return
        now = self._world.clock.now()
        later: list[Start] = []
        wait: int | None = None
        while self._queue and self._under_way < self._world.settings.send_concurrency:
            start = self._queue.popleft()
            pause = self._pace.wait(start.hop.address, now)
            if pause:
                later.append(start)
                wait = pause if wait is None else min(wait, pause)
                if len(later) > self._world.settings.send_concurrency:
                    break
                continue
            self._pace.went(start.hop.address, now)
            self._under_way += 1
            self._world.spawn(self._submit(start))
        self._queue.extendleft(reversed(later))
        if wait is not None:
            self._wake(now + wait)
        if self._more and not self._queue and not self._filling:
            self._filling = True
            self._world.spawn(self._fill())

    async def _fill(self) -> None:
        """Read due hops from the store."""
        try:
            self._more = False
            now = self._world.clock.now()
            starts, next_at = await self._world.store.read(_due(self.channel.id, now, QUEUE))
        finally:
            self._filling = False
        for start in starts:
            self._enqueue(start)
        self._more = self._more or len(starts) == QUEUE
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
            tries = await self._world.store.write(lambda: _take(message.id, hop.number, self._world.clock.now()))
            if tries is not None:
                await self._world.record(await self._hand_over(message, hop, tries))
        finally:
            self._known.discard((message.id, hop.number))
            self._under_way -= 1
            self._pump()

    async def _hand_over(self, message: Message, hop: Hop, tries: int) -> MessageFact:
        """Hand one due hop to its provider, and say what came of it."""
        world = self._world
        assert self._connector is not None
        now = world.clock.now()
        outgoing = outgoing_of(message, hop, now, tries)
        exchange = self._connector.send(outgoing, report_to=world.callback_url(self.channel.id))
        try:
            sent = await world.http.carry(exchange, timeout=world.settings.provider_timeout)
        except SendFailed as failure:
            world.counts.add("submissions", "failed")
            return NotSubmitted(message.id, hop.number, failure.reason, failure.data)
        except SendDeferred as wait:
            return self._put_off(message.id, hop.number, tries, wait)
        except NoReply as silence:
            if not silence.taken or self._connector.able.deduplicates:
                reason = Reason(Cause.PROVIDER, silence.why, permanent=False)
                return self._put_off(message.id, hop.number, tries, SendDeferred(reason))
            return self._doubt(message.id, hop.number, silence.why)
        except Exception as error:
            # A fault of the connector's, after the provider may have been called.
            log.exception("connector broke", connector=self._connector.name, message=message.id)
            return self._doubt(message.id, hop.number, str(error))
        world.counts.add("submissions", "sent")
        return Submitted(message.id, hop.number, sent)

    def _put_off(self, message: str, hop: int, tries: int, wait: SendDeferred) -> PutOff:
        now = self._world.clock.now()
        share = self._world.chance.share()
        pause = RETRIES.wait(min(tries + 1, len(RETRIES.waits)), share)
        assert pause is not None
        if wait.after is not None:
            pause = round(wait.after * 1000)
        if wait.channel_wide:
            self._pace.stop_until(now + pause)
        self._world.counts.add("submissions", "deferred")
        self._wake(now + pause)
        return PutOff(message, hop, now + pause)

    def _doubt(self, message: str, hop: int, why: str) -> Doubted:
        log.warning("nobody knows whether the provider took it", channel=self.channel.id, message=message, why=why)
        self._world.counts.add("submissions", "uncertain")
        return Doubted(message, hop, round(self._world.settings.uncertain_grace * 1000))


def outgoing_of(message: Message, hop: Hop, now: int, tries: int = 0) -> Outgoing:
    """Show a hop of a message to its connector; `tries` is how often it was handed over before."""
    key = platform(hop.platform).identifier
    recipients = tuple((each.type, each.addresses[key]) for each in message.recipients if key in each.addresses)
    options = message.options.get(hop.platform, {})
    return Outgoing(
        message=message.id,
        hop=hop.number,
        workspace=message.workspace,
        platform=hop.platform,
        to=hop.address,
        recipients=recipients,
        sender=options.get("from") or options.get("agentId") or message.sender,
        sender_name=message.sender_name,
        content=message.content.on(hop.platform),
        options=options,
        reference=message.reference,
        reply_to=message.reply_to,
        tags=message.tags,
        track_links=message.track_links,
        expires_at=message.expires_at,
        tries=tries,
        now=now,
    )


def _take(message: str, hop: int, now: int) -> Transaction[int | None]:
    rows = yield statement("take_due")(now=now, message=message, hop=hop)
    return int(rows[0][0]) if rows else None


def _left_taken(channel: str, before: int) -> Transaction[Sequence[tuple[str, int]]]:
    rows = yield statement("left_taken")(channel=channel, before=before + 1)
    return [(row[0], row[1]) for row in rows]


def _due(channel: str, now: int, limit: int) -> Transaction[tuple[list[Start], int | None]]:
    """Read the hops of a channel that are due, and when the next one will be."""
    due = yield statement("due_hops")(channel=channel, now=now, limit=limit)
    messages = [row[0] for row in due]
    rows = yield statement("with_lives")(messages=messages)
    known = {row[0]: (decode_message(row[1]), decode_life(row[2])) for row in rows}
    starts = [Start(known[row[0]][0], known[row[0]][1].hops[row[1]]) for row in due]
    rows = yield statement("next_due")(channel=channel, after=now)
    return starts, rows[0][0]
