"""What TikTok would refuse, found before anything is sent."""

import msgspec

from tidings.connectors.checking import Errors, longer
from tidings.connectors.connector import Outgoing
from tidings.connectors.options import misread, read_options
from tidings.connectors.tiktok.composing import (
    LONGEST_LINK,
    LONGEST_QUESTION,
    NATIVE,
    compose,
    is_text,
    question_of,
    reply_id,
)
from tidings.connectors.tiktok.images import wrong_image
from tidings.connectors.tiktok.settings import HOUR, Options, TikTokSettings
from tidings.model.content import Action, Content
from tidings.model.errors import FieldError
from tidings.model.stages import Cause, Reason

LONGEST_TEXT = 6000
"""Characters."""
_LONGEST_ID = 40
_LONGEST_CONVERSATION = 255
_MOST_BUTTONS = 3


def refused(outgoing: Outgoing) -> Errors:
    """Name everything in a message that would be refused, field by field."""
    try:
        read_options(outgoing.options, Options)
    except msgspec.ValidationError as error:
        yield misread(error)
    if not outgoing.to or len(outgoing.to) > _LONGEST_CONVERSATION or not outgoing.to.isprintable():
        yield FieldError("to", "Give the id of the conversation, as it came with the person's message.", "Invalid")
    content = outgoing.content
    wrong = list(_native(content) if NATIVE in content.native else _content(content))
    yield from wrong
    if not wrong and outgoing.reply_to and not any(map(is_text, compose(content))):
        yield FieldError("replyTo", "Only a text answers a message.", "Unsupported")


def closed_window(outgoing: Outgoing, messages: int, settings: TikTokSettings) -> Reason | None:
    """Say why so many messages may not go to a person now; None where they may, or nobody knows when they wrote."""
    if outgoing.heard_at is None:
        return None
    window = settings.window_hours * HOUR
    if window and outgoing.now - outgoing.heard_at >= window:
        return Reason(Cause.WINDOW, f"The person last wrote more than {settings.window_hours:g} hours ago.")
    most = settings.window_messages
    if most and outgoing.answered + messages > most:
        why = f"At most {most} messages may be sent since the person wrote; {outgoing.answered} were."
        return Reason(Cause.WINDOW, why)
    return None


def _native(content: Content) -> Errors:
    try:
        compose(content)
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        yield FieldError("body.native", str(error), "Invalid")


def _content(content: Content) -> Errors:
    yield from longer("body.text", content.text, LONGEST_TEXT)
    for index, media in enumerate(content.media):
        yield from wrong_image(f"body.media[{index}]", media)
        yield from longer(f"body.media[{index}].caption", media.caption, LONGEST_TEXT)
    if content.actions:
        yield from _card(content)


def _card(content: Content) -> Errors:
    question = question_of(content)
    path = "title" if content.title else "body.text"
    if not question.strip():
        yield FieldError(path, "Buttons stand below a question.", "Missing")
    if len(question) > LONGEST_QUESTION:
        more = "" if content.title else " Give a title to stand above the buttons, and the text may be longer."
        yield FieldError(path, f"A question with buttons has at most {LONGEST_QUESTION} characters.{more}", "TooLong")
    if len(content.actions) > _MOST_BUTTONS:
        yield FieldError("body.actions", f"At most {_MOST_BUTTONS} buttons.", "TooMany")
    for index, action in enumerate(content.actions):
        yield from _button(f"body.actions[{index}]", action)


def _button(path: str, action: Action) -> Errors:
    if action.kind != "reply":
        yield FieldError(path, f"There is no button for {action.kind}.", "Unsupported")
    if not action.label.strip():
        yield FieldError(f"{path}.label", "This must not be empty.", "Missing")
    yield from longer(f"{path}.label", action.label, LONGEST_LINK)
    yield from longer(f"{path}.payload", reply_id(action), _LONGEST_ID)
