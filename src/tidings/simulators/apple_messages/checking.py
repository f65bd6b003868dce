"""What Apple refuses of a message."""

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from tidings.simulators.apple_messages.devices import BID
from tidings.simulators.apple_messages.storage import Storage

_TYPES = ("text", "richLink", "interactive", "typing_start", "typing_end")
_KINDS = ("listPicker", "quick-reply", "event", "dynamic", "authenticate", "payment")
_START = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d[+-]\d{4}")


def wrong(message: Any, headers: Mapping[str, str], business: str, storage: Storage) -> bool:
    """Whether a message is not as it has to be, or says another thing than its headers."""
    try:
        same = (
            message["v"] == 1
            and message["id"] == headers["id"] == str(uuid.UUID(message["id"]))
            and message["sourceId"] == headers["source-id"] == business
            and message["destinationId"] == headers["destination-id"]
            and message["type"] in _TYPES
            and len(headers.get("msp-agent", "")) <= 64
            and headers.get("auto-reply", "true") == "true"
        )
        return not (same and _CHECKS[message["type"]](message, storage))
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return True


def _text(message: Any, storage: Storage) -> bool:
    files = message.get("attachments", [])
    fits = all(storage.open(file) is not None and file["name"] and file["mimeType"] for file in files)
    return bool(message["body"]) and message["body"].count("\ufffc") == len(files) and fits


def _rich_link(message: Any, _storage: Storage) -> bool:
    link = message["richLinkData"]
    image, video = link["assets"].get("image"), link["assets"].get("video")
    shown = (not image or (image["data"] and image["mimeType"])) and (not video or video["url"])
    return link["url"].startswith("http") and bool(link["title"]) and bool(message["body"]) and bool(shown)


def _interactive(message: Any, storage: Storage) -> bool:
    if ("interactiveData" in message) == ("interactiveDataRef" in message):
        return False
    data = message.get("interactiveData") or storage.read(message["interactiveDataRef"])
    inner = data["data"]
    if inner["version"] != "1.0" or not inner["requestIdentifier"]:
        return False
    if data["bid"] != BID:
        return bool(data["receivedMessage"]["title"])
    (kind,) = [name for name in _KINDS if name in inner]
    named = {image["identifier"] for image in inner.get("images", [])}
    received = data.get("receivedMessage", {})
    bubbles = kind == "quick-reply" or (received["title"] and data["replyMessage"]["title"])
    return bool(bubbles) and received.get("imageIdentifier") in (None, *named) and _KINDS_CHECKED[kind](inner[kind])


def _list(picker: Any) -> bool:
    items = [item for section in picker["sections"] for item in section["items"]]
    named = all(item["identifier"] and item["title"] for item in items)
    return bool(items) and named and len({item["identifier"] for item in items}) == len(items)


def _quick_reply(reply: Any) -> bool:
    named = all(item["identifier"] and item["title"] for item in reply["items"])
    return bool(reply["summaryText"]) and 2 <= len(reply["items"]) <= 5 and named


def _event(event: Any) -> bool:
    slots = event["timeslots"]
    timed = all(slot["identifier"] and _START.fullmatch(slot["startTime"]) and slot["duration"] > 0 for slot in slots)
    return bool(event["title"]) and bool(slots) and timed


_KINDS_CHECKED: dict[str, Callable[[Any], bool]] = {
    "listPicker": _list,
    "quick-reply": _quick_reply,
    "event": _event,
    **dict.fromkeys(("dynamic", "authenticate", "payment"), bool),
}

_CHECKS: dict[str, Callable[[Any, Storage], bool]] = {
    "text": _text,
    "richLink": _rich_link,
    "interactive": _interactive,
    **dict.fromkeys(("typing_start", "typing_end"), lambda *_: True),
}
