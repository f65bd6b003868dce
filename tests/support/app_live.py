"""People in an app, connected to a running hub over real sockets, with a WebSocket client that is not ours."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
from httpx_sse import EventSource, ServerSentEvent, aconnect_sse
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from support.hub import Running, running
from tidings.flow.conversations.commands import Doer, Make, Place, Say
from tidings.flow.conversations.sessions import Device, begin, start
from tidings.flow.conversations.setting import Setting, setting_of
from tidings.model.conversations import Part, Participant, Session
from tidings.rules.conversations.saying import Spoken

SECRET = "app-messaging-shared-secret-0001"
SETTINGS: dict[str, Any] = {
    "sender": "TEAM\\Support",
    "issuer": "https://shop.example/",
    "audience": "https://shop.example/app",
    "secret": SECRET,
    "origins": ["https://shop.example"],
    "messagesPerSecond": 1000,
}
SHARED = {"secret_keys": "ZmVybmV0LWtleS1vZi10aGUtdGVzdHMtMzItb2N0ZXQ="}
"""What hubs on one database have in common."""


class Person:
    """Somebody in the app, with a session."""

    def __init__(self, profile: str, session: Session, token: str) -> None:
        self.profile = profile
        self.session = session
        self.token = token


class Connected:
    """A connected socket, and every event that came over it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def next(self, name: str = "") -> Any:
        """Give the next frame, or the next of a name; fails where none comes for long."""
        async with asyncio.timeout(10):
            while True:
                frame = json.loads(await self.socket.recv())
                if not name or frame["name"] == name:
                    return frame

    async def ended(self) -> int:
        """Wait until the hub closes it; gives the code."""
        async with asyncio.timeout(10):
            try:
                while True:
                    await self.socket.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd is not None else 1006

    async def say(self, name: str, payload: Any, id_: str = "") -> None:
        """Say something."""
        await self.socket.send(json.dumps({"name": name, "payload": payload, **({"id": id_} if id_ else {})}))


class App:
    """A workspace with an app, at one hub."""

    def __init__(self, hub: Running, workspace: str) -> None:
        self.hub = hub
        self.world = hub.world
        self.workspace = workspace
        self._said = 0

    @property
    def setting(self) -> Setting:
        """The channel."""
        setting = setting_of(self.world, self.workspace)
        assert setting is not None
        return setting

    async def person(self, profile: str = "anna", device: str = "phone") -> Person:
        """Sign somebody in."""
        begun = start(self.world, self.workspace)
        now = self.world.clock.now() // 1000
        claims = {
            "iss": SETTINGS["issuer"],
            "aud": SETTINGS["audience"],
            "sub": profile,
            "nonce": begun.nonce,
            "iat": now,
            "exp": now + 600,
        }
        token = jwt.encode(claims, SECRET, "HS256")
        session, own = await begin(self.world, self.setting, begun.authentication, token, Device(id=device))
        return Person(profile, session, own)

    def place(self, conversation: str, profile: str = "", *, by_server: bool = True) -> Place:
        """Say where something is done, and by whom."""
        settings = self.setting.settings
        return Place(
            workspace=self.workspace,
            conversation=conversation,
            doer=Doer(profile or settings.sender, by_server),
            sender=settings.sender,
            keep=settings.keep,
            now=self.world.clock.now(),
        )

    async def talk(self, conversation: str, *profiles: str) -> None:
        """Begin a conversation between profiles."""
        people = tuple(Participant(each) for each in (SETTINGS["sender"], *profiles))
        await self.world.conversations.do(Make(place=self.place(conversation), participants=people))

    async def write(self, conversation: str, text: str = "Hi", profile: str = "") -> str:
        """Say something in a conversation; gives the message's id."""
        spoken = Spoken(parts=(Part(type="text/plain", data=text),))
        id_ = self.world.chance.id()
        await self.world.conversations.do(Say(place=self.place(conversation, profile), id=id_, spoken=spoken))
        return id_

    async def happened(self, conversation: str) -> list[int]:
        """Give the numbers of everything that has happened in a conversation."""
        found = []
        after = 0
        while page := await self.world.conversations.events(self.workspace, conversation, after, 1000):
            found += [each.number for each in page]
            after = found[-1]
        return found

    def url(self, door: str, base: str = "") -> str:
        """Give a door's URL."""
        return f"{base or self.hub.base_url}/apispaces/{self.workspace}/{door}"

    @asynccontextmanager
    async def connected(
        self, token: str = "", *, base: str = "", query: str = "", ready: bool = True, **more: Any
    ) -> AsyncIterator[Connected]:
        """Open a socket with a token as its subprotocol, and wait until it is ready."""
        url = self.url("socket", base).replace("http", "ws", 1) + query
        protocols: Any = ["tidings", token] if token else None
        async with connect(url, subprotocols=protocols, compression=None, **more) as socket:
            device = Connected(socket)
            if ready:
                assert (await device.next())["name"] == "socket.ready"
            yield device

    @asynccontextmanager
    async def listening(
        self, token: str, *, last: int | None = None, base: str = "", **headers: str
    ) -> AsyncIterator["Stream"]:
        """Open a stream; `last` is the id that was seen last."""
        sent = {"authorization": f"Bearer {token}", **headers}
        if last is not None:
            sent["last-event-id"] = str(last)
        async with (
            httpx.AsyncClient(timeout=20) as client,
            aconnect_sse(client, "GET", self.url("stream", base), headers=sent) as source,
        ):
            stream = Stream(source)
            if source.response.status_code == 200:
                await stream.begin()
            yield stream


class Stream:
    """An open stream."""

    def __init__(self, source: EventSource) -> None:
        self.response = source.response
        self.place = 0
        """The last id that came, also without an event."""
        self.retry = 0
        self._events = source.aiter_sse()

    async def begin(self) -> None:
        """Read its beginning, which has no event."""
        async with asyncio.timeout(10):
            beginning = await anext(self._events, None)
        if beginning is not None:
            assert not beginning.data
            self.place, self.retry = int(beginning.id), beginning.retry or 0

    async def __aiter__(self) -> AsyncIterator[ServerSentEvent]:
        async for event in self._events:
            self.place = int(event.id or self.place)
            if event.data:
                yield event

    async def next(self) -> Any:
        """Give the next event; fails where none comes for long."""
        async with asyncio.timeout(10):
            return json.loads((await anext(aiter(self))).data)

    async def ended(self) -> None:
        """Wait until the hub ends it."""
        async with asyncio.timeout(10):
            async for _ in self:
                pass


@asynccontextmanager
async def app(tmp_path: Path, channel: dict[str, Any] | None = None, **settings: Any) -> AsyncIterator[App]:
    """Run a hub with a workspace that has an app."""
    async with running(tmp_path, **settings) as hub:
        workspace, _ = await hub.workspace()
        await hub.channel(workspace, "app-messaging", "app-messaging", {**SETTINGS, **(channel or {})})
        yield App(hub, workspace)
