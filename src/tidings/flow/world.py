"""What the steps of the road share: the store and what is set up in it, the wire, the vocabularies, time and chance."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import structlog
from msgspec.structs import replace

from tidings.connectors.connector import Connector, read_settings
from tidings.dialects.dialect import Dialect
from tidings.flow import notices
from tidings.flow.attempts import Ledger
from tidings.flow.clicks.crowd import Crowd
from tidings.flow.clicks.guesses import Guesses
from tidings.flow.clicks.taking import Clicks
from tidings.flow.clock import Chance, Clock
from tidings.flow.conversations.conversations import Conversations
from tidings.flow.counts import Counts
from tidings.flow.evidence import Evidence
from tidings.flow.facts import MessageFact, Noticed, Outcome
from tidings.flow.followed import Followed
from tidings.flow.live.lines import Bounds
from tidings.flow.live.live import Live
from tidings.flow.log import Log
from tidings.flow.measured import Measured
from tidings.flow.readings import Readings
from tidings.flow.record import Pen
from tidings.flow.tail import Pages, Streams
from tidings.flow.traces import UNTRACED, Traces
from tidings.flow.turns import Turns
from tidings.flow.unreadable import Unreadable
from tidings.flow.wires import Web, Wire
from tidings.model.errors import Misconfigured, Refused
from tidings.model.subscriptions import Subscription
from tidings.model.workspaces import Channel
from tidings.settings import Settings
from tidings.store.directory import Directory
from tidings.store.store import Store
from tidings.wire.http import Http

logger = structlog.get_logger()


class World:
    """What a running hub is made of. Only `assemble` makes one."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        chance: Chance,
        store: Store,
        directory: Directory,
        http: Http,
        dialects: Mapping[str, Dialect],
        connectors: Mapping[str, type[Connector[Any]]],
        log: Log,
        pen: Pen,
        traces: Traces = UNTRACED,
        session_keys: Sequence[bytes] = (),
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.chance = chance
        self.store = store
        self.directory = directory
        self.http = http
        self.dialects = dialects
        self.connectors = connectors
        self.log = log
        self.pen = pen
        self.ledger = Ledger()
        self.traces = traces
        self.conversations = Conversations(store, chance, session_keys)
        self.counts = Counts()
        self.links = Followed()
        self.clicks = Clicks()
        self.crowd = Crowd()
        self.guesses = Guesses()
        self.measured = Measured()
        self.readings: Callable[[], Readings] = Readings
        """Says how the readers here are doing, once there are any."""
        self.turns = Turns(log)
        """For those that let others go first."""
        self.pages = Pages(store, log)
        self.streams = Streams(settings.max_streams)
        self.live = Live(Bounds(settings.max_sockets, settings.max_sockets_waiting), clock)
        self.wires: dict[str, Wire] = {"http": Web(http)}
        """By the name that a connector calls its wire by."""
        self.replays_changed: Callable[[], None] = lambda: None
        """Called when something is to be told again, or no longer; the readers listen."""
        self._speaking: dict[str, tuple[Channel, Connector[Any]]] = {}
        self._going: set[str] = set()
        """Subscriptions that are being disabled."""
        self.evidence = Evidence(http, clock)
        self.unreadable = Unreadable(clock, self.say)
        self._locks: dict[str, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def lock(self, name: str) -> asyncio.Lock:
        """Give the lock of a name: one at a time in this process does what it stands for."""
        return self._locks.setdefault(name, asyncio.Lock())

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background; if it breaks, that is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.counts.add("errors", type(error).__name__)
            logger.error("background work broke", exc_info=error)

    async def settle(self) -> None:
        """Wait for what is being done in the background."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def record(self, fact: MessageFact) -> Outcome:
        """Write a fact down; return when it is on disk."""
        outcome: Outcome = await self.store.put(self.pen, fact)
        return outcome

    def connector(self, channel: Channel) -> Connector[Any]:
        """Give the connector of a channel, ready to speak; raises Misconfigured where its settings do not fit."""
        known = self._speaking.get(channel.id)
        if known is not None and known[0] is channel:
            return known[1]
        kind = self.connectors.get(channel.connector)
        if kind is None:
            raise Misconfigured(f"Channel {channel.id} names a connector that is not installed: {channel.connector}.")
        try:
            settings = read_settings(kind, channel.settings)
        except Refused as error:
            raise Misconfigured(f"The settings of channel {channel.id} do not fit: {error.errors}") from error
        connector = kind(settings, channel.platform)
        self._speaking[channel.id] = (channel, connector)
        return connector

    def say(self, notice: Noticed) -> None:
        """Tell the operators of a workspace something, in the background."""
        logger.warning(notice.notice.name, workspace=notice.workspace, **notice.notice.data)
        self.spawn(self._say(notice))

    async def _say(self, notice: Noticed) -> None:
        await self.record(notice)

    def disable(self, subscription: Subscription, why: str) -> None:
        """Disable a subscription whose endpoint is `gone` for good (410), or has been `failing` for days."""
        if subscription.id not in self._going:
            self._going.add(subscription.id)
            self.spawn(self._disable(subscription, why))

    async def _disable(self, subscription: Subscription, why: str) -> None:
        try:
            known = self.directory.subscriptions.get(subscription.id)
            # Where its URL was changed meanwhile, nobody has said anything of the new one.
            if known is not None and known.active and known.url == subscription.url:
                now = self.clock.now()

                def stop(stored: Subscription) -> Subscription:
                    return replace(stored, active=False, stopped=why, updated_at=now, revision=stored.revision + 1)

                # Told first: if we die in between it is told twice, and not never.
                await self.record(notices.disabled(known, why))
                await self.directory.change(lambda: self.directory.change_subscription(known.id, stop))
        finally:
            self._going.discard(subscription.id)

    @property
    def link_base(self) -> str:
        """What stands before the slug in short addresses, with the slash."""
        return f"{self.settings.link_url}/"

    def callback_url(self, channel: str) -> str:
        """The public URL where a channel's provider calls us."""
        return f"{self.settings.public_url}/callbacks/{channel}"
