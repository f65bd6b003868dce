"""What a message of Telegram's says, in our words."""

from typing import Any

from tidings.connectors.telegram.updates import Contact, File, Message
from tidings.model.content import Content, Location, Media

FILES = {
    "animation": "video/mp4",
    "video": "video/mp4",
    "video_note": "video/mp4",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "document": "",
    "sticker": "image/webp",
}
"""Contents that are one file, and its type where Telegram does not say. An animation is a document besides."""

START = "/start"
STOP = "/stop"
"""Commands, by which a person begins with a bot and wants no more of it."""


def content_of(message: Message) -> Content | None:
    """Say what a message says; None where it says nothing, or nothing that we have a word for."""
    media = _media(message)
    if media:
        return Content(media=(media,))
    if message.text is not None:
        return Content(text=message.text)
    if message.venue:
        place = message.venue.location
        where = Location(place.latitude, place.longitude, message.venue.title, message.venue.address)
        return Content(location=where)
    if message.location:
        return Content(location=Location(message.location.latitude, message.location.longitude))
    if message.contact:
        return Content(contacts=(_card(message.contact),))
    return _words(message)


def facts_of(message: Message) -> dict[str, Any]:
    """The small facts of a message; only those that were told."""
    person, chat = message.from_, message.chat
    sticker = message.sticker
    facts = {
        "userId": str(person.id) if person and person.id != chat.id else None,
        "username": person.username if person else None,
        "languageCode": person.language_code if person else None,
        "chatType": chat.type if chat.type != "private" else None,
        "chatTitle": chat.title,
        "threadId": message.message_thread_id,
        "businessConnectionId": message.business_connection_id,
        "mediaGroupId": message.media_group_id,
        "forwarded": message.forward_origin is not None,
        "replyToStory": message.reply_to_story.id if message.reply_to_story else None,
        "startPayload": _argument(message.text or ""),
        "payload": message.web_app_data.data if message.web_app_data else None,
        "stickerEmoji": sticker.emoji if sticker else None,
        "stickerSet": sticker.set_name if sticker else None,
        "livePeriod": message.location.live_period if message.location else None,
        "contactUserId": str(message.contact.user_id) if message.contact and message.contact.user_id else None,
        "diceValue": message.dice.value if message.dice else None,
    }
    return {name: value for name, value in facts.items() if value}


def is_stop(text: str) -> bool:
    """Whether a person tells the bot to stop; in a group the command names the bot too."""
    return text.strip().partition(" ")[0].partition("@")[0].lower() == STOP


def _argument(text: str) -> str:
    """What a deep link said with the command to start (https://core.telegram.org/api/links#bot-links)."""
    command, _, argument = text.partition(" ")
    return argument if command.partition("@")[0] == START else ""


def _media(message: Message) -> Media | None:
    caption = message.caption or ""
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width or 0)
        return _file(largest, "image/jpeg", caption)
    for name, usual in FILES.items():
        file: File | None = getattr(message, name)
        if file:
            return _file(file, _moving(file) or usual, caption)
    return None


def _moving(file: File) -> str:
    """The type of a sticker that moves, which Telegram tells by marks; empty of any other file."""
    if file.is_animated:
        return "application/x-tgsticker"
    return "video/webm" if file.is_video else ""


def _file(file: File, usual: str, caption: str) -> Media:
    return Media(
        type=file.mime_type or usual,
        reference=file.file_id,
        name=file.file_name or "",
        caption=caption,
        size=file.file_size,
    )


def _card(contact: Contact) -> dict[str, Any]:
    """Write a contact as contact cards are written."""
    names = {"first_name": contact.first_name, "last_name": contact.last_name}
    said = {name: value for name, value in names.items() if value}
    name = {"formatted_name": " ".join(said.values()), **said}
    card: dict[str, Any] = {"name": name, "phones": [{"phone": contact.phone_number}]}
    return {**card, "vcard": contact.vcard} if contact.vcard else card


def _words(message: Message) -> Content | None:
    """What is said by a thing that we have no word for, but that has words in it."""
    if message.poll:
        return Content(text=message.poll.question)
    if message.dice:
        return Content(text=message.dice.emoji)
    if message.web_app_data:
        return Content(text=message.web_app_data.button_text)
    return None
