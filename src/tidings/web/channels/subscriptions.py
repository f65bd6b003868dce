"""Subscriptions: one event each, with filters."""

from typing import Final

import msgspec

from tidings.dialects.channels import Channels, patch_subscription, read_subscription, show_subscription
from tidings.dialects.channels.subscriptions import CHANNEL, SubscriptionRequest
from tidings.model.drafts import SubscriptionDraft
from tidings.model.errors import FieldError, Refused
from tidings.model.platforms import PLATFORMS
from tidings.model.subscriptions import Subscription
from tidings.model.workspaces import Scope
from tidings.web.channels.places import shared_door
from tidings.web.door import Page, Visit
from tidings.web.operator.lists import PAGING, page_of, shown_page
from tidings.web.subscribing import (
    change_subscription,
    drop_subscription,
    find_subscription,
    keep_new,
    new_subscription,
    subscriptions_of,
    with_key,
)
from tidings.web.tags import tag_of_value, tagged_page
from tidings.web.taking import answered

DIALECT: Final = Channels.name
SUBSCRIPTIONS: Final = "/webhook-subscriptions"
SUBSCRIPTION: Final = "/webhook-subscriptions/{subscription}"
KEY: Final = "standardSigningKey"
"""Where a new subscription's Standard Webhooks key is shown; `signingKey` is the client's own, for the vocabulary's
signature."""


@shared_door(
    "GET",
    SUBSCRIPTIONS,
    scope=Scope.READ,
    summary="List subscriptions, oldest first",
    gives={200: "`{results, nextPageToken}`; the token is null on the last page."},
    query=PAGING,
)
async def list_subscriptions(visit: Visit) -> Page:
    """List subscriptions."""
    mine, token = page_of(visit, subscriptions_of(visit, DIALECT))
    return tagged_page(200, shown_page([show_subscription(each) for each in mine], token))


@shared_door(
    "POST",
    SUBSCRIPTIONS,
    scope=Scope.MANAGE,
    summary="Subscribe to an event",
    takes=SubscriptionRequest,
    gives={
        201: "The subscription, with its Standard Webhooks key in `standardSigningKey`, shown this once.",
        422: "Everything that is wrong with it.",
    },
)
async def create(visit: Visit) -> Page:
    """Set a subscription up."""
    if (page := await answered(visit)) is not None:
        return with_key(visit, page, KEY)
    draft = read_subscription(visit.body, platforms=_own_platforms(visit))
    _check_channels(visit, draft)
    subscription = new_subscription(visit, DIALECT, draft)
    body = msgspec.json.encode(show_subscription(subscription))
    promise = visit.promise(201, body)
    before = await keep_new(visit, subscription, promise)
    return with_key(visit, Page(201, body) if before is None else visit.replay(before, promise), KEY)


@shared_door("GET", SUBSCRIPTION, scope=Scope.READ, summary="Read a subscription", gives={200: "The subscription."})
async def read(visit: Visit) -> Page:
    """Read one subscription."""
    return tagged_page(200, show_subscription(own_subscription(visit)))


@shared_door(
    "PATCH",
    SUBSCRIPTION,
    scope=Scope.MANAGE,
    summary="Change a subscription",
    takes="A merge patch (RFC 7396) of the subscription.",
    gives={200: "The subscription as it is now.", 422: "Everything that is wrong with it."},
)
async def change(visit: Visit) -> Page:
    """Change one subscription; `status: inactive` only stops it, and what happens meanwhile is told later."""
    subscription = own_subscription(visit)
    visit.check_match(tag_of_value(show_subscription(subscription)))
    draft = patch_subscription(subscription, visit.body, platforms=_own_platforms(visit))
    if draft.wanted != subscription.wanted:
        _check_channels(visit, draft)
    return tagged_page(200, show_subscription(await change_subscription(visit, subscription, draft)))


@shared_door("DELETE", SUBSCRIPTION, scope=Scope.MANAGE, summary="Drop a subscription", gives={204: "It is gone."})
async def drop(visit: Visit) -> Page:
    """Drop one subscription."""
    subscription = own_subscription(visit)
    visit.check_match(tag_of_value(show_subscription(subscription)))
    await drop_subscription(visit, subscription)
    return Page(204)


def own_subscription(visit: Visit) -> Subscription:
    """Find the subscription that the path names; raises Refused (404) where the workspace has no such one."""
    return find_subscription(visit, DIALECT, "subscription")


def _own_platforms(visit: Visit) -> frozenset[str]:
    """Name the platforms of the workspace's channels that nobody has published."""
    mine = visit.world.directory.channels_of(visit.tenant.id)
    return frozenset(each.platform for each in mine) - PLATFORMS.keys()


def _check_channels(visit: Visit, draft: SubscriptionDraft) -> None:
    """Refuse a filter on a channel that the workspace does not have: it would let nothing through, ever."""
    mine = {each.id for each in visit.world.directory.channels_of(visit.tenant.id)}
    errors = tuple(
        FieldError(f"eventFilters[{index}].value", f"There is no channel {each.value}.", "unknown")
        for wanted in draft.wanted
        for index, each in enumerate(wanted.filters)
        if each.key == CHANNEL and each.value not in mine
    )
    if errors:
        raise Refused("The subscription cannot be taken as it is.", status=422, errors=errors)
