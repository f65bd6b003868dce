"""uvicorn's server as a hub needs it."""

import contextlib
from collections.abc import Iterator
from socket import socket

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tidings.web.streaming import CUT


class Connection(HttpToolsProtocol):
    """A connection that the application can cut."""

    def on_message_begin(self) -> None:
        """Offer it with every request."""
        super().on_message_begin()
        self.scope["extensions"] = {CUT: {"cut": self.transport.abort}}


class Server(uvicorn.Server):
    """A server that leaves signals to us: its own must not end the process before the store is closed."""

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Answer those who wait for something, end the streams, then wait for requests under way."""
        self.config.app.close()  # type: ignore[union-attr]
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
