"""What Meta refuses of a message to a conversation."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

_RECIPIENTS = ("id", "user_ref", "comment_id", "post_id", "notification_messages_token")
_CONTENTS = ("text", "attachment", "attachments", "sticker_id", "template")
_FILES = ("image", "video", "audio", "file")
_ACTS = ("typing_on", "typing_off", "mark_seen", "react", "unreact")


class Rules(Struct, frozen=True, kw_only=True):
    """What one platform takes."""

    longest_text: int
    in_octets: bool = False
    typed: bool = False
    """Whether every message says why it is sent."""
    buttons: frozenset[str]
    templates: frozenset[str] = frozenset({"generic", "button"})
    several_images: bool = False
    metadata: bool = False


def wrong(body: Mapping[str, Any], rules: Rules, files: Mapping[str, Any]) -> str:
    """Find what Meta refuses of a request; empty where it takes it. `files` are those uploaded, by id."""
    try:
        return _wrong(body, rules, files)
    except (AttributeError, KeyError, TypeError, ValueError):
        return "The request is of the wrong shape."


def _wrong(body: Mapping[str, Any], rules: Rules, files: Mapping[str, Any]) -> str:
    recipient = body["recipient"]
    if len(recipient) != 1 or not all(name in _RECIPIENTS and value for name, value in recipient.items()):
        return "recipient must be one of the known ones."
    if "sender_action" in body:
        return _wrong_act(body)
    message = body["message"]
    if sum(name in message for name in _CONTENTS) != 1:
        return "message must have one content."
    return (
        _wrong_type(body, rules)
        or _wrong_text(message.get("text", "-"), rules)
        or _wrong_replies(message.get("quick_replies", []))
        or _wrong_attachments(message, rules, files)
        or _wrong_metadata(message, rules)
    )


def _wrong_act(body: Mapping[str, Any]) -> str:
    if "message" in body or "messaging_type" in body or body["sender_action"] not in _ACTS:
        return "sender_action must be a known one, and stand alone."
    acts_on = body["sender_action"] in ("react", "unreact")
    return "payload.message_id is needed." if acts_on and not body["payload"]["message_id"] else ""


def _wrong_type(body: Mapping[str, Any], rules: Rules) -> str:
    kind = body.get("messaging_type", "" if rules.typed else "RESPONSE")
    if kind not in ("RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"):
        return "messaging_type must be a known one."
    if (kind == "MESSAGE_TAG") != ("tag" in body):
        return "A tag and its messaging_type belong together."
    if body.get("tag", "HUMAN_AGENT") != "HUMAN_AGENT":
        return "The tag is no longer allowed."
    if (kind == "UTILITY") != ("template" in body["message"]):
        return "A template and its messaging_type belong together."
    return ""


def _wrong_text(text: str, rules: Rules) -> str:
    length = len(text.encode()) if rules.in_octets else len(text)
    return "" if 0 < length <= rules.longest_text else f"text must have 1 to {rules.longest_text}."


def _wrong_replies(replies: list[Mapping[str, Any]]) -> str:
    fits = len(replies) <= 13 and all(
        each["content_type"] == "text" and 0 < len(each["title"]) <= 20 and 0 < len(each["payload"]) <= 1000
        for each in replies
    )
    return "" if fits else "quick_replies do not fit."


def _wrong_metadata(message: Mapping[str, Any], rules: Rules) -> str:
    if "metadata" in message and not rules.metadata:
        return "There is no metadata here."
    return "" if len(message.get("metadata", "")) <= 1000 else "metadata must have at most 1000 characters."


def _wrong_attachments(message: Mapping[str, Any], rules: Rules, files: Mapping[str, Any]) -> str:
    if "attachments" in message:
        several = message["attachments"]
        if not rules.several_images or not 2 <= len(several) <= 10 or any(each["type"] != "image" for each in several):
            return "attachments must be 2 to 10 images."
        return next(filter(None, (_wrong_file(each, files) for each in several)), "")
    if "attachment" not in message:
        return ""
    attachment = message["attachment"]
    if attachment["type"] == "template":
        return _wrong_template(attachment["payload"], rules)
    return "" if attachment["type"] == "like_heart" and rules.several_images else _wrong_file(attachment, files)


def _wrong_file(attachment: Mapping[str, Any], files: Mapping[str, Any]) -> str:
    payload = attachment["payload"]
    if attachment["type"] not in _FILES or ("url" in payload) == ("attachment_id" in payload):
        return "attachment must be a file, by url or by attachment_id."
    if "attachment_id" in payload:
        return "" if payload["attachment_id"] in files else "There is no such attachment."
    return "" if payload["url"].startswith(("https://", "http://")) else "url must be one."


def _wrong_template(payload: Mapping[str, Any], rules: Rules) -> str:
    kind = payload["template_type"]
    if kind not in rules.templates:
        return "" if kind in ("media", "receipt") and rules.metadata else "template_type must be a known one."
    if kind == "button":
        fits = 0 < len(payload["text"]) <= 640 and 1 <= len(payload["buttons"]) <= 3
        return _wrong_buttons(payload["buttons"], rules) if fits else "A template of buttons has a text and buttons."
    if not 1 <= len(payload["elements"]) <= 10:
        return "elements must be 1 to 10."
    return next(filter(None, (_wrong_element(each, rules) for each in payload["elements"])), "")


def _wrong_element(element: Mapping[str, Any], rules: Rules) -> str:
    fits = 0 < len(element["title"]) <= 80 and len(element.get("subtitle", "")) <= 80 and len(element) > 1
    if not fits or len(element.get("buttons", [])) > 3:
        return "An element has a title and more."
    return _wrong_buttons(element.get("buttons", []), rules)


def _wrong_buttons(buttons: list[Mapping[str, Any]], rules: Rules) -> str:
    fits = all(
        each["type"] in rules.buttons
        and 0 < len(each["title"]) <= 20
        and bool(each["url"] if each["type"] == "web_url" else each["payload"])
        for each in buttons
    )
    return "" if fits else "buttons do not fit."
