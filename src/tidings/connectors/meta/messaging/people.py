"""What people wrote and did in a conversation."""

from collections.abc import Iterator

from msgspec import Raw

from tidings.connectors.decoding import kept
from tidings.connectors.meta.messaging.contents import content_of, facts_of, facts_of_referral, said
from tidings.connectors.meta.messaging.shapes import Edit, Event, Message, Postback, Reaction
from tidings.connectors.meta.moments import at
from tidings.model.content import Content
from tidings.model.exchange import encode_raw
from tidings.model.reports import Deed, Inbound, Interaction, Report, Target

EMOJIS = {
    "smile": "😆",
    "angry": "😠",
    "sad": "😢",
    "wow": "😮",
    "love": "❤",
    "like": "👍",
    "dislike": "👎",
}
"""What a reaction looks like whose emoji is not told."""

STOPPED = "STOP_NOTIFICATIONS"
"""The person wants no more marketing messages."""


def reports_of(event: Event, raw: Raw) -> list[Report]:
    """Say what a person wrote or did; nothing where we have no word for it."""
    if event.message is not None and event.message.mid:
        return list(_message(event, event.message, raw))
    if event.message_edit is not None and event.message_edit.mid:
        return [_edit(event, event.message_edit, raw)]
    if event.postback is not None:
        return list(_postback(event, event.postback, raw))
    if event.reaction is not None and event.reaction.mid:
        return [_reaction(event, event.reaction, raw)]
    if event.optin is not None and event.optin.notification_messages_status == STOPPED:
        return [_stop(event, raw)]
    return []


def _person(event: Event) -> str:
    return str(event.sender.id)


def _raw(event: Event, raw: Raw) -> Raw:
    """Keep the event's own words beside the page or account that it came to, as they are published."""
    return encode_raw({"pageId": str(event.recipient.id), "body": kept(raw)})


def _message(event: Event, message: Message, raw: Raw) -> Iterator[Report]:
    if message.is_deleted:
        yield _did(event, Deed.DELETE_REQUEST, f"delete-request:{message.mid}", Target(reference=message.mid), raw)
        return
    answered = message.reply_to.mid if message.reply_to else None
    target = Target(reference=answered) if answered else None
    content = content_of(message)
    facts = facts_of(message, event.timestamp)
    if content == Content() and not message.attachments and message.text is None:
        facts["unsupported"] = True
    yield Inbound(
        key=f"inbound:{message.mid}",
        sender=_person(event),
        raw=_raw(event, raw),
        to=str(event.recipient.id),
        content=content,
        at=at(event.timestamp),
        reply_to=target,
        extra=facts,
    )
    if message.quick_reply is not None:
        yield _clicked(event, message.mid, message.quick_reply.payload, target, raw)


def _edit(event: Event, edit: Edit, raw: Raw) -> Report:
    return Inbound(
        key=f"inbound:{edit.mid}:{edit.num_edit}",
        sender=_person(event),
        raw=_raw(event, raw),
        to=str(event.recipient.id),
        content=Content(text=edit.text),
        at=at(event.timestamp),
        extra={"kind": "dm", "editedMessageId": edit.mid},
    )


def _postback(event: Event, postback: Postback, raw: Raw) -> Iterator[Report]:
    # Before 2021 a tap had no id.
    known = postback.mid or f"{_person(event)}:{event.timestamp}"
    yield Inbound(
        key=f"inbound:{known}",
        sender=_person(event),
        raw=_raw(event, raw),
        to=str(event.recipient.id),
        content=Content(text=postback.title or postback.payload or ""),
        at=at(event.timestamp),
        extra={"kind": "dm", **said(payload=postback.payload), **facts_of_referral(postback.referral)},
    )
    yield _clicked(event, known, postback.payload or "", None, raw)


def _clicked(event: Event, known: str, payload: str, target: Target | None, raw: Raw) -> Report:
    """A tap is on the message it names, else on the newest that we sent."""
    meant = target or Target(address=_person(event))
    return _did(event, Deed.CLICKED, f"clicked:{known}", meant, raw, payload=payload)


def _reaction(event: Event, reaction: Reaction, raw: Raw) -> Report:
    taken_back = reaction.action == "unreact"
    emoji = reaction.emoji or EMOJIS.get(reaction.reaction or "", "")
    return _did(
        event,
        Deed.REACTION,
        f"reaction:{reaction.mid}:{_person(event)}:{reaction.action}:{event.timestamp}",
        Target(reference=reaction.mid),
        raw,
        emoji=emoji,
        action="unreact" if taken_back else "react",
        details=reaction.reaction or "",
    )


def _stop(event: Event, raw: Raw) -> Report:
    key = f"unsubscribe-request:{_person(event)}:{event.timestamp}"
    return _did(event, Deed.UNSUBSCRIBE_REQUEST, key, Target(address=_person(event)), raw)


def _did(
    event: Event,
    deed: Deed,
    key: str,
    target: Target,
    raw: Raw,
    *,
    payload: str = "",
    emoji: str = "",
    action: str = "",
    details: str = "",
) -> Report:
    return Interaction(
        key,
        deed,
        target,
        kept(raw),
        at(event.timestamp),
        payload=payload,
        emoji=emoji,
        action=action,
        details=details,
        sender=_person(event),
    )
