"""What a webhook of LINE's means: what people wrote and did, and which notification messages arrived."""

from collections.abc import Callable, Iterator

from msgspec import Raw

from tidings.connectors.decoding import kept, moment, read
from tidings.connectors.line.callbacks import Event, Notice
from tidings.connectors.line.contents import content_of, facts_of
from tidings.connectors.line.marks import delivered, read_mark
from tidings.model.content import Content
from tidings.model.errors import Unreadable
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report, Target, Unknown
from tidings.model.stages import Stage


def events_of(body: bytes) -> tuple[str, list[Raw]]:
    """Give whom a request is for, and its events; raises Unreadable."""
    notice = read(body, Notice)
    if notice is None:
        raise Unreadable("line: no webhook of the Messaging API")
    return notice.destination, notice.events


def reports_of(body: bytes, user_id: str) -> list[Report]:
    """Say what a request means for the bot with this user id, if it is known; raises Unreadable."""
    destination, events = events_of(body)
    if user_id and destination not in ("", user_id):
        return [Unknown(kept(raw), f"It came to the bot {destination[:80]}, not to this channel's.") for raw in events]
    return [report for raw in events for report in _event(raw)]


def _event(raw: Raw) -> Iterator[Report]:
    event = read(raw, Event)
    if event is None or not event.webhook_event_id:
        yield Unknown(kept(raw), "An event that cannot be read.")
        return
    tell = _TELLERS.get(event.type)
    reports = list(tell(event, raw)) if tell else []
    yield from reports or [Unknown(kept(raw), _why(event))]


def _why(event: Event) -> str:
    if event.type in OF_NO_MESSAGE:
        return f"{event.type}: {OF_NO_MESSAGE[event.type]}"
    if event.type not in _TELLERS:
        return f"We have no word for an event of type {event.type[:80]!r}."
    kind = f" with a message of type {event.message.type[:80]!r}" if event.message else ""
    return f"An event of type {event.type}{kind} that is about nothing, or nobody, that we know."


OF_NO_MESSAGE = {
    "follow": "a person became a friend of the account, or unblocked it",
    "join": "the bot was added to a group",
    "leave": "the bot was removed from a group",
    "memberJoined": "people joined a group",
    "memberLeft": "people left a group",
    "accountLink": "a person linked their account",
    "beacon": "a person came near a beacon",
    "membership": "a person's membership changed",
    "things": "a device of a person said something",
    "module": "a module was attached or detached",
    "activated": "the bot has the chat now",
    "deactivated": "the bot has the chat no more",
    "botSuspended": "the bot was suspended",
    "botResumed": "the bot is no longer suspended",
}
"""Events that concern no message, and what they tell."""


def _message(event: Event, raw: Raw) -> Iterator[Report]:
    content = content_of(event.message) if event.message else None
    if event.message is None or content is None or not event.source.address:
        return
    quoted = event.message.quoted_message_id
    answered = Target(reference=quoted) if quoted else None
    yield _inbound(event, raw, f"inbound:{event.message.id}", content, answered)


def _edited(event: Event, raw: Raw) -> Iterator[Report]:
    """The new form of an earlier message; the newest is the one with the latest time."""
    content = content_of(event.message) if event.message else None
    if event.message is None or content is None or not event.source.address:
        return
    yield _inbound(event, raw, f"edited:{event.webhook_event_id}", content, None, editedMessageId=event.message.id)


def _postback(event: Event, raw: Raw) -> Iterator[Report]:
    if event.postback is None or not event.source.address:
        return
    target, payload = read_mark(event.postback.data)
    said = Content(text=payload)
    yield _inbound(event, raw, f"postback:{event.webhook_event_id}", said, target, payload=payload)
    if target:
        yield _deed(event, raw, Deed.CLICKED, target, payload)


def _watched(event: Event, raw: Raw) -> Iterator[Report]:
    target = read_mark(event.video_play_complete.tracking_id)[0] if event.video_play_complete else None
    if target:
        yield _deed(event, raw, Deed.OPENED, target)


def _unsent(event: Event, raw: Raw) -> Iterator[Report]:
    if event.unsend:
        yield _deed(event, raw, Deed.DELETE_REQUEST, Target(reference=event.unsend.message_id))


def _unfollowed(event: Event, raw: Raw) -> Iterator[Report]:
    """A person blocked the account."""
    if event.source.user_id:
        yield _deed(event, raw, Deed.UNSUBSCRIBE_REQUEST, Target(address=event.source.user_id))


def _delivered(event: Event, raw: Raw) -> Iterator[Report]:
    target = delivered(event.delivery.data) if event.delivery else None
    if target:
        key = f"delivered:{event.webhook_event_id}"
        yield Receipt(target, Stage.DELIVERED, kept(raw), moment(event.timestamp), key=key)


_TELLERS: dict[str, Callable[[Event, Raw], Iterator[Report]]] = {
    "message": _message,
    "messageEdited": _edited,
    "postback": _postback,
    "videoPlayComplete": _watched,
    "unsend": _unsent,
    "unfollow": _unfollowed,
    "delivery": _delivered,
}


def _inbound(event: Event, raw: Raw, key: str, content: Content, answered: Target | None, **more: str) -> Inbound:
    facts = facts_of(event) | {name: value for name, value in more.items() if value}
    return Inbound(
        key=key,
        sender=event.source.address,
        raw=kept(raw),
        content=content,
        at=moment(event.timestamp),
        reply_to=answered,
        extra=facts,
        conversation=event.source.chat,
    )


def _deed(event: Event, raw: Raw, deed: Deed, target: Target, payload: str = "") -> Interaction:
    return Interaction(
        f"{deed}:{event.webhook_event_id}",
        deed,
        target,
        kept(raw),
        moment(event.timestamp),
        payload=payload,
        sender=event.source.address,
    )
