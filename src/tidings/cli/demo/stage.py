"""Where the demonstration is played: a hub, its providers, and all that is set up in it, by way of its API."""

import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from tidings.cli.client import Trouble
from tidings.cli.demo.receiver import CHANNELS, OMNICHANNEL, Keys, Receiver
from tidings.cli.service import opened
from tidings.cli.simulation import sample, simulators
from tidings.settings import Settings
from tidings.simulators.simulator import Simulator

BAD_REQUEST = 400
"""From here on a status is a no."""
PACE = 0.15
"""Seconds that the simulated providers take between two reports, so that one can follow."""
HERE = "127.0.0.0/8"
"""Where providers and the receiver are: on this machine."""
OMNICHANNEL_EVENTS = ("message.sentRequest", "message.*", "interaction.click")
"""What the one omnichannel webhook names; the first is told only to those who name it."""


class Player(NamedTuple):
    """Which connector plays a platform, and more of its channel."""

    platform: str
    connector: str
    more: Mapping[str, Any] = {}


class Stage:
    """A running hub with a workspace in it, and a client that holds the workspace's key."""

    def __init__(self, hub_url: str, root_key: str, http: aiohttp.ClientSession) -> None:
        self.hub_url = hub_url
        self.workspace = ""
        self.channels: dict[str, str] = {}
        """Ids, by platform."""
        self.simulators: dict[str, Simulator] = {}
        """By platform."""
        self._key = root_key
        self._http = http

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask something of the hub, as any client would; raises Trouble for a no."""
        headers = {"authorization": f"AccessKey {self._key}"}
        async with self._http.request(method, self.hub_url + path, json=body, headers=headers) as response:
            if response.status >= BAD_REQUEST:
                raise Trouble(f"{method} {path} was answered {response.status}: {await response.text()}")
            return await response.json()

    async def set_up(self, receiver: Receiver, players: Sequence[Player], events: Sequence[str]) -> None:
        """Make the workspace, its channels and its subscriptions, one for each event of the channels vocabulary."""
        made = await self.ask("POST", "/workspaces", {"name": "Demo", "accountId": 1234})
        self.workspace, self._key = made["id"], made["accessKey"]
        for platform, connector, more in players:
            simulator = self.simulators[platform]
            simulator.space_url = f"{self.hub_url}/apispaces/{self.workspace}"
            asked = {
                "platform": platform,
                "connector": connector,
                "settings": simulator.channel_settings,
                **more,
            }
            channel = await self.ask("POST", f"/workspaces/{self.workspace}/channels", asked)
            self.channels[platform] = channel["id"]
            simulator.callback_url = channel["callbackUrl"]
        await self._subscribe(receiver, events)

    async def _subscribe(self, receiver: Receiver, events: Sequence[str]) -> None:
        secret, path = secrets.token_urlsafe(24), f"/{OMNICHANNEL}/messages"
        wanted = [{"type": event} for event in OMNICHANNEL_EVENTS]
        asked: dict[str, Any] = {"url": receiver.url + path, "secret": secret, "subscriptions": wanted}
        made = await self.ask("POST", f"/apispaces/{self.workspace}/webhooks", asked)
        receiver.keys[path] = Keys(made["signingKey"], secret)
        for event in events:
            path = f"/{CHANNELS}/{event}"
            asked = {"service": "channels", "event": event, "url": receiver.url + path, "signingKey": secret}
            made = await self.ask("POST", f"/workspaces/{self.workspace}/webhook-subscriptions", asked)
            receiver.keys[path] = Keys(made["standardSigningKey"], secret)

    async def send_over(self, platform: str, body: Mapping[str, Any]) -> str:
        """Send a message over one channel, in the channels vocabulary; give its id."""
        path = f"/workspaces/{self.workspace}/channels/{self.channels[platform]}/messages"
        return str((await self.ask("POST", path, dict(body)))["id"])

    async def send_by_rules(self, body: Mapping[str, Any]) -> str:
        """Send a message in the omnichannel vocabulary; give its id."""
        return str((await self.ask("POST", f"/apispaces/{self.workspace}/messages", dict(body)))["messageId"])

    async def life(self, message: str) -> dict[str, Any]:
        """Read a message's whole life."""
        life: dict[str, Any] = await self.ask("GET", f"/workspaces/{self.workspace}/messages/{message}")
        return life

    async def log(self, message: str) -> list[dict[str, Any]]:
        """Read everything that the log says of a message, in order."""
        read = await self.ask("GET", f"/workspaces/{self.workspace}/events?messageId={message}")
        events: list[dict[str, Any]] = read["results"]
        return events


@asynccontextmanager
async def staged(
    receiver: Receiver, players: Sequence[Player], events: Sequence[str], *, pace: float = PACE
) -> AsyncIterator[Stage]:
    """Start the hub on a free port with its data in a temporary folder, and the providers; stop them in the end."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidings-demo-")))
        settings = Settings(data_dir=folder, port=0, allow_networks=HERE, mail_port=0)
        hub, server, listener = await stack.enter_async_context(opened(settings))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        stage = Stage(hub.world.settings.public_url, hub.new_root_key, http)
        try:
            kinds = simulators()
            for platform, connector, _ in players:
                simulator = kinds[connector](sample(connector)[1], pace=pace)
                simulator.mail_door = f"127.0.0.1:{hub.mail.port}"
                await simulator.start()
                stack.push_async_callback(simulator.stop)
                stage.simulators[platform] = simulator
            await stage.set_up(receiver, players, events)
            yield stage
        finally:
            server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await serving
