"""What Google would refuse, found before anything is sent.

Limits  https://developers.google.com/business-communications/rcs-business-messaging/guides/build/messages/send
"""

import re
from collections.abc import Sequence

import msgspec

from tidings.connectors.checking import Errors, filled, linked, longer, placed
from tidings.connectors.connector import Outgoing
from tidings.connectors.options import misread, read_options
from tidings.connectors.rbm.composing import LABEL, NATIVE, compose, is_card
from tidings.connectors.rbm.settings import Options, RbmSettings
from tidings.model.content import Action, Card, Content, Media
from tidings.model.errors import FieldError

_PHONE = re.compile(r"\+[1-9][0-9]{5,14}")
_TEXT = 3072
_TITLE = 200
_DESCRIPTION = 2000
_POSTBACK = 1500
"""Of the 2,048 that Google takes: our own id goes along, and it is written in percent signs."""
_URL = 2048
"""Characters."""
_SUGGESTIONS = 11
_CARD_SUGGESTIONS = 4
_CARDS = 10
_WHOLE = 250_000
"""Octets of a message."""


def refused(outgoing: Outgoing, settings: RbmSettings) -> Errors:
    """Name everything in a message that would be refused, field by field."""
    try:
        options = read_options(outgoing.options, Options)
    except msgspec.ValidationError as error:
        yield misread(error)
        return
    wrong = [*_addresses(outgoing, settings), *_content(outgoing.content)]
    yield from wrong
    if wrong:
        return
    try:
        written = [msgspec.json.encode(body) for body in compose(outgoing.content, options, outgoing.tag)]
    except (ValueError, TypeError, msgspec.DecodeError, RecursionError) as error:
        yield FieldError("body.native" if NATIVE in outgoing.content.native else "body", str(error), "Invalid")
        return
    if any(len(each) > _WHOLE for each in written):
        yield FieldError("body", f"A message takes at most {_WHOLE} octets.", "TooLong")


def _addresses(outgoing: Outgoing, settings: RbmSettings) -> Errors:
    if not _PHONE.fullmatch(outgoing.to):
        yield FieldError("to", "A phone number with its country is needed.", "Invalid")
    if outgoing.sender.partition("@")[0] not in ("", settings.agent):
        yield FieldError("sender", "This channel sends as its own agent only.", "Unsupported")


def _content(content: Content) -> Errors:
    if NATIVE in content.native:
        return
    yield from longer("body.text", content.text, _DESCRIPTION if is_card(content) else _TEXT)
    yield from longer("body.title", content.title if is_card(content) else "", _TITLE)
    for index, media in enumerate(content.media):
        yield from _media(f"body.media[{index}]", media)
    if content.location is not None:
        yield from placed(content.location)
    if content.actions and not (content.text or content.media or content.location or content.cards):
        yield FieldError("body.actions", "Buttons stand under something: give a text.", "Missing")
    yield from _actions("body.actions", content.actions, _SUGGESTIONS - bool(content.location))
    if len(content.cards) > _CARDS:
        yield FieldError("body.cards", f"At most {_CARDS} cards.", "TooMany")
    for index, card in enumerate(content.cards):
        yield from _card(f"body.cards[{index}]", card)


def _card(path: str, card: Card) -> Errors:
    if not (card.title or card.text or card.media):
        yield FieldError(path, "A card shows something: give a title, a text or a file.", "Missing")
    yield from longer(f"{path}.title", card.title, _TITLE)
    yield from longer(f"{path}.text", card.text, _DESCRIPTION)
    if card.media is not None:
        yield from _media(f"{path}.media", card.media)
    yield from _actions(f"{path}.actions", card.actions, _CARD_SUGGESTIONS)


def _media(path: str, media: Media) -> Errors:
    if not media.url:
        yield FieldError(path, "Google fetches files by their addresses: give a url.", "Unsupported")
    elif not media.url.startswith("https://"):
        yield FieldError(f"{path}.url", "Google fetches files by https:// only.", "Invalid")
    yield from longer(f"{path}.url", media.url, _URL)


def _actions(path: str, actions: Sequence[Action], most: int) -> Errors:
    if len(actions) > most:
        yield FieldError(path, f"At most {most} buttons.", "TooMany")
    for index, action in enumerate(actions):
        at = f"{path}[{index}]"
        yield from filled(f"{at}.label", action.label, LABEL)
        yield from longer(f"{at}.payload", action.payload, _POSTBACK // 3)
        if action.kind == "link":
            yield from linked(f"{at}.url", action.url)
            yield from longer(f"{at}.url", action.url, _POSTBACK // 3)
        elif action.kind == "call" and not _PHONE.fullmatch(action.phone):
            yield FieldError(f"{at}.phone", "A phone number with its country is needed.", "Invalid")
