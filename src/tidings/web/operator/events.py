"""The log of a workspace, read from a cursor: at once, or as soon as there is something new."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec import Raw

from tidings.dialects.dialect import Dialect, Telling
from tidings.flow.history import Stretch, stretch, stretch_about
from tidings.model.errors import FieldError, Refused
from tidings.model.events import Kind
from tidings.model.workspaces import Scope
from tidings.store.log import last_position
from tidings.web.door import Argument, Page, Visit, json_page, missing, route
from tidings.web.operator.lists import MOST, USUAL, limit_of
from tidings.web.operator.shown import shown_event

LONGEST_WAIT: Final = 60
"""Seconds."""
LOOK_EVERY: Final = 1.0
"""Seconds between two looks where other processes write to the log too, in case their word of it came too early."""
LATEST: Final = "latest"

Wanted = Callable[[Telling], bool]


@route(
    "GET",
    "/workspaces/{workspace}/events",
    scope=Scope.READ,
    group="operator",
    summary="Read the log from a cursor, waiting for something new where that is asked",
    gives={200: "`results`, and in `nextAfter` the cursor to go on from"},
    query=(
        Argument("after", "The cursor: 0 is the beginning, `latest` the end.", "string"),
        Argument("types", "Which events, separated by commas: our kinds, or with `dialect` its names."),
        Argument("messageId", "Only events about this message."),
        Argument("limit", f"How many, 1 to {MOST}; {USUAL} where it is not said.", "integer"),
        Argument("dialect", "Give each event as a webhook of this vocabulary has it: `omnichannel` or `channels`."),
        Argument(
            "wait", f"Where there is nothing yet, wait so many seconds for it, at most {LONGEST_WAIT}.", "integer"
        ),
    ),
)
async def read_events(visit: Visit) -> Page:
    """Read the log."""
    world = visit.world
    limit, wait = limit_of(visit), visit.integer("wait", 0, 0, LONGEST_WAIT)
    dialect = _dialect(visit)
    is_wanted = _wanted(visit, dialect)
    after = await _after(visit)
    loop = asyncio.get_running_loop()
    end = loop.time() + wait
    while True:
        found = await _read(visit, after, limit, is_wanted)
        left = end - loop.time()
        if found.tellings or left <= 0:
            break
        after = found.end
        await world.log.wait_after(
            visit.tenant.id, after, left if world.store.database.exclusive else min(left, LOOK_EVERY)
        )
    return json_page(200, {"results": list(_shown(found.tellings, dialect)), "nextAfter": found.end})


async def _read(visit: Visit, after: int, limit: int, is_wanted: Wanted) -> Stretch:
    message = visit.query.get("messageId")
    if message is None:
        return await visit.world.store.read(stretch(visit.tenant, after, limit, is_wanted))
    found = await visit.world.store.read(stretch_about(visit.tenant, message, after, limit, is_wanted))
    if found is None:
        raise missing("message", message)
    return found


async def _after(visit: Visit) -> int:
    if visit.query.get("after") == LATEST:
        return await visit.world.store.read(last_position())
    return visit.integer("after", 0, 0, 2**63 - 1)


def _dialect(visit: Visit) -> Dialect | None:
    name = visit.query.get("dialect")
    if name is None:
        return None
    dialect = visit.world.dialects.get(name)
    if dialect is None:
        known = ", ".join(visit.world.dialects)
        raise _refused(FieldError("dialect", f"There is no such vocabulary; there are {known}.", "unknown"))
    return dialect


def _wanted(visit: Visit, dialect: Dialect | None) -> Wanted:
    """Say which events are wanted; raises Refused for a type that does not exist."""
    asked = frozenset(filter(None, visit.query.get("types", "").split(",")))
    if dialect is None:
        _check(asked, Kind)
        return lambda telling: not asked or telling.event.kind in asked
    name_of = dialect.name_of
    platforms = {channel.platform for channel in visit.world.directory.channels_of(visit.tenant.id)}
    _check((each for each in asked if each.partition(".")[0] not in platforms), dialect.event_names)
    if asked:
        return lambda telling: name_of(telling) in asked
    return lambda telling: name_of(telling) is not None


def _check(asked: Iterable[str], known: Iterable[str]) -> None:
    names = frozenset(known)
    problems = [FieldError("types", f"There is no event {each}.", "unknown") for each in asked if each not in names]
    if problems:
        raise _refused(*problems)


def _shown(tellings: Iterable[Telling], dialect: Dialect | None) -> Iterable[Any]:
    if dialect is None:
        return (shown_event(telling.event) for telling in tellings)
    return (Raw(dialect.render(telling)) for telling in tellings)


def _refused(*errors: FieldError) -> Refused:
    return Refused("The log cannot be read so.", errors=errors)
