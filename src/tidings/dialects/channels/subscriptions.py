"""Subscriptions of the vocabulary: reading, changing and showing them, and what their filters let through."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from tidings.dialects.channels.vocabulary import (
    INBOUND,
    INTERACTION,
    INTERACTIONS,
    OUTBOUND,
    SERVICE,
    STATUSES,
    is_event,
)
from tidings.dialects.reading import explain, is_web_address, read_json
from tidings.model.drafts import SubscriptionDraft
from tidings.model.errors import FieldError, Refused
from tidings.model.subscriptions import Filter, Subscription, Wanted
from tidings.rules.times import to_iso

CHANNEL: Final = "channelId"
STATUS: Final = "messageStatus"
TYPE: Final = "interactionType"

KEYS: Final = {INBOUND: (CHANNEL,), OUTBOUND: (CHANNEL, STATUS), INTERACTION: (CHANNEL, TYPE)}
"""The filter keys of each family of events."""

VALUES: Final = {STATUS: STATUSES, TYPE: INTERACTIONS}
"""The values of the keys that have few."""

ACTIVE: Final = {"active": True, "inactive": False}


class _Filter(Struct, frozen=True, forbid_unknown_fields=True):
    key: str
    value: str


class SubscriptionRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A subscription as a client writes it; what only we say of it is read over, so that it can be sent back."""

    event: str
    url: str
    service: str = SERVICE
    signing_key: str = ""
    event_filters: tuple[_Filter, ...] | None = None
    status: str = "active"
    id: Any = None
    created_at: Any = None
    updated_at: Any = None


def read_subscription(body: bytes, *, platforms: Collection[str] = ()) -> SubscriptionDraft:
    """Read a new subscription; `platforms` are the workspace's custom platforms, whose events are known too.

    Raises Refused with status 422 that names everything wrong; nothing is widened silently.
    """
    return _draft(read_json(body, SubscriptionRequest, status=422), platforms)


def patch_subscription(
    subscription: Subscription, body: bytes, *, platforms: Collection[str] = ()
) -> SubscriptionDraft:
    """Apply a merge patch (RFC 7396) to a subscription, under the same checks as a new one.

    A signing key that is not mentioned stays. Raises Refused with status 422.
    """
    changes = read_json(body, dict[str, Any], status=422)
    document = {**show_subscription(subscription), "signingKey": subscription.secret.reveal(), **changes}
    try:
        asked = msgspec.convert(
            {name: value for name, value in document.items() if value is not None}, SubscriptionRequest
        )
    except msgspec.ValidationError as error:
        raise _refused(explain(error)) from error
    draft = _draft(asked, platforms)
    return msgspec.structs.replace(draft, name=subscription.name, options=subscription.options)


def show_subscription(subscription: Subscription) -> dict[str, Any]:
    """Show a subscription; its signing key never comes back."""
    (wanted,) = subscription.wanted
    return {
        "id": subscription.id,
        "service": SERVICE,
        "event": wanted.event,
        "url": subscription.url,
        "eventFilters": [{"key": each.key, "value": each.value} for each in wanted.filters],
        "status": "active" if subscription.active else "inactive",
        "createdAt": to_iso(subscription.created_at),
        "updatedAt": to_iso(subscription.updated_at),
    }


def refusing(wanted: Wanted, channel: str, word: str) -> str:
    """Name the filter's key that keeps out an event of that channel and status or type; empty where none does.

    OR within a key, AND across keys. The event's name has been compared already.
    """
    refused_by, matched = "", False
    for each in wanted.filters:
        if each.key == CHANNEL:
            if each.value != channel:
                return CHANNEL
        elif each.value == word:
            matched = True
        else:
            refused_by = each.key
    return "" if matched else refused_by


def _draft(asked: SubscriptionRequest, platforms: Collection[str]) -> SubscriptionDraft:
    filters = asked.event_filters or ()
    errors = [*_wrong_fields(asked, platforms), *_wrong_filters(filters, asked.event.rpartition(".")[2])]
    if errors:
        raise _refused(*errors)
    return SubscriptionDraft(
        url=asked.url,
        wanted=(Wanted(asked.event, tuple(Filter(each.key, each.value) for each in filters)),),
        secret=asked.signing_key,
        active=ACTIVE[asked.status],
    )


def _wrong_fields(asked: SubscriptionRequest, platforms: Collection[str]) -> list[FieldError]:
    errors = []
    if asked.service != SERVICE:
        errors.append(FieldError("service", f"The service is `{SERVICE}`.", "unknown"))
    if not is_event(asked.event, platforms):
        errors.append(FieldError("event", f"There is no event `{asked.event}` here.", "unknown"))
    if not is_web_address(asked.url):
        errors.append(FieldError("url", "An absolute http or https URL is needed, without credentials.", "invalid"))
    if asked.status not in ACTIVE:
        errors.append(FieldError("status", "A status is `active` or `inactive`.", "unknown"))
    return errors


def _wrong_filters(filters: Collection[_Filter], family: str) -> list[FieldError]:
    errors = []
    channels = 0
    for index, each in enumerate(filters):
        channels += each.key == CHANNEL
        path = f"eventFilters[{index}]"
        if each.key == CHANNEL and channels > 1:
            errors.append(FieldError(f"{path}.key", f"There can be only one `{CHANNEL}`.", "repeated"))
        elif error := _wrong_filter(each, path, family, KEYS):
            errors.append(error)
    return errors


def _wrong_filter(asked: _Filter, path: str, family: str, keys: Mapping[str, tuple[str, ...]]) -> FieldError | None:
    if not any(asked.key in each for each in keys.values()):
        return FieldError(f"{path}.key", f"There is no filter `{asked.key}`.", "unknown")
    if family in keys and asked.key not in keys[family]:
        return FieldError(f"{path}.key", f"`{asked.key}` does not belong to an {family} event.", "misplaced")
    values = VALUES.get(asked.key)
    if values is None:
        return None if asked.value else FieldError(f"{path}.value", "A channel's id is needed.", "invalid")
    if asked.value not in values:
        return FieldError(f"{path}.value", f"`{asked.key}` is one of {', '.join(values)}.", "unknown")
    return None


def _refused(*errors: FieldError) -> Refused:
    return Refused("The subscription cannot be taken as it is.", status=422, errors=errors)
