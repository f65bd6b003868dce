"""One TCP connection that PDUs go over, whichever end of it we are.

TCP knows no PDUs: two may come in one packet, and one in many. What cannot be a PDU means that the two ends are out of
step, and then there is nothing left but to say so and to part.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from tidings.rules.smpp.pdu import HEADER, Malformed, Pdu, read_length, read_pdu
from tidings.rules.smpp.words import RESPONSE, Command, Status

PDU_SECONDS: Final = 20.0
"""How long the octets of one PDU may take, unless it is said otherwise."""


class Link(asyncio.Protocol):
    """Cuts what comes into PDUs and hands them on; `ended` is called once, when the connection is gone, with why."""

    def __init__(
        self,
        take: Callable[[Pdu], None],
        ended: Callable[[str], None],
        *,
        pdu_seconds: float = PDU_SECONDS,
    ) -> None:
        self._take = take
        self._ended = ended
        self._pdu_seconds = pdu_seconds
        self._loop = asyncio.get_running_loop()
        self._begun = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._why = "The other side closed the connection."
        self.heard_at = self._loop.time()
        """When something came last, by the loop's clock."""

    @property
    def is_open(self) -> bool:
        """Whether something can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop's transports are none of asyncio's by their type.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take octets, and hand on the PDUs that are whole."""
        self.heard_at = self._loop.time()
        self._begun += data
        at = 0
        try:
            while len(self._begun) - at >= HEADER:
                length = read_length(self._begun[at : at + 4])
                if len(self._begun) - at < length:
                    break
                pdu = read_pdu(bytes(self._begun[at : at + length]))
                at += length
                self._take(pdu)
                if not self.is_open:
                    return
        except Malformed as error:
            sequence = int.from_bytes(self._begun[at + 12 : at + HEADER], "big")
            self.send(Pdu(Command.GENERIC_NACK, Status.BAD_LENGTH, sequence))
            self.close(str(error))
            return
        del self._begun[:at]
        self._watch(restart=at > 0)

    def connection_lost(self, exc: Exception | None) -> None:
        """End, once."""
        self._watch(restart=True, over=True)
        self._transport = None
        self._ended(str(exc) if exc else self._why)

    def send(self, pdu: Pdu) -> bool:
        """Send a PDU; False where it cannot go any more."""
        return self.send_octets(pdu.octets())

    def send_octets(self, octets: bytes) -> bool:
        """Send octets as they are; False where they cannot go any more."""
        if self._transport is None or self._transport.is_closing():
            return False
        self._transport.write(octets)
        return True

    def answer(self, request: Pdu, status: int = Status.OK, body: bytes = b"") -> bool:
        """Send the response to a request."""
        return self.send(Pdu(request.command | RESPONSE, status, request.sequence, body))

    def rest(self, *, resting: bool) -> None:
        """Read no more for now, or go on reading."""
        if self._transport is not None and not self._transport.is_closing():
            if resting and self._transport.is_reading():
                self._transport.pause_reading()
            elif not resting and not self._transport.is_reading():
                self._transport.resume_reading()

    def close(self, why: str) -> None:
        """Close the connection once all that was sent is out."""
        if self._transport is not None and not self._transport.is_closing():
            self._why = why
            self._transport.close()

    def abort(self, why: str) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._why = why
            self._transport.abort()

    def _watch(self, *, restart: bool, over: bool = False) -> None:
        """See that what has begun ends in time."""
        if self._timer is not None and (restart or not self._begun):
            self._timer.cancel()
            self._timer = None
        if self._begun and self._timer is None and not over:
            late = "A PDU began and did not end."
            self._timer = self._loop.call_later(self._pdu_seconds, self.abort, late)
