"""The place in the log that the hub keeps for a subscription, read and set by those who fetch its events themselves."""

from msgspec.structs import replace

from tidings.flow.resuming import Resumption, set_reader
from tidings.flow.world import World
from tidings.model.errors import FieldError, Refused
from tidings.model.subscriptions import Subscription
from tidings.store.log import last_position
from tidings.store.statements import Transaction, statement


def kept_place(subscription: Subscription) -> Transaction[int]:
    """Read how far a subscription has come: its reader, or whoever fetches its events; 0 where it has just gone."""
    rows = yield statement("get_cursor")(subscription=subscription.serial)
    return int(rows[0][0]) if rows else 0


async def keep_place(world: World, subscription: Subscription, place: int) -> bool:
    """Keep another place for a subscription that is not active; False where it went meanwhile.

    Raises Refused: with 409 where it is active, since its own reader keeps its place then; with 422 where the log does
    not reach so far.
    """

    def step() -> Transaction[bool]:
        # In another epoch, so that a reader that is still stopping does not set the place back. The other processes
        # need not hear of that: they have no reader of it, and whoever starts one reads what is on disk.
        kept = yield from world.directory.change_subscription(subscription.id, _in_another_epoch)
        if kept is None:
            return False
        last = yield from last_position()
        if place > last:
            wrong = FieldError("after", f"The log ends at {last}.", "range")
            raise Refused("The place cannot be kept.", status=422, errors=(wrong,))
        yield from set_reader(kept, Resumption.DRAIN, place, world.clock.now())
        return True

    return await world.store.write(step)


def _in_another_epoch(known: Subscription) -> Subscription:
    if known.active:
        raise Refused("The subscription is active: its webhooks move its place. Pause it first.", status=409)
    return replace(known, epoch=known.epoch + 1)
