"""What the Send API would refuse, found before anything is sent.

Limits https://developers.facebook.com/docs/messenger-platform/reference/send-api
"""

from collections.abc import Sequence

import msgspec

from tidings.connectors.checking import Errors, filled, linked, longer
from tidings.connectors.connector import Outgoing
from tidings.connectors.meta.messaging.composing import BUTTONS, compose, has_buttons, payload_of
from tidings.connectors.meta.messaging.files import has_to_be_uploaded, kind_of
from tidings.connectors.meta.messaging.medium import Medium
from tidings.connectors.meta.messaging.options import Options
from tidings.connectors.meta.messaging.recipients import COMMENT, comment_of
from tidings.connectors.options import misread, read_options
from tidings.model.content import Action, Card, Content, Media, Template
from tidings.model.errors import FieldError
from tidings.rules.uploads import octets_of

BUTTON_TEXT = 640
TITLE = 20
PAYLOAD = 1000
CARD_TITLE = 80
"""Characters."""

QUICK_REPLIES = 13
BUTTONS_OF_ONE = 3
CARDS = 10


def refused(outgoing: Outgoing, medium: Medium, senders: frozenset[str]) -> Errors:
    """Name everything in a message that would be refused, field by field; `senders` are the ids of our own side."""
    try:
        options = read_options(outgoing.options, Options)
    except msgspec.ValidationError as error:
        yield misread(error)
        return
    if not medium.address.fullmatch(outgoing.to):
        yield FieldError("to", f"This is no id of a person on {medium.platform}.", "Invalid")
    if outgoing.sender and outgoing.sender not in senders:
        yield FieldError("sender", "A channel sends for its own page or account only.", "Invalid")
    yield from _options(outgoing, options)
    content = outgoing.content
    wrong = list(_content(content, medium)) if medium.platform not in content.native else []
    yield from wrong
    if not wrong:
        yield from _written(outgoing, medium, options)


def _options(outgoing: Outgoing, options: Options) -> Errors:
    if options.messaging_type == "MESSAGE_TAG" and not options.message_tag:
        yield FieldError("options.messageTag", "Messages of type MESSAGE_TAG need their tag.", "Missing")
    for name, told in (("commentId", options.comment_id), ("postId", options.post_id)):
        if told and not COMMENT.fullmatch(told):
            yield FieldError(f"options.{name}", "This is no id of a comment or post.", "Invalid")
    if options.public and not comment_of(outgoing, options):
        yield FieldError("options.public", "Only comments are answered in public.", "Invalid")


def _content(content: Content, medium: Medium) -> Errors:
    if content.template:
        yield from _template(content, content.template)
        return
    for index, media in enumerate(content.media):
        yield from _media(f"body.media[{index}]", media, medium)
    yield from _cards(content.cards, medium)
    yield from _actions(content, medium)
    if medium.length(content.text) > medium.longest_text:
        unit = "octets" if medium.in_octets else "characters"
        yield FieldError("body.text", f"At most {medium.longest_text} {unit}.", "TooLong")


def _written(outgoing: Outgoing, medium: Medium, options: Options) -> Errors:
    content = outgoing.content
    try:
        bodies = compose(content, medium)
        msgspec.json.encode(bodies)
    except (ValueError, TypeError, msgspec.DecodeError, RecursionError) as error:
        yield FieldError("body.native" if medium.platform in content.native else "body", str(error), "Invalid")
        return
    if len(bodies) > 1 and (options.post_id or comment_of(outgoing, options)):
        yield FieldError("body", "A comment or post is answered with one message only.", "TooMany")
    if options.public and any(body.get("message", {}).keys() != {"text"} for body in bodies):
        yield FieldError("body", "In public, a comment is answered with a text.", "Unsupported")


def _template(content: Content, template: Template) -> Errors:
    if not (template.name or template.project):
        yield FieldError("template.name", "A template has a name.", "Missing")
    # A text beside a template is for the message's other platforms; anything else would be lost silently.
    for kind in sorted(content.kinds - {"template", "text", "native"}):
        yield FieldError(f"body.{kind}", "A template is the whole message.", "Unsupported")
    names = [name for name in template.variables if not name.startswith("button.")]
    if len({name.isascii() and name.isdigit() for name in names}) > 1:
        yield FieldError("template.variables", "Variables have numbers or names, not both.", "Invalid")


def _media(path: str, media: Media, medium: Medium) -> Errors:
    kind, size = kind_of(media), media.size or 0
    if has_to_be_uploaded(media):
        try:
            size = len(octets_of(media))
        except ValueError:
            yield FieldError(f"{path}.data", "Files other than text are written in base64.", "Invalid")
    elif not (media.url or media.reference):
        yield FieldError(path, "There is no file: give a url, data or a reference.", "Missing")
    elif media.url and not media.reference:
        yield from linked(f"{path}.url", media.url)
    if size > medium.largest[kind]:
        yield FieldError(f"{path}.size", f"At most {medium.largest[kind]} octets in a message of {kind}.", "TooLong")
    if medium.length(media.caption) > medium.longest_text:
        yield FieldError(f"{path}.caption", "It goes as a text of its own, and is too long for one.", "TooLong")


def _cards(cards: Sequence[Card], medium: Medium) -> Errors:
    if len(cards) > CARDS:
        yield FieldError("body.cards", f"At most {CARDS} cards.", "TooMany")
    for index, card in enumerate(cards):
        path = f"body.cards[{index}]"
        yield from filled(f"{path}.title", card.title or card.text, CARD_TITLE)
        yield from longer(f"{path}.text", card.text, CARD_TITLE)
        if not (card.media or card.actions or (card.title and card.text)):
            yield FieldError(path, "A card has more than a title: a text, a picture or something to tap.", "Missing")
        if card.media:
            yield from linked(f"{path}.media.url", card.media.url)
        yield from _buttons(f"{path}.actions", card.actions, medium)


def _actions(content: Content, medium: Medium) -> Errors:
    if not content.actions:
        return
    if has_buttons(content):
        yield from filled("body.text", content.text, BUTTON_TEXT)
        yield from _buttons("body.actions", content.actions, medium)
        return
    if not (content.text or content.media or content.cards):
        yield FieldError("body.text", "Quick replies stand under something.", "Missing")
    if len(content.actions) > QUICK_REPLIES:
        yield FieldError("body.actions", f"At most {QUICK_REPLIES} quick replies.", "TooMany")
    for index, action in enumerate(content.actions):
        yield from _action(f"body.actions[{index}]", action)


def _buttons(path: str, actions: Sequence[Action], medium: Medium) -> Errors:
    if len(actions) > BUTTONS_OF_ONE:
        yield FieldError(path, f"At most {BUTTONS_OF_ONE} buttons.", "TooMany")
    for index, action in enumerate(actions):
        where = f"{path}[{index}]"
        if BUTTONS.get(action.kind) not in medium.button_kinds:
            yield FieldError(where, f"There is no button for {action.kind}.", "Unsupported")
            continue
        yield from _action(where, action)
        if action.kind == "link":
            yield from linked(f"{where}.url", action.url)
        if action.kind == "call" and not action.phone.startswith("+"):
            yield FieldError(f"{where}.phone", "A number starts with its plus.", "Invalid")


def _action(path: str, action: Action) -> Errors:
    yield from filled(f"{path}.label", action.label, TITLE)
    yield from longer(f"{path}.payload", payload_of(action), PAYLOAD)
