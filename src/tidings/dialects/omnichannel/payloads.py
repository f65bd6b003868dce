"""What each event says: the envelope, and the payload of each kind.

The published examples decide, also where they differ from each other: sms receipts bring no `updatedOn`, mms receipts
no `channelStatus`, and a Messenger receipt is as old as its watermark.
"""

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha1
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from tidings.dialects.dialect import Telling
from tidings.dialects.omnichannel.inbounds import inbound_payload
from tidings.dialects.omnichannel.names import LAST_MOMENT, event_name, outside, shown_address, shown_time
from tidings.model.events import Event, Fact, Kind, Tried
from tidings.model.messages import Message
from tidings.model.reports import Interaction
from tidings.model.stages import Cause, Reason
from tidings.rules.addresses import invalid_request
from tidings.rules.times import to_iso

NOT_SENT: Final = "The message failed because it could not be sent to any of the configured channels."
UNDELIVERABLE: Final = "Channel reported the message was undeliverable"

_BARE_STATUS: Final = frozenset({"rcs", "app-messaging"})
"""Platforms whose `message.sent` has an empty `channelStatus`."""
_INVALID: Final = frozenset({Cause.COUNTRY, Cause.INVALID})
_EMPTY: Final = Raw(b"{}")

Payload = dict[str, Any]


def envelope(telling: Telling) -> Payload:
    """Write an event down in full; the same whenever it is asked."""
    event, message, workspace = telling.event, telling.message, telling.workspace
    return {
        "eventId": event.id,
        "accountId": workspace.account,
        "apiSpaceId": workspace.id,
        "name": event_name(telling),
        "payload": _PAYLOADS[event.kind](event, message),
        "revision": event.revision,
        "etag": message_etag(event.message, event.revision),
        "timestamp": to_iso(event.at),
    }


def message_etag(id: str, revision: int) -> str:  # noqa: A002 - the word of the vocabulary
    """Make the etag of a message at a revision: `"2e-…"`, its quotes included, as RFC 9110 8.8.3 writes it."""
    digest = sha1(f"{id}.{revision}".encode(), usedforsecurity=False).digest()
    return f'"2e-{b64encode(digest).decode().rstrip("=")}"'


def _taken(event: Event, message: Message) -> Payload:
    details = {"channel": outside(event.platform)} if event.platform else {}
    return _about(event, message, details, shown_time(event.told_at, event.at))


def _sent(event: Event, message: Message) -> Payload:
    channel, fact = outside(event.platform), event.fact
    answer = fact.answer or _EMPTY
    updated_on = shown_time(event.told_at, event.at)
    status: Payload = {}
    if event.platform not in _BARE_STATUS:
        status = {channel: {"status": "sent", "details": answer, "updatedOn": updated_on}}
    details = {"channel": channel, "additionalInfo": answer, "channelStatus": status}
    payload = _about(event, message, details, updated_on)
    if event.platform in _CHANNEL_DATA:
        payload["channelData"] = {channel: _told(_CHANNEL_DATA[event.platform](message, fact))}
    return payload


def _reported(event: Event, message: Message) -> Payload:
    details: Payload = {"channel": outside(event.platform)}
    if event.platform != "mms":
        details["channelStatus"] = event.fact.raw or _EMPTY
    if event.platform == "sms" and event.kind is Kind.DELIVERED:
        return _about(event, message, details, "")
    moment = _watermark(event) if event.platform == "facebook" else event.told_at
    return _about(event, message, details, shown_time(moment, event.at))


def _expired(event: Event, message: Message) -> Payload:
    details: Payload = {"channel": outside(event.platform)} if event.platform else {}
    details["channelStatus"] = {}
    return _about(event, message, details, shown_time(event.told_at, event.at))


def _failed(event: Event, message: Message) -> Payload:
    details: Payload = {
        "channelStatus": {outside(each.platform): channel_status(each, message, event.at) for each in event.fact.tried}
    }
    if reason := _failure(event.fact):
        details["reason"] = reason
    return _about(event, message, details, shown_time(event.told_at, event.at))


def _failure(fact: Fact) -> str:
    """Say why a message failed; empty where only e-mail was tried, whose providers' words stand for themselves."""
    if fact.tried:
        if all(each.platform == "email" and each.data is not None for each in fact.tried):
            return ""
        return UNDELIVERABLE if fact.tried[-1].submitted else NOT_SENT
    if fact.reason is None or fact.reason.cause not in _INVALID:
        return NOT_SENT
    text = fact.reason.text
    return text if text.startswith("Invalid request:") else invalid_request([text])


def channel_status(tried: Tried, message: Message, at: int) -> Raw | Payload:
    """Tell what became of one hop that failed: of e-mail the provider's bare words, else a status with them in it.

    Of rcs that was refused it is told instead whom it was for. `at` stands in for a time that nobody can write.
    """
    if tried.platform == "email" and tried.data is not None:
        return tried.data
    details: Payload = {"reason": reason_text(tried.platform, tried.reason, submitted=tried.submitted)}
    if tried.platform == "rcs" and not tried.submitted:
        details["data"] = _person(message)
    elif tried.data is not None:
        details["data"] = tried.data
    return {"status": "failed", "details": details, "updatedOn": shown_time(tried.at, at)}


def reason_text(platform: str, reason: Reason, *, submitted: bool) -> str:
    """Say why a hop failed, in the vocabulary's own sentence where the provider gave none."""
    if reason.text:
        return reason.text
    name = platform.upper() if platform in ("sms", "mms", "rcs") else outside(platform)
    return UNDELIVERABLE if submitted else f"{name} channel returned a status of unsuccessful"


def _clicked(event: Event, message: Message) -> Payload:
    interaction = event.fact.interaction
    assert interaction is not None, "an interaction's event says what was done"
    payload: Payload = {
        "id": event.message,
        "channel": outside(event.platform),
        "url": interaction.url,
        "clickedOn": shown_time(event.told_at, event.at),
        "prefetched": interaction.prefetched,
    }
    named = {"shortUrl": short_url(interaction), "linkName": interaction.link_name}
    payload |= _told({**named, "userAgent": interaction.user_agent})
    if interaction.payload:
        payload["button"] = {"payload": interaction.payload}
    if message.metadata is not None:
        payload["metadata"] = message.metadata
    return payload


def _about(event: Event, message: Message, details: Payload, updated_on: str) -> Payload:
    """Put together what every payload on a message of ours has."""
    if event.fact.implied:
        details["implied"] = True
    if event.fact.late:
        details["late"] = True
    payload: Payload = {"id": event.message, "details": details}
    if message.metadata is not None:
        payload["metadata"] = message.metadata
    if event.platform == "app-messaging" and message.conversation:
        payload["conversationId"] = message.conversation
    if updated_on:
        payload["updatedOn"] = updated_on
    return payload


def _told(facts: Payload) -> Payload:
    """Leave out what nobody told."""
    return {name: value for name, value in facts.items() if value not in ("", None)}


def _person(message: Message) -> Payload:
    profile = message.recipients[0].contact if message.recipients else ""
    told = {"phoneNumber": _phone_number(message), "phoneNumberCountryCode": _country(message)}
    return _told({**told, "profileId": profile})


def _phone_number(message: Message) -> str:
    addresses = message.recipients[0].addresses if message.recipients else {}
    return shown_address("phonenumber", addresses.get("phonenumber", ""))


def _country(message: Message) -> str:
    return message.recipients[0].country if message.recipients else ""


_CHANNEL_DATA: Final[dict[str, Callable[[Message, Fact], Payload]]] = {
    "sms": lambda message, fact: {"phoneNumberCountryCode": _country(message), "segmentCount": fact.units},
    "mms": lambda message, fact: {
        "fromPhoneNumber": shown_address("phonenumber", fact.sender),
        "phoneNumberCountryCode": _country(message),
        "segmentCount": fact.units,
    },
    "rcs": lambda message, fact: {
        "phoneNumber": _phone_number(message),
        "phoneNumberCountryCode": _country(message),
        "agentId": fact.sender,
    },
}
"""`channelData` of `message.sent`, on the platforms that have it."""


class _Mark(Struct):
    watermark: Annotated[int, Meta(ge=0, le=LAST_MOMENT)]


class _Entry(Struct):
    """A Messenger receipt, as far as its watermark."""

    delivery: _Mark | None = None
    read: _Mark | None = None


class _Link(Struct, rename="camel"):
    """Our own record of a click, as far as the short link that was followed."""

    short_url: str = ""


def _watermark(event: Event) -> int:
    """Find the time up to which a Messenger receipt speaks; the event's own time where it says none."""
    if event.fact.raw is None:
        return event.told_at
    try:
        entry = msgspec.json.decode(event.fact.raw, type=_Entry)
    except msgspec.DecodeError:
        return event.told_at
    mark = entry.delivery or entry.read
    return mark.watermark if mark else event.told_at


def short_url(interaction: Interaction) -> str:
    """Find the short link of ours that was followed; empty where it was none."""
    if interaction.short_url:
        return interaction.short_url
    try:
        return msgspec.json.decode(interaction.raw, type=_Link).short_url
    except msgspec.DecodeError:
        return ""


_PAYLOADS: Final[dict[Kind, Callable[[Event, Message], Payload]]] = {
    Kind.ACCEPTED: _taken,
    Kind.SENT: _sent,
    Kind.DELIVERED: _reported,
    Kind.READ: _reported,
    Kind.EXPIRED: _expired,
    Kind.FAILED: _failed,
    Kind.INBOUND: inbound_payload,
    Kind.INTERACTION: _clicked,
}
