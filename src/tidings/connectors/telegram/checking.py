"""What Telegram would refuse, found before anything is sent.

Limits https://core.telegram.org/bots/api#sendmessage
"""

import msgspec

from tidings.connectors.checking import Errors, placed
from tidings.connectors.connector import Outgoing
from tidings.connectors.options import misread, read_options
from tidings.connectors.telegram.composing import compose, contact_fields, is_caption, words_of, words_of_card
from tidings.connectors.telegram.keyboards import keyboard, wrong_actions, wrong_listing
from tidings.connectors.telegram.media import LONGEST_CAPTION, wrong_media
from tidings.connectors.telegram.native import NATIVE
from tidings.connectors.telegram.places import CHAT, named_by
from tidings.connectors.telegram.settings import Options, TelegramSettings
from tidings.model.content import Card, Content
from tidings.model.errors import FieldError

LONGEST_TEXT = 4096
"""Characters, without the markup."""
_MOST_FILES = 100
_MOST_CARDS = 10


def refused(outgoing: Outgoing, settings: TelegramSettings) -> Errors:
    """Name everything in a message that would be refused, field by field."""
    try:
        options = read_options(outgoing.options, Options)
    except msgspec.ValidationError as error:
        yield misread(error)
        return
    if not CHAT.fullmatch(outgoing.to):
        yield FieldError("to", "A chat is a number, or the @name of a public one.", "Invalid")
    if outgoing.reply_to and named_by(outgoing.reply_to) is None:
        yield FieldError("replyTo", "A message of Telegram's is named by its chat and number, as 5210000001:4711.")
    content = outgoing.content
    if NATIVE in content.native:
        yield from _native(content, options)
    else:
        yield from _content(content, options, settings)


def _native(content: Content, options: Options) -> Errors:
    try:
        msgspec.json.encode([request.fields for request in compose(content, options)])
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        yield FieldError("body.native", str(error), "Invalid")


def _content(content: Content, options: Options, settings: TelegramSettings) -> Errors:
    if len(content.media) > _MOST_FILES:
        yield FieldError("body.media", f"At most {_MOST_FILES} files.", "TooMany")
    for index, media in enumerate(content.media):
        yield from wrong_media(f"body.media[{index}]", media, settings)
    yield from wrong_actions("body.actions", content.actions)
    if content.listing:
        yield from wrong_listing("body.listing", content.listing)
        if any(action.kind == "location" for action in content.actions):
            yield FieldError("body.actions", "Buttons that ask for a place stand alone.", "Unsupported")
    yield from _words(content, options)
    if content.location:
        yield from placed(content.location)
    for index, contact in enumerate(content.contacts):
        if not contact_fields(contact):
            yield FieldError(f"body.contacts[{index}]", "A contact has a first name and a phone number.", "Missing")
    if len(content.cards) > _MOST_CARDS:
        yield FieldError("body.cards", f"At most {_MOST_CARDS} cards.", "TooMany")
    for index, card in enumerate(content.cards):
        yield from _card(f"body.cards[{index}]", card, settings)


def _words(content: Content, options: Options) -> Errors:
    words = words_of(content, options)
    tapped = bool(keyboard(content.actions, content.listing))
    path = "body.text" if content.text else "body.html"
    if (content.text or content.html) and not words.seen:
        yield FieldError(path, "This must not be empty.", "Missing")
    # How much of a text is markup only Telegram knows.
    if not options.parse_mode and not is_caption(words, content.media, tapped=tapped) and words.seen > LONGEST_TEXT:
        yield FieldError(path, f"At most {LONGEST_TEXT} characters.", "TooLong")
    if tapped and not words.text and len(content.media) != 1:
        yield FieldError("body.text", "Buttons stand below a text, or below one file.", "Missing")


def _card(path: str, card: Card, settings: TelegramSettings) -> Errors:
    yield from wrong_actions(f"{path}.actions", card.actions)
    words = words_of_card(card)
    if card.media:
        yield from wrong_media(f"{path}.media", card.media, settings)
    elif not words.text.strip():
        yield FieldError(f"{path}.text", "This must not be empty.", "Missing")
    if words.seen > (LONGEST_CAPTION if card.media else LONGEST_TEXT):
        longest = LONGEST_CAPTION if card.media else LONGEST_TEXT
        yield FieldError(f"{path}.text", f"At most {longest} characters.", "TooLong")
