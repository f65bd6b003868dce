"""What a person's message says, in our words."""

from collections.abc import Callable
from typing import Any

from tidings.connectors.line.callbacks import Event, ImageSet, Message
from tidings.model.content import Content, Location, Media

TYPES = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/mp4"}
"""The usual MIME types of LINE's files, which it only tells with the file itself."""


def content_of(message: Message) -> Content | None:
    """Say what a message says; None where we have no word for its type, or what the type needs is missing."""
    write = _CONTENTS.get(message.type)
    return write(message) if write else None


def facts_of(event: Event) -> dict[str, Any]:
    """The small facts of an event; only those that were told."""
    message = event.message or Message("", "")
    postback = event.postback
    images = message.image_set or ImageSet("")
    mentionees = message.mention.mentionees if message.mention else []
    facts: dict[str, Any] = {
        "timestamp": str(int(event.timestamp)) if event.timestamp else None,
        "replyToken": event.reply_token,
        "quoteToken": message.quote_token,
        "markAsReadToken": message.mark_as_read_token,
        "groupId": event.source.group_id,
        "roomId": event.source.room_id,
        "standby": event.mode == "standby",
        "mentioned": any(each.is_self for each in mentionees),
        "duration": message.duration,
        "imageSetId": images.id,
        "imageSetIndex": images.index,
        "imageSetTotal": images.total,
        "packageId": message.package_id,
        "stickerId": message.sticker_id,
        "keywords": ", ".join(message.keywords),
    }
    facts |= (postback.params or {}) if postback else {}
    return {name: value for name, value in facts.items() if value}


def _text(message: Message) -> Content | None:
    return None if message.text is None else Content(text=message.text)


def _file(message: Message) -> Content:
    """A file lies with LINE, under the message's id, or somewhere else."""
    media = Media(
        type=TYPES.get(message.type, ""),
        url=message.content_provider.original_content_url or "",
        reference=message.id,
        name=message.file_name or "",
        size=message.file_size,
    )
    return Content(media=(media,))


def _location(message: Message) -> Content | None:
    if message.latitude is None or message.longitude is None:
        return None
    return Content(location=Location(message.latitude, message.longitude, message.title or "", message.address or ""))


def _sticker(message: Message) -> Content:
    """A sticker says what the person wrote on it, if anything; which one it is stands in the facts."""
    return Content(text=message.text or "")


_CONTENTS: dict[str, Callable[[Message], Content | None]] = {
    "text": _text,
    **dict.fromkeys(("image", "video", "audio", "file"), _file),
    "location": _location,
    "sticker": _sticker,
}
