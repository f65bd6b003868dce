"""Webhooks: who is told what, and where."""

from typing import Final

import msgspec

from tidings.dialects.omnichannel import Omnichannel, available_events, read_webhook, show_webhook
from tidings.dialects.omnichannel.webhooks import WebhookRequest
from tidings.model.subscriptions import Subscription
from tidings.model.workspaces import Scope
from tidings.web.door import Page, Visit
from tidings.web.omnichannel.places import door
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

DIALECT: Final = Omnichannel.name
KEY: Final = "signingKey"
"""Where a new webhook's Standard Webhooks key is shown."""


@door("GET", "/webhooks", scope=Scope.READ, summary="List webhooks, oldest first", gives={200: "An array of webhooks."})
async def list_webhooks(visit: Visit) -> Page:
    """List webhooks."""
    return tagged_page(200, [show_webhook(each) for each in subscriptions_of(visit, DIALECT)])


@door(
    "POST",
    "/webhooks",
    scope=Scope.MANAGE,
    summary="Set a webhook up",
    takes=WebhookRequest,
    gives={201: "The webhook, with its Standard Webhooks key in `signingKey`: the only time that it is shown."},
)
async def create(visit: Visit) -> Page:
    """Set a webhook up."""
    if (page := await answered(visit)) is not None:
        return with_key(visit, page, KEY)
    webhook = new_subscription(visit, DIALECT, read_webhook(visit.body))
    body = msgspec.json.encode(show_webhook(webhook))
    promise = visit.promise(201, body)
    before = await keep_new(visit, webhook, promise, status=400)
    return with_key(visit, Page(201, body) if before is None else visit.replay(before, promise), KEY)


@door(
    "GET",
    "/webhooks/availableevents",
    scope=Scope.READ,
    summary="List the events there are",
    gives={200: "An array of `{type, description, filters}`."},
)
async def list_available_events(_: Visit) -> Page:
    """List every event that can be subscribed to."""
    return tagged_page(200, available_events())


@door("GET", "/webhooks/{subscription}", scope=Scope.READ, summary="Read a webhook", gives={200: "The webhook."})
async def read(visit: Visit) -> Page:
    """Read one webhook."""
    return tagged_page(200, show_webhook(_webhook(visit)))


@door(
    "PUT",
    "/webhooks/{subscription}",
    scope=Scope.MANAGE,
    summary="Replace a webhook",
    takes=WebhookRequest,
    gives={200: "The webhook as it is now; without a `secret` it keeps the one it has."},
)
async def replace(visit: Visit) -> Page:
    """Replace one webhook."""
    webhook = _webhook(visit)
    visit.check_match(tag_of_value(show_webhook(webhook)))
    changed = await change_subscription(visit, webhook, read_webhook(visit.body), status=400)
    return tagged_page(200, show_webhook(changed))


@door("DELETE", "/webhooks/{subscription}", scope=Scope.MANAGE, summary="Drop a webhook", gives={204: "It is gone."})
async def drop(visit: Visit) -> Page:
    """Drop one webhook."""
    webhook = _webhook(visit)
    visit.check_match(tag_of_value(show_webhook(webhook)))
    await drop_subscription(visit, webhook)
    return Page(204)


def _webhook(visit: Visit) -> Subscription:
    return find_subscription(visit, DIALECT, "webhook")
