"""What waits for its message, or for a better parser: listing it, and telling it again."""

from collections.abc import Sequence
from functools import partial

import msgspec
from msgspec import Struct

from tidings.flow.facts import Told
from tidings.flow.page import Waiting
from tidings.flow.world import World
from tidings.model.errors import Refused, Unreadable
from tidings.model.reports import Inbound, Unknown
from tidings.store.statements import Row, Transaction, statement


class Parked(Struct, frozen=True):
    """One report or callback that waits."""

    id: str
    channel: str
    reference: str
    why: str
    at: int
    waiting: Waiting


class Replayed(Struct, frozen=True):
    """What telling it again came to."""

    found: bool
    """Whether it is parked no longer."""
    messages: Sequence[str] = ()
    why: str = ""
    """Why it still waits."""


def parked_in(workspace: str, before: str, limit: int) -> Transaction[list[Parked]]:
    """Read what is parked for a tenant, with ids before one, newest first."""
    rows = yield statement("parked_in")(workspace=workspace, before=before, limit=limit)
    return [_parked(row) for row in rows]


async def replay(world: World, workspace: str, id_: str) -> Replayed | None:
    """Tell something parked again; None where there is no such thing. Raises Refused where its channel is gone."""
    parked = await world.store.read(_get(workspace, id_))
    if parked is None:
        return None
    channel = world.directory.channels.get(parked.channel)
    if channel is None:
        raise Refused("The channel it came by is no more, so nobody can say what it means.", status=409)
    if (report := parked.waiting.report) is not None:
        if isinstance(report, Unknown) or (isinstance(report, Inbound) and report.fragment is not None):
            return Replayed(False, why=parked.why)
        outcome = await world.record(Told(channel, report, parked=id_))
        return Replayed(True, [outcome.value]) if outcome.value else Replayed(False, why=parked.why)
    assert parked.waiting.callback is not None
    try:
        # It was proven when it came; by now its time would be out of the signature's window.
        reports = world.connector(channel).parse(parked.waiting.callback)
    except Unreadable as error:
        return Replayed(False, why=f"unreadable: {error}")
    told = [await world.record(Told(channel, each)) for each in reports]
    await world.store.write(partial(drop, id_))
    return Replayed(True, [outcome.value for outcome in told if outcome.value])


def drop(id_: str) -> Transaction[None]:
    """Park something no longer."""
    yield statement("drop_parked")(id=id_)


def _get(workspace: str, id_: str) -> Transaction[Parked | None]:
    rows = yield statement("get_parked")(workspace=workspace, id=id_)
    return _parked((id_, *rows[0])) if rows else None


def _parked(row: Row) -> Parked:
    id_, channel, reference, why, at, body = row
    return Parked(id_, channel, reference, why, at, msgspec.json.decode(body, type=Waiting))
