"""What Viber refuses of a message: the status, as its documentation says."""

from collections.abc import Callable
from typing import Any

BAD_DATA, MISSING_DATA = 3, 4
LARGEST_REQUEST = 30 * 1024
"""Octets."""

Wrong = tuple[int, str]
"""A status and the field."""


def wrong(body: dict[str, Any]) -> Wrong | None:
    """Find what Viber refuses of a message; None where it takes it."""
    sender = body.get("sender")
    if not isinstance(sender, dict) or not isinstance(sender.get("name"), str) or not sender["name"]:
        return MISSING_DATA, "sender.name"
    if len(sender["name"]) > 28:
        return BAD_DATA, "sender.name"
    if len(str(body.get("tracking_data", ""))) > 4096:
        return BAD_DATA, "tracking_data"
    kind = str(body.get("type"))
    try:
        return _CHECKS[kind](body) or _keyboard(body) if kind in _CHECKS else (BAD_DATA, "type")
    except (AttributeError, KeyError, TypeError):
        return MISSING_DATA, kind


def failure(body: dict[str, Any]) -> str:
    """Say what the recipient's client finds wrong with a keyboard, which Viber takes unseen; empty where nothing is."""
    buttons = body.get("keyboard", {}).get("Buttons", [])
    for button in buttons:
        if not {"Text", "Image", "BgColor", "BgMedia"} & button.keys():
            return "keyboard is not valid. [a button shows nothing]"
        if not 1 <= button.get("Columns", 6) <= 6 or not 1 <= button.get("Rows", 1) <= 2:
            return "keyboard is not valid. [a button is too large]"
    return ""


def _text(body: dict[str, Any]) -> Wrong | None:
    if not body["text"]:
        return MISSING_DATA, "text"
    return (BAD_DATA, "text") if len(body["text"]) > 7000 else None


def _media(body: dict[str, Any]) -> Wrong | None:
    fits = body["media"].startswith(("http://", "https://")) and len(body["media"]) <= 2000
    return None if fits else (BAD_DATA, "media")


def _picture(body: dict[str, Any]) -> Wrong | None:
    """A caption may be empty, but not missing."""
    return (BAD_DATA, "text") if len(body["text"]) > 768 else _media(body)


def _video(body: dict[str, Any]) -> Wrong | None:
    if not 0 < int(body["size"]) <= 26 * 2**20 or body.get("duration", 0) > 180:
        return BAD_DATA, "size"
    return _media(body)


def _file(body: dict[str, Any]) -> Wrong | None:
    if not 0 < int(body["size"]) <= 50 * 2**20 or not 0 < len(body["file_name"]) <= 256:
        return BAD_DATA, "size"
    return _media(body)


def _location(body: dict[str, Any]) -> Wrong | None:
    place = body["location"]
    fits = -90 <= place["lat"] <= 90 and -180 <= place["lon"] <= 180
    return None if fits else (BAD_DATA, "location")


def _contact(body: dict[str, Any]) -> Wrong | None:
    contact = body["contact"]
    fits = 0 < len(contact["name"]) <= 28 and 0 < len(contact["phone_number"]) <= 18
    return None if fits else (BAD_DATA, "contact")


def _sticker(body: dict[str, Any]) -> Wrong | None:
    return None if isinstance(body["sticker_id"], int) else (BAD_DATA, "sticker_id")


def _rich_media(body: dict[str, Any]) -> Wrong | None:
    media = body["rich_media"]
    rows, columns = media["ButtonsGroupRows"], media["ButtonsGroupColumns"]
    fits = media["Type"] == "rich_media" and 1 <= rows <= 7 and 1 <= columns <= 6 and media["Buttons"]
    filled = sum(button["Rows"] * button["Columns"] for button in media["Buttons"])
    whole = fits and filled % (rows * columns) == 0 and filled <= 6 * rows * columns
    return None if whole and body.get("min_api_version", 1) >= 2 else (BAD_DATA, "rich_media")


def _keyboard(body: dict[str, Any]) -> Wrong | None:
    keyboard = body.get("keyboard")
    if keyboard is None:
        return None
    if keyboard.get("Type") != "keyboard" or not keyboard.get("Buttons"):
        return BAD_DATA, "keyboard"
    version = body.get("min_api_version", 1)
    for button in keyboard["Buttons"]:
        kind = button.get("ActionType", "reply")
        if kind not in ("reply", "open-url", "location-picker", "share-phone", "none") or "ActionBody" not in button:
            return BAD_DATA, "keyboard"
        if (button.get("Silent") and version < 6) or (kind in ("location-picker", "share-phone") and version < 3):
            return BAD_DATA, "min_api_version"
    return None


_CHECKS: dict[str, Callable[[dict[str, Any]], Wrong | None]] = {
    "text": _text,
    "url": _media,
    "picture": _picture,
    "video": _video,
    "file": _file,
    "location": _location,
    "contact": _contact,
    "sticker": _sticker,
    "rich_media": _rich_media,
}
