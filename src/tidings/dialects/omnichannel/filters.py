"""Filters of webhooks: which events of a wanted type a subscription gets.

A filter names a field of the event and one value. Several values of one name are alternatives; several names must all
hold. An event that has no such field does not pass.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from tidings.dialects.dialect import Telling
from tidings.dialects.omnichannel.names import CLICK, EVERY_MESSAGE, MISSPELT_CLICK, SENT_REQUEST, outside
from tidings.model.messages import Message
from tidings.model.subscriptions import Filter

METADATA: Final = "metadata."
"""A filter on a field of the metadata begins so; further points lead further down."""

FIELDS: Final[dict[str, Callable[[Telling], tuple[str, ...]]]] = {
    "channel": lambda told: (outside(told.event.platform), told.event.platform),
    "channelId": lambda told: (told.event.channel,),
    "messageId": lambda told: (told.event.message,),
    "profileId": lambda told: _profiles(told.message),
    "conversationId": lambda told: (told.message.conversation,),
}
"""The fields that can be filtered by, beside those of the metadata, and the values an event has in them."""


def is_known(name: str) -> bool:
    """Whether there is such a field to filter by."""
    return name in FIELDS or (name.startswith(METADATA) and all(name.removeprefix(METADATA).split(".")))


def is_named(wanted: str, name: str) -> bool:
    """Whether an event of this name is what was asked for."""
    if wanted == EVERY_MESSAGE:
        return name.startswith("message.") and name != SENT_REQUEST
    return name == (CLICK if wanted == MISSPELT_CLICK else wanted)


def refusing(filters: Sequence[Filter], telling: Telling) -> str:
    """Name a filter that keeps an event out; empty where none does."""
    if not filters:
        return ""
    by_name: dict[str, set[str]] = {}
    for each in filters:
        by_name.setdefault(each.key, set()).add(each.value)
    return next((name for name, values in by_name.items() if values.isdisjoint(_values(name, telling))), "")


def _values(name: str, telling: Telling) -> tuple[str, ...]:
    if name in FIELDS:
        return tuple(value for value in FIELDS[name](telling) if value)
    return _metadata_values(name.removeprefix(METADATA).split("."), telling.message)


def _profiles(message: Message) -> tuple[str, ...]:
    return tuple(
        each for person in message.recipients for each in (person.contact, person.addresses.get("profileid", ""))
    )


def _metadata_values(steps: list[str], message: Message) -> tuple[str, ...]:
    """Find a value in the metadata; of an incoming message in that of the message it answers."""
    metadata = message.metadata
    if metadata is None and message.correlation is not None:
        metadata = message.correlation.metadata
    value: Any = None if metadata is None else msgspec.json.decode(metadata)
    for step in steps:
        if not isinstance(value, dict) or step not in value:
            return ()
        value = value[step]
    return (value if isinstance(value, str) else msgspec.json.encode(value).decode(),)
