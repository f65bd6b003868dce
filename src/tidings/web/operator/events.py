"""The log of a workspace: read from a cursor, at once or as soon as there is something new, or as a live stream."""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from tidings.dialects.dialect import Dialect, Telling
from tidings.flow.tail import Shown, Wish
from tidings.model.errors import FieldError, Refused
from tidings.model.events import Kind
from tidings.model.workspaces import Scope
from tidings.web.door import Argument, Page, Stream, Visit, route
from tidings.web.keys import admit
from tidings.web.operator.shown import shown_event
from tidings.web.operator.tailing import (
    LAST_ID,
    LIMIT,
    RENDER,
    STREAM,
    WAIT,
    View,
    asked_place,
    place_argument,
    polled,
    shown_safely,
    streamed,
)

EVENTS: Final = "/workspaces/{workspace}/events"
WANTED: Final = (
    Argument("types", "Which events, separated by commas: our kinds, or with `dialect` its names."),
    Argument("messageId", "Only events about this message."),
    Argument("dialect", "Give each event as a webhook of this vocabulary has it: `omnichannel` or `channels`."),
)


@route(
    "GET",
    EVENTS,
    scope=Scope.READ,
    group="operator",
    summary="Read the log from a cursor, waiting for something new where that is asked",
    gives={200: "`results`, and in `nextAfter` the cursor to go on from"},
    query=(place_argument("0"), *WANTED, LIMIT, WAIT),
)
async def read_events(visit: Visit) -> Page:
    """Read the log."""
    return await polled(visit, _view(visit), asked_place(visit, 0))


@route(
    "GET",
    f"{EVENTS}/stream",
    scope=Scope.READ,
    group="operator",
    summary="Follow the log live, as server-sent events",
    gives={200: STREAM, 429: "The workspace has as many streams open as it may."},
    query=(place_argument("the end"), *WANTED, LAST_ID),
)
async def stream_events(visit: Visit) -> Stream:
    """Follow the log."""
    return await streamed(visit, _view(visit), asked_place(visit, None))


def _view(visit: Visit) -> View:
    dialect = _dialect(visit)
    is_wanted = _wanted(visit, dialect)
    message = visit.query.get("messageId", "")

    def wish() -> Wish:
        admit(visit)
        return Wish(visit.tenant, is_wanted, message)

    if dialect is None:
        return View(wish, "", _shown)
    return View(wish, dialect.name, lambda telling: shown_safely(telling, _shown_in(dialect), _shown_broken))


def _dialect(visit: Visit) -> Dialect | None:
    name = visit.query.get("dialect")
    if name is None:
        return None
    dialect = visit.world.dialects.get(name)
    if dialect is None:
        known = ", ".join(visit.world.dialects)
        raise _refused(FieldError("dialect", f"There is no such vocabulary; there are {known}.", "unknown"))
    return dialect


def _wanted(visit: Visit, dialect: Dialect | None) -> Callable[[Telling], bool]:
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


def _shown(telling: Telling) -> Shown:
    return Shown(telling.event.kind.value, msgspec.json.encode(shown_event(telling.event)))


def _shown_in(dialect: Dialect) -> Callable[[Telling], Shown]:
    return lambda telling: Shown(dialect.name_of(telling) or telling.event.kind.value, dialect.render(telling))


def _shown_broken(telling: Telling) -> Shown:
    """Show an event that its vocabulary has no body for as it is, and say so."""
    told = {**shown_event(telling.event), "error": RENDER}
    return Shown(telling.event.kind.value, msgspec.json.encode(told))


def _refused(*errors: FieldError) -> Refused:
    return Refused("The log cannot be read so.", errors=errors)
