"""Following a hub live over a real socket, with a parser of server-sent events that is not ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from httpx_sse import EventSource, ServerSentEvent, aconnect_sse

from support.hub import Running, running
from support.lives import PERSON

BATCH = 50


class Listener:
    """An open stream; what has no data is not given on, as in a browser."""

    def __init__(self, source: EventSource) -> None:
        self.response = source.response
        self.place = 0
        """The last id that came, also without an event."""
        self.retry = 0
        self._events = source.aiter_sse()

    async def __aiter__(self) -> AsyncIterator[ServerSentEvent]:
        async for event in self._events:
            self.place = int(event.id or self.place)
            self.retry = event.retry or self.retry
            if event.data:
                yield event

    async def next(self) -> ServerSentEvent:
        """Give the next event; fails where none comes for long."""
        async with asyncio.timeout(10):
            return await anext(aiter(self))

    async def take(self, number: int) -> list[ServerSentEvent]:
        """Give the next so many events."""
        return [await self.next() for _ in range(number)]

    async def rest(self) -> list[ServerSentEvent]:
        """Give what comes until the hub ends the stream."""
        async with asyncio.timeout(10):
            return [event async for event in self]


class Live:
    """A running hub with one workspace, whose messages are fetched by nobody."""

    def __init__(self, hub: Running, workspace: str, key: str, channel: dict[str, Any]) -> None:
        self.hub = hub
        self.world = hub.world
        self.workspace = workspace
        self.key = key
        self.channel = channel
        self.path = f"/workspaces/{workspace}"
        self.url = hub.base_url + self.path

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Ask something below the workspace's path with its key."""
        return await self.hub.ask(method, self.path + path, body, key=self.key, **more)

    async def send(self, number: int = 1, body: str = "Hi", **more: Any) -> None:
        """Send messages: an event each."""
        one = {"to": {"phoneNumber": PERSON}, "rules": ["sms"], "body": body, **more}
        for start in range(0, number, BATCH):
            batch = [one] * min(BATCH, number - start)
            await self.hub.ask("POST", f"/apispaces/{self.workspace}/messages/batch", batch, key=self.key)

    async def subscription(self, event: str = "sms.outbound", *, active: bool = True, **more: Any) -> str:
        """Subscribe in the channels vocabulary, to where nobody listens; gives the id."""
        asked = {"service": "channels", "event": event, "url": "http://127.0.0.1:9/", "signingKey": "k" * 16, **more}
        made = await self.ask("POST", "/webhook-subscriptions", asked)
        if not active:
            await self.ask("POST", f"/subscriptions/{made['id']}/pause")
        id_: str = made["id"]
        return id_

    @asynccontextmanager
    async def listening(
        self, path: str = "/events/stream", *, last: int | None = None, url: str = "", key: str = "", **query: Any
    ) -> AsyncIterator[Listener]:
        """Open a stream and read its beginning; `last` is the id that was seen last."""
        headers = {"authorization": f"Bearer {key or self.key}"}
        if last is not None:
            headers["last-event-id"] = str(last)
        async with (
            httpx.AsyncClient(timeout=20) as client,
            aconnect_sse(client, "GET", (url or self.url) + path, headers=headers, params=query) as source,
        ):
            listener = Listener(source)
            if source.response.status_code == 200:
                async with asyncio.timeout(10):
                    beginning = await anext(listener._events)
                assert not beginning.data
                listener.place, listener.retry = int(beginning.id), beginning.retry or 0
            yield listener


@asynccontextmanager
async def living(tmp_path: Path, **settings: Any) -> AsyncIterator[Live]:
    """Run a hub with a workspace and a channel."""
    async with running(tmp_path, **settings) as hub:
        workspace, key = await hub.workspace()
        yield Live(hub, workspace, key, await hub.channel(workspace, "sms", "custom", {}))
