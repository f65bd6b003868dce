"""Sparing: what waited since it was screened, and what goes to several, is screened again when it is handed over."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from tidings.connectors.connector import Outgoing
from tidings.flow.screening import TO, people_of, refusal_to, suppressed_among
from tidings.flow.world import World
from tidings.model.exchange import Piece, Sent
from tidings.model.messages import Hop, Message
from tidings.model.stages import Reason
from tidings.rules.suppression import as_kept

FRESH: Final = 10_000
"""Milliseconds for which a message needs no second look: it was screened when it was taken."""


async def spared(world: World, message: Message, hop: Hop) -> Mapping[str, Reason]:
    """Tell to whom of its people a hop that is handed over now must not go, and why, by address."""
    if hop.expected == 1 and world.clock.now() - message.created_at < FRESH:
        return {}
    people = [address for _, address in people_of(message, hop)]
    kept = [as_kept(hop.platform, each) for each in people]
    known = await world.store.read(suppressed_among(message.workspace, kept))
    refusals = {each: refusal_to(message, hop, each, known) for each in people}
    return {address: reason for address, reason in refusals.items() if reason is not None}


def refusal_for_all(message: Message, hop: Hop, withheld: Mapping[str, Reason]) -> Reason | None:
    """Tell why a hop goes to nobody: all whom it is addressed to are spared. None where it may go to somebody."""
    addressed = [address for type_, address in people_of(message, hop) if type_ == TO]
    return withheld[addressed[0]] if all(each in withheld for each in addressed) else None


def without(outgoing: Outgoing, withheld: Mapping[str, Reason]) -> Outgoing:
    """Leave those who are spared out of what goes to several."""
    left = tuple((type_, address) for type_, address in outgoing.recipients if address not in withheld)
    return replace(outgoing, recipients=left, to=next(address for type_, address in left if type_ == TO))


def told_of(sent: Sent, withheld: Mapping[str, Reason]) -> Sent:
    """Tell, with what was sent, to whom it was not."""
    refused = tuple(Piece("", address, reason) for address, reason in withheld.items())
    return replace(sent, pieces=(*sent.pieces, *refused))
