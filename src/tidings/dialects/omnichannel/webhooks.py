"""Webhooks as clients set them up and see them."""

from collections.abc import Iterator
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from msgspec import Meta, Struct, field

from tidings.dialects.omnichannel.filters import FIELDS, METADATA, is_known
from tidings.dialects.omnichannel.names import EVENTS, EVERY_MESSAGE, MISSPELT_CLICK
from tidings.dialects.reading import read_json
from tidings.model.drafts import SubscriptionDraft
from tidings.model.errors import FieldError, Refused
from tidings.model.subscriptions import Filter, Subscription, Wanted
from tidings.rules.times import to_iso

SHORTEST_SECRET: Final = 16
LONGEST_URL: Final = 2_048
MOST_FILTERS: Final = 100

_FILTERS: Final = (*FIELDS, f"{METADATA}<field>")
_SUBSCRIBABLE: Final = (*EVENTS, EVERY_MESSAGE)


class _Filter(Struct, forbid_unknown_fields=True):
    name: str
    value: str


class _Subscription(Struct, forbid_unknown_fields=True):
    type: str
    filters: Annotated[list[_Filter], Meta(max_length=MOST_FILTERS)] = []


class WebhookRequest(Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A webhook as a client writes it; what we add when we show one is ignored, so that it can be sent back changed."""

    url: str
    subscriptions: Annotated[list[_Subscription], Meta(min_length=1, max_length=100)]
    name: Annotated[str, Meta(max_length=255)] = ""
    secret: Annotated[str, Meta(max_length=1024)] = ""
    active: bool = True
    batch: bool = False
    max_batch_size: Annotated[int, Meta(ge=1, le=500)] = 100
    batch_timeout: Annotated[int, Meta(ge=1, le=60)] = 5
    id: Any = None
    created_on: Any = field(name="_createdOn", default=None)
    updated_on: Any = field(name="_updatedOn", default=None)


def read_webhook(body: bytes) -> SubscriptionDraft:
    """Read a webhook; raises Refused with everything that is wrong with it.

    Without a secret its deliveries are not signed in the vocabulary's own way.
    """
    webhook = read_json(body, WebhookRequest)
    errors = tuple(_check(webhook))
    if errors:
        raise Refused("The webhook cannot be set up as it is.", errors=errors)
    return SubscriptionDraft(
        url=webhook.url,
        wanted=tuple(
            Wanted(each.type, tuple(Filter(filter_.name, filter_.value) for filter_ in each.filters))
            for each in webhook.subscriptions
        ),
        secret=webhook.secret,
        name=webhook.name,
        active=webhook.active,
        options={
            "batch": webhook.batch,
            "maxBatchSize": webhook.max_batch_size,
            "batchTimeout": webhook.batch_timeout,
        },
    )


def show_webhook(subscription: Subscription) -> dict[str, Any]:
    """Show a webhook; its secret never comes back."""
    return {
        "id": subscription.id,
        "name": subscription.name,
        "url": subscription.url,
        "subscriptions": [
            {"type": each.event, "filters": [{"name": filter_.key, "value": filter_.value} for filter_ in each.filters]}
            for each in subscription.wanted
        ],
        "active": subscription.active,
        **subscription.options,
        "_createdOn": to_iso(subscription.created_at),
        "_updatedOn": to_iso(subscription.updated_at),
    }


def available_events() -> list[dict[str, Any]]:
    """List every event that can be subscribed to, and what it can be filtered by."""
    return [{"type": name, "description": tells, "filters": list(_FILTERS)} for name, tells in EVENTS.items()]


def _check(webhook: WebhookRequest) -> Iterator[FieldError]:
    if not _is_reachable(webhook.url):
        text = f"A webhook's address is https:// or http:// with a host, at most {LONGEST_URL} characters, no fragment."
        yield FieldError("url", text, "url")
    if webhook.secret and len(webhook.secret) < SHORTEST_SECRET:
        yield FieldError("secret", f"A secret has at least {SHORTEST_SECRET} characters.", "too-short")
    for index, each in enumerate(webhook.subscriptions):
        path = f"subscriptions[{index}]"
        if each.type not in _SUBSCRIBABLE and each.type != MISSPELT_CLICK:
            text = f"There is no event of this type; there are {', '.join(_SUBSCRIBABLE)}."
            yield FieldError(f"{path}.type", text, "unknown")
        for number, filter_ in enumerate(each.filters):
            if not is_known(filter_.name):
                text = f"There is no filter of this name; there are {', '.join(_FILTERS)}."
                yield FieldError(f"{path}.filters[{number}].name", text, "unknown")


def _is_reachable(url: str) -> bool:
    """Whether a URL can be posted to at all; whether it may be is decided where the connection is made."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url or port == 0:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.fragment
