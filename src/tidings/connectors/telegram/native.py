"""Calls of the Bot API that the client writes itself: a method, and its parameters but for the chat.

A body is `{"method": "sendPoll", "question": …}`, or `{"type": "sendPoll", "sendPoll": {"question": …}}`, or an array
of such; the method may be left out where a parameter tells it.
"""

from typing import Any

import msgspec
from msgspec import Struct

from tidings.connectors.telegram.places import named_by
from tidings.model.content import Content
from tidings.rules.uploads import Upload

NATIVE = "telegram"
"""The platform whose native bodies are ours."""

SENDING = frozenset(
    {
        *("sendMessage", "sendPhoto", "sendVideo", "sendAudio", "sendVoice", "sendVideoNote", "sendDocument"),
        *("sendAnimation", "sendSticker", "sendMediaGroup", "sendLocation", "sendVenue", "sendContact", "sendPoll"),
        *("sendDice", "sendInvoice", "sendPaidMedia", "copyMessage", "forwardMessage"),
    }
)
"""Methods that make a message."""

CHANGING = frozenset(
    {
        *("editMessageText", "editMessageCaption", "editMessageMedia", "editMessageReplyMarkup", "stopPoll"),
        *("setMessageReaction", "deleteMessage", "pinChatMessage"),
    }
)
"""Methods that do something with a message that is there."""

_TOLD_BY = {
    "text": "sendMessage",
    **{kind: f"send{kind.capitalize()}" for kind in ("photo", "video", "audio", "voice", "document", "animation")},
    "video_note": "sendVideoNote",
    "sticker": "sendSticker",
    "question": "sendPoll",
    "reaction": "setMessageReaction",
}
"""The method that a parameter tells."""


class Request(Struct, frozen=True):
    """A call of a method, without the chat."""

    method: str
    fields: dict[str, Any]
    files: tuple[tuple[str, Upload], ...] = ()
    """The parts of the form, where files are sent along."""


def native_requests(content: Content) -> list[Request]:
    """Read the client's own calls; raises ValueError where one cannot be made."""
    given = msgspec.json.decode(content.native[NATIVE])
    bodies = given if isinstance(given, list) else [given]
    if not bodies:
        raise ValueError("There is no call.")
    return [_request(body) for body in bodies]


def _request(body: Any) -> Request:
    if not isinstance(body, dict):
        raise ValueError("A call is an object.")  # noqa: TRY004 - the client's value is wrong, not our type
    kind = body.get("type")
    if isinstance(kind, str) and isinstance(body.get(kind), dict):
        body = {"method": kind, **body[kind]}
    told = next((method for name, method in _TOLD_BY.items() if name in body), "")
    method = body.get("method", told)
    if method not in SENDING | CHANGING:
        raise ValueError(f"A method is one of {', '.join(sorted(SENDING | CHANGING))}.")
    # Whom it is for has been checked, and is no part of the body.
    fields = {name: value for name, value in body.items() if name not in ("method", "chat_id")}
    if method in CHANGING:
        fields["message_id"] = _message_id(fields.get("message_id"))
    return Request(method, fields)


def _message_id(told: Any) -> int:
    """Read which message is meant: by its number in the chat, or by its reference as it was told."""
    found = named_by(str(told))
    if found is None:
        raise ValueError("message_id says which message it is about.")
    return found.number
