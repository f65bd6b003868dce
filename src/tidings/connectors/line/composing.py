"""Writing content as LINE's message objects; they go out together, five at most.

Messages https://developers.line.biz/en/reference/messaging-api/#message-objects
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.line.buttons import buttons_template, carousel, fits_template, list_bubble, quick_reply
from tidings.connectors.line.marks import tracking_id
from tidings.connectors.line.media import kind_of
from tidings.connectors.line.settings import LineSettings, Options
from tidings.model.content import Content, Location, Media

NATIVE = "line"
"""The platform whose native bodies are ours."""

Body = dict[str, Any]


class Manner(Struct, frozen=True):
    """What goes into messages beside their content."""

    tag: str
    """Our id of the hop."""
    options: Options
    sender_name: str
    preview: str
    """The picture shown before a film plays."""
    tracked: bool
    """Whether it may be told that a film was watched: only people alone can be followed so, not groups."""

    @staticmethod
    def of(outgoing: Outgoing, options: Options, settings: LineSettings) -> "Manner":
        """Read it from a hop."""
        preview = options.preview_image_url or settings.preview_image_url
        return Manner(outgoing.tag, options, outgoing.sender_name, preview, outgoing.to.startswith("U"))


def compose(content: Content, manner: Manner) -> list[Body]:
    """Write every message object that a content takes, in the order they are to arrive."""
    if NATIVE in content.native:
        return native_messages(content)
    bodies = list(_bodies(content, manner))
    if content.actions and not fits_template(content):
        bodies[-1:] = [{**body, **quick_reply(content.actions, manner.tag)} for body in bodies[-1:]]
    if manner.options.quote_token and bodies and bodies[0]["type"] == "text":
        bodies[0] = {**bodies[0], "quoteToken": manner.options.quote_token}
    shown = {"name": manner.sender_name, "iconUrl": manner.options.icon_url}
    sender = {name: value for name, value in shown.items() if value}
    return [{**body, "sender": sender} for body in bodies] if sender else bodies


def native_messages(content: Content) -> list[Body]:
    """Read the client's own messages: one, or an array of them; raises ValueError where one cannot be sent."""
    given = msgspec.json.decode(content.native[NATIVE])
    messages = given if isinstance(given, list) else [given]
    if not all(isinstance(each, dict) and isinstance(each.get("type"), str) for each in messages):
        raise ValueError("A message is an object with a type.")
    return messages


def _bodies(content: Content, manner: Manner) -> Iterator[Body]:
    if content.text and not (content.listing or fits_template(content)):
        yield _text(content.text)
    for each in content.media:
        yield from _media(each, manner)
    if content.location:
        yield _location(content.location)
    if content.cards:
        yield carousel(content, manner.tag)
    if content.listing:
        yield list_bubble(content, content.listing, manner.tag)
    elif fits_template(content):
        yield buttons_template(content, manner.tag)


def _text(text: str) -> Body:
    return {"type": "text", "text": text}


def _media(media: Media, manner: Manner) -> Iterator[Body]:
    """Write a file, and its caption after it; what LINE has no message for is sent as a link."""
    kind = kind_of(media)
    if kind == "image":
        preview = manner.options.preview_image_url or media.url
        yield {"type": kind, "originalContentUrl": media.url, "previewImageUrl": preview}
    elif kind == "video":
        tracked = {"trackingId": tracking_id(manner.tag)} if manner.tracked else {}
        yield {"type": kind, "originalContentUrl": media.url, "previewImageUrl": manner.preview, **tracked}
    elif kind == "audio":
        yield {"type": kind, "originalContentUrl": media.url, "duration": manner.options.duration}
    else:
        yield _text("\n".join(filter(None, (media.caption or media.name, media.url))))
        return
    if media.caption:
        yield _text(media.caption)


def _location(place: Location) -> Body:
    """Write a place; LINE wants it to have a title and an address."""
    where = f"{place.latitude}, {place.longitude}"
    return {
        "type": "location",
        "title": place.name or place.address or where,
        "address": place.address or place.name or where,
        "latitude": place.latitude,
        "longitude": place.longitude,
    }
