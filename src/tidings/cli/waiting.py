"""What `tidings doctor` finds of what waits: endpoints that do not answer, and channels whose messages are not sent."""

import time
from typing import Final

import msgspec
import sqlalchemy
from msgspec import Struct

from tidings.cli.findings import Finding, Level
from tidings.cli.inspection import looked_at
from tidings.flow.attempts import decode_condition
from tidings.rules.endpoint import Condition
from tidings.rules.times import to_iso
from tidings.settings import Settings

ENDPOINTS: Final = "Endpoints"
CHANNELS: Final = "Channels"
LATE: Final = 600_000
"""Milliseconds for which a message may be due without anything being wrong: a bulk goes at its channel's pace."""
SHOWN: Final = 3
"""How many are named."""


class _Told(Struct):
    """What is read of a subscription."""

    id: str
    active: bool


class _Queue(Struct):
    """The messages of a channel that wait to be sent."""

    channel: str
    oldest_at: int
    number: int


async def endpoints(settings: Settings, *, has_tables: bool) -> Finding:
    """Say which active subscriptions are not told anything because their endpoints do not answer."""
    told = await looked_at(settings, _conditions) if has_tables else {}
    stopped = {id_: condition.stopped_at for id_, condition in told.items() if condition.stopped_at is not None}
    if not stopped:
        return Finding(ENDPOINTS, Level.GOOD, f"none of {len(told)} is stopped")
    oldest = sorted((since, id_) for id_, since in stopped.items())
    named = _few([f"{id_} since {to_iso(since)}" for since, id_ in oldest])
    advice = "See what they answered: tidings subscription log ID. Everything is kept for them until they answer."
    return Finding(ENDPOINTS, Level.DOUBT, f"{len(stopped)} of {len(told)} are stopped: {named}", advice)


async def channels(settings: Settings, *, has_tables: bool) -> Finding:
    """Say which channels have messages that should have been sent a good while ago."""
    told = await looked_at(settings, _queues) if has_tables else []
    before = round(time.time() * 1000) - LATE
    late = sorted((each for each in told if each.oldest_at < before), key=lambda each: each.oldest_at)
    if not late:
        return Finding(CHANNELS, Level.GOOD, "no message has waited for long to be sent")
    named = _few([f"{each.channel} ({each.number} wait, since {to_iso(each.oldest_at)})" for each in late])
    advice = "Look for the channel in the log; see its rate with: tidings channel show NAME"
    return Finding(CHANNELS, Level.DOUBT, f"messages wait to be sent by {named}", advice)


def _conditions(connection: sqlalchemy.Connection) -> dict[str, Condition]:
    """Read how the endpoints of active subscriptions are doing, by the subscriptions' ids."""
    asked = sqlalchemy.text(
        "SELECT s.body, c.state FROM subscription s JOIN cursor c ON c.subscription = s.serial ORDER BY s.id"
    )
    rows = [(msgspec.json.decode(bytes(row[0]), type=_Told), bytes(row[1])) for row in connection.execute(asked)]
    return {told.id: decode_condition(state) for told, state in rows if told.active}


def _queues(connection: sqlalchemy.Connection) -> list[_Queue]:
    rows = connection.execute(sqlalchemy.text("SELECT channel, min(due_at), count(*) FROM due GROUP BY channel"))
    return [_Queue(*row) for row in rows]


def _few(named: list[str]) -> str:
    more = [f"and {len(named) - SHOWN} more"] if len(named) > SHOWN else []
    return ", ".join([*named[:SHOWN], *more])
