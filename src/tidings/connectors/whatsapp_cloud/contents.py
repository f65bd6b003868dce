"""What a person's message says, in our words."""

from collections.abc import Callable
from typing import Any

from tidings.connectors.meta.moments import at
from tidings.connectors.whatsapp_cloud.callbacks import Contact, Context, File, Message, Referral, read
from tidings.model.content import Action, Content, Location, Media

FILES = ("image", "video", "audio", "voice", "document", "sticker")


def content_of(message: Message) -> Content | None:
    """Say what a message says; None where we have no word for its type or its type object is missing."""
    write = _CONTENTS.get(message.type)
    return write(message) if write else None


def tapped(message: Message) -> Action | None:
    """What was tapped, picked or filled in; None where nothing was."""
    if message.type == "button" and message.button:
        return Action(message.button.text, payload=message.button.payload or message.button.text)
    if message.type != "interactive" or not message.interactive:
        return None
    picked = message.interactive.button_reply or message.interactive.list_reply
    if picked:
        return Action(picked.title, payload=picked.id)
    form = message.interactive.nfm_reply
    return Action(form.body, payload=form.response_json) if form else None


def facts_of(message: Message, contact: Contact) -> dict[str, Any]:
    """The small facts of a message; only those that were told."""
    context = message.context or Context()
    referral = message.referral or Referral()
    file = _file(message) or File()
    tap = tapped(message)
    facts = {
        "timestamp": str(message.timestamp) if at(message.timestamp) else None,
        "userId": message.from_user_id or contact.user_id,
        "username": contact.profile.username,
        "groupId": message.group_id,
        "payload": tap.payload if tap else None,
        "forwarded": context.forwarded,
        "frequentlyForwarded": context.frequently_forwarded,
        "voice": file.voice or message.type == "voice",
        "animated": file.animated,
        "catalogId": message.order.catalog_id if message.order else None,
        "editedMessageId": message.edit.original_message_id if message.edit else None,
        "referralSourceId": referral.source_id,
        "referralSourceType": referral.source_type,
        "referralSourceUrl": referral.source_url,
        "referralClickId": referral.ctwa_clid,
    }
    return {name: value for name, value in facts.items() if value}


def _text(message: Message) -> Content | None:
    return Content(text=message.text.body) if message.text else None


def _file(message: Message) -> File | None:
    file: File | None = getattr(message, message.type) if message.type in FILES else None
    return file


def _media(message: Message) -> Content | None:
    file = _file(message)
    if not file:
        return None
    media = Media(
        type=file.mime_type,
        url=file.url or "",
        reference=file.id,
        name=file.filename or "",
        caption=file.caption or "",
    )
    return Content(media=(media,))


def _location(message: Message) -> Content | None:
    place = message.location
    if not place:
        return None
    return Content(location=Location(place.latitude, place.longitude, place.name or "", place.address or ""))


def _contacts(message: Message) -> Content | None:
    return Content(contacts=tuple(message.contacts)) if message.contacts else None


def _tap(message: Message) -> Content | None:
    tap = tapped(message)
    return Content(text=tap.label) if tap else None


def _order(message: Message) -> Content | None:
    return Content(text=message.order.text or "") if message.order else None


def _edit(message: Message) -> Content | None:
    """The new form of an earlier message; a new form of a new form is none."""
    edited = read(message.edit.message, Message) if message.edit else None
    return content_of(edited) if edited and edited.type != "edit" else None


_CONTENTS: dict[str, Callable[[Message], Content | None]] = {
    "text": _text,
    **dict.fromkeys(FILES, _media),
    "location": _location,
    "contacts": _contacts,
    "button": _tap,
    "interactive": _tap,
    "order": _order,
    "edit": _edit,
}
