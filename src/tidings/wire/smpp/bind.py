"""The standing bind of one channel: made again whenever it is lost, and slowed down when the SMSC has had enough.

Where the SMSC wants one bind for each direction there are two, each of which is made again by itself.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from tidings.model.errors import NoReply
from tidings.rules.smpp.pdu import HEADER, Pdu
from tidings.rules.smpp.terms import Terms
from tidings.rules.smpp.throttle import Throttle
from tidings.rules.smpp.words import BUSY, CREDENTIALS, SLOWLY, Command, Status
from tidings.wire.smpp.dialling import Dial
from tidings.wire.smpp.repeats import Repeats
from tidings.wire.smpp.session import BindRefused, Session
from tidings.wire.smpp.turns import Turns

log = structlog.get_logger()

LONGEST_WAIT: Final = 60.0
"""Seconds between two tries to bind, at most."""
SLOW: Final = 10
"""Times the first wait, at least, where the SMSC says that we cannot bind now, or are bound already."""


class Peer(Protocol):
    """Whose bind it is: hears how it does."""

    async def deliver(self, octets: bytes) -> int:
        """Take a delivery; gives the status of the answer once what it says is on disk."""
        ...

    def refused(self, why: str) -> None:
        """Hear that the SMSC does not know us: nothing is tried until the settings change."""
        ...

    def bound(self) -> None:
        """Hear that it is bound."""
        ...


class Bind:
    """One or two standing binds. It belongs to the event loop that made it; `share` gives chance, from 0 to 1."""

    def __init__(self, terms: Terms, peer: Peer, dial: Dial, share: Callable[[], float]) -> None:
        pair = (Command.BIND_TRANSMITTER, Command.BIND_RECEIVER)
        kinds = pair if terms.bind == "pair" else (Command.BIND_TRANSCEIVER,)
        self._legs = [_Leg(kind, terms, peer, dial, share) for kind in kinds]

    def start(self) -> None:
        """Bind in the background, from now on."""
        for leg in self._legs:
            leg.start()

    async def submit(self, request: Pdu, seconds: float) -> Pdu:
        """Submit a PDU; gives its response, raises NoReply. It waits for its turn for so many seconds at most."""
        return await self._legs[0].submit(request, seconds)

    async def stop(self) -> None:
        """Let what is under way end, and unbind."""
        await asyncio.gather(*(leg.stop() for leg in self._legs))


class _Leg:
    """One bind of a kind."""

    def __init__(self, kind: Command, terms: Terms, peer: Peer, dial: Dial, share: Callable[[], float]) -> None:
        self._kind = kind
        self._terms = terms
        self._peer = peer
        self._dial = dial
        self._share = share
        self._loop = asyncio.get_running_loop()
        self._session: Session | None = None
        self._throttle = Throttle(terms.per_second)
        self._within = 0
        self._turns = Turns(self)
        self._repeats = Repeats(self._loop.time)
        self._refused = ""
        self._staying: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._staying = self._loop.create_task(self._stay())

    @property
    def is_bound(self) -> bool:
        return self._session is not None and self._session.is_bound

    async def submit(self, request: Pdu, seconds: float) -> Pdu:
        until, again = self._loop.time() + seconds, False
        while True:
            if self._refused:
                raise NoReply(self._refused, taken=False, error="connect")
            answer = await self._submit(request, max(0.0, until - self._loop.time()), first=again)
            now, again = self._loop.time(), True
            if answer.status not in BUSY or now + self._throttle.wait(now) >= until:
                return answer

    async def _submit(self, request: Pdu, seconds: float, *, first: bool) -> Pdu:
        await self._turns.wait(seconds, first=first)
        try:
            if self._session is None:
                raise NoReply("The bind is gone.", taken=False, error="connect")
            answer = await self._session.ask(request, self._terms.response_seconds)
            # Known before anybody else gets the turn: what was throttled goes again first.
            if answer.status in BUSY:
                self._throttle.throttled(self._loop.time())
            else:
                self._throttle.taken(self._loop.time())
            return answer
        finally:
            self.leave()

    async def stop(self) -> None:
        self._turns.refuse("The channel is closed.")
        if self._staying is not None:
            self._staying.cancel()
            await asyncio.gather(self._staying, return_exceptions=True)
        if self._session is not None:
            await self._session.leave(self._terms.response_seconds)

    # -- the gate ------------------------------------------------------------------------------------------------

    def pause(self) -> float | None:
        """Say how long the next submission must wait; None while there is no bind, or no room."""
        if not self.is_bound or self._within >= self._terms.window:
            return None
        return self._throttle.wait(self._loop.time())

    def enter(self) -> None:
        """Take a place in the window."""
        self._within += 1
        self._throttle.went()

    def leave(self) -> None:
        """Give it back."""
        self._within -= 1
        self._turns.look()

    # -- staying bound -------------------------------------------------------------------------------------------

    async def _stay(self) -> None:
        wait = self._terms.first_wait
        while True:
            least = 0.0
            try:
                session = await self._bound()
            except NoReply as silence:
                why = silence.why
            except BindRefused as refusal:
                why = str(refusal)
                if refusal.status in CREDENTIALS:
                    self._give_up(refusal)
                    return
                least = SLOW * self._terms.first_wait if refusal.status in SLOWLY else 0.0
            except Exception:
                # Nobody else would bind again.
                why = "It broke."
                log.exception("a bind broke", url=self._terms.url)
            else:
                wait = self._terms.first_wait
                self._turns.look()
                await session.lost.wait()
                why = session.why
            self._session = None
            self._repeats.broke()
            log.warning("not bound", url=self._terms.url, kind=self._kind.name, why=why)
            # All that were bound to one SMSC lose it together, and must not come back together.
            await asyncio.sleep(max(least, wait * (0.5 + self._share() / 2)))
            wait = min(LONGEST_WAIT, wait * 2)

    async def _bound(self) -> Session:
        """Connect and bind; raises NoReply and BindRefused."""
        session = Session(self._terms, self._deliver)
        self._session = session
        try:
            await self._dial(self._terms, session.made)
            await session.bind(self._kind)
        except BaseException:
            session.drop("We are not bound.")
            raise
        log.info("bound", url=self._terms.url, kind=self._kind.name)
        self._peer.bound()
        return session

    async def _deliver(self, octets: bytes) -> int:
        """Hand a delivery on; one that comes again because its answer was lost is only answered again."""
        # Its number is the line's: the same delivery has another one over the next.
        body, line = octets[HEADER:], self._repeats.line
        if self._repeats.is_one(body):
            log.info("an SMSC delivers again what it was answered", url=self._terms.url)
            return Status.OK
        status = await self._peer.deliver(octets)
        if status == Status.OK:
            self._repeats.taken(body, line)
        return status

    def _give_up(self, refusal: BindRefused) -> None:
        word = "the password" if refusal.status == Status.BAD_PASSWORD else "the system id"
        self._refused = f"The SMSC does not accept {word}."
        self._session = None
        self._turns.refuse(self._refused)
        log.error("not bound, and not tried again", url=self._terms.url, why=self._refused)
        self._peer.refused(self._refused)
