"""Whole lives over real sockets: a hub, simulated providers, and a subscriber in both vocabularies."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from support.hub import Running, running
from support.receiver import Got
from support.skipping import SkippingClock
from support.subscriber import Subscriber
from support.waiting import until
from tidings.simulators.custom import CustomProvider
from tidings.simulators.mailgun import Mailgun
from tidings.simulators.simulator import Simulator
from tidings.simulators.twilio import Twilio
from tidings.simulators.whatsapp_cloud import WhatsAppCloud

PACE: Final = 0.005
RETRY_SECONDS: Final = (0.05, 0.1, 0.2)
KEY: Final = "whsec_" + base64.b64encode(b"a-key-of-the-custom-provider-32!").decode()


class Stand(NamedTuple):
    """A provider's stand-in, and a channel's settings for it."""

    simulator: type[Simulator]
    platform: str
    settings: Mapping[str, Any]
    to: Mapping[str, str]
    """Whom a message by it is for."""
    stages: Sequence[str] = ("sent", "delivered")
    """What an ordinary message goes through after it is accepted."""


STANDS: Final[Mapping[str, Stand]] = {
    "twilio": Stand(
        Twilio,
        "sms",
        {"accountSid": "AC" + "0" * 32, "authToken": "a-token", "sender": "+15005550006"},
        {"phoneNumber": "447700900001"},
    ),
    "mailgun": Stand(
        Mailgun,
        "email",
        {"apiKey": "a-key", "signingKey": "another-key", "domain": "mail.example.com", "sender": "us@mail.example.com"},
        {"email": "ann@example.com"},
    ),
    "whatsapp-cloud": Stand(
        WhatsAppCloud,
        "whatsapp",
        {
            "phoneNumberId": "104541186076935",
            "accessToken": "a-token",
            "appSecret": "an-app-secret",
            "verifyToken": "a-verify-token",
            "phoneNumber": "+15550783881",
        },
        {"phoneNumber": "447700900001"},
        ("sent", "delivered", "read"),
    ),
    "custom": Stand(
        CustomProvider,
        "mms",
        {"signingKey": KEY, "sender": "+447700900000", "reads": True},
        {"phoneNumber": "447700900001"},
    ),
}


class Story:
    """A running hub with one workspace, and one subscriber to everything there in both vocabularies."""

    def __init__(self, at_work: Running, clock: SkippingClock, workspace: str, subscriber: Subscriber) -> None:
        self.at_work = at_work
        self.clock = clock
        self.workspace = workspace
        self.subscriber = subscriber
        self.channels: dict[str, dict[str, Any]] = {}
        """By connector."""
        self.simulators: list[Simulator] = []

    async def channel(self, connector: str, *, set_up: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Set up a channel with its simulated provider, made with `more`; `set_up` is more of the channel."""
        stand = STANDS[connector]
        simulator = stand.simulator(dict(stand.settings), **{"pace": PACE, "retry_seconds": RETRY_SECONDS, **more})
        url = await simulator.start()
        where = {"url": f"{url}/messages"} if connector == "custom" else {"baseUrl": url}
        asked = {"platform": stand.platform, "connector": connector, **(set_up or {})}
        settings = {**stand.settings, **where, **asked.pop("settings", {})}
        channel = await self.at_work.channel(
            self.workspace, asked.pop("platform"), asked.pop("connector"), settings, **asked
        )
        simulator.callback_url = channel["callbackUrl"]
        self.channels[connector] = channel
        self.simulators.append(simulator)
        return simulator

    async def send(self, to: Mapping[str, str], *rules: str, **more: Any) -> str:
        """Send a message in the omnichannel vocabulary; give its id."""
        body = {"to": to, "rules": list(rules), "body": "Hello", **more}
        made = await self.ask("POST", f"/apispaces/{self.workspace}/messages", body, expect=201)
        return str(made["messageId"])

    async def send_by(self, connector: str, identifier: str, value: str, body: Any, **more: Any) -> str:
        """Send a message in the channels vocabulary over a connector's channel; give its id."""
        contacts = [{"identifierKey": identifier, "identifierValue": value}]
        asked = {"receiver": {"contacts": contacts}, "body": body, **more}
        made = await self.ask("POST", self.path(connector), asked, expect=202)
        return str(made["id"])

    def path(self, connector: str, *below: str) -> str:
        """Where the messages of a connector's channel are, or what is below."""
        path = f"/workspaces/{self.workspace}/channels/{self.channels[connector]['id']}/messages"
        return "/".join((path, *below))

    async def ask(self, method: str, path: str, body: Any = None, *, expect: int | None = None, **more: Any) -> Any:
        """Ask something of the hub with the root key."""
        return await self.at_work.ask(method, path, body, expect=expect, **more)

    async def life(self, message: str) -> Any:
        """Read the whole life of a message."""
        return await self.ask("GET", f"/workspaces/{self.workspace}/messages/{message}")

    async def stands(self, message: str) -> str:
        """Read how a message stands in the omnichannel vocabulary."""
        return str((await self.ask("GET", f"/apispaces/{self.workspace}/messages/{message}"))["status"])

    async def hears(self, told: Mapping[str, Sequence[str]], *, seconds: float = 10.0) -> None:
        """Wait until the subscriber was told exactly this, and is told nothing more when all is quiet."""
        with suppress(AssertionError):
            await until(lambda: self.subscriber.told == told, seconds=seconds)
        await self.quiet()
        assert self.subscriber.told == told

    async def hears_of(self, name: str, number: int = 1) -> Any:
        """Wait until the subscriber has been told of this so many times; give the last of those webhooks."""
        bodies = self.subscriber.bodies
        await until(lambda: len(bodies(name)) >= number, what=f"{name}; told {self.subscriber.told}")
        return bodies(name)[number - 1]

    async def quiet(self) -> None:
        """Wait until no provider has anything left to post, and every subscriber has been told what there is."""
        for simulator in self.simulators:
            await simulator.settle()
        await self._told()

    async def skip(self, seconds: float) -> None:
        """Let hours pass, once every subscriber has been told what there is: what came later would be too old."""
        await self._told()
        self.clock.skip(seconds)

    async def _told(self) -> None:
        notifiers = self.at_work.hub.readers.notifiers
        with suppress(AssertionError):
            await until(lambda: not any(each.behind for each in notifiers), seconds=3)


@asynccontextmanager
async def telling(
    tmp_path: Path, *platforms: str, answer: Callable[[Got], int] | None = None, catch_all: str = "all", **settings: Any
) -> AsyncIterator[Story]:
    """Begin a story about these platforms, and prove at its end that every webhook was good."""
    clock = SkippingClock()
    async with running(tmp_path, clock=clock, **settings) as at_work:
        workspace, _ = await at_work.workspace(catchAll=catch_all)
        subscriber = Subscriber(at_work, workspace, clock.now, answer)
        story = Story(at_work, clock, workspace, subscriber)
        async with subscriber.receiver:
            try:
                await subscriber.want()
                await subscriber.want_platforms(*platforms)
                yield story
            finally:
                await asyncio.gather(*(each.stop() for each in story.simulators))
            subscriber.check()
            await _check_nothing_is_left(story)


async def _check_nothing_is_left(story: Story) -> None:
    """Fail if something broke in the background, or a report was left that nobody knew what to do with."""
    counts = story.at_work.world.counts.all()
    assert not {label: number for (name, label), number in counts.items() if name == "errors"}
    parked = await story.ask("GET", f"/workspaces/{story.workspace}/parked")
    assert parked["results"] == []
