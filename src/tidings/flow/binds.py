"""The wire `smpp`: a standing bind for each channel that is sent from here.

What an SMSC delivers over a bind is received like any provider's callback, with `DELIVER` for its method and `smpp:`
for its URL, which nobody can claim who comes by HTTP. An SMSC is heard saying ids in two places, so how it writes them
is learnt here, and kept with the channel.
"""

from functools import partial
from typing import Any, Final, Protocol, runtime_checkable

import structlog
from msgspec.structs import replace

from tidings.connectors.connector import Connector
from tidings.flow import notices
from tidings.flow.facts import Told
from tidings.flow.parked import drop, parked_in
from tidings.flow.receive import receive
from tidings.flow.world import World
from tidings.model.errors import NoReply
from tidings.model.exchange import Call, Callback, Exchange, Reply, T, hold
from tidings.model.reports import Receipt
from tidings.model.stages import Cause, Reason
from tidings.model.workspaces import Channel
from tidings.rules.smpp.ids import Bases, reported_as
from tidings.rules.smpp.pdu import Malformed, read_id, read_message, read_pdu
from tidings.rules.smpp.receipts import is_receipt, read_receipt
from tidings.rules.smpp.terms import Terms
from tidings.rules.smpp.words import Status
from tidings.store.statements import Transaction, statement
from tidings.wire.smpp import Bind, Dial

log = structlog.get_logger()

DELIVER: Final = "DELIVER"
URL: Final = "smpp:"
BOUND_AS: Final = "system-id"
"""The header that says which system id a delivery's bind was made with."""
BASE: Final = "receipt-id-base"
"""The header that says how receipts write ids, once that is learnt."""
LAST: Final = "\x7f"
"""After every id."""
REMEMBERED: Final = 500
"""Receipts without a message that are looked at again when the ids are understood."""


@runtime_checkable
class Binding(Protocol):
    """A connector that speaks over a bind."""

    @property
    def terms(self) -> Terms:
        """What the bind is made with."""
        ...


class Binds:
    """The binds of the channels that are sent from here."""

    def __init__(self, world: World, dial: Dial) -> None:
        self._world = world
        self._dial = dial
        self._bound: dict[str, _Bound] = {}

    async def open(self, channel: Channel, connector: Connector[Any]) -> None:
        """Bind, in the background."""
        if not isinstance(connector, Binding):
            raise TypeError(f"{connector.name} says that it speaks over smpp, and has no terms for a bind.")
        bound = _Bound(self._world, channel, connector.terms)
        await bound.start(self._dial)
        self._bound[channel.id] = bound

    async def close(self, channel: str) -> None:
        """Unbind, once what is under way has ended."""
        if (bound := self._bound.pop(channel, None)) is not None:
            await bound.stop()

    async def carry(self, channel: Channel, exchange: Exchange[T], *, timeout: float) -> T:
        """Hold a connector's conversation over the channel's bind; each call waits `timeout` seconds for its turn."""
        return await hold(exchange, lambda call: self._submit(channel.id, call, timeout))

    async def _submit(self, channel: str, call: Call, timeout: float) -> Reply:
        if (bound := self._bound.get(channel)) is None:
            raise NoReply("The channel is not bound from here.", taken=False, error="connect")
        return await bound.submit(call, timeout)


class _Bound:
    """One channel's bind, and what is known of its SMSC."""

    def __init__(self, world: World, channel: Channel, terms: Terms) -> None:
        self._world = world
        self._channel = channel
        self._terms = terms
        self._bind: Bind | None = None
        self._base = "" if terms.base == "auto" else terms.base
        self._bases = Bases()

    async def start(self, dial: Dial) -> None:
        """Begin with what was learnt before."""
        self._base = self._base or await self._world.store.read(_learnt(self._channel.id))
        self._bind = Bind(self._terms, self, dial, self._world.chance.share)
        self._bind.start()

    async def stop(self) -> None:
        """Unbind."""
        assert self._bind is not None
        await self._bind.stop()

    async def submit(self, call: Call, timeout: float) -> Reply:
        """Submit one PDU."""
        assert self._bind is not None
        request = read_pdu(call.body)
        answer = await self._bind.submit(request, timeout)
        if answer.status == Status.OK and not self._base and (id_ := read_id(answer.body)):
            self._learn(self._bases.taken(id_, read_message(request).destination.text))
        return Reply(status=answer.status, body=answer.octets())

    # -- what the bind hears -------------------------------------------------------------------------------------

    async def deliver(self, octets: bytes) -> int:
        """Have a delivery received; gives the status of the answer once it is on disk."""
        world = self._world
        channel = world.directory.channels.get(self._channel.id)
        if channel is None:
            return Status.TEMPORARY
        if not self._base:
            self._hear(octets)
        headers = {BOUND_AS: self._terms.system_id, **({BASE: self._base} if self._base else {})}
        now = world.clock.now()
        callback = Callback(method=DELIVER, url=URL, headers=headers, body=octets, received_at=now)
        answer = await receive(world, channel, callback)
        return Status.OK if answer.status == 200 else Status.PERMANENT

    def refused(self, why: str) -> None:
        """Tell the operators that the SMSC does not know us."""
        reason = Reason(Cause.ACCOUNT, why)
        self._world.say(notices.channel_failing(self._channel, reason, since=self._world.clock.now()))

    def bound(self) -> None:
        """Nothing follows from it: that submissions go is told when they do."""

    # -- how the SMSC writes ids ---------------------------------------------------------------------------------

    def _hear(self, octets: bytes) -> None:
        try:
            message = read_message(read_pdu(octets))
        except Malformed:
            return
        if is_receipt(message) and (id_ := read_receipt(message).message_id):
            self._learn(self._bases.reported(id_, message.source.text))

    def _learn(self, base: str | None) -> None:
        if base is None or self._base:
            return
        self._base, self._bases = base, Bases()
        log.info("an SMSC's ids are understood", channel=self._channel.id, base=base)
        self._world.spawn(self._keep(base))

    async def _keep(self, base: str) -> None:
        """Keep what was learnt, and look again at the receipts that came before it was."""
        world = self._world
        await world.store.write(partial(_put_learnt, self._channel.id, base))
        if base == "same":
            return
        for id_, receipt in await world.store.read(_unmatched(self._channel)):
            reference = reported_as(receipt.target.reference, base)
            # Its key is known already: under that it would not be taken again.
            known = replace(receipt, target=replace(receipt.target, reference=reference), key="")
            await world.record(Told(self._channel, known))
            await world.store.write(partial(drop, id_))


def _learnt(channel: str) -> Transaction[str]:
    rows = yield statement("get_setting")(name=f"smpp-ids:{channel}")
    return str(rows[0][0]) if rows else ""


def _put_learnt(channel: str, base: str) -> Transaction[None]:
    yield statement("put_setting")(name=f"smpp-ids:{channel}", value=base)


def _unmatched(channel: Channel) -> Transaction[list[tuple[str, Receipt]]]:
    """Read the newest receipts of a channel that found no message."""
    parked = yield from parked_in(channel.workspace, LAST, REMEMBERED)
    found = [(each.id, each.waiting.report) for each in parked if each.channel == channel.id]
    return [(id_, report) for id_, report in found if isinstance(report, Receipt)]
