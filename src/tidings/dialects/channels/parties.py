"""Who a message is from and for, as the vocabulary writes them."""

from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid5

from tidings.model.events import Event
from tidings.model.messages import Message, Recipient
from tidings.model.platforms import platform
from tidings.rules.times import to_iso

CONNECTORS: Final = UUID("5b3d0c5e-6a0e-5d0b-9a52-0a3b1f1c7d4e")
"""The namespace of connector ids: a channel has one connector, whose id is the UUIDv5 of the channel's id in here."""

_LATEST: Final = 253_402_300_799_999
"""The last millisecond of the year 9999."""


@lru_cache(maxsize=4096)
def connector_id(channel: str) -> str:
    """Derive the id of a channel's connector: always the same for the same channel."""
    return str(uuid5(CONNECTORS, channel))


def show_time(at: int) -> str:
    """Write a time of our own; events told together share their seconds, so that these are remembered."""
    seconds, milliseconds = divmod(at, 1000)
    return f"{_to_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=4096)
def _to_second(seconds: int) -> str:
    return to_iso(seconds * 1000)[: -len(".000Z")]


def show_told(event: Event) -> str:
    """Write when an event happened, or when we heard of it if a provider's own time is none that can be written."""
    return show_time(event.told_at if 0 <= event.told_at <= _LATEST else event.at)


def identify(recipient: Recipient, where: str) -> tuple[str, str]:
    """Say a person's `identifierKey` and value on a platform; any other address where there is none for it."""
    key = platform(where).identifier
    value = recipient.addresses.get(key)
    if value is None:
        return next(iter(recipient.addresses.items()), (key, ""))
    return key, value


def show_connector(channel: str, sender: str, name: str = "") -> dict[str, Any]:
    """Show our own side of a message."""
    shown: dict[str, Any] = {"id": connector_id(channel), "identifierValue": sender}
    if name:
        shown["annotations"] = {"name": name}
    return shown


def show_contacts(message: Message, where: str) -> list[dict[str, Any]]:
    """Show whom a message is for: with the country on sms, and with the kind of recipient everywhere else."""
    contacts = []
    for each in message.recipients:
        key, value = identify(each, where)
        shown = {"id": each.contact, "identifierKey": key, "identifierValue": value}
        if where != "sms":
            shown["type"] = each.type
        elif each.country:
            shown["countryCode"] = each.country
        contacts.append(shown)
    return contacts


def show_person(message: Message, where: str) -> dict[str, Any]:
    """Show the person an incoming message is from."""
    person = message.recipients[0] if message.recipients else Recipient(contact="", addresses={})
    key, value = identify(person, where)
    return {"id": person.contact, "identifierKey": key, "identifierValue": value}


def show_our_address(message: Message, where: str) -> str:
    """Say the address of ours that an incoming message came to; the vocabulary leaves it empty on WhatsApp."""
    return "" if where == "whatsapp" else message.sender
