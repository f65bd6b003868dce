"""A workspace with a key of its own, asking things of a running hub."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from support.visiting import Visiting, visiting


class Told(NamedTuple):
    """What the hub answered."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def etag(self) -> str:
        return self.headers["etag"]

    @property
    def wrong(self) -> list[tuple[str, str]]:
        """The path and code of everything that was wrong."""
        return [(each["path"], each["code"]) for each in self.body["errors"]]


class Tenant:
    """Asks with its key; `space` is its place in the omnichannel vocabulary, `place` in the other."""

    def __init__(self, hub: Visiting, workspace: str, key: str) -> None:
        self.hub = hub
        self.world = hub.world
        self.id = workspace
        self.key = key
        self.space = f"/apispaces/{workspace}"
        self.place = f"/workspaces/{workspace}"

    async def ask(self, method: str, path: str, body: Any = None, *, key: str = "", **headers: str) -> Told:
        """Ask something; bytes go as they are, everything else as JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        answer = await self.hub(method, path, key=key or self.key, headers=named, content=content)
        return Told(answer.status_code, dict(answer.headers), answer.json() if answer.content else None)

    def come_to_the_present(self) -> None:
        """Move the hub's clock to the machine's own time, for verifiers that look at that."""
        clock = self.hub.clock
        clock.move(time.time_ns() // 1_000_000 - clock.now())

    async def key_with(self, *scopes: str) -> str:
        """Make a key that may do only so much."""
        made = await self.hub.made(f"{self.place}/access-keys", {"name": "Less", "scopes": list(scopes)})
        key: str = made["accessKey"]
        return key

    async def channel(self, platform: str = "sms", connector: str = "custom", **more: Any) -> str:
        """Set up a channel; a custom one without settings has its messages wait to be polled."""
        asked = {"name": f"Our {platform}", "platform": platform, "connector": connector, "settings": {}, **more}
        made = await self.hub.made(f"{self.place}/channels", asked)
        identifier: str = made["id"]
        return identifier


@asynccontextmanager
async def tenants(tmp_path: Path) -> AsyncIterator[tuple[Tenant, Tenant]]:
    """Open a hub with two workspaces that must know nothing of each other."""
    async with visiting(tmp_path) as hub:
        mine = await hub.workspace()
        theirs = await hub.made("/workspaces", {"name": "Other", "accountId": 99})
        yield Tenant(hub, *mine), Tenant(hub, theirs["id"], theirs["accessKey"])
