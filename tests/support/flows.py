"""The road without its doors: a hub whose facts a test writes itself, on a clock that it moves."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import msgspec
from msgspec import Raw

from support.clock import MovedClock
from support.keys import hmac_key
from support.names import LOOPBACK, Names
from support.quiet import quiet
from support.stores import read
from tidings.assemble import Hub, assembled
from tidings.connectors.connector import Capabilities, Connector, Outgoing
from tidings.connectors.connector import Settings as ConnectorSettings
from tidings.flow.accept import accept, prepare
from tidings.flow.clock import Chance
from tidings.flow.facts import Accepted, Submitted, Taking, Told
from tidings.flow.notify import Notifier
from tidings.flow.send import Sender
from tidings.flow.traces import Traces
from tidings.model.content import Content
from tidings.model.drafts import Addressee, Draft
from tidings.model.errors import BadSignature, SendDeferred, SendFailed, Unreadable
from tidings.model.exchange import Call, Callback, Exchange, Piece, Sent
from tidings.model.messages import Direction, Message, Plan, Recipient, Route
from tidings.model.reports import Inbound, Receipt, Report, Target
from tidings.model.secrets import Secret
from tidings.model.stages import Cause, Reason, Stage
from tidings.model.subscriptions import Filter, Subscription, Wanted
from tidings.model.workspaces import Channel, Workspace
from tidings.rules.lifecycle import begin
from tidings.settings import Settings

PHONE = "+31612345678"
RAW = Raw(b"{}")


class TinySettings(ConnectorSettings, frozen=True):
    """Where the provider listens."""

    url: str


class Tiny(Connector[TinySettings]):
    """A provider that posts JSON and reports in our own words; its statuses say everything."""

    name = "tiny"
    label = "Tiny"
    platforms = ("sms", "whatsapp", "facebook", "email")
    capabilities: ClassVar[dict[str, Capabilities]] = dict.fromkeys(
        platforms, Capabilities(sends=frozenset({"text"}), signature="a password")
    )
    Settings = TinySettings

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        said = {"tag": outgoing.tag, "to": outgoing.to, "text": outgoing.content.text, "tries": outgoing.tries}
        reply = yield Call.post(self.settings.url, json=said)
        reason = Reason(Cause.PROVIDER, f"HTTP {reply.status}", str(reply.status), permanent=False)
        if reply.status in (429, 503):
            raise SendDeferred(reason, after=reply.retry_after(outgoing.now), channel_wide=reply.status == 429)
        if reply.status == 418:
            raise ZeroDivisionError("a fault of the connector's")
        if not reply.ok:
            raise SendFailed(reason, reply.raw)
        return Sent(pieces=(Piece(f"ref {outgoing.tag}"),), answer=RAW)

    def verify(self, callback: Callback) -> None:
        if callback.headers.get("password") != "right":
            raise BadSignature("wrong password")

    def parse(self, callback: Callback) -> list[Report]:
        if callback.body == b"break":
            raise ZeroDivisionError("a fault of the connector's")
        try:
            return msgspec.json.decode(callback.body, type=list[Report])
        except msgspec.DecodeError as error:
            raise Unreadable(str(error)) from error


class TinyOnce(Tiny):
    """The same, taking a message once however often it is sent."""

    name = "tiny-once"
    capabilities: ClassVar[dict[str, Capabilities]] = dict.fromkeys(
        Tiny.platforms, Capabilities(sends=frozenset({"text"}), deduplicates=True)
    )


class Steady(Chance):
    """Chance whose jitter a test sets: 0.5 is none."""

    def __init__(self, share: float = 0.5) -> None:
        self.jitter = share

    def share(self) -> float:
        return self.jitter


class Flow:
    """A hub, its one workspace, and the facts that a test writes."""

    def __init__(self, hub: Hub, clock: MovedClock) -> None:
        self.hub = hub
        self.world = hub.world
        self.clock = clock
        self.workspace = Workspace(id="w1", name="Acme", account=7, created_at=1, catch_all="all")

    # -- setting up ----------------------------------------------------------------------------------------------

    async def subscribe(
        self,
        url: str,
        *wanted: str,
        dialect: str = "omnichannel",
        filters: Sequence[tuple[str, str]] = (),
        id_: str = "s1",
        **more: Any,
    ) -> Subscription:
        """Subscribe, by default to `message.*`; the reader runs when this returns."""
        names = wanted or ("message.*",)
        passing = tuple(Filter(*each) for each in filters)
        given: dict[str, Any] = {"created_at": 1, "updated_at": 1, **more}
        return await self.put(
            Subscription(
                id=id_,
                serial=0,
                workspace=self.workspace.id,
                dialect=dialect,
                url=url,
                wanted=tuple(Wanted(name, passing) for name in names),
                secret=Secret("sixteen letters!"),
                keys=(hmac_key(),),
                **given,
            )
        )

    async def put(self, subscription: Subscription) -> Subscription:
        """Write a subscription, new or changed."""
        directory = self.world.directory
        made = await directory.change(lambda: directory.put_subscription(subscription))
        await self.hub.readers.settled()
        return made

    async def channel(
        self, url: str = "", *, id_: str = "c1", platform: str = "sms", connector: str = "tiny", **more: Any
    ) -> Channel:
        """Set a channel up; its sender runs when this returns."""
        channel = Channel(
            id=id_,
            workspace=self.workspace.id,
            name=id_,
            platform=platform,
            connector=connector,
            settings={"url": url or "http://127.0.0.1:9/"},
            created_at=1,
            **more,
        )
        directory = self.world.directory
        await directory.change(lambda: directory.put_channel(channel))
        await self.hub.readers.settled()
        return channel

    def notifier(self, number: int = 0) -> Notifier:
        return self.hub.readers.notifiers[number]

    def sender(self, channel: str = "c1") -> Sender:
        return self.hub.readers._senders[channel][1]

    # -- facts ---------------------------------------------------------------------------------------------------

    def taking(self, *channels: str, text: str = "Hello", to: str = PHONE, expires_in: int = 10**9) -> Taking:
        """Make up a message that goes over some channels in order."""
        now = self.clock.now()
        message = Message(
            id=self.world.chance.id(),
            workspace=self.workspace.id,
            direction=Direction.OUTGOING,
            created_at=now,
            recipients=(Recipient("k1", {"phonenumber": to}, country="NL"),),
            routes=tuple(Route("sms", each) for each in channels),
            content=Content(text=text),
        )
        plans = tuple(Plan("sms", channel, to) for channel in channels)
        return Taking(message, plans, begin(message.id, plans, expires_at=now + expires_in, now=now), ())

    async def accepted(self, *channels: str, **more: Any) -> str:
        """Take a message; nobody sends it unless there is such a channel."""
        taking = self.taking(*(channels or ("nobody's",)), **more)
        await self.world.record(Accepted((taking,)))
        return taking.message.id

    async def sent(self, *, reference: str = "") -> str:
        """Take a message and note that a provider took it: `message.sent` is told."""
        message = await self.accepted()
        piece = Piece(reference or f"ref {message}")
        await self.world.record(Submitted(message, 0, Sent(pieces=(piece,), answer=RAW)))
        return message

    async def reached(self, message: str, stage: Stage, channel: str = "nobody's") -> None:
        """Note a receipt about a message."""
        receipt = Receipt(target=Target(message=message), stage=stage, raw=RAW)
        await self.world.record(Told(self.as_channel(channel), receipt))

    async def inbound(self, key: str, sender: str = PHONE, channel: str = "nobody's") -> str:
        """Note that somebody wrote to us; gives the message's id."""
        outcome = await self.world.record(
            Told(self.as_channel(channel), Inbound(key, sender, RAW, content=Content(text="Hi")))
        )
        message: str = outcome.value
        return message

    def as_channel(self, id_: str) -> Channel:
        """Name a channel, that need not be set up, as the source of a report."""
        known = self.world.directory.channels.get(id_)
        return known or Channel(
            id=id_, workspace="w1", name=id_, platform="sms", connector="tiny", settings={}, created_at=1
        )

    def draft(self, *routes: Route, text: str = "Hello", **more: Any) -> Draft:
        """Make up what a client asks for."""
        given: dict[str, Any] = {
            "dialect": "omnichannel",
            "to": (Addressee(addresses={"phonenumber": PHONE}),),
            "routes": routes or (Route("sms"),),
            "content": Content(text=text),
        }
        return Draft(**{**given, **more})

    async def take(self, draft: Draft) -> str:
        """Prepare and accept what a client asks for; gives the message's id."""
        taking = await prepare(self.world, self.workspace, draft)
        await accept(self.world, [taking])
        return taking.message.id

    # -- looking -------------------------------------------------------------------------------------------------

    async def stored(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        return await read(self.world.store, name, **values)

    async def cursor(self, serial: int = 1) -> int:
        position: int = (await self.stored("get_cursor", subscription=serial))[0][0]
        return position

    async def held(self, *, dead: bool = False) -> list[tuple[Any, ...]]:
        """What is set aside for the first subscription: position, tries, due."""
        rows = await self.stored("held_by", subscription=1, dead=dead, limit=10**5)
        return [(row[0], row[2], row[4]) for row in rows]

    async def quiet(self) -> None:
        """Wait until the first notifier has nothing under way and has written everything down."""
        await quiet([self.notifier()])


@asynccontextmanager
async def flowing(
    url: str, *, clock: MovedClock | None = None, share: float = 0.5, spans: Traces | None = None, **settings: Any
) -> AsyncIterator[Flow]:
    """Run a hub without doors on a database, with a workspace in it."""
    clock = clock or MovedClock()
    # One key for every hub of a test: they share their secrets.
    keys = "ZmVybmV0LWtleS1vZi10aGUtdGVzdHMtMzItb2N0ZXQ="
    given = {"database_url": url, "secret_keys": keys, "public_url": "http://127.0.0.1", "allow_networks": LOOPBACK}
    settings = {**given, **settings}
    chance = Steady(share)
    async with assembled(Settings(**settings), clock=clock, chance=chance, resolver=Names(), traces=spans) as hub:
        hub.world.connectors = {**hub.world.connectors, "tiny": Tiny, "tiny-once": TinyOnce}
        flow = Flow(hub, clock)
        directory = hub.world.directory
        if flow.workspace.id not in directory.workspaces:
            await directory.change(lambda: directory.put_workspace(flow.workspace))
        await hub.readers.settled()
        yield flow
