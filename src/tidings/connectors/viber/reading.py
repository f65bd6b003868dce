"""What a callback of Viber's means: a receipt, what a person wrote, or something that concerns no message."""

from collections.abc import Iterator
from typing import Any

from tidings.connectors.decoding import moment, read
from tidings.connectors.viber.callbacks import Contact, Event, Kind, Message, Person
from tidings.connectors.viber.marks import is_tap, read_mark
from tidings.model.content import Content, Location, Media
from tidings.model.errors import Unreadable
from tidings.model.exchange import as_raw
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report, Target, Unknown
from tidings.model.stages import Cause, Reason, Stage

STAGES = {"delivered": Stage.DELIVERED, "seen": Stage.READ, "failed": Stage.FAILED}

OF_NO_MESSAGE = {
    "webhook": "the callback URL was set",
    "subscribed": "a person subscribed to the bot",
    "conversation_started": "a person opened the chat",
    "client_status": "a person's client said how it is",
    "action": "a person did something in the chat",
}
"""Events that concern no message, and what they tell."""

TYPES = {"picture": "image/jpeg", "video": "video/mp4"}
"""The usual MIME types of what people send, which Viber does not tell."""

_FILES = frozenset({"picture", "video", "file", "sticker"})


def reports_of(body: bytes) -> list[Report]:
    """Say what a callback means; raises Unreadable."""
    if read(body, Kind) is None:
        raise Unreadable("viber: no callback of the bot API")
    event = read(body, Event)
    if event is None:
        return [Unknown(as_raw(body), "A callback that cannot be read.")]
    return list(_event(event, body)) or [Unknown(as_raw(body), _why(event))]


def _why(event: Event) -> str:
    if event.event in OF_NO_MESSAGE:
        return f"{event.event}: {OF_NO_MESSAGE[event.event]}"
    kind = f" with a message of type {event.message.type[:80]!r}" if event.message else ""
    return f"A callback {event.event[:80]!r}{kind} that we have no word for, or that names nothing we know."


def _event(event: Event, body: bytes) -> Iterator[Report]:
    if event.event in STAGES and event.token:
        yield _receipt(event, body)
    elif event.event == "unsubscribed" and event.person:
        key = f"unsubscribe-request:{event.token or f'{event.person}:{event.timestamp}'}"
        target = Target(address=event.person)
        yield Interaction(
            key, Deed.UNSUBSCRIBE_REQUEST, target, as_raw(body), moment(event.timestamp), sender=event.person
        )
    elif event.event == "message" and event.message and event.sender and event.sender.id and event.token:
        yield from _message(event, event.message, event.sender, body)


def _receipt(event: Event, body: bytes) -> Receipt:
    """Read a receipt; every device of a person sends its own, and the first counts."""
    stage = STAGES[event.event]
    reason = Reason(Cause.UNKNOWN, event.desc or "Viber gave no reason.") if stage is Stage.FAILED else None
    key = f"{event.event}:{event.token}:{event.person}"
    return Receipt(Target(reference=event.token), stage, as_raw(body), moment(event.timestamp), reason, key)


def _message(event: Event, message: Message, sender: Person, body: bytes) -> Iterator[Report]:
    content = _content(message)
    if content is None:
        return
    data = message.tracking_data or ""
    mark = read_mark(data)
    yield Inbound(
        key=f"inbound:{event.token}",
        sender=sender.id,
        raw=as_raw(body),
        content=content,
        at=moment(event.timestamp),
        name=sender.name or "",
        reply_to=mark[0] if mark else None,
        extra=_facts(event, message, sender, "" if mark else data),
        conversation=event.chat_id or "",
    )
    text = message.text or ""
    if event.silent or (mark and is_tap(text, mark[1])):
        is_link = text.startswith(("https://", "http://"))
        yield Interaction(
            f"clicked:{event.token}",
            Deed.CLICKED,
            mark[0] if mark else Target(address=sender.id),
            as_raw(body),
            moment(event.timestamp),
            url=text if is_link else "",
            payload="" if is_link else text,
            sender=sender.id,
        )


def _content(message: Message) -> Content | None:
    """Say what a message says; None where we have no word for its type, or what the type needs is missing."""
    text = message.text or ""
    match message.type:
        case "text" if text:
            return Content(text=text)
        case "url" if message.media or text:
            return Content(text=message.media or text)
        case "location" if message.location:
            return Content(text=text, location=Location(message.location.lat, message.location.lon))
        case "contact" if message.contact:
            return Content(text=text, contacts=(_contact(message.contact),))
        case "sticker" if message.sticker_id and not message.media:
            return Content()
        case kind if kind in _FILES and message.media:
            return Content(media=(_file(message, message.media),))
        case _:
            return None


def _file(message: Message, url: str) -> Media:
    """A file, whose address Viber gives for about an hour."""
    return Media(
        type=TYPES.get(message.type, ""),
        url=url,
        name=message.file_name or "",
        caption=message.text or "",
        size=message.file_size or message.size,
    )


def _contact(contact: Contact) -> dict[str, Any]:
    """Write a contact in the form that contacts are sent in."""
    written: dict[str, Any] = {"name": {"formatted_name": contact.name or ""}}
    if contact.phone_number:
        written["phones"] = [{"phone": contact.phone_number}]
    return written | ({"avatar": contact.avatar} if contact.avatar else {})


def _facts(event: Event, message: Message, sender: Person, tracking_data: str) -> dict[str, Any]:
    facts = {
        "timestamp": str(int(event.timestamp)) if event.timestamp else None,
        "country": sender.country,
        "language": sender.language,
        "apiVersion": sender.api_version,
        "silent": event.silent,
        "stickerId": str(message.sticker_id or ""),
        "duration": message.duration,
        "thumbnail": message.thumbnail,
        "trackingData": tracking_data,
    }
    return {name: value for name, value in facts.items() if value}
