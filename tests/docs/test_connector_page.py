"""The connector that a page builds: it is proven, found as a published one is, and sends a message through a hub."""

import hmac
import importlib
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from support.documents import ROOT, named_blocks
from support.hub import running
from support.receiver import Receiver
from tidings.connectors.proving import prove_connector
from tidings.connectors.registry import connectors

PAGE = ROOT / "docs" / "adding-a-connector.md"
SETTINGS = {"apiKey": "key", "signingKey": "signing", "sender": "Shop"}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page's files in a folder, as an installed package has them."""
    place = tmp_path / "site"
    for name, text in named_blocks(PAGE).items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        # A callback's body has no line end of its own.
        file.write_text(text.removesuffix("\n") if file.suffix == ".http" else text)
    project = tomllib.loads((place / "pyproject.toml").read_text())["project"]
    about = place / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (about / "entry_points.txt").write_text("".join(lines))
    monkeypatch.syspath_prepend(place)
    connectors.cache_clear()
    yield place
    connectors.cache_clear()
    sys.modules.pop("tidings_acme", None)


def test_it_is_proven(installed: Path) -> None:
    acme = importlib.import_module("tidings_acme").Acme
    prove_connector(acme, installed / "tidings_acme" / "samples")


def test_its_own_test_passes(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(installed / "tests")
    try:
        importlib.import_module("test_acme").test_acme()
    finally:
        sys.modules.pop("test_acme", None)


async def test_it_sends_through_a_hub(installed: Path, tmp_path: Path) -> None:
    taken: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        assert request.headers["authorization"] == "Bearer key"
        taken.append(await request.json())
        return web.json_response({"id": "a-1"}, status=201)

    app = web.Application()
    app.router.add_post("/messages", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with Receiver() as receiver, running(tmp_path) as hub:
            workspace, _ = await hub.workspace()
            channel = await hub.channel(workspace, "sms", "acme", {**SETTINGS, "baseUrl": base_url})
            webhook = {"name": "All", "url": receiver.url, "subscriptions": [{"type": "message.*"}]}
            await hub.ask("POST", f"/apispaces/{workspace}/webhooks", webhook)
            request = {"to": {"phoneNumber": "447712345678"}, "body": "Hello", "rules": ["sms"]}
            message = (await hub.ask("POST", f"/apispaces/{workspace}/messages", request))["messageId"]
            await receiver.wait_for(1)
            (sent,) = taken
            assert sent == {
                "from": "Shop",
                "to": "+447712345678",
                "text": "Hello",
                "ref": f"{message}:0",
                "dlr": channel["callbackUrl"],
            }
            await _report(hub.http, sent["dlr"], {"id": "a-1", "ref": sent["ref"], "status": "DELIVRD"})
            await receiver.wait_for(2)
            assert [(got.json["name"], got.json["revision"]) for got in receiver.got] == [
                ("message.sent", 2),
                ("message.delivered", 3),
            ]
    finally:
        await runner.cleanup()


async def _report(http: aiohttp.ClientSession, url: str, status: dict[str, str]) -> None:
    body = json.dumps([status]).encode()
    signature = hmac.digest(SETTINGS["signingKey"].encode(), body, "sha256").hex()
    async with http.post(url, data=body, headers={"x-acme-signature": signature}) as answer:
        assert answer.status == 200
