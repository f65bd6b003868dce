"""What the Bot API refuses of a message, beside whom it is for."""

import html
import re
from collections.abc import Mapping
from typing import Any

from tidings.simulators.telegram.answers import Wrong
from tidings.simulators.telegram.parameters import Parameters

SENDING = {
    "sendMessage": "text",
    "sendPhoto": "photo",
    "sendVideo": "video",
    "sendAudio": "audio",
    "sendVoice": "voice",
    "sendVideoNote": "video_note",
    "sendDocument": "document",
    "sendAnimation": "animation",
    "sendSticker": "sticker",
    "sendMediaGroup": "media",
    "sendLocation": "latitude",
    "sendVenue": "title",
    "sendContact": "phone_number",
    "sendPoll": "question",
    "sendDice": "",
    "copyMessage": "from_chat_id",
    "forwardMessage": "from_chat_id",
}
"""The methods that send, and the parameter that each cannot do without."""

FILES = ("photo", "video", "audio", "voice", "video_note", "document", "animation", "sticker")

_TAGS = frozenset(
    ("b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "blockquote", "tg-spoiler", "span")
)
_TAG = re.compile(r"<(/?)([a-zA-Z0-9-]*)([^>]*)>")
_ALBUMS = ({"photo", "video"}, {"document"}, {"audio"})
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


def check_message(method: str, given: Parameters) -> None:
    """Raise Wrong where a message cannot be sent as it is."""
    needed = SENDING[method]
    if method == "sendMessage" and not str(given.get("text", "")).strip():
        raise Wrong("Bad Request: message text is empty")
    if needed and needed != "text" and needed not in given.files:
        given[needed]
    check_text(given, "text", 4096, "Bad Request: message is too long")
    check_text(given, "caption", 1024, "Bad Request: message caption is too long")
    check_markup(given.get("reply_markup") or {})
    match method:
        case "sendMediaGroup":
            _check_album(given)
        case "sendLocation" | "sendVenue":
            _check_place(given)
        case "sendContact":
            given["first_name"]
        case "sendPoll":
            _check_poll(given)
        case _:
            return


def check_text(given: Parameters, name: str, longest: int, too_long: str) -> None:
    """Raise Wrong where a text is too long without its markup, or that cannot be read."""
    text = given.get(name)
    if not text:
        return
    seen = _seen(str(text)) if given.get("parse_mode") == "HTML" else str(text)
    if not seen.strip():
        raise Wrong("Bad Request: message text is empty")
    if len(seen.strip()) > longest:
        raise Wrong(too_long)


def check_markup(markup: Mapping[str, Any]) -> None:
    """Raise Wrong where there is a button that cannot be."""
    rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
    buttons = [button for row in rows for button in row]
    if len(buttons) > 100:
        raise Wrong("Bad Request: reply markup is too long")
    for button in buttons:
        if not str(button.get("text", "")).strip():
            raise Wrong("Bad Request: BUTTON_TEXT_EMPTY")
        if "inline_keyboard" in markup:
            _check_inline(button)


def check_secret(secret: str) -> None:
    """Raise Wrong where a text cannot be a webhook's secret."""
    if secret and not _SECRET.fullmatch(secret):
        raise Wrong("Bad Request: secret token contains unallowed characters")


def _check_inline(button: Mapping[str, Any]) -> None:
    does = [name for name in ("callback_data", "url", "web_app", "switch_inline_query") if name in button]
    if len(does) != 1:
        raise Wrong(
            "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if does == ["callback_data"] and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
        raise Wrong("Bad Request: BUTTON_DATA_INVALID")
    if does == ["url"] and not str(button["url"]).startswith(("http://", "https://", "tg://")):
        raise Wrong("Bad Request: BUTTON_URL_INVALID")


def _check_album(given: Parameters) -> None:
    items = given["media"]
    if not 2 <= len(items) <= 10:
        raise Wrong("Bad Request: wrong number of items in the album")
    kinds = {item["type"] for item in items}
    if not any(kinds <= album for album in _ALBUMS):
        raise Wrong("Bad Request: can't mix these types in an album")
    for item in items:
        check_text(Parameters(item, {}), "caption", 1024, "Bad Request: message caption is too long")


def _check_place(given: Parameters) -> None:
    if not (-90 <= given["latitude"] <= 90 and -180 <= given["longitude"] <= 180):
        raise Wrong("Bad Request: wrong location specified")
    if given.get("title") is not None:
        given["address"]


def _check_poll(given: Parameters) -> None:
    if not 1 <= len(given["question"]) <= 300:
        raise Wrong("Bad Request: poll question must have 1 to 300 characters")
    if not 2 <= len(given["options"]) <= 12:
        raise Wrong("Bad Request: poll must have at least 2 option")


def _seen(text: str) -> str:
    """Give a text without its tags; raises Wrong where one is unknown, or they are not rightly nested."""
    opened: list[str] = []
    for tag in _TAG.finditer(text):
        ending, name = tag[1], tag[2].lower()
        offset = len(text[: tag.start()].encode())
        if name not in _TAGS:
            raise Wrong(f'Bad Request: can\'t parse entities: Unsupported start tag "{name}" at byte offset {offset}')
        if not ending:
            opened.append(name)
        elif not opened or opened.pop() != name:
            raise Wrong(f"Bad Request: can't parse entities: Unmatched end tag at byte offset {offset}")
    if opened:
        raise Wrong(
            f"Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"{opened[-1]}\""
        )
    rest = _TAG.sub("", text)
    if "<" in rest:
        raise Wrong("Bad Request: can't parse entities: Unclosed start tag")
    return html.unescape(rest)
