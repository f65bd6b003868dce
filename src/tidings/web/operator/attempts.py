"""The delivery log of a workspace: what became of telling its subscriptions, by whatever is asked."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, TypeVar

from msgspec import Struct

from tidings.flow.deliveries import END, FOR_EVER, HIGHEST, Asked, Found, Place, attempts_about, attempts_like
from tidings.flow.look import message_in
from tidings.flow.positions import find_event
from tidings.model.errors import FieldError, Refused
from tidings.model.subscriptions import Fault, Subscription, Verdict
from tidings.model.workspaces import Scope
from tidings.rules.times import from_iso
from tidings.store.log import events_of
from tidings.store.statements import Transaction
from tidings.web.door import Argument, Page, Visit, json_page, missing, route
from tidings.web.entries import Entry, entry
from tidings.web.operator.lists import PAGING, limit_of

LOWEST_STATUS: Final = 100

_TOKEN: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,18})-([0-9]{1,18})-([0-9]{1,18})")

E = TypeVar("E", bound=StrEnum)


class LogEntry(Entry, frozen=True, kw_only=True):
    """One attempt to tell an event to one of the workspace's subscriptions."""

    subscription_id: str


class LogEntries(Struct, frozen=True, rename="camel"):
    """A page of attempts; there is a next one as long as there is a token, however few are in this."""

    results: list[LogEntry]
    next_page_token: str | None


def _words(kind: type[StrEnum]) -> str:
    return ", ".join(f"`{each}`" for each in kind)


@route(
    "GET",
    "/workspaces/{workspace}/attempts",
    scope=Scope.READ,
    group="operator",
    summary="List the attempts to tell subscriptions, newest first, by whatever is asked of them",
    gives={200: LogEntries},
    query=(
        Argument("subscription", "Only attempts to tell this subscription."),
        Argument("verdict", f"Only those that came to this: {_words(Verdict)}."),
        Argument("class", f"Only failures of this class: {_words(Fault)}."),
        Argument("status", "Only those that were answered with this HTTP status.", "integer"),
        Argument("eventId", "Only attempts to tell this event."),
        Argument("messageId", "Only attempts to tell events of this message."),
        Argument("from", "Not before this time, ISO 8601."),
        Argument("to", "Before this time, ISO 8601."),
        *PAGING,
    ),
)
async def list_attempts(visit: Visit) -> Page:
    """List attempts."""
    mine = {each.serial: each for each in _subscriptions(visit)}
    asked = Asked(
        subscriptions=sorted(mine),
        verdict=_word(visit, "verdict", Verdict),
        fault=_word(visit, "class", Fault),
        status=visit.integer("status", 0, LOWEST_STATUS, HIGHEST) or None,
        since=_time(visit, "from", 0),
        until=_time(visit, "to", FOR_EVER),
        before=_place(visit),
        limit=limit_of(visit),
    )
    found = await visit.world.store.read(_found(visit, asked))
    entries = []
    for tried in found.tried:
        told = mine[tried.attempt.subscription]
        dialect = visit.world.dialects[told.dialect]
        entries.append(entry(LogEntry, tried, dialect, visit.tenant, subscription_id=told.id))
    return json_page(200, LogEntries(entries, _written(found.following) if found.following else None))


def _found(visit: Visit, asked: Asked) -> Transaction[Found]:
    """Look among the attempts to tell one event or message where one is named, else among all; raises Refused."""
    workspace, message, event = visit.tenant.id, visit.query.get("messageId"), visit.query.get("eventId")
    if message is None and event is None:
        return (yield from attempts_like(asked))
    positions: set[int] | None = None
    if message is not None:
        if (yield from message_in(workspace, message)) is None:
            raise missing("message", message)
        positions = {each.position for each in (yield from events_of(message))}
    if event is not None:
        told = yield from find_event(workspace, event)
        if told is None:
            raise missing("event", event)
        position = told[0].position
        positions = {position} if positions is None else positions & {position}
    return (yield from attempts_about(asked, sorted(positions or ())))


def _subscriptions(visit: Visit) -> Iterable[Subscription]:
    """Give the workspace's subscriptions, or the one that is named; raises Refused."""
    mine = [each for each in visit.world.directory.subscriptions.values() if each.workspace == visit.tenant.id]
    named = visit.query.get("subscription")
    if named is None:
        return mine
    found = [each for each in mine if each.id == named]
    if not found:
        raise missing("subscription", named)
    return found


def _word(visit: Visit, name: str, kind: type[E]) -> E | None:
    text = visit.query.get(name)
    if text is None:
        return None
    try:
        return kind(text)
    except ValueError:
        raise _wrong(name, f"It must be one of {', '.join(kind)}.", "unknown") from None


def _time(visit: Visit, name: str, default: int) -> int:
    text = visit.query.get(name)
    if text is None:
        return default
    try:
        return from_iso(text)
    except ValueError:
        raise _wrong(name, "It must be an ISO 8601 time, like 2026-09-21T14:13:20.000Z.", "time") from None


def _place(visit: Visit) -> Place:
    token = visit.query.get("pageToken")
    if token is None:
        return END
    place = _TOKEN.fullmatch(token)
    if place is None:
        raise _wrong("pageToken", "It must be the nextPageToken of the page before.", "token")
    return Place(*map(int, place.groups()))


def _written(place: Place) -> str:
    return f"{place.at}-{place.subscription}-{place.position}-{place.number}"


def _wrong(name: str, message: str, code: str) -> Refused:
    return Refused("A query parameter does not fit.", errors=(FieldError(name, message, code),))
