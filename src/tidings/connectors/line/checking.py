"""What LINE would refuse, found before anything is sent.

Limits https://developers.line.biz/en/reference/messaging-api/#message-objects
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from tidings.connectors.checking import Errors, filled, linked, longer, placed
from tidings.connectors.connector import Outgoing
from tidings.connectors.line.buttons import TITLE, fits_template, headline, reply_payload
from tidings.connectors.line.composing import NATIVE, Manner, compose
from tidings.connectors.line.marks import postback_data
from tidings.connectors.line.media import LARGEST, kind_of
from tidings.connectors.line.settings import LineSettings, Options
from tidings.connectors.options import misread, read_options
from tidings.model.content import Action, Card, Content, Listing, Location, Media
from tidings.model.errors import FieldError

_ADDRESS = re.compile(r"[UCR][0-9a-f]{32}")
"""A person, a group, a room."""
_PHONE = re.compile(r"\+[1-9][0-9]{5,14}")

_MESSAGES = 5
_TEXT = 5000
_LABEL = 20
_POSTBACK = 300
_DISPLAYED = 300
_URI = 1000
_FILE_URL = 2000
_PLACE = 100
_SENDER = 20
_QUICK_REPLIES = 13
_COLUMNS = 10
_COLUMN_ACTIONS = 3
_COLUMN_TEXT = 120
_COLUMN_TEXT_UNDER_HEAD = 60
_LIST_TEXT = 2000
"""Characters."""
_BUBBLE = 30_000
"""Octets of a list's JSON."""


def refused(outgoing: Outgoing, settings: LineSettings) -> Errors:
    """Name everything in a message that would be refused, field by field."""
    try:
        options = read_options(outgoing.options, Options)
    except msgspec.ValidationError as error:
        yield misread(error)
        return
    wrong = [
        *_addresses(outgoing, options, settings),
        *_options(options),
        *_content(outgoing, Manner.of(outgoing, options, settings)),
    ]
    yield from wrong
    if not wrong:
        yield from _written(outgoing.content, Manner.of(outgoing, options, settings))


def utf16_length(text: str) -> int:
    """Count a text as LINE does: in UTF-16 code units, two for most emoji."""
    return len(text) + sum(character > "\uffff" for character in text)


def _addresses(outgoing: Outgoing, options: Options, settings: LineSettings) -> Errors:
    if _PHONE.fullmatch(outgoing.to):
        if not settings.notification_messages:
            text = "This channel sends to LINE users only: its setting notificationMessages is off."
            yield FieldError("to", text, "Unsupported")
        if options.reply_token:
            yield FieldError("options.replyToken", "A phone number cannot be answered.", "Unsupported")
        for media in outgoing.content.media:
            if kind_of(media):
                yield FieldError("body.media", "A notification message holds no files.", "Unsupported")
    elif not _ADDRESS.fullmatch(outgoing.to):
        yield FieldError("to", "No id of a LINE user, group or room: U, C or R and 32 hex digits.", "Invalid")
    if outgoing.sender not in ("", settings.user_id):
        yield FieldError("sender", "A LINE channel sends as itself; it may be given another name.", "Unsupported")
    yield from longer("sender.name", outgoing.sender_name, _SENDER)


def _options(options: Options) -> Errors:
    if len(options.custom_aggregation_units) > 1:
        yield FieldError("options.customAggregationUnits", "At most one unit.", "TooMany")
    if options.custom_aggregation_units and options.reply_token:
        yield FieldError("options.customAggregationUnits", "Replies are counted in no unit.", "Unsupported")
    for name, url in (("previewImageUrl", options.preview_image_url), ("iconUrl", options.icon_url)):
        if url:
            yield from _url(f"options.{name}", url)


def _content(outgoing: Outgoing, manner: Manner) -> Errors:
    content = outgoing.content
    if NATIVE in content.native:
        return
    if utf16_length(content.text) > _TEXT:
        yield FieldError("body.text", f"At most {_TEXT} characters, of which an emoji takes two.", "TooLong")
    for index, media in enumerate(content.media):
        yield from _media(f"body.media[{index}]", media, manner)
    if content.location:
        yield from _location(content.location)
    if content.actions:
        yield from _actions("body.actions", content.actions, manner.tag)
        yield from _placed(content)
    if content.cards:
        yield from _cards(content.cards, manner.tag)
    if content.listing:
        yield from _listing(content.listing, content.text, manner.tag)


def _written(content: Content, manner: Manner) -> Errors:
    try:
        messages = compose(content, manner)
        msgspec.json.encode(messages)
    except (ValueError, TypeError, msgspec.DecodeError, RecursionError) as error:
        yield FieldError("body.native" if NATIVE in content.native else "body", str(error), "Invalid")
        return
    if not 1 <= len(messages) <= _MESSAGES:
        text = f"It takes {len(messages)} messages on LINE, which takes from 1 to {_MESSAGES} at once."
        yield FieldError("body", text, "TooMany")
    if content.listing:
        yield from _bubbles(messages)


def _bubbles(messages: Sequence[dict[str, Any]]) -> Errors:
    for message in messages:
        if len(msgspec.json.encode(message.get("contents"))) > _BUBBLE:
            yield FieldError("body.listing", f"A list takes at most {_BUBBLE} octets.", "TooLong")


def _url(path: str, url: str) -> Errors:
    if not url.startswith("https://"):
        yield FieldError(path, "LINE fetches files by https:// only.", "Invalid")
    yield from longer(path, url, _FILE_URL)


def _media(path: str, media: Media, manner: Manner) -> Errors:
    kind = kind_of(media)
    if not media.url:
        yield FieldError(path, "LINE takes no files, only their addresses: give a url.", "Unsupported")
        return
    if not kind:
        return
    yield from _url(f"{path}.url", media.url)
    if (media.size or 0) > LARGEST[kind]:
        yield FieldError(f"{path}.size", f"At most {LARGEST[kind]} octets in a message of type {kind}.", "TooLong")
    if kind == "video" and not manner.preview:
        text = "A film needs a picture: name one in options.previewImageUrl or in the channel's settings."
        yield FieldError("options.previewImageUrl", text, "Missing")
    if kind == "audio" and manner.options.duration is None:
        yield FieldError("options.duration", "LINE must be told how many milliseconds a sound takes.", "Missing")


def _location(location: Location) -> Errors:
    yield from placed(location)
    yield from longer("body.location.name", location.name, _PLACE)
    yield from longer("body.location.address", location.address, _PLACE)


def _placed(content: Content) -> Errors:
    """Say where buttons cannot stand: under nothing, or too many of them."""
    if not (content.text or content.media or content.location or content.cards or content.listing):
        yield FieldError("body.actions", "Buttons stand under something: give a text.", "Missing")
    if not fits_template(content) and len(content.actions) > _QUICK_REPLIES:
        yield FieldError("body.actions", f"At most {_QUICK_REPLIES} buttons.", "TooMany")


def _actions(path: str, actions: Sequence[Action], tag: str) -> Errors:
    for index, action in enumerate(actions):
        at = f"{path}[{index}]"
        yield from filled(f"{at}.label", action.label, _LABEL)
        if action.kind == "link":
            yield from linked(f"{at}.url", action.url)
            yield from longer(f"{at}.url", action.url, _URI)
        elif action.kind == "call":
            yield from filled(f"{at}.phone", action.phone, _URI)
        elif action.kind == "reply":
            yield from _payload(f"{at}.payload", reply_payload(action), tag)


def _payload(path: str, payload: str, tag: str) -> Errors:
    """Bound what comes back: our own id of the message goes along, so that a tap finds it."""
    yield from longer(path, payload, _POSTBACK - len(postback_data(tag, "")))


def _cards(cards: Sequence[Card], tag: str) -> Errors:
    if len(cards) > _COLUMNS:
        yield FieldError("body.cards", f"At most {_COLUMNS} cards.", "TooMany")
    for text, shapes in (
        ("Either every card has a picture, or none.", {card.media is None for card in cards}),
        ("Either every card has a title beside the text, or none.", {not headline(card)[0] for card in cards}),
        ("All cards have the same number of buttons.", {len(card.actions) for card in cards}),
    ):
        if len(shapes) > 1:
            yield FieldError("body.cards", text, "Invalid")
    for index, card in enumerate(cards):
        yield from _card(f"body.cards[{index}]", card, tag)


def _card(path: str, card: Card, tag: str) -> Errors:
    title, text = headline(card)
    yield from filled(f"{path}.text", text, _COLUMN_TEXT_UNDER_HEAD if title or card.media else _COLUMN_TEXT)
    yield from longer(f"{path}.title", title, TITLE)
    if card.media:
        yield from _url(f"{path}.media.url", card.media.url)
        if kind_of(card.media) != "image":
            yield FieldError(f"{path}.media", "A card shows a picture: JPEG or PNG.", "Unsupported")
    if not 1 <= len(card.actions) <= _COLUMN_ACTIONS:
        yield FieldError(f"{path}.actions", f"From 1 to {_COLUMN_ACTIONS} buttons.", "TooMany")
    if any(action.kind == "location" for action in card.actions):
        yield FieldError(f"{path}.actions", "A place cannot be asked for on a card.", "Unsupported")
    yield from _actions(f"{path}.actions", card.actions, tag)


def _listing(listing: Listing, text: str, tag: str) -> Errors:
    yield from longer("body.text", text, _LIST_TEXT)
    yield from longer("body.listing.header", listing.header, _LIST_TEXT)
    yield from longer("body.listing.footer", listing.footer, _LIST_TEXT)
    if not listing.choices:
        yield FieldError("body.listing.choices", "There is nothing to choose from.", "Missing")
    for index, choice in enumerate(listing.choices):
        path = f"body.listing.choices[{index}]"
        yield from filled(f"{path}.title", choice.title, _DISPLAYED)
        if not choice.id:
            yield FieldError(f"{path}.id", "This must not be empty.", "Missing")
        yield from _payload(f"{path}.id", choice.id, tag)
