"""Finding what a short address stands for, as fast as people tap."""

import msgspec

from tidings.flow.world import World
from tidings.model.links import Link
from tidings.store.statements import Transaction, statement

_decode = msgspec.json.Decoder(Link).decode


async def find_link(world: World, slug: str) -> Link | None:
    """Find what a short address stands for; None where it was never given out, or its message was redacted.

    One that has expired is found too, for as long as it is kept: whoever answers says that it is gone.
    """
    now = world.clock.now()
    known = world.links.get(slug, now)
    if known is None:
        known = await world.store.read(_link(slug))
        if known is not None:
            world.links.keep(known, now)
    return known


def _link(slug: str) -> Transaction[Link | None]:
    rows = yield statement("link_of")(slug=slug)
    return _decode(rows[0][0]) if rows else None
