"""Somebody in an app: a device that proves itself, listens, and says what has come, as scripted."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import aiohttp
import jwt

LONGEST_WAIT: Final = 30.0
"""Seconds between two tries to connect, at most."""
TEXT: Final = "text/plain"


class Script(NamedTuple):
    """What a device does by itself."""

    delivers: bool = True
    """Say of each message that it is there."""
    reads_after: float | None = None
    """Say so many seconds later that it was read; None: only when it is told to."""


class Person:
    """A profile on one device. `space` is where the doors of a workspace's apps are."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        space: str,
        settings: Mapping[str, Any],
        profile: str,
        *,
        device: str = "phone",
        script: Script = Script(),  # noqa: B008 - it never changes
    ) -> None:
        self._http = http
        self.space = space
        self._settings = settings
        self.profile = profile
        self.device = device
        self.script = script
        self.token = ""
        self.session: dict[str, Any] = {}
        self.heard: dict[str, dict[int, Any]] = {}
        """What happened, by conversation and number: each once, whatever was told twice."""
        self.typing: list[Any] = []
        """What is not kept, in the order it came."""
        self.connected = asyncio.Event()
        self.took: Callable[[Any], None] = lambda _: None
        """Called with every message that others have said."""
        self.dropped = 0
        """How often its socket was lost or cut."""
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._listening: asyncio.Task[None] | None = None
        self._reading: set[asyncio.Task[None]] = set()

    # -- proving who one is ----------------------------------------------------------------------------------------

    def proof(self, nonce: str, *, algorithm: str = "HS256", **claims: Any) -> str:
        """Make a token as the integrator's server would; `claims` are said instead of the usual ones."""
        now = int(time.time())
        said = {
            "iss": self._settings["issuer"],
            "aud": self._settings["audience"],
            "sub": self.profile,
            "nonce": nonce,
            "iat": now,
            "exp": now + 300,
            **claims,
        }
        key = "" if algorithm == "none" else str(self._settings["secret"])
        return jwt.encode(said, key, algorithm=algorithm)

    async def begin(self, **proof: Any) -> int:
        """Begin a session; gives the status of the answer. `proof` is what to prove otherwise than it should be."""
        started = (await self.ask("GET", "/sessions/start"))[1]
        asked = {
            "authenticationId": started["authenticationId"],
            "authenticationToken": self.proof(proof.pop("nonce", started["nonce"]), **proof),
            "deviceId": self.device,
            "platform": "simulator",
        }
        status, begun = await self.ask("POST", "/sessions", asked)
        if status == 201:
            self.token, self.session = begun["token"], begun["session"]
        return status

    async def ask(self, method: str, below: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Ask something at a door; gives the status and the JSON of the answer."""
        sent = {**self.shown, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self._http.request(method, self.space + below, json=body, headers=sent) as answer:
            text = await answer.read()
            return answer.status, await answer.json(content_type=None) if text else None

    @property
    def shown(self) -> dict[str, str]:
        """The header that shows the session's token."""
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    # -- listening -------------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Connect, and stay connected."""
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    async def drop(self) -> None:
        """Cut the socket, as a tunnel does."""
        if self._socket is not None:
            await self._socket.close()

    async def leave(self) -> None:
        """Listen no more."""
        for task in (self._listening, *self._reading):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _listen(self) -> None:
        tries = 0
        while True:
            try:
                await self._hear()
                tries = 0
            except (aiohttp.ClientError, OSError):
                tries += 1
            self.connected.clear()
            self.dropped += 1
            # Spread, so that a hub that comes back is not met by everybody at once.
            await asyncio.sleep(random.random() * min(LONGEST_WAIT, 2**tries - 1))

    async def _hear(self) -> None:
        async with self._http.ws_connect(f"{self.space}/socket", protocols=("tidings", self.token)) as socket:
            self._socket = socket
            for conversation in (await self.ask("GET", "/conversations"))[1] or ():
                await self._catch_up(conversation["id"])
            self.connected.set()
            async for frame in socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    await self._take(frame.json())

    async def _catch_up(self, conversation: str) -> None:
        """Read what happened since what is known."""
        more = True
        while more:
            first = max(self.heard.get(conversation, {0: None})) + 1
            _, events = await self.ask("GET", f"/conversations/{conversation}/events?from={first}")
            more = bool(events) and isinstance(events, list)
            for event in events if more else ():
                self._note(event)

    async def _take(self, event: Any) -> None:
        conversation, number = event.get("conversationId", ""), event.get("conversationEventId", 0)
        if not number:
            self.typing.append(event)
            return
        if number > max(self.heard.get(conversation, {0: None})) + 1:
            await self._catch_up(conversation)
        self._note(event)

    def _note(self, event: Any) -> None:
        known = self.heard.setdefault(event["conversationId"], {})
        if event["conversationEventId"] in known:
            return
        known[event["conversationEventId"]] = event
        if event["name"] == "conversationMessage.sent" and event["context"]["createdBy"] != self.profile:
            self.took(event["payload"])
            task = asyncio.get_running_loop().create_task(self._respond(event))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)

    async def _respond(self, event: Any) -> None:
        conversation, message = event["conversationId"], event["payload"]["messageId"]
        if self.script.delivers:
            await self.mark(conversation, "delivered", message)
        if self.script.reads_after is not None:
            await asyncio.sleep(self.script.reads_after)
            await self.mark(conversation, "read", message)

    # -- doing -----------------------------------------------------------------------------------------------------

    async def mark(self, conversation: str, status: str, *messages: str) -> int:
        """Say how far messages have come; gives the status of the answer."""
        update = [{"messageIds": list(messages), "status": status}]
        return (await self.ask("POST", f"/conversations/{conversation}/messages/statusupdates", update))[0]

    async def say(self, conversation: str, text: str, **headers: str) -> tuple[int, Any]:
        """Say a text."""
        body = {"parts": [{"type": TEXT, "data": text}]}
        return await self.ask("POST", f"/conversations/{conversation}/messages", body, **headers)
