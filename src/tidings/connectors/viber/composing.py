"""Writing content in Viber's own words: one content may be several messages, of which the last has the keyboard.

Messages https://developers.viber.com/docs/api/rest-bot-api/#message-types
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tidings.connectors.connector import Outgoing
from tidings.connectors.viber.keyboards import FOR_CARDS, keyboard, rich_media
from tidings.connectors.viber.marks import tracking_data
from tidings.connectors.viber.media import kind_of, media_body
from tidings.connectors.viber.settings import Options, ViberSettings
from tidings.model.content import Content, Media

NATIVE = "viber"
"""The platform whose native bodies are ours."""

LONGEST_CAPTION = 512

_OURS = frozenset({"receiver", "broadcast_list", "auth_token"})
"""Fields that no native body sets: whom it is for has been checked."""

Body = dict[str, Any]


class Manner(Struct, frozen=True):
    """What goes into messages beside their content."""

    tag: str
    """Our id of the hop."""
    sender: dict[str, str]
    options: Options
    silent: bool

    @staticmethod
    def of(outgoing: Outgoing, options: Options, settings: ViberSettings) -> "Manner":
        """Read it from a hop and the channel."""
        shown = {
            "name": outgoing.sender_name or settings.sender_name,
            "avatar": options.avatar or settings.sender_avatar,
        }
        sender = {name: value for name, value in shown.items() if value}
        return Manner(outgoing.tag, sender, options, settings.silent_taps)


def compose(content: Content, manner: Manner) -> list[Body]:
    """Write every message that a content takes, in the order they are to arrive."""
    bodies = native_bodies(content) if NATIVE in content.native else list(_bodies(content, manner))
    if NATIVE not in content.native:
        keys = keyboard(content, silent=manner.silent)
        if keys:
            bodies[-1:] = [_versioned({**body, "keyboard": keys.body}, keys.version) for body in bodies[-1:]]
    return [_finished(body, manner) for body in bodies]


def native_bodies(content: Content) -> list[Body]:
    """Read the client's own messages: one, or an array of them; raises ValueError where one cannot be sent."""
    given = msgspec.json.decode(content.native[NATIVE])
    bodies = given if isinstance(given, list) else [given]
    if not all(isinstance(each, dict) and isinstance(each.get("type"), str) for each in bodies):
        raise ValueError("A message is an object with a type.")
    return [{name: value for name, value in body.items() if name not in _OURS} for body in bodies]


def contact_of(contact: dict[str, Any]) -> tuple[str, str]:
    """Give the name and the phone number of a contact; empty where it has none."""
    name = contact.get("name")
    named = name.get("formatted_name") if isinstance(name, dict) else None
    phones = contact.get("phones")
    first = phones[0] if isinstance(phones, list) and phones else None
    number = first.get("phone") if isinstance(first, dict) else None
    return named if isinstance(named, str) else "", number if isinstance(number, str) else ""


def said(content: Content) -> str:
    """What a content says in words: around a list, also what stands above and below it."""
    if not content.listing:
        return content.text
    return "\n".join(filter(None, (content.listing.header or content.title, content.text, content.listing.footer)))


def _bodies(content: Content, manner: Manner) -> Iterator[Body]:
    text, media = said(content), content.media
    if media and _may_be_captioned(media[0], text):
        media = (replace(media[0], caption=text), *media[1:])
        text = ""
    if text:
        yield _text(text)
    for each in media:
        yield media_body(each, manner.options.thumbnail, manner.options.duration)
        if each.caption and kind_of(each) != "picture":
            yield _text(each.caption)
    if content.location:
        named = "\n".join(filter(None, (content.location.name, content.location.address)))
        if named:
            yield _text(named)
        yield {"type": "location", "location": {"lat": content.location.latitude, "lon": content.location.longitude}}
    for contact in content.contacts:
        name, number = contact_of(contact)
        yield {"type": "contact", "contact": {"name": name, "phone_number": number}}
    if content.cards:
        cards = rich_media(content.cards, silent=manner.silent)
        alternative = content.text or content.cards[0].title or content.cards[0].text
        yield _versioned({"type": "rich_media", "rich_media": cards, "alt_text": alternative}, FOR_CARDS)


def _text(text: str) -> Body:
    return {"type": "text", "text": text}


def _may_be_captioned(media: Media, text: str) -> bool:
    return bool(text) and not media.caption and kind_of(media) == "picture" and len(text) <= LONGEST_CAPTION


def _versioned(body: Body, version: int) -> Body:
    version = max(version, body.get("min_api_version", 0))
    return {**body, "min_api_version": version} if version else body


def _finished(body: Body, manner: Manner) -> Body:
    """Add who sends it, and our own id of the hop, unless a native body says that itself."""
    chosen = manner.options.min_api_version
    body = {**body, "min_api_version": chosen} if chosen else body
    return {"sender": manner.sender, "tracking_data": tracking_data(manner.tag, body), **body}
