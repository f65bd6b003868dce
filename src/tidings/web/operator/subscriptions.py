"""Subscriptions in whatever vocabulary, as an operator sees and steers them; and those to the hub's own notices."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from tidings.dialects.operations import NoticeRequest, Operations, read_notices, show_notices
from tidings.dialects.reading import read_json
from tidings.flow import steering
from tidings.flow.resuming import Resumption
from tidings.flow.standing import Standing, standing_of
from tidings.model.errors import FieldError, Refused
from tidings.model.subscriptions import Subscription
from tidings.model.workspaces import Scope
from tidings.rules.endpoint import Condition, given_up_at
from tidings.rules.times import from_iso, to_iso
from tidings.web.door import Page, Visit, json_page, missing, route
from tidings.web.operator.lists import PAGING, page_of, shown_page
from tidings.web.subscribing import drop_subscription, keep_new, new_subscription, own_subscription, with_key
from tidings.web.tags import tag_of_value, tagged_page
from tidings.web.taking import answered

PLACE: Final = "/workspaces/{workspace}/subscriptions"
ONE: Final = f"{PLACE}/{{subscription}}"
KEY: Final = "signingKey"
"""Where a new subscription's Standard Webhooks key is shown."""


class Resume(Struct, frozen=True, forbid_unknown_fields=True):
    """From where a subscription is told again that was stopped."""

    since: str = "drain"
    """`drain`: from where it stood; `skip`: only what is new; or a time, and everything after it is told."""


@route(
    "GET",
    PLACE,
    scope=Scope.READ,
    group="operator",
    summary="List the subscriptions of a workspace in every vocabulary, oldest first",
    gives={200: "A page of subscriptions"},
    query=PAGING,
)
async def list_subscriptions(visit: Visit) -> Page:
    """List subscriptions."""
    mine = [each for each in visit.world.directory.subscriptions.values() if each.workspace == visit.tenant.id]
    found, token = page_of(visit, mine)
    return tagged_page(200, shown_page([show_subscription(each) for each in found], token))


@route(
    "POST",
    PLACE,
    scope=Scope.MANAGE,
    group="operator",
    summary="Subscribe to what the hub says of itself: endpoints and channels that fail, events given up",
    takes=NoticeRequest,
    gives={
        201: "The subscription, with its Standard Webhooks key in `signingKey`: the only time that it is shown.",
        422: "Everything that is wrong with it.",
    },
)
async def create(visit: Visit) -> Page:
    """Set up a subscription to notices."""
    if (page := await answered(visit)) is not None:
        return with_key(visit, page, KEY)
    subscription = new_subscription(visit, Operations.name, read_notices(visit.body))
    body = msgspec.json.encode(show_subscription(subscription))
    promise = visit.promise(201, body)
    before = await keep_new(visit, subscription, promise)
    return with_key(visit, Page(201, body) if before is None else visit.replay(before, promise), KEY)


@route(
    "GET",
    ONE,
    scope=Scope.READ,
    group="operator",
    summary="Read a subscription, and how telling it stands: its place in the log, its endpoint, what is set aside",
    gives={200: "The subscription, with `delivery`"},
)
async def read(visit: Visit) -> Page:
    """Read one subscription and how it stands."""
    subscription = own_subscription(visit)
    standing = await visit.world.store.read(standing_of(subscription))
    return json_page(200, {**show_subscription(subscription), "delivery": show_standing(standing)})


@route(
    "DELETE",
    ONE,
    scope=Scope.MANAGE,
    group="operator",
    summary="Drop a subscription, in whatever vocabulary it is",
    gives={204: "It is gone."},
)
async def drop(visit: Visit) -> Page:
    """Drop one subscription."""
    subscription = own_subscription(visit)
    visit.check_match(tag_of_value(show_subscription(subscription)))
    await drop_subscription(visit, subscription)
    return Page(204)


@route(
    "POST",
    f"{ONE}/pause",
    scope=Scope.MANAGE,
    group="operator",
    summary="Stop telling a subscription; its place in the log is kept",
    gives={200: "The subscription as it is now"},
)
async def pause(visit: Visit) -> Page:
    """Pause one subscription."""
    return _page(visit, await steering.pause(visit.world, own_subscription(visit)))


@route(
    "POST",
    f"{ONE}/resume",
    scope=Scope.MANAGE,
    group="operator",
    summary="Go on telling a subscription: from where it stood, from now, or from a time",
    takes=Resume,
    gives={200: "The subscription as it is now", 422: "The time cannot be read."},
)
async def resume(visit: Visit) -> Page:
    """Resume one subscription; one that is active is set to another place."""
    subscription = own_subscription(visit)
    asked = read_json(visit.body or b"{}", Resume, status=422)
    if asked.since in (Resumption.DRAIN, Resumption.SKIP):
        return _page(visit, await steering.resume(visit.world, subscription, Resumption(asked.since)))
    since = time_of("since", asked.since)
    return _page(visit, await steering.resume(visit.world, subscription, Resumption.AGAIN, since=since))


def time_of(name: str, text: str) -> int:
    """Read a time of a request's field, in milliseconds; raises Refused (422) where it is none."""
    try:
        return from_iso(text)
    except ValueError as error:
        wrong = FieldError(name, "An ISO 8601 time is needed, as 2026-01-31T12:00:00Z.", "time")
        raise Refused("A time cannot be read.", status=422, errors=(wrong,)) from error


def show_subscription(subscription: Subscription) -> dict[str, Any]:
    """Show a subscription, whatever its vocabulary."""
    told: dict[str, Any] = {
        "id": subscription.id,
        "service": subscription.dialect,
        "name": subscription.name,
        "url": subscription.url,
        "status": "active" if subscription.active else "inactive",
        **({"stopped": subscription.stopped} if subscription.stopped else {}),
        "createdAt": to_iso(subscription.created_at),
        "updatedAt": to_iso(subscription.updated_at),
    }
    if subscription.dialect == Operations.name:
        return {**told, **show_notices(subscription)}
    wanted = [
        {"event": each.event, "filters": [{"key": filter_.key, "value": filter_.value} for filter_ in each.filters]}
        for each in subscription.wanted
    ]
    return {**told, "wanted": wanted}


def show_standing(standing: Standing) -> dict[str, Any]:
    """Show how telling a subscription stands."""
    return {
        "cursor": standing.cursor,
        "setAside": standing.held,
        "givenUp": standing.dead,
        "undeliveredSince": _time(standing.undelivered_since),
        "endpoint": show_condition(standing.condition),
    }


def show_condition(condition: Condition) -> dict[str, Any]:
    """Show how an endpoint is doing."""
    state = "stopped" if condition.is_stopped else "failing" if condition.failing_since is not None else "well"
    return {
        "state": state,
        "failingSince": _time(condition.failing_since),
        "stoppedAt": _time(condition.stopped_at),
        "probes": condition.probes,
        "nextProbeAt": _time(condition.probe_at or None),
        "restsUntil": _time(condition.rest_until or None),
        "disabledAt": _time(given_up_at(condition)),
    }


def _page(visit: Visit, subscription: Subscription | None) -> Page:
    if subscription is None:
        raise missing("subscription", visit.params["subscription"])
    return tagged_page(200, show_subscription(subscription))


def _time(moment: int | None) -> str | None:
    return None if moment is None else to_iso(moment)
