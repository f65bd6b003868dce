"""The words of the channels vocabulary: its event names, its statuses, and which of them an event of ours is."""

from collections.abc import Collection
from typing import Final

from msgspec import Raw

from tidings.dialects.dialect import Telling
from tidings.model.events import Event, Kind
from tidings.model.messages import Message
from tidings.model.platforms import PLATFORMS, platform
from tidings.model.reports import Deed

SERVICE: Final = "channels"

INBOUND: Final = "inbound"
OUTBOUND: Final = "outbound"
INTERACTION: Final = "interaction"

EVENTS: Final = tuple(
    f"{each.channels}.{family}" for each in PLATFORMS.values() for family in (INBOUND, OUTBOUND, INTERACTION)
)
"""Every event of a published platform.

Interactions are more than the published list has: it names eight platforms, but our own tracked links can be clicked
on every one, and rcs, telegram and others report deeds of their own.
"""

STATUSES: Final = ("accepted", "sent", "delivered", "delivery_failed", "sending_failed")
"""Every status of an outgoing message that can be told, and filtered by."""

INTERACTIONS: Final = tuple(deed.value for deed in Deed)
"""Every interaction that can be told, and filtered by; the vocabulary's `invalid` is a word that no event carries."""

FAMILIES: Final = {
    Kind.ACCEPTED: OUTBOUND,
    Kind.SENT: OUTBOUND,
    Kind.DELIVERED: OUTBOUND,
    Kind.EXPIRED: OUTBOUND,
    Kind.FAILED: OUTBOUND,
    Kind.READ: INTERACTION,
    Kind.INTERACTION: INTERACTION,
    Kind.INBOUND: INBOUND,
}

_PLAIN: Final = {
    Kind.ACCEPTED: "accepted",
    Kind.SENT: "sent",
    Kind.DELIVERED: "delivered",
    Kind.READ: Deed.READ.value,
    Kind.INBOUND: "delivered",
}

_NAMES: Final = {
    (kind, each.name): f"{each.channels}.{family}" for each in PLATFORMS.values() for kind, family in FAMILIES.items()
}

_KNOWN: Final = frozenset(EVENTS)

_OF_ONE_RECIPIENT: Final = frozenset({Kind.DELIVERED, Kind.EXPIRED, Kind.FAILED})


def is_event(name: str, custom: Collection[str] = ()) -> bool:
    """Whether a name is an event's: of a published platform, or of one of the `custom` platforms."""
    place, _, family = name.rpartition(".")
    return name in _KNOWN or (place in custom and family in (INBOUND, OUTBOUND, INTERACTION))


def name_of(telling: Telling) -> str | None:
    """Name an event; None where the vocabulary has no word for it.

    A read e-mail is told as its `opened` interaction, and an e-mail with several recipients says nothing after `sent`:
    "delivered" would be ambiguous where one recipient got it and another did not.
    """
    event = telling.event
    where = platform_of(event, telling.message)
    if where == "email" and (event.kind is Kind.READ or _is_ambiguous(event, telling.message)):
        return None
    return _NAMES.get((event.kind, where)) or _other_name(event.kind, where)


def word_of(event: Event) -> str:
    """Say the status of a message event, or the type of an interaction."""
    plain = _PLAIN.get(event.kind)
    if plain is not None:
        return plain
    if event.fact.interaction is not None:
        return event.fact.interaction.deed.value
    return failed_word(submitted=event.fact.submitted)


def failed_word(*, submitted: bool) -> str:
    """Say how a message failed: before it was submitted, or after."""
    return "delivery_failed" if submitted else "sending_failed"


def has_several_recipients(message: Message, where: str) -> bool:
    """Whether `sent` is the message's last status: an e-mail to more than one."""
    return where == "email" and len(message.recipients) > 1


def is_said(value: Raw) -> bool:
    """Whether a field of a request was there, and not null."""
    return bytes(value) not in (b"", b"null")


def platform_of(event: Event, message: Message) -> str:
    """Name the platform of an event by our own name; before any was tried, the first that was meant, else empty."""
    if event.platform:
        return event.platform
    return message.routes[0].platform if message.routes else message.platform


def channel_of(event: Event, message: Message) -> str:
    """Name the channel of an event; before any was tried, the first that was meant, else empty."""
    if event.channel:
        return event.channel
    return message.routes[0].channel if message.routes else message.channel


def _is_ambiguous(event: Event, message: Message) -> bool:
    if event.kind not in _OF_ONE_RECIPIENT or not has_several_recipients(message, "email"):
        return False
    return event.kind is Kind.DELIVERED or event.fact.submitted


def _other_name(kind: Kind, where: str) -> str | None:
    family = FAMILIES.get(kind)
    return f"{platform(where).channels}.{family}" if where and family else None
