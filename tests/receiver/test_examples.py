"""The examples, each under its own server: a real hub tells them, and they believe nobody else."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from support.contract import standard_headers
from support.documents import ROOT
from support.hub import Running, running
from support.waiting import until

EXAMPLES = ROOT / "examples" / "receivers"
LONGEST = 60
"""Lines."""
PYTHON: Final = (sys.executable, "-m")
COMMANDS: Final[dict[str, Sequence[str]]] = {
    "asgi_app.py": (*PYTHON, "uvicorn", "asgi_app:app", "--port", "{port}"),
    "fastapi_app.py": (*PYTHON, "uvicorn", "fastapi_app:app", "--port", "{port}"),
    "flask_app.py": (*PYTHON, "flask", "--app", "flask_app", "run", "--port", "{port}"),
    "django_app.py": (sys.executable, "django_app.py", "runserver", "--noreload", "127.0.0.1:{port}"),
    "node_server.mjs": ("node", "node_server.mjs"),
}


class Example:
    """An example as a process; `said` is what it printed of events."""

    def __init__(self, name: str, port: int, keys: Sequence[str], folder: Path) -> None:
        self.url = f"http://127.0.0.1:{port}/webhooks"
        self._port = port
        self._log = folder / "said.log"
        environment = {
            **os.environ,
            "WEBHOOK_KEYS": " ".join(keys),
            "WEBHOOK_SEEN": str(folder / "seen.db"),
            "PORT": str(port),
            "PYTHONUNBUFFERED": "1",
        }
        with self._log.open("wb") as log:
            command = [word.format(port=port) for word in COMMANDS[name]]
            self._process = subprocess.Popen(command, cwd=EXAMPLES, env=environment, stdout=log, stderr=log)

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def said(self) -> list[str]:
        return [line for line in self.log.splitlines() if line.startswith(("message.", "sms."))]

    async def started(self) -> None:
        end = time.monotonic() + 30
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                assert self._process.poll() is None, self.log
                assert time.monotonic() < end, self.log
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return

    async def hears(self, *lines: str) -> None:
        try:
            await until(lambda: set(lines) <= set(self.said))
        except AssertionError:
            raise AssertionError(f"it did not hear {lines}:\n{self.log}") from None

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


class Keys(NamedTuple):
    omnichannel: str
    channels: str


@asynccontextmanager
async def told_by(hub: Running, name: str, folder: Path) -> AsyncIterator[tuple[Example, Keys, str]]:
    """Subscribe an example in both vocabularies; gives it, the keys it has, and the workspace."""
    workspace, _ = await hub.workspace()
    await hub.channel(workspace, "sms", "custom", {})
    url = f"http://127.0.0.1:{(port := _free_port())}/webhooks"
    webhook = {"name": "Taken", "url": url, "subscriptions": [{"type": "message.sentRequest"}]}
    made = await hub.ask("POST", f"/apispaces/{workspace}/webhooks", webhook)
    filters = [{"key": "messageStatus", "value": "delivered"}]
    asked = {"service": "channels", "event": "sms.outbound", "url": url, "eventFilters": filters}
    both = await hub.ask("POST", f"/workspaces/{workspace}/webhook-subscriptions", asked)
    await hub.hub.readers.settled()
    keys = Keys(made["signingKey"], both["standardSigningKey"])
    example = Example(name, port, keys, folder)
    try:
        await example.started()
        yield example, keys, workspace
    finally:
        example.stop()


@pytest.mark.parametrize("name", COMMANDS)
async def test_an_example_takes_what_the_hub_tells_once_and_nothing_else(name: str, tmp_path: Path) -> None:
    if name == "node_server.mjs" and not _has_node():
        pytest.skip("there is no Node of version 18 or newer")
    async with running(tmp_path) as hub, told_by(hub, name, tmp_path) as (example, keys, workspace):
        request = {"to": {"phoneNumber": "447712345678"}, "body": "Hello", "rules": ["sms"]}
        message = (await hub.ask("POST", f"/apispaces/{workspace}/messages", request))["messageId"]
        await hub.ask("POST", f"/apispaces/{workspace}/messages/{message}/statuses/delivered", {"channel": "sms"})
        told = [f"message.sentRequest {message}", f"sms.outbound {message}"]
        await example.hears(*told)
        assert sorted(example.said) == told, "each once"

        # Another attempt at an event that was taken, as a hub makes it that did not hear the answer.
        one = _event("message.sent", "m-1")
        for _ in range(2):
            assert await post(hub, example, keys.omnichannel, one) == 204
        batch = [one, _event("message.delivered", "m-1"), _event("message.new-kind", "m-1")]
        assert await post(hub, example, keys.omnichannel, batch) == 204
        await example.hears("message.delivered m-1")
        assert example.said.count("message.sent m-1") == 1

        other = _event("message.sent", "forged")
        good = keys.omnichannel
        assert await post(hub, example, good, other, change={"webhook-id": "another"}) == 401
        assert await post(hub, example, good, other, change={"webhook-signature": "v1,bm9uZQ=="}) == 401
        assert await post(hub, example, good, other, at=time.time() - 400) == 401
        assert await post(hub, example, good, other, unsigned=True) == 401
        assert await post(hub, example, good, b"{") == 400
        assert not any("forged" in line for line in example.said)


@pytest.mark.parametrize("name", COMMANDS)
def test_an_example_is_short(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) <= LONGEST


def test_every_example_is_tried() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == set(COMMANDS)


async def post(
    hub: Running,
    example: Example,
    key: str,
    told: Any,
    *,
    at: float | None = None,
    change: dict[str, str] | None = None,
    unsigned: bool = False,
) -> int:
    """Post something as the hub would, with some of it changed; gives the status."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    event = told["eventId"] if isinstance(told, dict) else "batch"
    signed = standard_headers(b64decode(key.removeprefix("whsec_")), int(at or time.time()), body, event)
    headers = {} if unsigned else {**signed, **(change or {})}
    async with hub.http.post(example.url, data=body, headers={"content-type": "application/json", **headers}) as answer:
        return answer.status


def _event(name: str, message: str) -> dict[str, Any]:
    payload = {"id": message, "details": {"channel": "sms"}}
    envelope = {"accountId": 1, "apiSpaceId": "s-1", "revision": 2, "etag": "", "timestamp": "2026-01-01T00:00:00.000Z"}
    return {"eventId": f"{name} of {message}".replace(" ", "-"), "name": name, "payload": payload, **envelope}


def _has_node() -> bool:
    if shutil.which("node") is None:
        return False
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    return int(said.lstrip("v").partition(".")[0] or 0) >= 18


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
