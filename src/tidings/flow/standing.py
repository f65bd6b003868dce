"""How telling a subscription stands, as every process can read it: its place, its endpoint, what is set aside."""

from msgspec import Struct

from tidings.flow.attempts import decode_condition
from tidings.model.subscriptions import Subscription
from tidings.rules.endpoint import Condition
from tidings.store.log import events_after
from tidings.store.statements import Transaction, statement


class Standing(Struct, frozen=True):
    """How telling a subscription stands."""

    cursor: int
    """Everything up to this position is told, set aside or not wanted."""
    condition: Condition
    held: int
    """Events set aside, to be tried again."""
    dead: int
    """Events given up."""
    undelivered_since: int | None
    """When the oldest event was written that it has not been told or not passed; None where there is none."""


def standing_of(subscription: Subscription) -> Transaction[Standing]:
    """Read how telling a subscription stands."""
    serial = subscription.serial
    row = (yield statement("get_cursor")(subscription=serial))[0]
    counted = {bool(each[0]): each for each in (yield statement("count_held_of")(subscription=serial))}
    waiting, dead = counted.get(False), counted.get(True)
    after = yield from events_after(subscription.workspace, row[0], 1)
    oldest = [*(event.at for event, _ in after), *([waiting[2]] if waiting else ())]
    return Standing(
        cursor=row[0],
        condition=decode_condition(row[3]),
        held=waiting[1] if waiting else 0,
        dead=dead[1] if dead else 0,
        undelivered_since=min(oldest, default=None),
    )
