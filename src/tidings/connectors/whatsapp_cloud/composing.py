"""Writing content in WhatsApp's own words: one content may be several messages.

Messages https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from tidings.connectors.whatsapp_cloud.media import CAPTIONED, HEADERS, header_object, kind_of, media_object
from tidings.connectors.whatsapp_cloud.settings import Options
from tidings.connectors.whatsapp_cloud.template import location_object, template_object
from tidings.model.content import Action, Content, Listing, Media

NATIVE = "whatsapp"
"""The platform whose native bodies are ours."""

LONGEST_CAPTION = 1024

ENVELOPE = frozenset(
    {
        *("messaging_product", "recipient_type", "to", "recipient", "context", "type"),
        *("biz_opaque_callback_data", "recipient_identity_key_hash", "message_activity_sharing"),
    }
)
"""Fields of a message beside its type object."""

Body = dict[str, Any]
"""A message's `type` and type object; of a native one also what else the client wrote into its envelope."""


def compose(content: Content, options: Options, default_language: str) -> list[Body]:
    """Write every message that a content takes, in the order they are to arrive."""
    if NATIVE in content.native:
        return native_bodies(content)
    if content.template:
        return [_body("template", template_object(content, content.template, default_language))]
    return list(_bodies(content, options))


def native_bodies(content: Content) -> list[Body]:
    """Read the client's own messages: one, or an array of them; raises ValueError where one cannot be sent.

    The type may be left out where there is one type object only.
    """
    given = msgspec.json.decode(content.native[NATIVE])
    bodies = given if isinstance(given, list) else [given]
    if not bodies:
        raise ValueError("There is no message.")
    return [_typed(body) for body in bodies]


def is_interactive(content: Content) -> bool:
    """Whether there is something to tap."""
    return bool(content.actions or content.listing)


def heads(content: Content) -> Media | None:
    """The medium above the buttons: the first, where buttons are there and it is of a kind that may stand there."""
    if content.actions and not content.listing and content.media and kind_of(content.media[0]) in HEADERS:
        return content.media[0]
    return None


def said(content: Content) -> str:
    """What an interactive message says: the text, or the caption of what stands above it."""
    head = heads(content)
    return content.text or (head.caption if head else "")


def reply_id(action: Action) -> str:
    """What comes back when a reply button is tapped."""
    return action.payload or action.label


def _typed(body: Any) -> Body:
    if not isinstance(body, dict):
        raise ValueError("A message is an object.")  # noqa: TRY004 - the client's value is wrong, not our type
    objects = [name for name in body if name not in ENVELOPE]
    kind = body.get("type", objects[0] if len(objects) == 1 else "")
    if not isinstance(kind, str) or not isinstance(body.get(kind), dict | list) or kind in ENVELOPE:
        raise ValueError("A message has a type, and an object named after the type.")
    return {**body, "type": kind}


def _bodies(content: Content, options: Options) -> Iterator[Body]:
    text, media = content.text, content.media
    if is_interactive(content):
        text = ""
        media = media[1:] if heads(content) else media
    elif media and _may_be_captioned(media[0], text):
        media = (replace(media[0], caption=text), *media[1:])
        text = ""
    if text:
        preview = {"preview_url": True} if options.preview_url else {}
        yield _body("text", {"body": text, **preview})
    for each in media:
        yield _body(kind_of(each), media_object(each))
    if content.location:
        yield _body("location", location_object(content.location))
    if content.contacts:
        yield _body("contacts", list(content.contacts))
    if is_interactive(content):
        yield _body("interactive", _interactive(content))


def _may_be_captioned(media: Media, text: str) -> bool:
    return bool(text) and not media.caption and kind_of(media) in CAPTIONED and len(text) <= LONGEST_CAPTION


def _body(kind: str, value: Any) -> Body:
    return {"type": kind, kind: value}


def _interactive(content: Content) -> dict[str, Any]:
    if content.listing:
        return _list(content, content.listing)
    head = heads(content)
    header = {"header": header_object(head)} if head else _text_header(content.title)
    body = {"body": {"text": said(content)}}
    first = content.actions[0]
    if first.kind == "location":
        # The one interactive message that has no header.
        return {"type": "location_request_message", **body, "action": {"name": "send_location"}}
    if first.kind == "link":
        parameters = {"display_text": first.label, "url": first.url}
        return {"type": "cta_url", **header, **body, "action": {"name": "cta_url", "parameters": parameters}}
    buttons = [{"type": "reply", "reply": {"id": reply_id(each), "title": each.label}} for each in content.actions]
    return {"type": "button", **header, **body, "action": {"buttons": buttons}}


def _text_header(text: str) -> dict[str, Any]:
    return {"header": {"type": "text", "text": text}} if text else {}


def _list(content: Content, listing: Listing) -> dict[str, Any]:
    rows: dict[str, list[dict[str, str]]] = {}
    for choice in listing.choices:
        described = {"description": choice.description} if choice.description else {}
        rows.setdefault(choice.section, []).append({"id": choice.id, "title": choice.title, **described})
    sections = [{"title": title, "rows": each} if title else {"rows": each} for title, each in rows.items()]
    written: dict[str, Any] = {
        "type": "list",
        **_text_header(listing.header or content.title),
        "body": {"text": content.text},
    }
    if listing.footer:
        written["footer"] = {"text": listing.footer}
    return {**written, "action": {"button": listing.button, "sections": sections}}
