"""Writing interactive messages: what is shown in a bubble, and what opens when it is tapped.

Interactive https://register.apple.com/resources/messages/msp-rest-api/type-interactive
"""

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from tidings.connectors.apple_messages.settings import Options
from tidings.model.content import Action, Content, Listing, Media

BID = "com.apple.messages.MSMessageExtensionBalloonPlugin:0000000000:com.apple.icloud.apps.messages.business.extension"
"""The extension of Messages that shows what Apple itself defines."""
VERSION = "1.0"

FEWEST_REPLIES, MOST_REPLIES = 2, 5
"""Quick replies; with fewer or more of them there is a list."""

_PICTURE = "picture"
"""The identifier of the bubble's picture, within its message."""

Text = Annotated[str, Meta(min_length=1)]


class _Item(Struct, frozen=True):
    identifier: Text
    title: Text


class _Section(Struct, frozen=True):
    title: str
    items: Annotated[list[_Item], Meta(min_length=1)]


class _ListPicker(Struct, frozen=True):
    sections: Annotated[list[_Section], Meta(min_length=1)]


class _QuickReply(Struct, frozen=True, rename="camel"):
    summary_text: Text
    items: Annotated[list[_Item], Meta(min_length=FEWEST_REPLIES, max_length=MOST_REPLIES)]


class _Timeslot(Struct, frozen=True, rename="camel"):
    identifier: Text
    start_time: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d[+-]\d{4}$")]
    duration: Annotated[float, Meta(gt=0)]
    """Seconds."""


class _Event(Struct, frozen=True):
    title: Text
    timeslots: Annotated[list[_Timeslot], Meta(min_length=1)]


class _Form(Struct, frozen=True):
    template: Text
    data: dict[str, Any]


class _Kinds(Struct, frozen=True, rename="camel"):
    """What an interactive message may be, one of them; those whose shape is known are checked."""

    list_picker: _ListPicker | None = None
    quick_reply: _QuickReply | None = field(name="quick-reply", default=None)
    event: _Event | None = None
    dynamic: _Form | None = None
    authenticate: dict[str, Any] | None = None
    payment: dict[str, Any] | None = None


KINDS = tuple(each.encode_name for each in msgspec.structs.fields(_Kinds))
"""Keys of an interactive message's data, of which it has one."""

BUBBLED = frozenset(KINDS) - {"quick-reply"}
"""Kinds that show a bubble before they are tapped, and another one for the answer."""


class Interactive(Struct, frozen=True):
    """An interactive message: its data without the version and identifiers, its bubbles, and the bubble's picture."""

    data: dict[str, Any]
    received: dict[str, Any] = {}
    reply: dict[str, Any] = {}
    picture: Media | None = None
    more: dict[str, Any] = {}
    """What else a client wrote beside the data."""


def check(data: Any) -> None:
    """Return if the data is of one kind, and of its shape; raises ValueError."""
    if not isinstance(data, dict) or sum(name in data for name in KINDS) != 1:
        raise ValueError(f"An interactive message is one of {', '.join(KINDS)}.")
    try:
        msgspec.convert(data, _Kinds)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def write(message: Interactive, id_: str, picture: str) -> dict[str, Any]:
    """Write the interactive data; answers to it come with the id. `picture` is the bubble's, in base64."""
    data = {**message.data, "version": VERSION, "requestIdentifier": id_}
    received = message.received
    if picture:
        shown = {"identifier": _PICTURE, "data": picture, "description": received.get("title", "")}
        data["images"] = [shown, *data.get("images", ())]
        received = {**received, "imageIdentifier": _PICTURE}
    bubbles = {"receivedMessage": received, "replyMessage": message.reply}
    return {"bid": BID, **message.more, "data": data, **{name: each for name, each in bubbles.items() if each}}


def list_picker(content: Content, listing: Listing, options: Options, picture: Media | None) -> Interactive:
    """Write a list to pick from; it opens by tapping the bubble, which says the text."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for choice in listing.choices:
        rows = sections.setdefault(choice.section, [])
        described = {"subtitle": choice.description} if choice.description else {}
        rows.append(
            {"identifier": choice.id, "title": choice.title, **described, "order": len(rows), "style": "default"}
        )
    written = [
        {
            "order": order,
            "title": title or listing.header or listing.button,
            "multipleSelection": options.multiple_selection,
            "items": rows,
        }
        for order, (title, rows) in enumerate(sections.items())
    ]
    heading = content.title or content.text or listing.header or listing.button
    subtitle = content.text if content.title else listing.button
    return Interactive(
        {"listPicker": {"sections": written}}, *_bubbles(heading, subtitle, listing.header, options), picture
    )


def replies(content: Content, actions: tuple[Action, ...], options: Options, picture: Media | None) -> Interactive:
    """Write replies to tap: beside the text where they are few, as a list where they are not."""
    items = [{"identifier": reply_id(action), "title": action.label} for action in actions]
    text = content.text or content.title
    if FEWEST_REPLIES <= len(items) <= MOST_REPLIES:
        return Interactive({"quick-reply": {"summaryText": text, "items": items}})
    rows = [{**item, "order": order, "style": "default"} for order, item in enumerate(items)]
    section = {"order": 0, "title": text, "multipleSelection": options.multiple_selection, "items": rows}
    subtitle = content.text if content.title else ""
    return Interactive(
        {"listPicker": {"sections": [section]}}, *_bubbles(content.title or text, subtitle, "", options), picture
    )


def reply_id(action: Action) -> str:
    """What comes back when a reply is tapped."""
    return action.payload or action.label


def with_bubbles(data: dict[str, Any], received: Any, reply: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give a client's own bubbles, each with a title; raises ValueError where one that must be there is not."""
    needed = bool(BUBBLED & data.keys())
    for name, bubble in (("receivedMessage", received), ("replyMessage", reply)):
        titled = isinstance(bubble, dict) and isinstance(bubble.get("title"), str) and bubble["title"]
        if not titled and (needed or bubble):
            raise ValueError(f"{name} has a title.")
    return received or {}, reply or {}


def _bubbles(title: str, subtitle: str, reply: str, options: Options) -> tuple[dict[str, Any], dict[str, Any]]:
    received = {"title": title, **({"subtitle": subtitle} if subtitle else {}), "style": options.style}
    return received, {"title": options.reply_title or reply or title, "style": options.style}


_URL = re.compile(r"https?://\S+")


def is_url(text: str) -> bool:
    """Whether a text is an address and nothing else."""
    return bool(_URL.fullmatch(text.strip()))
