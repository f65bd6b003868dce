"""What Meta refuses of a message."""

from collections.abc import Callable
from typing import Any

FILES = ("image", "video", "audio", "document", "sticker")
_TYPES = (*FILES, "text", "location", "contacts", "reaction", "interactive", "template")
_INTERACTIVE = ("button", "list", "cta_url", "flow", "location_request_message")


def wrong(body: dict[str, Any]) -> tuple[int, str] | None:
    """Find what Meta refuses of a message: the code, and the details."""
    if body.get("messaging_product") != "whatsapp":
        return 100, "messaging_product must be whatsapp."
    if not (body.get("to") or body.get("recipient")):
        return 131008, "to or recipient is needed."
    kind = body.get("type")
    if kind not in _TYPES:
        return 131009, "type is none of the known ones."
    value = body.get(kind)
    if not value or not isinstance(value, list if kind == "contacts" else dict):
        return 131008, f"{kind} is needed."
    try:
        details = _CHECKS[kind](value)
    except (AttributeError, KeyError, TypeError):
        details = f"{kind} is of the wrong shape."
    return (131009, details) if details else None


def _wrong_text(text: dict[str, Any]) -> str | None:
    return None if 0 < len(text.get("body", "")) <= 4096 else "text.body must have 1 to 4096 characters."


def _wrong_media(media: dict[str, Any]) -> str | None:
    if ("id" in media) == ("link" in media):
        return "Either id or link is needed."
    return None if len(media.get("caption", "")) <= 1024 else "caption must have at most 1024 characters."


def _wrong_bare_media(media: dict[str, Any]) -> str | None:
    return "There is no caption here." if "caption" in media else _wrong_media(media)


def _wrong_interactive(interactive: dict[str, Any]) -> str | None:
    if interactive.get("type") not in _INTERACTIVE:
        return "interactive.type is none of the known ones."
    if not 0 < len(interactive.get("body", {}).get("text", "")) <= 1024:
        return "interactive.body.text must have 1 to 1024 characters."
    action = interactive.get("action", {})
    match interactive["type"]:
        case "button":
            replies = [button["reply"] for button in action.get("buttons", [])]
            fits = 1 <= len(replies) <= 3 and all(0 < len(reply["title"]) <= 20 and reply["id"] for reply in replies)
        case "list":
            rows = [row for section in action.get("sections", []) for row in section["rows"]]
            fits = 1 <= len(rows) <= 10 and all(
                0 < len(row["title"]) <= 24 and len(row.get("description", "")) <= 72 for row in rows
            )
        case "cta_url":
            parameters = action.get("parameters", {})
            fits = 0 < len(parameters.get("display_text", "")) <= 20 and bool(parameters.get("url"))
        case _:
            fits = bool(action)
    return None if fits else "interactive.action does not fit its type."


def _wrong_template(template: dict[str, Any]) -> str | None:
    fits = template.get("name") and template.get("language", {}).get("code")
    return None if fits else "template.name and template.language.code are needed."


def _wrong_contacts(contacts: list[dict[str, Any]]) -> str | None:
    named = all(contact.get("name", {}).get("formatted_name") for contact in contacts)
    return None if named else "name.formatted_name is needed."


_CHECKS: dict[str, Callable[[Any], str | None]] = {
    "text": _wrong_text,
    **dict.fromkeys(("image", "video", "document"), _wrong_media),
    **dict.fromkeys(("audio", "sticker"), _wrong_bare_media),
    "interactive": _wrong_interactive,
    "template": _wrong_template,
    "contacts": _wrong_contacts,
    "reaction": lambda reaction: None if reaction.get("message_id") else "reaction.message_id is needed.",
    "location": lambda place: None if {"latitude", "longitude"} <= place.keys() else "A place has coordinates.",
}
