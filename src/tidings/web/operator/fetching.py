"""Fetching what a subscription is told, instead of being told it: a page at a time, or as a live stream.

What it wants, its filters and what its siblings take are those of its webhooks, and so are the bodies. One that wants
no webhooks is paused; then the hub keeps its place for it, where it says how far it has come.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from tidings.dialects.dialect import Dialect, Telling
from tidings.dialects.reading import read_json
from tidings.flow.place import keep_place, kept_place
from tidings.flow.tail import Shown, Wish
from tidings.model.workspaces import Scope
from tidings.web.door import Page, Stream, Visit, json_page, missing, route
from tidings.web.keys import admit
from tidings.web.operator.subscriptions import ONE
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
from tidings.web.subscribing import own_subscription

EVENTS: Final = f"{ONE}/events"
STORED: Final = "stored"
KEPT: Final = f", `{STORED}` the place that the hub keeps for the subscription"


class Acknowledgement(Struct, frozen=True, forbid_unknown_fields=True):
    """How far somebody has come who fetches a subscription's events."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1, description="`nextAfter` of what is done, or a `position`.")]


@route(
    "GET",
    EVENTS,
    scope=Scope.READ,
    group="operator",
    summary="Fetch what a subscription is told, active or not, waiting for something new where that is asked",
    gives={200: "`results`, each with the `body` its webhook has, and in `nextAfter` the cursor to go on from"},
    query=(place_argument(f"`{STORED}`", more=KEPT), LIMIT, WAIT),
)
async def fetch(visit: Visit) -> Page:
    """Fetch a page."""
    view = _view(visit)
    return await polled(visit, view, await _place(visit, STORED))


@route(
    "GET",
    f"{EVENTS}/stream",
    scope=Scope.READ,
    group="operator",
    summary="Follow what a subscription is told live, as server-sent events",
    gives={200: STREAM, 429: "The workspace has as many streams open as it may."},
    query=(place_argument("the end", more=KEPT), LAST_ID),
)
async def stream(visit: Visit) -> Stream:
    """Follow a subscription."""
    view = _view(visit)
    return await streamed(visit, view, await _place(visit, None))


@route(
    "POST",
    f"{EVENTS}/ack",
    scope=Scope.READ,
    group="operator",
    summary="Say how far a subscription's events are done, for the hub to keep; only where it is not active",
    takes=Acknowledgement,
    gives={
        200: Acknowledgement,
        409: "It is active: its webhooks move its place.",
        422: "There is no such place in the log.",
    },
)
async def acknowledge(visit: Visit) -> Page:
    """Keep a place."""
    subscription = own_subscription(visit)
    asked = read_json(visit.body, Acknowledgement, status=422)
    if not await keep_place(visit.world, subscription, asked.after):
        raise missing("subscription", subscription.id)
    return json_page(200, asked)


def _view(visit: Visit) -> View:
    dialect = visit.world.dialects[own_subscription(visit).dialect]

    def wish() -> Wish:
        admit(visit)
        subscription = own_subscription(visit)
        siblings = visit.world.directory.siblings(subscription.workspace, dialect.name)
        return Wish(visit.tenant, lambda telling: dialect.wants(subscription, siblings, telling))

    return View(wish, f"{dialect.name} webhook", lambda telling: _shown(dialect, telling))


async def _place(visit: Visit, usual: str | None) -> int | None:
    """Read after which position is asked for; None: after the last there is. Raises Refused where it is none."""
    if visit.query.get("after", usual) == STORED:
        return await visit.world.store.read(kept_place(own_subscription(visit)))
    return asked_place(visit, None)


def _shown(dialect: Dialect, telling: Telling) -> Shown:
    """Show an event with what a webhook has in its headers: its id, which is the same on every attempt."""
    event = telling.event

    def told(name: str, body: bytes, **more: Any) -> Shown:
        about = {"position": event.position, "webhookId": event.id, "event": name, "messageId": event.message}
        return Shown(name, msgspec.json.encode({**about, "body": Raw(body), **more}))

    return shown_safely(
        telling,
        lambda telling: told(dialect.name_of(telling) or event.kind.value, dialect.render(telling)),
        lambda _: told(event.kind.value, b"null", error=RENDER),
    )
