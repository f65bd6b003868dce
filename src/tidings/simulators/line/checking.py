"""What LINE refuses of message objects, as its reference says."""

from collections.abc import Callable, Iterator
from typing import Any

MOST = 5

Wrong = tuple[str, str]
"""A property, and what is wrong with it."""


def wrong(messages: Any) -> list[Wrong]:
    """Find what LINE refuses of the messages of a request."""
    if not isinstance(messages, list) or not 1 <= len(messages) <= MOST:
        return [("messages", f"Size must be between 1 and {MOST}")]
    return [
        (f"messages[{index}]{path}", what)
        for index, message in enumerate(messages)
        for path, what in (_message(message) if isinstance(message, dict) else [("", "Must be an object")])
    ]


def length(text: str) -> int:
    """Count UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def _message(message: dict[str, Any]) -> Iterator[Wrong]:
    check = _CHECKS.get(str(message.get("type")))
    if check is None:
        yield "/type", "Must be one of the known types"
        return
    try:
        yield from check(message)
        yield from _quick_reply(message.get("quickReply"))
        yield from _text(message.get("sender", {}).get("name", "x"), "/sender/name", 20)
    except (AttributeError, KeyError, TypeError):
        yield "", "Is of the wrong shape"


def _text(text: Any, path: str, longest: int) -> Iterator[Wrong]:
    if not isinstance(text, str) or not text.strip():
        yield path, "May not be empty"
    elif length(text) > longest:
        yield path, f"Length must be between 0 and {longest}"


def _urls(message: dict[str, Any], *names: str) -> Iterator[Wrong]:
    for name in names:
        yield from _text(message.get(name), f"/{name}", 2000)
        if not str(message.get(name)).startswith("https://"):
            yield f"/{name}", "Invalid URI scheme"


def _video(message: dict[str, Any]) -> Iterator[Wrong]:
    yield from _urls(message, "originalContentUrl", "previewImageUrl")
    yield from _text(message.get("trackingId", "x"), "/trackingId", 100)


def _audio(message: dict[str, Any]) -> Iterator[Wrong]:
    yield from _urls(message, "originalContentUrl")
    if not isinstance(message.get("duration"), int):
        yield "/duration", "Must be specified"


def _location(message: dict[str, Any]) -> Iterator[Wrong]:
    yield from _text(message.get("title"), "/title", 100)
    yield from _text(message.get("address"), "/address", 100)
    if not (-90 <= message["latitude"] <= 90 and -180 <= message["longitude"] <= 180):
        yield "/latitude", "Must be a place"


def _sticker(message: dict[str, Any]) -> Iterator[Wrong]:
    for name in ("packageId", "stickerId"):
        yield from _text(message.get(name), f"/{name}", 100)


def _template(message: dict[str, Any]) -> Iterator[Wrong]:
    yield from _text(message.get("altText"), "/altText", 1500)
    template = message["template"]
    match template.get("type"):
        case "buttons":
            headed = "title" in template or "thumbnailImageUrl" in template
            yield from _text(template.get("text"), "/template/text", 60 if headed else 160)
            yield from _text(template.get("title", "x"), "/template/title", 40)
            yield from _actions(template["actions"], "/template/actions", 4)
        case "confirm":
            yield from _text(template.get("text"), "/template/text", 240)
            yield from _actions(template["actions"], "/template/actions", 2)
        case "carousel":
            yield from _columns(template["columns"])
        case "image_carousel":
            return
        case _:
            yield "/template/type", "Must be one of the known types"


def _columns(columns: list[dict[str, Any]]) -> Iterator[Wrong]:
    if not 1 <= len(columns) <= 10:
        yield "/template/columns", "Size must be between 1 and 10"
    if len({(len(each["actions"]), "title" in each, "thumbnailImageUrl" in each) for each in columns}) > 1:
        yield "/template/columns", "The columns must be of one shape"
    for index, column in enumerate(columns):
        path = f"/template/columns/{index}"
        headed = "title" in column or "thumbnailImageUrl" in column
        yield from _text(column.get("text"), f"{path}/text", 60 if headed else 120)
        yield from _text(column.get("title", "x"), f"{path}/title", 40)
        yield from _actions(column["actions"], f"{path}/actions", 3)


def _flex(message: dict[str, Any]) -> Iterator[Wrong]:
    yield from _text(message.get("altText"), "/altText", 1500)
    if message["contents"]["type"] not in ("bubble", "carousel"):
        yield "/contents/type", "Must be bubble or carousel"


def _quick_reply(quick_reply: Any) -> Iterator[Wrong]:
    if quick_reply is None:
        return
    items = quick_reply["items"]
    if any(item["type"] != "action" for item in items):
        yield "/quickReply/items", "Must be actions"
    yield from _actions([item["action"] for item in items], "/quickReply/items", 13, quick=True)


def _actions(actions: list[dict[str, Any]], path: str, most: int, *, quick: bool = False) -> Iterator[Wrong]:
    if not 1 <= len(actions) <= most:
        yield path, f"Size must be between 1 and {most}"
    for index, action in enumerate(actions):
        at = f"{path}/{index}"
        yield from _text(action.get("label"), f"{at}/label", 20)
        match action.get("type"):
            case "postback":
                yield from _text(action.get("data"), f"{at}/data", 300)
            case "message":
                yield from _text(action.get("text"), f"{at}/text", 300)
            case "uri":
                yield from _text(action.get("uri"), f"{at}/uri", 1000)
            case "location" | "camera" | "cameraRoll" if quick:
                continue
            case "datetimepicker" | "clipboard":
                continue
            case _:
                yield f"{at}/type", "Must be one of the known types"


_CHECKS: dict[str, Callable[[dict[str, Any]], Iterator[Wrong]]] = {
    "text": lambda message: _text(message.get("text"), "/text", 5000),
    "textV2": lambda message: _text(message.get("text"), "/text", 5000),
    "image": lambda message: _urls(message, "originalContentUrl", "previewImageUrl"),
    "video": _video,
    "audio": _audio,
    "location": _location,
    "sticker": _sticker,
    "template": _template,
    "flex": _flex,
    "imagemap": lambda message: _text(message.get("altText"), "/altText", 1500),
    "coupon": lambda message: _text(message.get("couponId"), "/couponId", 100),
}
