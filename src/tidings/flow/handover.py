"""Handing one hop to its provider, and saying what came of it as a fact.

Before the provider is called its credentials are made sure of, and what it wants to know of the person is looked up.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from msgspec.structs import replace

from tidings.connectors.connector import Connector, Outgoing
from tidings.flow.credentials import renew
from tidings.flow.facts import Doubted, MessageFact, NotSubmitted, PutOff, Submitted
from tidings.flow.sparing import refusal_for_all, spared, told_of, without
from tidings.flow.traces import Span, marked
from tidings.flow.unsubscribing import with_link
from tidings.flow.watch import Watch
from tidings.flow.world import World
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Exchange, Sent
from tidings.model.messages import Direction, Hop, Message
from tidings.model.platforms import platform
from tidings.model.stages import Cause, Reason
from tidings.model.workspaces import Channel
from tidings.rules.links import rewrite, tracking_on
from tidings.rules.schedule import MINUTE, SECOND, Schedule
from tidings.store.log import decode_life, decode_message
from tidings.store.statements import Transaction, statement

log = structlog.get_logger()

RETRIES = Schedule(
    tuple(seconds * SECOND for seconds in (2, 5, 15, 30)) + tuple(minutes * MINUTE for minutes in (1, 2, 5, 10, 15, 30))
)
"""When a hop that was not taken is tried again, where the provider names no time; the last wait is repeated until the
message expires."""

LONGEST_WAIT: Final = 86_400.0
"""Seconds: as far as a provider's wish to wait is followed."""
SENT: Final = "sent"
_OUTCOMES: Final = {Submitted: SENT, NotSubmitted: "failed", PutOff: "deferred", Doubted: "uncertain"}
"""What came of a submission, as it is counted."""

_Fact = Submitted | NotSubmitted | PutOff | Doubted


class Handover:
    """Hands the hops of one channel over. `hold` stops the whole channel until a time, in milliseconds."""

    def __init__(self, world: World, channel: Channel, connector: Connector[Any], hold: Callable[[int], None]) -> None:
        self._world = world
        self._channel = channel
        self._hold = hold
        self._watch = Watch(world, channel)
        self._stale = False
        """Whether the provider has just refused our credentials."""
        self.connector = connector

    @property
    def failing_since(self) -> int | None:
        """Since when the provider has taken nothing; None while it does, and at the first failures."""
        return self._watch.failing_since

    async def hand_over(self, message: Message, hop: Hop, tries: int) -> MessageFact:
        """Hand one due hop to its provider, and say what came of it."""
        if message.redacted:
            return NotSubmitted(message.id, hop.number, Reason(Cause.CANCELLED, "It was redacted before it was sent."))
        try:
            withheld = await spared(self._world, message, hop)
        except Exception:
            # The provider knows nothing of it yet.
            log.exception("a hop could not be screened", channel=self._channel.id, message=message.id)
            return PutOff(message.id, hop.number, self._world.clock.now() + MINUTE)
        if withheld and (refusal := refusal_for_all(message, hop, withheld)) is not None:
            return NotSubmitted(message.id, hop.number, refusal)
        span = self._world.traces.submission(self._channel, message.id, hop, tries)
        fact = await self._try(message, hop, tries, span, withheld)
        outcome = _OUTCOMES[type(fact)]
        self._world.counts.add("submissions", outcome)
        self._world.measured.channels[self._channel.id].submissions[outcome] += 1
        span.end(error="" if outcome == SENT else outcome)
        return fact

    async def _try(self, message: Message, hop: Hop, tries: int, span: Span, withheld: Mapping[str, Reason]) -> _Fact:
        try:
            return await self._submit(message, hop, tries, span, withheld)
        except SendFailed as failure:
            self._watch.refused(failure.reason)
            return NotSubmitted(message.id, hop.number, failure.reason, failure.data)
        except SendDeferred as wait:
            self._stale = wait.stale
            return self._put_off(message.id, hop.number, tries, wait)
        except NoReply as silence:
            reason = Reason(Cause.PROVIDER, silence.why, permanent=False)
            if not silence.taken or self.connector.able.deduplicates:
                return self._put_off(message.id, hop.number, tries, SendDeferred(reason))
            self._watch.failed(reason)
            return self._doubt(message.id, hop.number, silence.why)
        except Exception as error:
            # A fault of the connector's, after the provider may have been called.
            log.exception("connector broke", connector=self.connector.name, message=message.id)
            return self._doubt(message.id, hop.number, str(error))

    async def _submit(
        self, message: Message, hop: Hop, tries: int, span: Span, withheld: Mapping[str, Reason]
    ) -> Submitted:
        world = self._world
        self.connector = await renew(world, self._channel.id, self.connector, refused=self._stale)
        self._stale = False
        now = world.clock.now()
        outgoing = outgoing_of(message, hop, now, tries)
        if withheld:
            outgoing = without(outgoing, withheld)
        if self._channel.list_unsubscribe:
            outgoing = with_link(world, self._channel, outgoing)
        if self.connector.able.windowed:
            heard_at, answered = await world.store.read(_heard(self._channel.id, hop.address))
            outgoing = replace(outgoing, heard_at=heard_at, answered=answered)
        if outgoing.reply_to:
            reference = await world.store.read(_reference_of(message.workspace, hop.channel, outgoing.reply_to))
            outgoing = replace(outgoing, reply_to=reference)
        exchange = self.connector.send(outgoing, report_to=world.callback_url(self._channel.id))
        if self.connector.wire == "http":
            exchange = marked(exchange, span)
        sent = told_of(await self._carry(exchange), withheld)
        self._watch.worked()
        return Submitted(message.id, hop.number, sent, now if self.connector.able.unechoed else None)

    async def _carry(self, exchange: Exchange[Sent]) -> Sent:
        """Hold the conversation with the provider, and note how long that takes, whatever comes of it."""
        wire, loop = self._world.wires[self.connector.wire], asyncio.get_running_loop()
        begun = loop.time()
        try:
            return await wire.carry(self._channel, exchange, timeout=self._world.settings.provider_timeout)
        finally:
            self._world.measured.channels[self._channel.id].seconds.add(loop.time() - begun)

    def _put_off(self, message: str, hop: int, tries: int, wait: SendDeferred) -> PutOff:
        now = self._world.clock.now()
        pause = RETRIES.wait(min(tries + 1, len(RETRIES.waits)), self._world.chance.share())
        assert pause is not None
        if wait.after is not None:
            pause = round(min(max(wait.after, 0.0), LONGEST_WAIT) * 1000)
        if wait.channel_wide:
            self._hold(now + pause)
        self._watch.failed(wait.reason)
        return PutOff(message, hop, now + pause)

    def _doubt(self, message: str, hop: int, why: str) -> Doubted:
        log.warning("nobody knows whether the provider took it", channel=self._channel.id, message=message, why=why)
        return Doubted(message, hop, round(self._world.settings.uncertain_grace * 1000))


def outgoing_of(message: Message, hop: Hop, now: int, tries: int = 0) -> Outgoing:
    """Show a hop of a message to its connector; `tries` is how often it was handed over before."""
    key = platform(hop.platform).identifier
    recipients = tuple((each.type, each.addresses[key]) for each in message.recipients if key in each.addresses)
    options = message.options.get(hop.platform, {})
    tracking = tracking_on(message, hop.platform, hop.channel) if message.tracking else None
    content = message.content if tracking is None else rewrite(message.content, tracking)
    return Outgoing(
        message=message.id,
        hop=hop.number,
        workspace=message.workspace,
        platform=hop.platform,
        to=hop.address,
        recipients=recipients,
        sender=options.get("from") or options.get("agentId") or message.sender,
        sender_name=message.sender_name,
        content=content.on(hop.platform),
        options=options,
        reference=message.reference,
        reply_to=message.reply_to,
        conversation=message.conversation,
        tags=message.tags,
        track_links=message.track_links if tracking is None else "off",
        expires_at=message.expires_at,
        tries=tries,
        now=now,
    )


def _reference_of(workspace: str, channel: str, named: str) -> Transaction[str]:
    """Find the provider's reference of the message that is answered; what is none of our ids is one already."""
    rows = yield statement("message_with_life")(message=named, workspace=workspace)
    if not rows:
        return named
    message, life = decode_message(rows[0][0]), decode_life(rows[0][1])
    if message.direction is Direction.INCOMING:
        return message.platform_reference
    references = [reference for each in life.hops if each.channel == channel for reference in each.references]
    return references[-1] if references else ""


def _heard(channel: str, address: str) -> Transaction[tuple[int | None, int]]:
    """Find when a person last wrote by a channel, and how many messages went to them since."""
    rows = yield statement("last_heard")(channel=channel, address=address, incoming=True)
    heard_at: int | None = rows[0][0]
    if heard_at is None:
        return None, 0
    rows = yield statement("sent_since")(channel=channel, address=address, incoming=False, since=heard_at)
    return heard_at, int(rows[0][0])
