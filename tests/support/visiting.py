"""A hub whose doors are visited without a socket, at a time that stands still."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from support.clock import MovedClock
from support.names import LOOPBACK, Names
from tidings.assemble import Hub, assembled
from tidings.settings import Settings

ROOT = "tdg_root_for_tests"
PUBLIC = "https://hub.example.test"


class Visiting:
    """A hub, its clock, and a client without a key of its own."""

    def __init__(self, hub: Hub, clock: MovedClock, client: httpx.AsyncClient) -> None:
        self.hub = hub
        self.world = hub.world
        self.clock = clock
        self.client = client

    async def __call__(self, method: str, path: str, *, key: str | None = ROOT, **request: Any) -> httpx.Response:
        """Ask something; as root where no other key is named, as nobody with None."""
        headers = dict(request.pop("headers", {}))
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        return await self.client.request(method, path, headers=headers, **request)

    async def made(self, path: str, asked: Any, *, key: str = ROOT) -> Any:
        """Make something; gives it as it was shown."""
        answer = await self("POST", path, key=key, json=asked)
        assert answer.status_code in (201, 202), answer.text
        await self.hub.readers.settled()
        return answer.json()

    async def workspace(self, name: str = "Acme") -> tuple[str, str]:
        """Make a workspace; gives its id and its first key."""
        made = await self.made("/workspaces", {"name": name, "accountId": 1234})
        return made["id"], made["accessKey"]


@asynccontextmanager
async def visiting(tmp_path: Path, *, names: Names | None = None, **settings: Any) -> AsyncIterator[Visiting]:
    """Open a hub with its data below `tmp_path`; `names` are those that it can look up."""
    clock = MovedClock()
    given = {"data_dir": tmp_path / "var", "public_url": PUBLIC, "root_key": ROOT, "allow_networks": LOOPBACK}
    async with assembled(Settings(**{**given, **settings}), clock=clock, resolver=names or Names()) as hub:
        transport = httpx.ASGITransport(app=hub.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub.test") as client:
            yield Visiting(hub, clock, client)
