"""Writing content in the Send API's own words: one content may be several messages.

Messages   https://developers.facebook.com/docs/messenger-platform/reference/send-api
Templates  https://developers.facebook.com/docs/messenger-platform/send-messages/templates
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tidings.connectors.meta.messaging.files import attachment_of, kind_of
from tidings.connectors.meta.messaging.medium import Medium
from tidings.model.content import Action, Card, Content, Media, Template

Body = dict[str, Any]
"""A request without whom it is for: `message`, or a `sender_action` and its payload, and what else a client wrote."""

ACTS = frozenset({"react", "unreact"})
"""Sender actions that are worth a message of their own; the others are courtesies."""
_MESSAGE = frozenset({"text", "attachment", "attachments", "template", "sticker_id"})
"""Fields of which a message has one at least."""
_REQUEST = frozenset({"message", "sender_action"})

BUTTONS = {"reply": "postback", "link": "web_url", "call": "phone_number"}
"""The kinds of buttons, by our kinds of actions."""


def compose(content: Content, medium: Medium) -> list[Body]:
    """Write every message that a content takes, in the order they are to arrive; raises ValueError."""
    if medium.platform in content.native:
        return native_bodies(content, medium)
    if content.template:
        return [{"message": {"template": _utility(content.template)}, "messaging_type": "UTILITY"}]
    return [{"message": message} for message in _messages(content, medium)]


def native_bodies(content: Content, medium: Medium) -> list[Body]:
    """Read the client's own messages, one or an array of them: whole requests, or the message alone.

    Raises ValueError where one cannot be sent.
    """
    given = msgspec.json.decode(content.native[medium.platform])
    bodies = given if isinstance(given, list) else [given]
    if not bodies:
        raise ValueError("There is no message.")
    return [_checked(body) for body in bodies]


def has_buttons(content: Content) -> bool:
    """Whether the actions need a template of buttons: quick replies lead nowhere and call nobody."""
    return any(action.kind != "reply" for action in content.actions)


def payload_of(action: Action) -> str:
    """What comes back when a reply is tapped."""
    return action.payload or action.label


def _checked(body: Any) -> Body:
    if not isinstance(body, dict):
        raise ValueError("A message is an object.")  # noqa: TRY004 - the client's value is wrong, not our type
    request = body if _REQUEST & body.keys() else {"message": body}
    if "sender_action" in request:
        if request["sender_action"] not in ACTS or not isinstance(request.get("payload"), dict):
            raise ValueError(f"Of the sender actions, only {', '.join(sorted(ACTS))} with a payload are messages.")
        return request
    message = request["message"]
    if not isinstance(message, dict) or not _MESSAGE & message.keys():
        raise ValueError(f"A message has one of {', '.join(sorted(_MESSAGE))}.")
    return request


def _messages(content: Content, medium: Medium) -> Iterator[Body]:
    """Text comes first, except where there is something to tap, which comes last."""
    files = list(_files(content.media, medium))
    cards = [_carousel(content.cards)] if content.cards else []
    text = [{"text": content.text}] if content.text else []
    if not content.actions:
        yield from (*text, *files, *cards)
    elif has_buttons(content):
        yield from (*files, *cards, _buttons(content))
    else:
        messages = [*files, *cards, *text]
        yield from messages[:-1]
        yield {**messages[-1], "quick_replies": [_quick_reply(action) for action in content.actions]}


def _files(media: Sequence[Media], medium: Medium) -> Iterator[Body]:
    """Write files, each with its caption after it; pictures in a row may go together."""
    row: list[Media] = []
    for index, each in enumerate(media):
        row.append(each)
        following = media[index + 1] if index + 1 < len(media) else None
        if following is not None and _goes_along(following, row, medium):
            continue
        attachments = [attachment_of(one) for one in row]
        yield {"attachment": attachments[0]} if len(row) == 1 else {"attachments": attachments}
        yield from ({"text": one.caption} for one in row if one.caption)
        row = []


def _goes_along(media: Media, row: Sequence[Media], medium: Medium) -> bool:
    pictures = all(kind_of(each) == "image" and not each.caption for each in (*row, media))
    return pictures and len(row) < medium.images_together


def _quick_reply(action: Action) -> Body:
    return {"content_type": "text", "title": action.label, "payload": payload_of(action)}


def _buttons(content: Content) -> Body:
    buttons = [_button(action) for action in content.actions]
    payload = {"template_type": "button", "text": content.text, "buttons": buttons}
    return {"attachment": {"type": "template", "payload": payload}}


def _button(action: Action) -> Body:
    kind = BUTTONS[action.kind]
    if kind == "web_url":
        return {"type": kind, "title": action.label, "url": action.url}
    return {
        "type": kind,
        "title": action.label,
        "payload": action.phone if kind == "phone_number" else payload_of(action),
    }


def _carousel(cards: Sequence[Card]) -> Body:
    payload = {"template_type": "generic", "elements": [_card(card) for card in cards]}
    return {"attachment": {"type": "template", "payload": payload}}


def _card(card: Card) -> Body:
    written: Body = {"title": card.title or card.text}
    if card.title and card.text:
        written["subtitle"] = card.text
    if card.media:
        written["image_url"] = card.media.url
    if card.actions:
        written["buttons"] = [_button(action) for action in card.actions]
    return written


def _utility(template: Template) -> Body:
    """Write a utility template: numbered variables by their place, others by their name, `button.<n>` for payloads."""
    payloads = {name: value for name, value in template.variables.items() if name.startswith("button.")}
    words = {name: value for name, value in template.variables.items() if name not in payloads}
    numbered = all(name.isascii() and name.isdigit() for name in words)
    texts = (
        [{"type": "text", "text": words[name]} for name in sorted(words, key=int)]
        if numbered
        else [{"type": "text", "parameter_name": name, "text": value} for name, value in words.items()]
    )
    taps = [{"type": "POSTBACK", "payload": payloads[name]} for name in sorted(payloads)]
    components = [{"type": "body", "parameters": texts}] if texts else []
    components += [{"type": "buttons", "parameters": taps}] if taps else []
    return {
        "name": template.name or template.project,
        "language": {"code": template.locale.replace("-", "_") or "en"},
        "components": components,
    }
