"""One bind over one connection: requests and their responses, both ways, until it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from tidings.model.errors import NoReply, TidingsError
from tidings.rules.smpp.pdu import LAST_SEQUENCE, Login, Pdu, write_id, write_login
from tidings.rules.smpp.terms import Terms
from tidings.rules.smpp.words import RESPONSE, Command, Status
from tidings.wire.smpp.link import Link

log = structlog.get_logger()

Deliver = Callable[[bytes], Awaitable[int]]
"""Takes a delivery's octets; gives the status of the answer once what it says is on disk."""

MOST_DELIVERIES: Final = 500
"""Deliveries that are being written down at once; then nothing more is read until half of them are done."""

_DELIVERIES: Final = frozenset({Command.DELIVER_SM, Command.DATA_SM})
_UNANSWERED: Final = frozenset({Command.ALERT_NOTIFICATION, Command.OUTBIND})
"""Requests that have no response."""


class BindRefused(TidingsError):
    """The SMSC does not let us bind; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The SMSC answers the bind with 0x{status:02X}.")
        self.status = status


class Session:
    """A bind. `lost` is set when it is gone."""

    def __init__(self, terms: Terms, deliver: Deliver) -> None:
        self._terms = terms
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._link: Link | None = None
        self._sequence = 0
        self._asked: dict[int, tuple[asyncio.Future[Pdu], asyncio.TimerHandle]] = {}
        self._delivering: set[asyncio.Task[None]] = set()
        self._idle: asyncio.TimerHandle | None = None
        self._binding = 0
        self._bound = False
        self._leaving = False
        self.lost = asyncio.Event()
        self.why = ""
        """Why it is gone."""

    def made(self) -> Link:
        """Make our end of the connection."""
        self._link = Link(self._take, self._ended, pdu_seconds=self._terms.pdu_seconds)
        return self._link

    @property
    def is_bound(self) -> bool:
        """Whether submissions can go."""
        return self._bound and not self._leaving and self._link is not None and self._link.is_open

    async def bind(self, command: Command) -> None:
        """Bind; raises BindRefused, or NoReply."""
        terms, self._binding = self._terms, command | RESPONSE
        login = Login(
            system_id=terms.system_id,
            password=terms.password.reveal(),
            system_type=terms.system_type,
            ton=terms.address_ton,
            npi=terms.address_npi,
            address_range=terms.address_range,
        )
        answer = await self.ask(Pdu(command, body=write_login(login)), terms.bind_seconds)
        if answer.status != Status.OK:
            raise BindRefused(answer.status)
        self._rest_until_idle()

    async def ask(self, request: Pdu, seconds: float) -> Pdu:
        """Send a request and wait for its response; raises NoReply, which says whether it went out."""
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        number = self._sequence
        pdu = Pdu(request.command, request.status, number, request.body)
        if self._link is None or not self._link.send(pdu):
            raise NoReply(self.why or "The bind is gone.", taken=False, error="connect")
        future: asyncio.Future[Pdu] = self._loop.create_future()
        timer = self._loop.call_later(seconds, self._give_up, number)
        self._asked[number] = future, timer
        try:
            return await future
        finally:
            timer.cancel()
            self._asked.pop(number, None)

    async def leave(self, patience: float) -> None:
        """Let what is under way end, unbind, and close."""
        self._leaving = True
        waiting = [future for future, _ in self._asked.values()]
        if waiting:
            await asyncio.wait(waiting, timeout=patience)
        if self._delivering:
            await asyncio.wait(set(self._delivering), timeout=patience)
        try:
            await self.ask(Pdu(Command.UNBIND), min(patience, 5.0))
        except NoReply as silence:
            log.debug("an SMSC did not answer the unbind", why=silence.why)
        self.drop("We have unbound.")
        await self.lost.wait()

    def drop(self, why: str) -> None:
        """Close the connection, whatever is under way."""
        if self._link is None or not self._link.is_open:
            self.lost.set()
            return
        self._link.close(why)

    # -- what comes ----------------------------------------------------------------------------------------------

    def _take(self, pdu: Pdu) -> None:
        assert self._link is not None
        if pdu.command & RESPONSE:
            self._answered(pdu)
        elif pdu.command == Command.ENQUIRE_LINK:
            self._link.answer(pdu)
        elif pdu.command == Command.UNBIND:
            self._link.answer(pdu)
            self._leaving = True
            self._link.close("The SMSC has unbound us.")
        elif pdu.command in _DELIVERIES:
            self._take_delivery(pdu)
        elif pdu.command not in _UNANSWERED:
            self._link.send(Pdu(Command.GENERIC_NACK, Status.BAD_COMMAND, pdu.sequence))

    def _answered(self, pdu: Pdu) -> None:
        # What follows the answer in the same packet is taken before whoever waits for the bind runs.
        if pdu.command == self._binding and pdu.status == Status.OK:
            self._bound = True
        asked = self._asked.pop(pdu.sequence, None)
        if asked is None:
            log.info("an SMSC answers what nobody asked", command=f"0x{pdu.command:08X}", sequence=pdu.sequence)
        elif not asked[0].done():
            asked[0].set_result(pdu)

    def _take_delivery(self, pdu: Pdu) -> None:
        assert self._link is not None
        if not self._bound:
            self._link.answer(pdu, Status.NOT_BOUND_FOR_THAT, write_id(""))
            return
        task = self._loop.create_task(self._hand_in(pdu))
        self._delivering.add(task)
        task.add_done_callback(self._handed_in)
        if len(self._delivering) >= MOST_DELIVERIES:
            self._link.rest(resting=True)

    async def _hand_in(self, pdu: Pdu) -> None:
        try:
            status = await self._deliver(pdu.octets())
        except Exception:
            log.exception("a delivery could not be written down")
            status = Status.TEMPORARY
        if self._link is not None:
            self._link.answer(pdu, status, write_id(""))

    def _handed_in(self, task: asyncio.Task[None]) -> None:
        self._delivering.discard(task)
        if self._link is not None and len(self._delivering) <= MOST_DELIVERIES // 2:
            self._link.rest(resting=False)

    def _give_up(self, number: int) -> None:
        future, _ = self._asked.pop(number)
        if not future.done():
            future.set_exception(NoReply("The SMSC did not answer in time.", taken=True, error="timeout"))

    def _ended(self, why: str) -> None:
        self.why = self.why or why
        self._bound = False
        if self._idle is not None:
            self._idle.cancel()
        for future, _ in tuple(self._asked.values()):
            if not future.done():
                future.set_exception(NoReply(f"The bind broke: {why}", taken=True, error="reset"))
        self.lost.set()

    # -- whether anybody is there --------------------------------------------------------------------------------

    def _rest_until_idle(self) -> None:
        assert self._link is not None
        left = self._link.heard_at + self._terms.enquire_seconds - self._loop.time()
        if left > 0:
            self._idle = self._loop.call_later(left, self._rest_until_idle)
        elif self.is_bound:
            task = self._loop.create_task(self._enquire())
            self._delivering.add(task)
            task.add_done_callback(self._handed_in)

    async def _enquire(self) -> None:
        assert self._link is not None
        try:
            await self.ask(Pdu(Command.ENQUIRE_LINK), self._terms.response_seconds)
        except NoReply:
            self._link.abort("The SMSC does not say that it is there.")
            return
        if self.is_bound:
            self._rest_until_idle()
