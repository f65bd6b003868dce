"""What Viber would refuse, found before anything is sent.

Limits https://developers.viber.com/docs/api/rest-bot-api/#message-types
"""

import re
from collections.abc import Sequence
from html import escape

import msgspec

from tidings.connectors.checking import Errors, filled, linked, longer, placed
from tidings.connectors.connector import Outgoing
from tidings.connectors.options import misread, read_options
from tidings.connectors.viber.composing import LONGEST_CAPTION, NATIVE, Manner, compose, contact_of, said
from tidings.connectors.viber.keyboards import MOST_CARD_ACTIONS, MOST_CARDS, reply_body
from tidings.connectors.viber.media import LARGEST, file_name, kind_of
from tidings.connectors.viber.settings import LONGEST_NAME, Options, ViberSettings
from tidings.model.content import Action, Card, Content, Listing, Media
from tidings.model.errors import FieldError

_RECEIVER = re.compile(r"[!-~]{1,255}")
"""A user id; what it is made of is Viber's affair."""

_TEXT = 7000
_LABEL = 250
_URL = 2000
_FILE_NAME = 256
_CONTACT_NAME = 28
_CONTACT_PHONE = 18
"""Characters."""
_MESSAGE = 29_000
"""Octets; the receiver and the token take some of the 30 kB that a request may have."""


def refused(outgoing: Outgoing, settings: ViberSettings) -> Errors:
    """Name everything in a message that would be refused, field by field."""
    try:
        options = read_options(outgoing.options, Options)
    except msgspec.ValidationError as error:
        yield misread(error)
        return
    wrong = [*_people(outgoing), *_content(outgoing.content)]
    yield from wrong
    if not wrong:
        yield from _written(outgoing.content, Manner.of(outgoing, options, settings))


def _people(outgoing: Outgoing) -> Errors:
    if not _RECEIVER.fullmatch(outgoing.to):
        yield FieldError("to", "No Viber user id.", "Invalid")
    if outgoing.sender:
        yield FieldError("sender", "A Viber bot sends as itself; it may be given another name.", "Unsupported")
    yield from longer("sender.name", outgoing.sender_name, LONGEST_NAME)


def _content(content: Content) -> Errors:
    if NATIVE in content.native:
        return
    yield from longer("body.text", said(content), _TEXT)
    for index, media in enumerate(content.media):
        yield from _media(f"body.media[{index}]", media)
    if content.location:
        yield from placed(content.location)
    for index, contact in enumerate(content.contacts):
        name, number = contact_of(contact)
        yield from filled(f"body.contacts[{index}].name.formatted_name", name, _CONTACT_NAME)
        yield from filled(f"body.contacts[{index}].phones[0].phone", number, _CONTACT_PHONE)
    if content.cards:
        yield from _cards(content.cards)
    if content.listing and content.actions:
        yield FieldError("body.actions", "A message has buttons or a list, not both.", "Unsupported")
    if content.listing:
        yield from _listing(content.listing)
    yield from _actions("body.actions", content.actions)
    if (content.listing or content.actions) and not (content.kinds - {"actions", "listing"} or said(content)):
        yield FieldError("body.actions", "A keyboard comes with something: give a text.", "Missing")


def _written(content: Content, manner: Manner) -> Errors:
    path = "body.native" if NATIVE in content.native else "body"
    try:
        bodies = compose(content, manner)
        largest = max((len(msgspec.json.encode(body)) for body in bodies), default=0)
    except (ValueError, TypeError, msgspec.DecodeError, RecursionError) as error:
        yield FieldError(path, str(error), "Invalid")
        return
    if not bodies:
        yield FieldError(path, "There is no message.", "Missing")
    if largest > _MESSAGE:
        yield FieldError(path, f"A message takes at most {_MESSAGE} octets on Viber.", "TooLong")


def _link(path: str, url: str) -> Errors:
    yield from linked(path, url)
    yield from longer(path, url, _URL)


def _media(path: str, media: Media) -> Errors:
    if not media.url:
        yield FieldError(path, "Viber takes no files, only their addresses: give a url.", "Unsupported")
        return
    kind = kind_of(media)
    yield from _link(f"{path}.url", media.url)
    if (media.size or 0) > LARGEST.get(kind, media.size or 0):
        yield FieldError(f"{path}.size", f"At most {LARGEST[kind]} octets in a message of type {kind}.", "TooLong")
    yield from longer(f"{path}.caption", media.caption, LONGEST_CAPTION if kind == "picture" else _TEXT)
    if kind == "file":
        yield from longer(f"{path}.name", file_name(media), _FILE_NAME)


def _actions(path: str, actions: Sequence[Action]) -> Errors:
    for index, action in enumerate(actions):
        at = f"{path}[{index}]"
        yield from filled(f"{at}.label", escape(action.label), _LABEL)
        if action.kind == "call":
            yield FieldError(at, "There is no button for call.", "Unsupported")
        elif action.kind == "link":
            yield from _link(f"{at}.url", action.url)
        else:
            yield from longer(f"{at}.payload", reply_body(action), _TEXT)


def _listing(listing: Listing) -> Errors:
    if not listing.choices:
        yield FieldError("body.listing.choices", "There is nothing to choose from.", "Missing")
    for index, choice in enumerate(listing.choices):
        path = f"body.listing.choices[{index}]"
        yield from filled(f"{path}.id", choice.id, _TEXT)
        yield from filled(f"{path}.title", escape(choice.title) + escape(choice.description), _LABEL)


def _cards(cards: Sequence[Card]) -> Errors:
    if len(cards) > MOST_CARDS:
        yield FieldError("body.cards", f"At most {MOST_CARDS} cards.", "TooMany")
    for index, card in enumerate(cards):
        path = f"body.cards[{index}]"
        yield from filled(f"{path}.text", escape(card.title) + escape(card.text), _LABEL)
        if card.media:
            yield from _link(f"{path}.media.url", card.media.url)
            if kind_of(card.media) != "picture":
                yield FieldError(f"{path}.media", "A card shows a picture: JPEG or PNG.", "Unsupported")
        if len(card.actions) > MOST_CARD_ACTIONS:
            yield FieldError(f"{path}.actions", f"At most {MOST_CARD_ACTIONS} buttons.", "TooMany")
        yield from _actions(f"{path}.actions", card.actions)
