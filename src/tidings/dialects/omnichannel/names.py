"""How the vocabulary writes platforms, addresses, events and times."""

import re
from typing import Final

from tidings.dialects.dialect import Telling
from tidings.model.events import Kind
from tidings.model.platforms import PLATFORMS
from tidings.model.reports import Deed
from tidings.rules.times import to_iso

SENT_REQUEST: Final = "message.sentRequest"
CLICK: Final = "interaction.click"
MISSPELT_CLICK: Final = "interaciton.click"
"""As the published page writes it once; who subscribes to it means the other."""
EVERY_MESSAGE: Final = "message.*"

EVENTS: Final[dict[str, str]] = {
    SENT_REQUEST: "A request to send was taken. Told only to webhooks that name it.",
    "message.sent": "The message was sent on a channel.",
    "message.delivered": "The message was delivered, as far as the channel tells.",
    "message.read": "The message was read, on channels that tell it.",
    "message.expired": "The message was not delivered within its window.",
    "message.failed": "The message could not be sent or delivered.",
    "message.inbound": "A message came in from a channel.",
    CLICK: "A link or button of a message was used.",
}
"""Every event that can be subscribed to, and what it tells."""

ADDRESSES: Final = {
    "phoneNumber": "phonenumber",
    "email": "emailaddress",
    "fbMessengerId": "facebookuserid",
    "profileId": "profileid",
}
"""Our `identifierKey` of each address that the vocabulary names; any other is kept by its own name in lower case."""

_KINDS: Final = {
    Kind.ACCEPTED: SENT_REQUEST,
    Kind.SENT: "message.sent",
    Kind.DELIVERED: "message.delivered",
    Kind.READ: "message.read",
    Kind.EXPIRED: "message.expired",
    Kind.FAILED: "message.failed",
    Kind.INBOUND: "message.inbound",
}

_OUTSIDE: Final = {platform.name: platform.omnichannel for platform in PLATFORMS.values()}
_INSIDE: Final = {platform.omnichannel.lower(): platform.name for platform in PLATFORMS.values()}
_PLATFORM: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}")
_ADDRESS_NAMES: Final = {key: name for name, key in ADDRESSES.items()}

LAST_MOMENT: Final = 253_402_300_799_999
"""The last millisecond of the year 9999, in which ISO 8601 ends."""


def event_name(telling: Telling) -> str | None:
    """Name an event; None for the deeds that the vocabulary has no word for (its stages tell reads and opens)."""
    interaction = telling.event.fact.interaction
    if telling.event.kind is Kind.INTERACTION:
        return CLICK if interaction is not None and interaction.deed is Deed.CLICKED else None
    return _KINDS.get(telling.event.kind)


def outside(platform: str) -> str:
    """Name one of our platforms in the vocabulary."""
    return _OUTSIDE.get(platform, platform)


def inside(name: str) -> str | None:
    """Find our name of a platform, in whatever case it is written; any other well-formed name is a custom platform.

    None where it is not well-formed.
    """
    return _INSIDE.get(name.lower()) or (name if _PLATFORM.fullmatch(name) else None)


def identifier_key(name: str) -> str:
    """Find the `identifierKey` of an address by the name the vocabulary gives it."""
    return ADDRESSES.get(name) or name.lower()


def shown_address(key: str, address: str) -> str:
    """Write an address as the vocabulary does: phone numbers without their plus."""
    return address.removeprefix("+") if key == "phonenumber" else address


def shown_addresses(addresses: dict[str, str]) -> dict[str, str]:
    """Write addresses by the names that the vocabulary gives them."""
    return {_ADDRESS_NAMES.get(key, key): shown_address(key, value) for key, value in addresses.items()}


def shown_time(told_at: int, at: int) -> str:
    """Write when something happened, or when we heard of it where a provider's time is beyond ISO 8601."""
    return to_iso(told_at if 0 <= told_at <= LAST_MOMENT else at)
