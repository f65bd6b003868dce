"""What became of telling a subscription, and trying it out."""

import re
from typing import Final

from msgspec import Struct

from tidings.flow import look
from tidings.flow.look import LAST_ATTEMPT
from tidings.flow.trial import Trial, try_out
from tidings.model.errors import FieldError, Refused
from tidings.model.subscriptions import Subscription
from tidings.model.workspaces import Scope
from tidings.web.channels.places import bad_token, shared_door
from tidings.web.channels.subscriptions import DIALECT, SUBSCRIPTION, own_subscription
from tidings.web.door import Page, Visit, json_page
from tidings.web.entries import Entry, entry
from tidings.web.operator.lists import PAGING, limit_of

_TOKEN: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,9})")


class Entries(Struct, frozen=True, rename="camel"):
    """A page of attempts."""

    results: list[Entry]
    next_page_token: str | None


class Tested(Struct, frozen=True, rename="camel"):
    """What an endpoint answered to a test event."""

    event_id: str
    event: str
    url: str
    delivered: bool
    took_ms: int
    status: int | None
    error: str
    detail: str
    """What the network says of the error."""
    response: str


@shared_door(
    "GET",
    f"{SUBSCRIPTION}/logs",
    scope=Scope.READ,
    summary="List what became of telling a subscription, newest events first",
    gives={200: Entries},
    query=PAGING,
)
async def list_attempts(visit: Visit) -> Page:
    """List the attempts to tell a subscription, with what its endpoint answered."""
    subscription, limit = own_subscription(visit), limit_of(visit)
    tried = await visit.world.store.read(look.attempts_of(subscription.serial, before=_before(visit), limit=limit + 1))
    dialect = visit.world.dialects[DIALECT]
    token = None
    if len(tried) > limit:
        last = tried[limit - 1].attempt
        token = f"{last.position}-{last.number}"
    entries = [entry(Entry, each, dialect, visit.tenant) for each in tried[:limit]]
    return json_page(200, Entries(entries, token))


@shared_door(
    "POST",
    f"{SUBSCRIPTION}/test",
    scope=Scope.MANAGE,
    summary="Send a test event to a subscription's endpoint now",
    gives={200: Tested, 409: "No event could ever pass the subscription's filters."},
)
async def send_test(visit: Visit) -> Page:
    """Send a made-up event of the subscription's type, signed like every other, and tell what came of it."""
    subscription = own_subscription(visit)
    return json_page(200, tested(subscription, await try_out(visit.world, subscription)))


def tested(subscription: Subscription, trial: Trial | None) -> Tested:
    """Show what came of trying a subscription out; raises Refused (409) where it could never be told anything."""
    if trial is None:
        wrong = FieldError("eventFilters", "No event that can happen passes them.", "conflict")
        raise Refused("There is no event to test it with.", status=409, errors=(wrong,))
    result = trial.result
    return Tested(
        trial.event,
        trial.name,
        subscription.url,
        not result.error and 200 <= result.status < 300,
        result.took_ms,
        result.status or None,
        result.error,
        result.why,
        result.body.decode("utf-8", "replace"),
    )


def _before(visit: Visit) -> tuple[int, int]:
    token = visit.query.get("pageToken")
    if token is None:
        return LAST_ATTEMPT
    place = _TOKEN.fullmatch(token)
    if place is None:
        raise bad_token()
    return int(place[1]), int(place[2])
