"""Where a subscription's reader stood, as it is on disk, and setting it to another place."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from tidings.flow.attempts import decode_condition
from tidings.model.subscriptions import Held, Subscription, Verdict
from tidings.rules.endpoint import Condition
from tidings.store.log import last_position
from tidings.store.statements import Row, Transaction, statement


class Reading(Struct, frozen=True):
    """Everything a reader needs to go on."""

    cursor: int
    condition: Condition
    held: list[Held]
    finished: set[int]
    """Positions after the cursor that are told or given up."""
    made: dict[int, int]
    """Attempts made of events after the cursor that are not."""
    rewound_to: int
    """Up to here there may be attempts of an earlier reading; 0 where there are none."""


def resumed(subscription: Subscription, *, most_held: int) -> Transaction[Reading]:
    """Read where a reader stood: its cursor, what is set aside, and what after the cursor is finished already."""
    serial = subscription.serial
    row = (yield statement("get_cursor")(subscription=serial))[0]
    after, rewound_at, condition = row[0], row[2], decode_condition(row[3])
    rows = yield statement("held_by")(subscription=serial, dead=False, limit=most_held)
    held = [held_of(serial, row) for row in rows]
    finished = {each.position for each in held if each.position > after}
    finished.update(row[0] for row in (yield statement("dead_after")(subscription=serial, after=after, dead=True)))
    made: dict[int, int] = {}
    attempts = yield statement("attempts_after")(subscription=serial, after=after, since=rewound_at)
    for position, number, verdict in attempts:
        made[position] = max(number, made.get(position, 0))
        if verdict != Verdict.RETRY.value:
            finished.add(position)
    rewound_to = (yield from last_position()) if rewound_at else 0
    return Reading(
        cursor=after,
        condition=condition,
        held=held,
        finished=finished,
        made={position: number for position, number in made.items() if position not in finished},
        rewound_to=rewound_to,
    )


def made_of(serial: int, positions: Sequence[int]) -> Transaction[dict[int, int]]:
    """Read how many attempts were made of some events."""
    rows = yield statement("attempts_made")(subscription=serial, positions=list(positions))
    return {row[0]: row[1] for row in rows}


def held_of(serial: int, row: Row) -> Held:
    """Read what is set aside from its row."""
    return Held(
        subscription=serial,
        position=row[0],
        message=row[1],
        tries=row[2],
        first_at=row[3],
        due_at=row[4],
        dead=bool(row[5]),
        number=row[6],
    )


class Resumption(StrEnum):
    """How a reader goes on that was stopped."""

    DRAIN = "drain"
    """From where it stood."""
    SKIP = "skip"
    """With what is new: everything else is passed over, also what is set aside."""
    AGAIN = "again"
    """From an earlier place or a later one: everything after it is told, also what was told, set aside or given up."""


def set_reader(subscription: Subscription, how: Resumption, place: int, now: int) -> Transaction[None]:
    """Set a subscription's reader to a place, whoever has it now: the subscription is in another epoch already.

    Nothing is known of its endpoint from then on.
    """
    again = how is Resumption.AGAIN
    yield statement("set_cursor")(
        position=place,
        epoch=subscription.epoch,
        now=now if again else 0,
        nothing=b"",
        subscription=subscription.serial,
    )
    if how is Resumption.SKIP:
        yield statement("drop_waiting_of")(subscription=subscription.serial, dead=False)
    elif again:
        yield statement("drop_helds_after")(subscription=subscription.serial, after=place)
