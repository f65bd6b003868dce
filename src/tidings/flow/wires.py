"""What carries a connector's calls: HTTP for most, a mail submission or a standing bind to a carrier for others."""

from typing import Any, Protocol

from tidings.connectors.connector import Connector
from tidings.model.exchange import Exchange, T
from tidings.model.workspaces import Channel
from tidings.wire.http import Http


class Wire(Protocol):
    """One way to a provider. Its calls and replies are those of HTTP, or stand for something like it."""

    async def open(self, channel: Channel, connector: Connector[Any]) -> None:
        """Hear that a channel's messages are sent from here on; a standing connection is made in the background."""

    async def close(self, channel: str) -> None:
        """Hear that they are not any more; what is under way has ended."""

    async def carry(self, channel: Channel, exchange: Exchange[T], *, timeout: float) -> T:
        """Hold a connector's conversation with its provider; `timeout` seconds for each call."""


class Web:
    """HTTP, which needs no connection of a channel's own."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def open(self, channel: Channel, connector: Connector[Any]) -> None:
        """Connections are made when they are needed."""

    async def close(self, channel: str) -> None:
        """They are kept for others."""

    async def carry(self, channel: Channel, exchange: Exchange[T], *, timeout: float) -> T:
        """Hold a connector's conversation over HTTP."""
        return await self._http.carry(exchange, timeout=timeout)
