"""The hub is killed again and again under load: nothing it accepted may be lost, no story told backwards."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from support.receiver import Receiver
from support.waiting import until
from tidings.simulators.simulator import Simulator
from tidings.simulators.twilio import Twilio

ROOT_KEY = "tdg_root_for_tests"
SETTINGS = {"accountSid": "AC" + "0" * 32, "authToken": "kill-test-token", "sender": "+15005550006"}
RANKS = {"message.sent": 30, "message.expired": 35, "message.failed": 36, "message.delivered": 40, "message.read": 50}


class Insisting(Twilio):
    """A provider that repeats a callback until it is taken, so that whatever the hub accepted must come out."""

    _post_until_taken = Simulator._post_until_taken


class Mortal:
    """A hub process that is killed and started again on the same port and the same data."""

    def __init__(self, data: Path, database_url: str) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "TIDINGS_DATA_DIR": str(data),
            "TIDINGS_DATABASE_URL": database_url,
            "TIDINGS_PORT": str(self.port),
            "TIDINGS_ROOT_KEY": ROOT_KEY,
            "TIDINGS_UNCERTAIN_GRACE": "3",
            "TIDINGS_LEASE_SECONDS": "1",
            "TIDINGS_PROVIDER_TIMEOUT": "1.5",
            "TIDINGS_LOG_LEVEL": "error",
        }
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "Mortal":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.kill()

    async def start(self) -> None:
        command = (sys.executable, "-m", "tidings", "serve")
        self._process = await asyncio.create_subprocess_exec(*command, env=self._environment, stdout=-3)
        async with aiohttp.ClientSession() as http:
            for _ in range(600):
                with contextlib.suppress(aiohttp.ClientError):
                    async with http.get(self.url + "/readyz") as answer:
                        if answer.status == 200:
                            return
                assert self._process.returncode is None, "the hub did not start"
                await asyncio.sleep(0.02)
        raise AssertionError("the hub did not become ready")

    async def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        return await asyncio.wait_for(self._process.wait(), 20)


class Client:
    """Asks until it is answered, as a client with idempotency keys may."""

    def __init__(self, hub: Mortal, http: aiohttp.ClientSession) -> None:
        self._hub = hub
        self._http = http

    async def insist(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"authorization": f"Bearer {ROOT_KEY}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self._http.request(method, self._hub.url + path, json=body, headers=sent) as answer:
                    if answer.status < 500:
                        assert answer.status < 300, f"{path}: {answer.status} {await answer.text()}"
                        return await answer.json(content_type=None)
            await asyncio.sleep(0.02)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_killed_twenty_times_under_load_it_loses_nothing_and_keeps_order(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    await _kill_under_load(_database_url(kind, request), tmp_path, kills=20)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_killed_two_hundred_times_it_loses_nothing_either(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    await _kill_under_load(_database_url(kind, request), tmp_path, kills=200)


def _database_url(kind: str, request: pytest.FixtureRequest) -> str:
    return "" if kind == "sqlite" else str(request.getfixturevalue("postgres_url"))


async def _kill_under_load(database_url: str, tmp_path: Path, *, kills: int) -> None:
    chance = random.Random(7)
    async with (
        Receiver() as receiver,
        Mortal(tmp_path, database_url) as hub,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as http,
    ):
        client = Client(hub, http)
        simulator = Insisting(SETTINGS, pace=0.01, retry_seconds=[0.1] * 600)
        base_url = await simulator.start()
        workspace = (await client.insist("POST", "/workspaces", {"name": "Acme", "accountId": 1}))["id"]
        body = {"name": "Sms", "platform": "sms", "connector": "twilio", "settings": {**SETTINGS, "baseUrl": base_url}}
        channel = await client.insist("POST", f"/workspaces/{workspace}/channels", body)
        simulator.callback_url = channel["callbackUrl"] + "/inbound"
        hook = {"name": "All", "url": receiver.url + "/all", "secret": "s" * 16}
        hook["subscriptions"] = [{"type": "message.*"}]  # type: ignore[assignment]
        await client.insist("POST", f"/apispaces/{workspace}/webhooks", hook)

        accepted: list[str] = []
        written: list[str] = []
        ended = asyncio.Event()

        async def submit(worker: int) -> None:
            number = 0
            while not ended.is_set():
                number += 1
                draft = {
                    "to": {"phoneNumber": f"+4477009{worker:02d}{number % 1000:03d}"},
                    "rules": ["sms"],
                    "body": f"{worker}-{number}",
                }
                key = f"{worker}-{number}"
                made = await client.insist("POST", f"/apispaces/{workspace}/messages", draft, idempotency_key=key)
                accepted.append(made["messageId"])
                if number % 5 == 0:
                    text = f"reply {worker}-{number}"
                    simulator.post(simulator.inbound(draft["to"]["phoneNumber"], text))  # type: ignore[index]
                    written.append(text)
                await asyncio.sleep(0.01)

        workers = [asyncio.create_task(submit(worker)) for worker in range(8)]
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.05, 0.7))
            await hub.kill()
            await hub.start()
        await asyncio.sleep(0.3)
        ended.set()
        await asyncio.gather(*workers)
        await simulator.settle()

        told = _Told(receiver)
        await until(
            lambda: all(told.is_final(message) for message in accepted), seconds=60, what="every message is told final"
        )
        await until(lambda: set(written) <= told.inbounds(), seconds=30, what="every inbound is told")
        assert await hub.stop() == 0
        await simulator.stop()

    assert len(set(accepted)) == len(accepted) > 100
    handed = Counter(_message_of(taken) for taken in simulator.taken)
    assert max(handed.values()) == 1, "a message was handed to the provider twice"
    for message in accepted:
        told.check_order(message)
        if handed[message]:
            assert "message.delivered" in told.names(message), f"{message} was taken and reported delivered"
    texts = Counter(told.inbound_ids())
    assert max(texts.values()) == 1, "an inbound became two messages"


def _message_of(taken: dict[str, Any]) -> str:
    asked = urlsplit(str(taken["fields"]["StatusCallback"][0]))
    return parse_qs(asked.query)["m"][0]


class _Told:
    """What the subscriber has heard."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._read = 0
        self._by_message: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        self._inbounds: dict[str, set[str]] = defaultdict(set)

    def _catch_up(self) -> None:
        new = self._receiver.got[self._read :]
        self._read += len(new)
        for got in new:
            event = got.json
            payload = event["payload"]
            if event["name"] == "message.inbound":
                self._inbounds[payload["body"]].add(payload["id"])
            else:
                self._by_message[payload["id"]].append((event["revision"], event["name"], got.id))

    def names(self, message: str) -> list[str]:
        return [name for _, name, _ in self._by_message[message]]

    def is_final(self, message: str) -> bool:
        self._catch_up()
        return any(RANKS[name] > 30 for name in self.names(message))

    def inbounds(self) -> set[str]:
        self._catch_up()
        return set(self._inbounds)

    def inbound_ids(self) -> list[str]:
        return [text for text, ids in self._inbounds.items() for _ in ids]

    def check_order(self, message: str) -> None:
        """First hearings come in the order of revisions, and so do last ones; a revision is always the same event."""
        heard = self._by_message[message]
        for sequence in (heard, heard[::-1]):
            first = list(dict.fromkeys(revision for revision, _, _ in sequence))
            assert first == sorted(first, reverse=sequence is not heard), f"{message}: {heard}"
        assert len({(revision, id_) for revision, _, id_ in heard}) == len({revision for revision, _, _ in heard})
        ranks = [RANKS[name] for _, name, _ in sorted(heard)]
        good = [rank for rank in ranks if rank not in (35, 36)]
        assert good == sorted(good), f"{message} went backwards: {heard}"
