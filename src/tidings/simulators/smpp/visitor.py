"""One connection to the SMSC: who has bound over it, and what is asked of them."""

import asyncio
from collections.abc import Callable
from typing import Final

from tidings.rules.smpp.pdu import LAST_SEQUENCE, Pdu
from tidings.rules.smpp.words import RESPONSE, Command
from tidings.wire.smpp.link import Link

PATIENCE: Final = 10.0
"""Seconds that an ESME has to answer a delivery."""
RECEIVING: Final = frozenset({Command.BIND_RECEIVER, Command.BIND_TRANSCEIVER})
SUBMITTING: Final = frozenset({Command.BIND_TRANSMITTER, Command.BIND_TRANSCEIVER})


class Visitor:
    """An ESME's connection, seen from the SMSC. `asked` is called with each of its requests."""

    def __init__(self, asked: Callable[["Visitor", Pdu], None], left: Callable[["Visitor"], None]) -> None:
        self._asked_for = asked
        self._left = left
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._sequence = 1000
        self.bound: int | None = None
        """The command it has bound with."""
        self.link = Link(self._take, self._ended)

    @property
    def receives(self) -> bool:
        """Whether deliveries can go to it."""
        return self.bound in RECEIVING and self.link.is_open

    async def ask(self, request: Pdu, send: Callable[[bytes], None] | None = None) -> Pdu | None:
        """Send it a request and give the response; None where none comes. `send` may send the octets otherwise."""
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        number = self._sequence
        octets = Pdu(request.command, request.status, number, request.body).octets()
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            if send is None:
                self.link.send_octets(octets)
            else:
                send(octets)
            return await asyncio.wait_for(answer, PATIENCE)
        except (TimeoutError, ConnectionError):
            return None
        finally:
            self._waiting.pop(number, None)

    def _take(self, pdu: Pdu) -> None:
        if not pdu.command & RESPONSE:
            self._asked_for(self, pdu)
        elif (waiting := self._waiting.get(pdu.sequence)) is not None and not waiting.done():
            waiting.set_result(pdu)

    def _ended(self, why: str) -> None:
        self._left(self)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError(why))
