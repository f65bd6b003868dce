"""A WebSocket at a door: let in or turned away, read a message at a time, written at the client's pace, and ended.

ASGI  https://asgi.readthedocs.io/en/latest/specs/www.html  WebSocket, and its extension Denial Response
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog

from tidings.flow.world import World
from tidings.model.errors import Refused
from tidings.web.door import Page
from tidings.web.errors import broken_page, no_such_place, problem_page
from tidings.web.streaming import CUT, STOPPING
from tidings.web.table import Table

log = structlog.get_logger()

UNREAD: Final = 30.0
"""Seconds that a client may leave what it was sent unread."""
UNSUPPORTED: Final = 1003
"""The close code for what is no text (RFC 6455 7.4.1)."""
BROKEN: Final = 1011
"""The close code for our own fault."""
_DENIAL: Final = "websocket.http.response"


class Gone(Exception):
    """Nobody is there any more."""


class Stalled(Exception):
    """The client does not read."""


class Socket:
    """One WebSocket, before it is let in and after."""

    def __init__(self, world: World, scope: Any, receive: Any, send: Any) -> None:
        self.world = world
        self.params: Mapping[str, str] = {}
        """What stands in the path, by the names the route gives."""
        self.headers: Mapping[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])
        }
        """Names in lower case; the first of each counts."""
        self.query: str = scope["query_string"].decode("latin-1")
        self.protocols: tuple[str, ...] = tuple(scope["subprotocols"])
        """The subprotocols that the client offers."""
        extensions = scope.get("extensions") or {}
        self._can_deny = _DENIAL in extensions
        self._server: Mapping[str, Any] = extensions.get(CUT, {})
        self._receive = receive
        self._send = send
        self._is_open = False

    async def refuse(self, page: Page) -> None:
        """Answer as to any other request, and let nobody in."""
        if not self._can_deny:
            await self._send({"type": "websocket.close"})
            return
        kind = ("content-type", page.content_type)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (kind, *page.headers)]
        await self._send({"type": "websocket.http.response.start", "status": page.status, "headers": headers})
        await self._send({"type": "websocket.http.response.body", "body": page.body})

    async def accept(self, protocol: str | None = None) -> None:
        """Let it in, with the subprotocol that was chosen."""
        self._is_open = True
        await self._send({"type": "websocket.accept", "subprotocol": protocol})
        # It stays for hours: what the request said is not kept as long.
        self.headers, self.query, self.protocols = {}, "", ()

    async def read(self) -> str:
        """Give the next message; raises Gone, also for one that is no text."""
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            raise Gone
        text = event.get("text")
        if text is None:
            await self.close(UNSUPPORTED, "A message is text.")
            raise Gone
        return str(text)

    async def write(self, texts: Iterable[str]) -> None:
        """Send messages, and wait until the system has taken them; raises Gone, and Stalled where nobody reads."""
        try:
            async with asyncio.timeout(UNREAD):
                for text in texts:
                    await self._send({"type": "websocket.send", "text": text})
                if "written" in self._server:
                    await self._server["written"]()
        except TimeoutError as error:
            raise Stalled from error
        except OSError as error:
            raise Gone from error

    async def close(self, code: int, reason: str) -> None:
        """End it, and say why; whoever does not read is cut off."""
        try:
            async with asyncio.timeout(STOPPING):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except TimeoutError:
            self.cut()
        except (OSError, RuntimeError):
            # It has ended meanwhile.
            return

    async def give_up(self, reference: str) -> None:
        """Say that something broke here; the log has it under the reference."""
        if self._is_open:
            await self.close(BROKEN, f"Something broke here: {reference}")
        else:
            await self.refuse(broken_page(reference))

    def cut(self) -> None:
        """End it at once, without a word."""
        if "cut" in self._server:
            self._server["cut"]()


async def enter(world: World, table: Table, scope: Any, receive: Any, send: Any) -> None:
    """Lead a WebSocket to its door, or turn it away."""
    await receive()
    socket = Socket(world, scope, receive, send)
    try:
        route, socket.params = table.find("GET", scope["raw_path"].decode("latin-1"))
        if route.socket is None:
            raise no_such_place()
        await route.socket(socket)
    except Refused as refused:
        await socket.refuse(problem_page(refused))
    except Gone:
        return
    except Exception as error:
        reference = world.chance.id()
        world.counts.add("errors", type(error).__name__)
        log.exception("a socket broke", reference=reference, path=scope["path"])
        await socket.give_up(reference)
