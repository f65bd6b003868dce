"""What a message that came in looks like, which is not the same on any two platforms."""

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from tidings.dialects.omnichannel.names import outside, shown_address, shown_addresses, shown_time
from tidings.model.content import Content, Location, Media
from tidings.model.events import Event
from tidings.model.messages import Message, Recipient
from tidings.model.platforms import platform as platform_of
from tidings.rules.times import to_iso


class Shape(Struct, frozen=True):
    """What `message.inbound` holds on a platform."""

    to: str = "id"
    """What our own address is called; empty: it is not told."""
    country: bool = True
    """Whether the country of the person's number is told."""
    parts: bool = True
    """Whether pictures, files and the like come as `messageParts`."""
    text_part: bool = False
    """Whether the text comes as a part too."""
    channel_data: bool = True
    """Whether the provider's own words are told."""


SHAPES: Final = {
    "sms": Shape(to="phoneNumber", country=False),
    "mms": Shape(to="phoneNumber"),
    "whatsapp": Shape(to="phoneNumber"),
    "email": Shape(to="email"),
    "rcs": Shape(to="agentId", text_part=True, channel_data=False),
    "facebook": Shape(to="", parts=False),
    "app-messaging": Shape(to="profileId"),
}

_ANY: Final = Shape()
_NOTHING: Final = (b"", b"{}", b"null")


def inbound_payload(event: Event, message: Message) -> dict[str, Any]:
    """Write down a message that came in, as `message.inbound` tells it."""
    payload = inbound_fields(message, event.platform, event.told_at)
    return {"id": event.message, **payload, "receivedOn": to_iso(message.created_at)}


def inbound_fields(message: Message, platform: str, told_at: int) -> dict[str, Any]:
    """Write down whom a message came from, to whom, and what it says."""
    shape = SHAPES.get(platform, _ANY)
    content = message.content
    fields: dict[str, Any] = {"from": _person(message.recipients, platform, shape), "channel": outside(platform)}
    if to := _ours(message, platform, shape):
        fields["to"] = to
    if content.title:
        fields["title"] = content.title
    if content.text:
        fields["body"] = content.text
    if parts := _parts(content, shape):
        fields["messageParts"] = parts
    if shape.channel_data and (data := _channel_data(message, platform, told_at)):
        fields["channelData"] = data
    if message.correlation is not None:
        fields["correlation"] = {"messageId": message.correlation.message}
        if message.correlation.metadata is not None:
            fields["correlation"]["metadata"] = message.correlation.metadata
    return fields


def shown_part(media: Media) -> dict[str, Any]:
    """Write a picture, file or other part as one of `messageParts`."""
    part: dict[str, Any] = {"type": media.type or "application/octet-stream"}
    for name in ("url", "data", "name", "size"):
        if value := getattr(media, name):
            part[name] = value
    return part


def _person(recipients: tuple[Recipient, ...], platform: str, shape: Shape) -> dict[str, str]:
    if not recipients:
        return {}
    person = recipients[0]
    key = platform_of(platform).identifier
    addresses = {key: person.addresses[key]} if key in person.addresses else person.addresses
    told = shown_addresses(addresses)
    if person.country and shape.country:
        told["phoneNumberCountryCode"] = person.country
    if person.contact:
        told.setdefault("profileId", person.contact)
    return told


def _ours(message: Message, platform: str, shape: Shape) -> dict[str, str]:
    told = {"conversationId": message.conversation} if platform == "app-messaging" and message.conversation else {}
    if shape.to and message.sender:
        told[shape.to] = shown_address(platform_of(platform).identifier, message.sender)
    return told


def _parts(content: Content, shape: Shape) -> list[dict[str, Any]]:
    parts = [{"type": "text/plain", "data": content.text}] if shape.text_part and content.text else []
    if content.html:
        parts.append({"type": "text/html", "data": content.html})
    if shape.parts:
        parts += map(shown_part, content.media)
    if content.location is not None:
        parts.append({"type": "application/geo+json", "data": _geojson(content.location)})
    parts += ({"type": "application/json", "data": _json(contact)} for contact in content.contacts)
    return parts


def _geojson(place: Location) -> str:
    """Write a place as GeoJSON (RFC 7946): longitude first."""
    named = {name: value for name, value in (("name", place.name), ("address", place.address)) if value}
    point = {"type": "Point", "coordinates": [place.longitude, place.latitude]}
    return _json({"type": "Feature", "geometry": point, "properties": named})


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _channel_data(message: Message, platform: str, told_at: int) -> Raw | dict[str, Any] | None:
    """Give the provider's own words; of an sms also the four fields that everybody reads, whoever the provider is."""
    said = message.raw if message.raw is not None and bytes(message.raw) not in _NOTHING else None
    if platform != "sms" or message.redacted:
        return said
    words = msgspec.json.decode(said) if said is not None else {}
    common = {
        "messageId": message.platform_reference,
        "keyword": "",
        "clientRef": message.reply_to,
        "receivedOn": shown_time(told_at, message.created_at),
    }
    return {**common, **words} if isinstance(words, dict) else common
