"""Where the demonstration is played: a hub, its providers, and all that is set up in it, by way of its API."""

import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tidings.cli.client import Trouble
from tidings.cli.demo.receiver import Keys, Receiver
from tidings.cli.demo.story import CHANNELS, CHANNELS_EVENTS, OMNICHANNEL, OMNICHANNEL_EVENTS
from tidings.cli.service import opened
from tidings.cli.simulation import channel_settings, sample, simulators
from tidings.settings import Settings
from tidings.simulators.simulator import Simulator

BAD_REQUEST = 400
"""From here on a status is a no."""
PACE = 0.15
"""Seconds that the simulated providers take between two reports, so that one can follow."""
PLAYERS = {"sms": "twilio", "email": "mailgun", "whatsapp": "whatsapp-cloud", "pager": "custom"}
"""Which connector plays each platform."""
PAGER_SECONDS = 2
"""How long a message to the pager may take."""


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

    async def set_up(self, receiver: Receiver) -> None:
        """Make the workspace, its channels and its subscriptions."""
        made = await self.ask("POST", "/workspaces", {"name": "Demo", "accountId": 1234})
        self.workspace, self._key = made["id"], made["accessKey"]
        for platform, simulator in self.simulators.items():
            asked = {
                "platform": platform,
                "connector": simulator.name,
                "settings": channel_settings(simulator),
                **({"expiryHours": PAGER_SECONDS / 3600} if platform == "pager" else {}),
            }
            channel = await self.ask("POST", f"/workspaces/{self.workspace}/channels", asked)
            self.channels[platform] = channel["id"]
            simulator.callback_url = channel["callbackUrl"]
        await self._subscribe(receiver)

    async def _subscribe(self, receiver: Receiver) -> None:
        secret, path = secrets.token_urlsafe(24), f"/{OMNICHANNEL}/messages"
        wanted = [{"type": event} for event in OMNICHANNEL_EVENTS]
        asked: dict[str, Any] = {"url": receiver.url + path, "secret": secret, "subscriptions": wanted}
        made = await self.ask("POST", f"/apispaces/{self.workspace}/webhooks", asked)
        receiver.keys[path] = Keys(made["signingKey"], secret)
        for event in CHANNELS_EVENTS:
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


@asynccontextmanager
async def staged(receiver: Receiver) -> AsyncIterator[Stage]:
    """Start the hub on a free port with its data in a temporary folder, and the providers; stop them in the end."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidings-demo-")))
        hub, server, listener = await stack.enter_async_context(opened(Settings(data_dir=folder, port=0)))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        stage = Stage(hub.world.settings.public_url, hub.new_root_key, http)
        for platform, connector in PLAYERS.items():
            simulator = simulators()[connector](sample(connector)[1], pace=PACE)
            await simulator.start()
            stack.push_async_callback(simulator.stop)
            stage.simulators[platform] = simulator
        try:
            await stage.set_up(receiver)
            yield stage
        finally:
            server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await serving
