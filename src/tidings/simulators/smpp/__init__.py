"""An SMSC: it takes binds and submissions, reports on them, and delivers what people write.

Strict on what real ones refuse: who is bound for what, lengths, numbers, validity. What it tells of a message is
scripted by the last two digits of its recipient, beside the faults that every simulator knows:

* 01 delivered, 02 undeliverable (001), 03 expired, 04 rejected
* 05 throttled three times and then taken, 06 no response, 07 receipt before the response
* 08 receipt by `data_sm`, 09 by text alone, 10 by parameters alone, 11 garbled, 12 twice
* 13 the connection breaks within the receipt's PDU, 14 receipt in many packets, and more in the last of them
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Final

from aiohttp import web
from msgspec.structs import replace

from tidings.rules.smpp.pdu import (
    Login,
    Malformed,
    Message,
    Pdu,
    read_login,
    read_message,
    read_pdu,
    write_id,
    write_tlvs,
)
from tidings.rules.smpp.words import RESPONSE, VERSION, Command, Status, Tag
from tidings.simulators.simulator import Callback, Demonstration, Fault, Order, Post, Simulator
from tidings.simulators.smpp.visitor import SUBMITTING, Visitor
from tidings.simulators.smpp.wording import GARBLED, delivery, number_written, receipt, understood, written_by

BINDS: Final = frozenset({Command.BIND_TRANSMITTER, Command.BIND_RECEIVER, Command.BIND_TRANSCEIVER})
ENDS: Final = {"02": ("UNDELIV", "001"), "03": ("EXPIRED", "000"), "04": ("REJECTD", "000")}
"""What becomes of a message, and the network's code, by the last digits of its recipient."""
DEEDS: Final = {
    "delivered": "DELIVRD",
    "undelivered": "UNDELIV",
    "expired": "EXPIRED",
    "rejected": "REJECTD",
    "accepted": "ACCEPTD",
}
"""What can happen to a message, beside the words of the receipts themselves."""
LONGEST: Final = 160
"""Octets of a message on the air, one septet to an octet; of others 140."""
THROTTLINGS: Final = 3
SOMEBODY: Final = "60777"


class Smsc(Simulator):
    """An SMSC on loopback. It listens for SMPP at `smsc_url`; the steering routes are at `base_url`."""

    name = "smpp"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "sms": Demonstration(address="+447700900123", told=("accepted", "sent", "delivered"))
    }

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        ids: str = "hex",
        receipt_ids: str = "",
        most_binds: int = 8,
        window: int = 0,
        path: Sequence[str] = ("DELIVRD",),
        **more: Any,
    ) -> None:
        super().__init__(settings, **more)
        self.ids = ids
        self.receipt_ids = receipt_ids or ids
        self.most_binds = most_binds
        self.window = window
        """Submissions that it throttles above, in any tenth of a second; 0: it takes all."""
        self.path = tuple(path)
        self.silent = False
        """Whether it answers no `enquire_link`."""
        self.visitors: list[Visitor] = []
        self.binds = 0
        """How many binds were granted so far."""
        self.smsc_url = ""
        self._server: asyncio.Server | None = None
        self._last = 0x1A2B3C4C
        self._submitted: dict[str, tuple[int, Message]] = {}
        self._throttled: Counter[str] = Counter()
        self._lately = 0
        self._broken: set[bytes] = set()
        """Deliveries in the midst of which the connection broke."""

    @property
    def channel_settings(self) -> dict[str, Any]:
        """The settings of a channel that is bound here."""
        return {**self.settings, "baseUrl": self.smsc_url}

    def routes(self) -> Sequence[web.RouteDef]:
        """What a carrier's engineer does to a link."""
        return [web.post("/_simulator/link", self._take_link)]

    def refusal(self, code: str) -> web.Response:
        """An SMSC refuses by a status; none of this is asked of it by HTTP."""
        return web.json_response({"commandStatus": code}, status=400)

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """Listen for SMPP at a port, and for steering at any free one; give the SMSC's URL."""
        await super().start(0, host)
        self._server = await asyncio.get_running_loop().create_server(self._visited, host, port)
        self.smsc_url = f"smpp://{host}:{self._server.sockets[0].getsockname()[1]}"
        return self.smsc_url

    async def stop(self) -> None:
        """Drop every connection, and listen no more."""
        if self._server is not None:
            self._server.close()
        for visitor in tuple(self.visitors):
            visitor.link.abort("The SMSC stops.")
        await super().stop()

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """Deliver what a person writes.

        `to` is our number; `ucs2`, `payload`, `sar`, `parts` (characters each), `reference` and `order` say how.
        """
        to = str(more.get("to") or self.settings.get("sender") or SOMEBODY)
        return [self._delivering(delivery(message)) for message in written_by(sender, text, to, more)]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """Report on a message: `deed` is `delivered` and the like, or the receipt's own word; `error` its code."""
        number, submitted = self._submitted[message]
        state = DEEDS.get(deed, deed.upper())
        told = receipt(submitted, self._reported(number), state, error=str(more.get("error", "000")))
        return [self._delivering(delivery(told))]

    def drop_links(self) -> None:
        """Break every connection at once."""
        for visitor in tuple(self.visitors):
            visitor.link.abort("The line is cut.")

    async def unbind_all(self) -> None:
        """Ask every ESME to leave, as before maintenance."""
        for visitor in tuple(self.visitors):
            await visitor.ask(Pdu(Command.UNBIND))

    def send_raw(self, octets: bytes) -> None:
        """Send octets to every ESME that is bound."""
        for visitor in self.visitors:
            visitor.link.send_octets(octets)

    # -- requests ------------------------------------------------------------------------------------------------

    def _visited(self) -> asyncio.Protocol:
        visitor = Visitor(self._asked, self.visitors.remove)
        self.visitors.append(visitor)
        return visitor.link

    def _asked(self, visitor: Visitor, pdu: Pdu) -> None:
        if pdu.command in BINDS:
            self._bind(visitor, pdu)
        elif pdu.command == Command.ENQUIRE_LINK:
            if not self.silent:
                visitor.link.answer(pdu)
        elif pdu.command == Command.UNBIND:
            visitor.link.answer(pdu)
            visitor.link.close("It has unbound.")
        elif pdu.command == Command.SUBMIT_SM:
            self._in_background(self._submit(visitor, pdu))
        else:
            visitor.link.send(Pdu(Command.GENERIC_NACK, Status.BAD_COMMAND, pdu.sequence))

    def _bind(self, visitor: Visitor, pdu: Pdu) -> None:
        try:
            status = self._may_bind(visitor, read_login(pdu.body))
        except Malformed:
            status = Status.BAD_LENGTH
        if status != Status.OK:
            visitor.link.answer(pdu, status)
            return
        visitor.bound = pdu.command
        self.binds += 1
        version = write_tlvs({Tag.INTERFACE_VERSION: bytes((VERSION,))})
        visitor.link.answer(pdu, body=write_id("SIMSMSC") + version)

    def _may_bind(self, visitor: Visitor, login: Login) -> Status:
        if visitor.bound is not None:
            return Status.ALREADY_BOUND
        if login.system_id != self.settings["systemId"]:
            return Status.BAD_SYSTEM_ID
        if login.password != self.settings["password"]:
            return Status.BAD_PASSWORD
        if sum(each.bound is not None for each in self.visitors) >= self.most_binds:
            return Status.BIND_FAILED
        return Status.OK

    async def _submit(self, visitor: Visitor, pdu: Pdu) -> None:
        refused = self._refused(visitor, pdu)
        order = self.orders.popleft() if self.orders and not refused else None
        if refused or (order and self._fails(visitor, pdu, order)):
            if refused:
                visitor.link.answer(pdu, refused)
            return
        submitted = read_message(pdu)
        message_id, ending = self._take(submitted), submitted.destination.text[-2:]
        receipts = self._receipts(message_id, ending)
        fault = order.fault if order else None
        if fault is Fault.DUPLICATE or ending == "12":
            receipts = [each for every in receipts for each in (every, every)]
        if fault is Fault.REORDERED:
            receipts = receipts[::-1]
        if fault is Fault.EARLY or ending == "07":
            await self._post_all(receipts, 0.0)
        if fault is Fault.VANISHED:
            visitor.link.abort("The line is cut.")
        elif fault is not Fault.HANGING and ending != "06":
            visitor.link.answer(pdu, body=write_id(message_id))
        if fault not in (Fault.EARLY, Fault.LOST) and ending != "07":
            self.post(receipts, delay=order.seconds if order and fault is Fault.LATE else 0.0)

    def _refused(self, visitor: Visitor, pdu: Pdu) -> int:
        """Say why a submission is refused for what it is; 0 where it is not."""
        if visitor.bound not in SUBMITTING:
            return Status.NOT_BOUND_FOR_THAT
        try:
            message = read_message(pdu)
        except Malformed:
            return Status.BAD_LENGTH
        number, octets = message.destination.text, message.short_message
        if not (number.isascii() and number.isdigit() and 3 <= len(number) <= 15):
            return Status.BAD_DESTINATION
        if message.validity and (len(message.validity) != 16 or message.validity[-1] not in "R+-"):
            return 0x62
        if len(octets) > (LONGEST if message.data_coding in (0, 0x10) else 140) or not message.content:
            return Status.BAD_MESSAGE_LENGTH
        ending = number[-2:]
        if ending == "05" and self._throttled[number] < THROTTLINGS:
            self._throttled[number] += 1
            return Status.THROTTLED
        return self._crowded()

    def _crowded(self) -> int:
        if not self.window:
            return Status.OK
        if self._lately == 0:
            asyncio.get_running_loop().call_later(0.1, setattr, self, "_lately", 0)
        self._lately += 1
        return Status.THROTTLED if self._lately > self.window else Status.OK

    def _fails(self, visitor: Visitor, pdu: Pdu, order: Order) -> bool:
        """Do what was ordered, where that means that nothing is taken."""
        match order.fault:
            case Fault.REFUSED:
                visitor.link.answer(pdu, int(order.code or "0x45", 0))
            case Fault.THROTTLED:
                visitor.link.answer(pdu, Status.THROTTLED)
            case Fault.ERROR:
                visitor.link.answer(pdu, Status.SYSTEM_ERROR)
            case Fault.DROPPED:
                visitor.link.abort("The line is cut.")
            case _:
                return False
        return True

    def _take(self, submitted: Message) -> str:
        self._last += 1
        message_id = number_written(self._last, self.ids)
        text, part = understood(submitted)
        self._submitted[message_id] = self._last, submitted
        self.taken.append(
            {
                "id": message_id,
                "from": submitted.source.text,
                "to": submitted.destination.text,
                "text": text,
                "dataCoding": submitted.data_coding,
                "part": None if part is None else [part.number, part.total, part.reference],
            }
        )
        return message_id

    # -- deliveries ----------------------------------------------------------------------------------------------

    def _receipts(self, message_id: str, ending: str) -> list[Callback]:
        """What is told of a message."""
        number, submitted = self._submitted[message_id]
        if not submitted.registered_delivery & 0x3:
            return []
        reported = self._reported(number)
        path = [ENDS[ending]] if ending in ENDS else [(state, "000") for state in self.path]
        told = [
            receipt(submitted, reported, state, error=error, text=ending != "10", tlvs=ending not in ("09", "11"))
            for state, error in path
        ]
        if ending == "11":
            told = [replace(each, short_message=GARBLED) for each in told]
        how = {"13": "broken", "14": "split"}.get(ending, "")
        return [self._delivering(delivery(each, as_data=ending == "08"), how) for each in told]

    def _reported(self, number: int) -> str:
        return number_written(number, self.receipt_ids)

    def _delivering(self, pdu: Pdu, how: str = "") -> Callback:
        return partial(Post, self.smsc_url, pdu.octets(), {"how": how})

    async def _post_once(self, post: Post) -> int:
        """Deliver over any bind that receives; 200 for a status of 0, 500 for another, 0 where nobody answers."""
        visitor = next((each for each in self.visitors if each.receives), None)
        if visitor is None:
            return 0
        request = read_pdu(post.body)
        how = post.headers["how"]
        if how == "broken" and post.body not in self._broken:
            # Once; it is delivered again over the next bind.
            self._broken.add(post.body)
            visitor.link.send_octets(post.body[: len(post.body) // 2])
            await asyncio.sleep(0.05)
            visitor.link.abort("The line is cut.")
            return 0
        answer = await visitor.ask(request, partial(_dribble, visitor) if how == "split" else None)
        if answer is None:
            return 0
        return 200 if answer.status == Status.OK else 500

    def _in_background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take_link(self, request: web.Request) -> web.Response:
        """Do one of `drop`, `unbind`, `silence`, `speak`, `oversize`, `wrong-sequence` to every connection."""
        wanted = str((await request.json()).get("do"))
        match wanted:
            case "drop":
                self.drop_links()
            case "unbind":
                await self.unbind_all()
            case "silence" | "speak":
                self.silent = wanted == "silence"
            case "oversize":
                self.send_raw((1 << 24).to_bytes(4, "big") + bytes(12))
            case "wrong-sequence":
                self.send_raw(Pdu(Command.SUBMIT_SM | RESPONSE, sequence=0x7FFFFFF0, body=b"0\0").octets())
            case _:
                return web.json_response({"message": f"no such thing to do: {wanted}"}, status=400)
        return web.json_response({})


def _dribble(visitor: Visitor, octets: bytes) -> None:
    """Send octets one by one, and the last together with another PDU."""
    for at in range(len(octets) - 1):
        visitor.link.send_octets(octets[at : at + 1])
    visitor.link.send_octets(octets[-1:] + Pdu(Command.ENQUIRE_LINK, sequence=7).octets())
