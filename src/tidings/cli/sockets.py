"""uvicorn's WebSockets as a hub needs them: with bounds where uvicorn has none, and a connection that can be cut.

What a client may make us keep is bounded on both sides. A message has a largest size (the library sees to it), a most
number of fragments, since empty ones add nothing to its size, and nothing more is read from whoever does not read what
we answer, so that pings cannot fill memory with pongs.

RFC 6455  https://datatracker.ietf.org/doc/html/rfc6455  5.4 Fragmentation, 5.5.2 Ping, 7.4.1 Status codes
"""

import asyncio
import logging
from typing import Any, Final

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request

from tidings.web.streaming import CUT, STOPPING

LARGEST: Final = 65_536 + 4_096
"""Octets of a message: what may be said, and what stands around it."""
MOST_FRAGMENTS: Final = 64
"""Frames that a message may come in."""
PING_EVERY: Final = 30.0
"""Seconds."""
OPTIONS: Final[dict[str, Any]] = {
    "ws_max_size": LARGEST,
    "ws_ping_interval": PING_EVERY,
    # When the second ping is due and the first has no answer yet, the client is gone.
    "ws_ping_timeout": 2 * PING_EVERY,
    # Packing what is sent to thousands costs each of them a window to unpack it in; events are small.
    "ws_per_message_deflate": False,
}
"""How uvicorn is configured for `Socket`."""

_quiet = logging.getLogger("tidings.sockets")
"""uvicorn tells the whole URL of every socket, and a token may stand there; who is refused it takes for an error."""
_quiet.setLevel(logging.CRITICAL)


class Socket(WebSocketsSansIOProtocol):
    """A WebSocket that the application can cut."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.logger = _quiet
        self.conn.logger = _quiet
        self._is_full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over from HTTP."""
        super().connection_made(transport)
        # Whoever writes waits until the system has taken it: what waits is counted where it is kept, and nowhere else.
        self.transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        """Read what came; whoever cannot even ask for a socket is answered, and cut off."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        """Hand a request for a socket to the application, with a way to cut it."""
        super().handle_connect(event)
        if not self.handshake_complete:
            extensions: Any = self.scope["extensions"]
            extensions[CUT] = {"cut": self.transport.abort, "written": self.writable.wait}

    def handle_cont(self, event: Frame) -> None:
        """Put a message together, if it is not in too many pieces."""
        if len(self.frames) >= MOST_FRAGMENTS:
            self.conn.fail(CloseCode.POLICY_VIOLATION, f"A message may come in {MOST_FRAGMENTS} fragments.")
            self.frames = []
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    def start_keepalive(self) -> None:
        """Begin to ping, and forget what the request said, since there are thousands who stay for hours."""
        super().start_keepalive()
        del self.request, self.response
        self.scope["headers"] = []

    def keepalive_timeout(self) -> None:
        """Let go of a client that is gone: it would never read that it was told so."""
        super().keepalive_timeout()
        self.transport.abort()

    def shutdown(self) -> None:
        """Say that the hub stops; whoever does not read that is cut off soon."""
        super().shutdown()
        self.loop.call_later(STOPPING, self.transport.abort)

    def pause_writing(self) -> None:
        """Read nothing more from whoever does not read."""
        super().pause_writing()
        self._is_full = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        super().resume_writing()
        self._is_full = False
        if not self.read_paused:
            self.transport.resume_reading()

    async def receive(self) -> ASGIReceiveEvent:
        """Give the application the next thing that happened; until it has it, nothing more is read."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            if not self._is_full:
                self.transport.resume_reading()
        return message
