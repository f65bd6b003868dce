"""What WhatsApp would refuse, found before anything is sent.

Limits https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-messages
"""

import re
from collections.abc import Sequence

import msgspec

from tidings.connectors.checking import Errors, again, filled, linked, longer, placed
from tidings.connectors.connector import Outgoing
from tidings.connectors.options import misread, read_options
from tidings.connectors.whatsapp_cloud.composing import (
    LONGEST_CAPTION,
    NATIVE,
    Body,
    compose,
    heads,
    is_interactive,
    reply_id,
    said,
)
from tidings.connectors.whatsapp_cloud.media import (
    CAPTIONED,
    HEADERS,
    LARGEST,
    has_to_be_uploaded,
    kind_of,
    octets_of,
    type_of,
)
from tidings.connectors.whatsapp_cloud.people import USER_ID
from tidings.connectors.whatsapp_cloud.settings import Options, WhatsAppSettings
from tidings.connectors.whatsapp_cloud.template import BUTTON, BUTTONS, body_variables, header_variables, is_numbered
from tidings.model.content import Action, Content, Listing, Media, Template
from tidings.model.errors import FieldError

_PHONE = re.compile(r"\+[0-9]{6,15}")
_SENDER = re.compile(r"[0-9]{1,32}")
_MIME = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")

_TEXT = 4096
_INTERACTIVE_TEXT = 1024
_HEADER = 60
_FOOTER = 60
_BUTTON = 20
_REPLY_ID = 256
_ROW_ID = 200
_ROW_TITLE = 24
_ROW_DESCRIPTION = 72
"""Characters."""

_BUTTONS = 3
_ROWS = 10


def refused(outgoing: Outgoing, settings: WhatsAppSettings) -> Errors:
    """Name everything in a message that would be refused, field by field."""
    try:
        options = read_options(outgoing.options, Options)
    except msgspec.ValidationError as error:
        yield misread(error)
        return
    yield from _addresses(outgoing, options, settings)
    content = outgoing.content
    wrong = list(_content(content))
    yield from wrong
    if not wrong:
        yield from _written(content, options, settings)


def _addresses(outgoing: Outgoing, options: Options, settings: WhatsAppSettings) -> Errors:
    group = options.recipient_type == "group"
    if not (group or _PHONE.fullmatch(outgoing.to) or USER_ID.fullmatch(outgoing.to)):
        yield FieldError("to", "Neither a phone number as +351911111111 nor a WhatsApp user id as PT.123.", "Invalid")
    if not sender_id(outgoing.sender, settings):
        yield FieldError("sender", "Give the phone number's id, or the number that the channel names.", "Invalid")


def sender_id(sender: str, settings: WhatsAppSettings) -> str:
    """Find the phone number id to send from; empty where the sender asked for cannot be one."""
    if sender in ("", settings.phone_number, settings.phone_number.removeprefix("+")):
        return settings.phone_number_id
    return sender if _SENDER.fullmatch(sender) else ""


def _content(content: Content) -> Errors:
    if NATIVE in content.native:
        return
    for index, media in enumerate(content.media):
        yield from _media(f"body.media[{index}]", media)
    if content.location:
        yield from placed(content.location)
    if content.template:
        yield from _template(content, content.template)
        return
    if content.listing and content.actions:
        yield FieldError("body.actions", "A message has buttons or a list, not both.", "Unsupported")
    elif is_interactive(content):
        yield from _interactive(content)
    else:
        yield from longer("body.text", content.text, _TEXT)
    for index, contact in enumerate(content.contacts):
        named = contact.get("name")
        if not (isinstance(named, dict) and named.get("formatted_name")):
            yield FieldError(f"body.contacts[{index}].name.formatted_name", "A contact has a name.", "Missing")


def _written(content: Content, options: Options, settings: WhatsAppSettings) -> Errors:
    try:
        bodies = compose(content, options, settings.default_language)
        msgspec.json.encode(bodies)
    except (ValueError, TypeError, msgspec.DecodeError, RecursionError) as error:
        yield FieldError("body.native" if NATIVE in content.native else "body", str(error), "Invalid")
        return
    yield from _marketing(bodies, options)


def _marketing(bodies: Sequence[Body], options: Options) -> Errors:
    if options.marketing and any(body["type"] != "template" for body in bodies):
        yield FieldError("options.marketing", "Only templates are sent as marketing messages.", "Unsupported")


def _media(path: str, media: Media) -> Errors:
    kind = kind_of(media)
    size = media.size or 0
    if has_to_be_uploaded(media):
        if not _MIME.fullmatch(type_of(media)):
            yield FieldError(f"{path}.type", "A file to be uploaded has a MIME type, such as image/png.", "Invalid")
        try:
            size = len(octets_of(media))
        except ValueError:
            yield FieldError(f"{path}.data", "Files other than text are written in base64.", "Invalid")
    elif media.url and not media.reference and not media.url.startswith(("https://", "http://")):
        yield FieldError(f"{path}.url", "A link starts with https://.", "Invalid")
    elif not (media.url or media.reference):
        yield FieldError(path, "There is no file: give a url, data or a reference.", "Missing")
    if size > LARGEST[kind]:
        yield FieldError(f"{path}.size", f"At most {LARGEST[kind]} octets in a message of type {kind}.", "TooLong")
    yield from longer(f"{path}.caption", media.caption, LONGEST_CAPTION)


def _template(content: Content, template: Template) -> Errors:
    if not (template.name or template.project):
        yield FieldError("template.name", "A template has a name.", "Missing")
    # A text beside a template is for the message's other platforms; anything else would be lost silently.
    for kind in sorted(content.kinds - {"template", "media", "location", "text", "native"}):
        yield FieldError(f"body.{kind}", "A template is the whole message.", "Unsupported")
    if len(content.media) + bool(content.location) > 1:
        yield FieldError("body.media", "A template has one header.", "TooMany")
    for media in content.media[:1]:
        yield from _header("body.media[0]", media)
    for part, variables in (("header.", header_variables(template)), ("", body_variables(template))):
        numbered = {is_numbered(name) for name in variables}
        if len(numbered) > 1:
            path = f"template.variables.{part}"
            yield FieldError(path.rstrip("."), "Variables have numbers or names, not both.", "Invalid")
    for name in template.variables:
        found = BUTTON.fullmatch(name)
        if found and found[2] not in BUTTONS:
            yield FieldError(f"template.variables.{name}", f"A button is one of {', '.join(BUTTONS)}.", "Unsupported")


def _header(path: str, media: Media) -> Errors:
    if kind_of(media) not in HEADERS:
        yield FieldError(path, f"A header is one of {', '.join(sorted(CAPTIONED))}.", "Unsupported")
    if media.caption:
        yield FieldError(f"{path}.caption", "A header has no caption.", "Unsupported")


def _interactive(content: Content) -> Errors:
    yield from filled("body.text", said(content), _INTERACTIVE_TEXT)
    head = heads(content)
    if head and head.caption and content.text:
        yield from _header("body.media[0]", head)
    yield from longer("title", content.title, _HEADER)
    if content.listing:
        yield from _listing(content.listing)
    else:
        yield from _actions(content.actions)


def _actions(actions: Sequence[Action]) -> Errors:
    kinds = {action.kind for action in actions}
    for kind in sorted(kinds - {"reply", "link", "location"}):
        yield FieldError("body.actions", f"There is no button for {kind}.", "Unsupported")
    if len(kinds) > 1:
        yield FieldError("body.actions", "Buttons are all of one kind.", "Unsupported")
    if len(actions) > (_BUTTONS if kinds == {"reply"} else 1):
        yield FieldError("body.actions", f"At most {_BUTTONS} replies, or one button of another kind.", "TooMany")
    seen: set[str] = set()
    for index, action in enumerate(actions):
        path = f"body.actions[{index}]"
        if action.kind != "location":  # WhatsApp labels that one itself
            yield from filled(f"{path}.label", action.label, _BUTTON)
        if action.kind == "link":
            yield from linked(f"{path}.url", action.url)
        if action.kind == "reply":
            yield from longer(f"{path}.payload", reply_id(action), _REPLY_ID)
            yield from again(f"{path}.payload", reply_id(action), seen)


def _listing(listing: Listing) -> Errors:
    yield from filled("body.listing.button", listing.button, _BUTTON)
    yield from longer("body.listing.header", listing.header, _HEADER)
    yield from longer("body.listing.footer", listing.footer, _FOOTER)
    if not 1 <= len(listing.choices) <= _ROWS:
        yield FieldError("body.listing.choices", f"From 1 to {_ROWS} choices.", "TooMany")
    sections = {choice.section for choice in listing.choices}
    seen: set[str] = set()
    for index, choice in enumerate(listing.choices):
        path = f"body.listing.choices[{index}]"
        yield from filled(f"{path}.id", choice.id, _ROW_ID)
        yield from again(f"{path}.id", choice.id, seen)
        yield from filled(f"{path}.title", choice.title, _ROW_TITLE)
        yield from longer(f"{path}.description", choice.description, _ROW_DESCRIPTION)
        yield from longer(f"{path}.section", choice.section, _ROW_TITLE)
        if len(sections) > 1 and not choice.section:
            yield FieldError(f"{path}.section", "Where there are several sections, each has a title.", "Missing")
