"""A whole hub for a test: real store, real sockets, set up through its own doors."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

from support.names import LOOPBACK, Names
from tidings.assemble import Hub, assembled
from tidings.cli.server import Connection, Server
from tidings.cli.sockets import OPTIONS, Socket
from tidings.flow.clock import Clock
from tidings.flow.traces import Traces
from tidings.settings import Settings


class Running:
    """A hub that listens on loopback, and a client that may do everything there."""

    def __init__(
        self, hub: Hub, base_url: str, root_key: str, server: uvicorn.Server, serving: "asyncio.Task[None]"
    ) -> None:
        self.hub = hub
        self.world = hub.world
        self.base_url = base_url
        self.root_key = root_key
        self.server = server
        self.serving = serving
        """Done when the server has stopped."""
        self.http = aiohttp.ClientSession()

    async def ask(
        self, method: str, path: str, body: Any = None, *, key: str = "", expect: int | None = None, **headers: str
    ) -> Any:
        """Ask something of the hub; gives the decoded JSON body (None where there is none)."""
        sent = {"authorization": f"AccessKey {key or self.root_key}"}
        sent.update((name.replace("_", "-"), value) for name, value in headers.items())
        async with self.http.request(method, self.base_url + path, json=body, headers=sent) as response:
            text = await response.text()
            if expect is not None:
                assert response.status == expect, f"{method} {path}: {response.status} {text}"
            else:
                assert response.status < 400, f"{method} {path}: {response.status} {text}"
            return await response.json(content_type=None) if text else None

    async def workspace(self, **more: Any) -> tuple[str, str]:
        """Make a workspace; gives its id and its first key."""
        made = await self.ask("POST", "/workspaces", {"name": "Acme", "accountId": 1234, **more}, expect=201)
        return made["id"], made["accessKey"]

    async def channel(
        self, workspace: str, platform: str, connector: str, settings: Mapping[str, Any], **more: Any
    ) -> dict[str, Any]:
        """Set a channel up; gives it as the hub shows it."""
        body = {"name": f"Our {platform}", "platform": platform, "connector": connector, "settings": dict(settings)}
        made: dict[str, Any] = await self.ask("POST", f"/workspaces/{workspace}/channels", {**body, **more}, expect=201)
        await self.hub.readers.settled()
        return made

    async def close(self) -> None:
        await self.http.close()


@asynccontextmanager
async def running(
    tmp_path: Path, *, clock: Clock | None = None, spans: Traces | None = None, **settings: Any
) -> AsyncIterator[Running]:
    """Run a hub in this process on a free port, with its data below `tmp_path`."""
    root_key = "tdg_root_for_tests"
    # The port must be known before the hub opens: providers are told the public URL.
    listener = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    base_url = f"http://127.0.0.1:{port}"
    given = {"data_dir": tmp_path / "var", "public_url": base_url, "root_key": root_key, "allow_networks": LOOPBACK}
    async with assembled(Settings(**{**given, **settings}), clock=clock, resolver=Names(), traces=spans) as hub:
        config = uvicorn.Config(
            hub.app,
            host="127.0.0.1",
            port=port,
            http=Connection,
            log_config=None,
            lifespan="off",
            ws=Socket,
            access_log=False,
            proxy_headers=False,
            **OPTIONS,
        )
        server = Server(config)
        serving = asyncio.get_running_loop().create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.005)
        at_work = Running(hub, base_url, root_key, server, serving)
        try:
            yield at_work
        finally:
            await at_work.close()
            server.should_exit = True
            await serving
