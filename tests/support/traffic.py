"""Traffic for a hub that dies: clients that insist, a provider that insists, people who answer."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.mortal import Client
from tidings.simulators.simulator import Simulator
from tidings.simulators.twilio import Twilio

SETTINGS = {"accountSid": "AC" + "0" * 32, "authToken": "kill-test-token", "sender": "+15005550006"}


class Insisting(Twilio):
    """A provider that repeats a callback until it is taken, so that whatever the hub accepted must come out."""

    _post_until_taken = Simulator._post_until_taken


class Traffic:
    """Messages that are submitted without end, each with a key of its own; every fifth of them is answered."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.simulator = Insisting(SETTINGS, pace=0.01, retry_seconds=[0.1] * 600)
        self.workspace = ""
        self.accepted: list[str] = []
        self.written: list[str] = []
        """What people wrote."""
        self._ended = asyncio.Event()
        self._workers: Sequence[asyncio.Task[None]] = ()

    async def set_up(self) -> None:
        """Make a workspace with a channel of the provider."""
        base_url = await self.simulator.start()
        self.workspace = (await self.client.insist("POST", "/workspaces", {"name": "Acme", "accountId": 1}))["id"]
        await self.client.known_everywhere(f"/workspaces/{self.workspace}/channels")
        body = {"name": "Sms", "platform": "sms", "connector": "twilio", "settings": {**SETTINGS, "baseUrl": base_url}}
        channel = await self.client.insist("POST", f"/workspaces/{self.workspace}/channels", body)
        self.simulator.callback_url = channel["callbackUrl"] + "/inbound"
        await self.client.known_everywhere(f"/workspaces/{self.workspace}/channels/{channel['id']}")

    async def subscribe(self, url: str, **more: Any) -> str:
        """Subscribe an endpoint to everything about messages; gives the subscription's id."""
        hook = {"name": "All", "url": url, "secret": "s" * 16, "subscriptions": [{"type": "message.*"}], **more}
        made = await self.client.insist("POST", f"/apispaces/{self.workspace}/webhooks", hook)
        await self.client.known_everywhere(f"/workspaces/{self.workspace}/subscriptions/{made['id']}")
        return str(made["id"])

    def start(self, *, workers: int, pause: float) -> None:
        """Have so many clients submit messages, each with a pause of so many seconds after every one."""
        self._workers = [asyncio.create_task(self._submit(worker, pause)) for worker in range(workers)]

    async def end(self) -> None:
        """Have every client come to an end, and every callback be taken."""
        self._ended.set()
        await asyncio.gather(*self._workers)
        await self.simulator.settle()

    async def stop(self) -> None:
        """Drop whatever is still under way."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self.simulator.stop()

    def handed(self) -> Counter[str]:
        """How often each message was handed to the provider."""
        return Counter(_message_of(taken) for taken in self.simulator.taken)

    async def _submit(self, worker: int, pause: float) -> None:
        number = 0
        while not self._ended.is_set():
            number += 1
            phone, key = f"+4477009{worker:02d}{number % 1000:03d}", f"{worker}-{number}"
            draft = {"to": {"phoneNumber": phone}, "rules": ["sms"], "body": key}
            path = f"/apispaces/{self.workspace}/messages"
            made = await self.client.insist("POST", path, draft, idempotency_key=key)
            self.accepted.append(made["messageId"])
            if number % 5 == 0:
                text = f"reply {key}"
                self.simulator.post(self.simulator.inbound(phone, text))
                self.written.append(text)
            await asyncio.sleep(pause)


def _message_of(taken: dict[str, Any]) -> str:
    asked = urlsplit(str(taken["fields"]["StatusCallback"][0]))
    return parse_qs(asked.query)["m"][0]
