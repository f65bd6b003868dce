"""Writing content in Apple's own words: one content may be several messages.

Messages https://register.apple.com/resources/messages/msp-rest-api/messages-sent
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from tidings.connectors.apple_messages import interactive
from tidings.connectors.apple_messages.interactive import KINDS, Interactive
from tidings.connectors.apple_messages.settings import Options
from tidings.model.content import Content, Media

NATIVE = "apple-business-chat"
"""The platform whose native bodies are ours."""

PLACE = "\ufffc"
"""Stands in a text where a file is shown: one for each, in their order."""

OURS = frozenset({"v", "id", "sourceId", "destinationId"})
"""Fields that no native body sets."""
TYPES = ("text", "richLink", "interactive", "typing_start", "typing_end")
_BID = re.compile("[!-~]{1,300}")
"""An app's identifier; it stands in a header too."""
_NEEDED = {"text": ("body",), "richLink": ("body", "richLinkData")}
_BESIDE = ("receivedMessage", "replyMessage", "sessionIdentifier", "useLiveLayout")
"""Fields that stand beside the data of an interactive message."""


class Text(Struct, frozen=True):
    """Words, and files."""

    body: str
    files: tuple[Media, ...] = ()


class RichLink(Struct, frozen=True):
    """An address with a title, and a picture or film."""

    url: str
    title: str
    image: Media | None = None
    video: Media | None = None


class Plain(Struct, frozen=True):
    """A client's own message, with nothing left to write."""

    fields: dict[str, Any]


Planned = Text | RichLink | Interactive | Plain


def compose(content: Content, options: Options) -> list[Planned]:
    """Write every message that a content takes, in the order they are to arrive; raises ValueError."""
    if NATIVE in content.native:
        given = msgspec.json.decode(content.native[NATIVE])
        bodies = given if isinstance(given, list) else [given]
        if not bodies:
            raise ValueError("There is no message.")
        return [_native(body) for body in bodies]
    return list(_planned(content, options))


def body_of(text: Text) -> str:
    """Write a text with a place for each of its files, and what is said of it."""
    shown = (f"{PLACE} {file.caption}".rstrip() for file in text.files)
    return "\n".join([*([text.body] if text.body else []), *shown])


def _planned(content: Content, options: Options) -> Iterator[Planned]:
    text, files = content.text, list(content.media)
    replies = tuple(action for action in content.actions if action.kind == "reply")
    links = [action for action in content.actions if action.kind == "link"]
    if content.listing or replies:
        picture = _take(files, "image/") if content.listing or _is_list(len(replies)) else None
        if files:
            yield Text("", tuple(files))
        if content.listing:
            yield interactive.list_picker(content, content.listing, options, picture)
        else:
            yield interactive.replies(content, replies, options, picture)
    elif interactive.is_url(text):
        # Apple wants an address to be a rich link.
        image, video = _take(files, "image/"), _take(files, "video/", by_url=True)
        if files:
            yield Text("", tuple(files))
        yield RichLink(text.strip(), content.title or text.strip(), image, video)
    elif text or files:
        yield Text(text, tuple(files))
    for link in links:
        yield RichLink(link.url, link.label)


def _is_list(replies: int) -> bool:
    return not interactive.FEWEST_REPLIES <= replies <= interactive.MOST_REPLIES


def _take(files: list[Media], kind: str, *, by_url: bool = False) -> Media | None:
    """Take the first file of a kind away from the others; None where there is none."""
    for file in files:
        if file.type.startswith(kind) and (file.url or not by_url):
            files.remove(file)
            return file
    return None


def _native(body: Any) -> Planned:
    """Read a client's own message: a whole one, or the data of an interactive one with its bubbles."""
    if not isinstance(body, dict):
        raise ValueError("A message is an object.")  # noqa: TRY004 - the client's value is wrong, not our type
    kind = body.get("type")
    if kind not in TYPES:
        if not any(name in KINDS for name in body):
            raise ValueError(f"A message has a type of {', '.join(TYPES)}, or is one of {', '.join(KINDS)}.")
        data = {name: value for name, value in body.items() if name not in (*_BESIDE, "type")}
        return _interactive(data, {name: body[name] for name in _BESIDE if name in body})
    if kind == "interactive":
        told = body.get("interactiveData")
        if not isinstance(told, dict):
            raise ValueError("An interactive message has interactiveData.")
        return _interactive(told.get("data", {}), told)
    fields = {name: value for name, value in body.items() if name not in OURS}
    for name in _NEEDED.get(kind, ()):
        if not fields.get(name):
            raise ValueError(f"A message of type {kind} has {name}.")
    return Plain(fields)


def _interactive(data: Any, beside: dict[str, Any]) -> Interactive:
    """Read an interactive message; only what an app of the business's own shows has a shape of its own."""
    bid = beside.get("bid", interactive.BID)
    if bid == interactive.BID:
        interactive.check(data)
    elif not (isinstance(data, dict) and isinstance(bid, str) and _BID.fullmatch(bid)):
        raise ValueError("A message of an app has its bid, and data that are an object.")
    bubbles = interactive.with_bubbles(data, beside.get("receivedMessage"), beside.get("replyMessage"))
    known = ("data", "receivedMessage", "replyMessage")
    return Interactive(data, *bubbles, more={name: value for name, value in beside.items() if name not in known})
