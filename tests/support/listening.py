"""A hub's side of a provider: a connector, what it sends, and what the provider's simulator tells it over loopback."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from aiohttp import web

from support.carrier import carry
from tidings.connectors.connector import Connector, Outgoing, read_settings
from tidings.model.content import Content
from tidings.model.errors import BadSignature
from tidings.model.exchange import Answer, Call, Callback, Exchange, Reply, Sent
from tidings.model.reports import Receipt, Report
from tidings.model.stages import Stage
from tidings.simulators.simulator import Callback as Telling
from tidings.simulators.simulator import Simulator

S = TypeVar("S", bound=Simulator)

PATH = "/callbacks/7"
QUICK: Mapping[str, Any] = {"pace": 0, "retry_seconds": (0.01, 0.01)}
"""How a simulator tells things in tests."""


class Hearing(Generic[S]):
    """What takes callbacks as the hub does, and hands messages to the connector."""

    def __init__(self, connector: type[Connector[Any]], simulator: S, platform: str) -> None:
        self.simulator = simulator
        self.reports: list[Report] = []
        self.callbacks: list[Callback] = []
        """Every callback, in the order they came."""
        self.answers: list[int] = []
        """Statuses to answer the next callbacks with, before they are taken."""
        self.url = ""
        self.ahead = 0
        """Milliseconds that our clock is ahead of the provider's."""
        self._kind = connector
        self._platform = platform

    @property
    def now(self) -> int:
        """The time by our clock, milliseconds."""
        return int(time.time() * 1000) + self.ahead

    @property
    def bodies(self) -> list[Any]:
        """What the callbacks said, each in JSON."""
        return [msgspec.json.decode(callback.body) for callback in self.callbacks]

    @property
    def stages(self) -> list[Stage]:
        """The stages that were told, in order."""
        return [report.stage for report in self.reports if isinstance(report, Receipt)]

    def channel(self, **settings: Any) -> None:
        """Set the channel up anew, with the simulator's settings but for these."""
        given = {**self.simulator.channel_settings, **settings}
        self.connector = self._kind(read_settings(self._kind, given), self._platform)

    async def hear(self, request: web.Request) -> web.Response:
        """Take a callback; one whose signature is wrong is refused."""
        callback = Callback(
            method=request.method,
            # As it was called, to the letter: some sign it.
            url=f"{self.url.removesuffix(PATH)}{request.raw_path}",
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            received_at=self.now,
            below=request.match_info.get("below", ""),
        )
        self.callbacks.append(callback)
        if self.answers:
            return web.Response(status=self.answers.pop(0))
        try:
            answer = self.connector.handshake(callback) or await self._take(callback)
        except BadSignature:
            answer = self.connector.refusal(callback)
        return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)

    async def _take(self, callback: Callback) -> Answer:
        call = self.connector.evidence(callback)
        if call is not None:
            callback = msgspec.structs.replace(callback, evidence=(await carry(_got(call))).body)
        self.connector.verify(callback)
        exchange = self.connector.complete(callback)
        if exchange is not None:
            callback = await carry(exchange)
        self.reports += self.connector.parse(callback)
        acknowledgement = self.connector.acknowledge(callback)
        if acknowledgement is not None:
            await carry(acknowledgement)
        return self.connector.answer(callback)

    async def hand_over(self, outgoing: Outgoing) -> Sent:
        """Send a message that the connector has nothing against, and wait for all that is told of it."""
        assert self.connector.check(outgoing) == ()
        sent = await carry(self.connector.send(outgoing, report_to=self.url))
        await self.simulator.settle()
        return sent

    async def happens(self, callbacks: Sequence[Telling]) -> list[Report]:
        """Let the simulator post, and give what that means."""
        before = len(self.reports)
        self.simulator.post(callbacks)
        await self.simulator.settle()
        return self.reports[before:]


def _got(call: Call) -> Exchange[Reply]:
    return (yield call)


class Listening(Hearing[S]):
    """What sends messages of one kind to one person, unless a test says otherwise."""

    def __init__(self, connector: type[Connector[Any]], simulator: S, outgoing: Mapping[str, Any]) -> None:
        super().__init__(connector, simulator, outgoing.get("platform", connector.platforms[0]))
        self.usual = outgoing
        """What every message is like, where a test does not say."""

    def outgoing(self, content: Content | str = "Hello", **given: Any) -> Outgoing:
        """Make up a message; what is no field of `Outgoing` is one of its options."""
        options = {name: given.pop(name) for name in tuple(given) if name not in Outgoing.__struct_fields__}
        fields: dict[str, Any] = {"message": "0198-msg", "hop": 1, "workspace": "ws", "now": self.now, **self.usual}
        return Outgoing(
            **{**fields, "platform": self.connector.platform, "options": options, **given},
            content=Content(text=content) if isinstance(content, str) else content,
        )

    async def send(self, content: Content | str = "Hello", **given: Any) -> Sent:
        """Send a message, and wait for all that is told of it."""
        return await self.hand_over(self.outgoing(content, **given))


@contextlib.asynccontextmanager
async def on_loopback(hub: Hearing[S], other: Mapping[str, Any] | None = None) -> AsyncIterator[None]:
    """Run a hub's simulator and its door, with a channel of the simulator's settings but for the `other` ones."""
    await hub.simulator.start()
    hub.channel(**(other or {}))
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_route("*", PATH, hub.hear)
    app.router.add_route("*", PATH + "/{below:.+}", hub.hear)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hub.url = hub.simulator.callback_url = f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    try:
        yield
    finally:
        await hub.simulator.stop()
        await runner.cleanup()


@contextlib.asynccontextmanager
async def listening(
    connector: type[Connector[Any]],
    simulator: Callable[..., S],
    settings: Mapping[str, Any],
    *,
    outgoing: Mapping[str, Any],
    other: Mapping[str, Any] | None = None,
    **simulated: Any,
) -> AsyncIterator[Listening[S]]:
    """Run a simulator with these settings, and a channel with the same, but for the `other` ones.

    `outgoing` is what every message is like: to whom it goes, and whatever else of `Outgoing` a test wants otherwise.
    """
    running = simulator(settings, **{**QUICK, **simulated})
    hub = Listening(connector, running, outgoing)
    async with on_loopback(hub, other):
        yield hub
