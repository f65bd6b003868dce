"""A hub's side of an e-mail provider: a connector, a channel to its stand-in, and a door that proves what comes in."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiohttp import ClientSession

from support.listening import QUICK, Hearing, on_loopback
from tidings.connectors.connector import Connector, Outgoing
from tidings.model.content import Content
from tidings.model.exchange import Sent
from tidings.model.reports import Interaction, Receipt, Report
from tidings.simulators.simulator import Simulator


class Mailing(Hearing[Any]):
    """What sends mails through a connector, and takes the callbacks as the hub does."""

    def __init__(self, connector: type[Connector[Any]], simulator: Any, http: ClientSession) -> None:
        super().__init__(connector, simulator, "email")
        self.http = http

    def outgoing(self, *to: str, content: Content | None = None, **more: Any) -> Outgoing:
        """Make up a mail to these."""
        return Outgoing(
            message="0198-msg",
            hop=2,
            workspace="ws-1",
            platform="email",
            to=to[0],
            recipients=tuple(("to", address) for address in to),
            content=content or Content(title="Your order", text="It is on its way."),
            now=self.now,
            **more,
        )

    async def send(self, *to: str, content: Content | None = None, **more: Any) -> Sent:
        """Send a message, and wait for all that is told of it."""
        return await self.hand_over(self.outgoing(*to, content=content, **more))

    @property
    def told(self) -> list[str]:
        """What was told, in order: a receipt's stage, a deed, or the kind of another report; `*` marks a machine's."""
        return [_word(report) for report in self.reports]


def _word(report: Report) -> str:
    match report:
        case Receipt(stage=stage):
            return stage.word
        case Interaction(deed=deed, prefetched=prefetched):
            return f"{deed}{'*' if prefetched else ''}"
        case _:
            return type(report).__name__.lower()


@contextlib.asynccontextmanager
async def mailing(
    connector: type[Connector[Any]], simulator: type[Simulator], settings: Mapping[str, Any], **simulated: Any
) -> AsyncIterator[Mailing]:
    """Run a simulator with these settings, and a connector with the same."""
    running = simulator(settings, **{**QUICK, **simulated})
    async with ClientSession() as http:
        hub = Mailing(connector, running, http)
        async with on_loopback(hub):
            yield hub
