"""What a webhook of Meta's means: statuses, what people wrote and did, and the rest."""

from collections.abc import Iterable, Iterator

from msgspec import Raw, Struct

from tidings.connectors.decoding import kept
from tidings.connectors.meta.errors import read_error
from tidings.connectors.meta.moments import at
from tidings.connectors.whatsapp_cloud.callbacks import (
    Change,
    Contact,
    Entry,
    Message,
    Notice,
    Preference,
    Status,
    Value,
    read,
)
from tidings.connectors.whatsapp_cloud.contents import content_of, facts_of, tapped
from tidings.connectors.whatsapp_cloud.errors import STOPPED_MARKETING, reason_of
from tidings.connectors.whatsapp_cloud.people import person
from tidings.model.errors import Unreadable
from tidings.model.exchange import as_raw
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report, Target, Unknown
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.addresses import phone

ACCOUNT = "whatsapp_business_account"

STAGES = {
    "accepted": Stage.PROCESSING,
    "held_for_quality_assessment": Stage.PROCESSING,
    "sent": Stage.SENT,
    "delivered": Stage.DELIVERED,
    "read": Stage.READ,
    "played": Stage.READ,
    "failed": Stage.FAILED,
}
"""Statuses with a word of ours; `deleted` (a legacy one) has none."""

_NO_REASON = Reason(Cause.UNKNOWN, "WhatsApp gave no reason.")


def reports_of(body: bytes, phone_number_id: str) -> list[Report]:
    """Say what a request means for the channel with this phone number; raises Unreadable."""
    notice = read(body, Notice)
    if notice is None:
        raise Unreadable("whatsapp-cloud: no webhook of the Graph API")
    if notice.object != ACCOUNT:
        return [Unknown(as_raw(body), f"It is about no WhatsApp account but {notice.object[:80]!r}.")]
    return [report for entry in notice.entry for report in _entry(entry, phone_number_id)]


def _entry(raw: Raw, phone_number_id: str) -> Iterator[Report]:
    entry = read(raw, Entry)
    if entry is None:
        yield Unknown(kept(raw), "An entry that cannot be read.")
        return
    for change in entry.changes:
        yield from _change(change, phone_number_id)


def _change(raw: Raw, phone_number_id: str) -> Iterator[Report]:
    change = read(raw, Change)
    if change is None:
        yield Unknown(kept(raw), "A change that cannot be read.")
        return
    if change.field not in ("messages", "user_preferences", "smb_message_echoes"):
        yield Unknown(kept(raw), f"News of {change.field[:80] or 'nothing'}, which concerns no message.")
        return
    value = read(change.value, Value)
    if value is None:
        yield Unknown(kept(raw), "A change whose value cannot be read.")
        return
    reports = [*_said_of_ours(value), *_from_people(value, phone_number_id)]
    yield from reports or [Unknown(kept(raw), "A change that says nothing we know.")]


def _said_of_ours(value: Value) -> Iterator[Report]:
    for raw in value.statuses:
        yield from _status(raw)
    for raw in value.errors:
        error = read_error(raw)
        told = f" ({error.code}: {error.text})" if error else ""
        yield Unknown(kept(raw), f"An error of the account, not of one message{told}.")
    for raw in value.message_echoes:
        yield Unknown(kept(raw), "An echo: our own side sent it from the phone's app.")


def _from_people(value: Value, phone_number_id: str) -> Iterator[Report]:
    ours = value.metadata.phone_number_id
    if ours not in ("", phone_number_id):
        # An app has one callback for all its numbers, each of which is a channel of its own here.
        for raw in (*value.messages, *value.user_preferences):
            yield Unknown(kept(raw), f"It came to the phone number id {ours[:80]}, which is not this channel's.")
        return
    post = _Post(_our_number(value), tuple(_contacts(value)))
    for raw in value.messages:
        yield from _message(raw, post)
    for raw in value.user_preferences:
        yield _preference(raw)


class _Post(Struct, frozen=True):
    """What surrounds the messages of a change: our number, and the people."""

    to: str
    people: tuple[Contact, ...]

    def contact(self, message: Message) -> Contact:
        """The person a message is from; an empty one where the change does not say."""
        for each in self.people:
            by_number = each.wa_id and each.wa_id == message.from_
            if by_number or (each.user_id and each.user_id in (message.from_user_id, message.from_)):
                return each
        return Contact()


def _our_number(value: Value) -> str:
    try:
        return phone(value.metadata.display_phone_number)
    except ValueError:
        return value.metadata.display_phone_number


def _contacts(value: Value) -> Iterator[Contact]:
    for raw in value.contacts:
        contact = read(raw, Contact)
        if contact:
            yield contact


def _status(raw: Raw) -> Iterator[Report]:
    status = read(raw, Status)
    if status is None or not status.id:
        yield Unknown(kept(raw), "A status that cannot be read.")
        return
    stage = STAGES.get(status.status)
    if stage is None:
        yield Unknown(kept(raw), f"We have no word for the status {status.status[:80]!r}.")
        return
    told_at = at(status.timestamp)
    message, hop = _our_own(status.biz_opaque_callback_data or "")
    recipient, _ = person(status.participant, status.participant)
    target = Target(message=message, hop=hop, reference=status.id, recipient=recipient)
    reason = _reason(status.errors) if stage is Stage.FAILED else None
    key = f"{status.id}:{recipient}" if recipient else status.id
    yield Receipt(target, stage, kept(raw), told_at, reason, f"status:{status.status}:{key}")
    deed = _deed(status, reason)
    if deed:
        sender = recipient or person(status.recipient_id, status.recipient_user_id)[0]
        yield Interaction(f"{deed}:{key}", deed, target, kept(raw), told_at, sender=sender)


def _deed(status: Status, reason: Reason | None) -> Deed | None:
    if status.status == "played":
        return Deed.OPENED
    return Deed.UNSUBSCRIBE_REQUEST if reason and reason.code == str(STOPPED_MARKETING) else None


def _our_own(tag: str) -> tuple[str, int | None]:
    """Read what we sent along, `<message>:<hop>`; other systems on the same number send other things along."""
    message, _, hop = tag.rpartition(":")
    if not (message and hop.isascii() and hop.isdigit() and len(hop) <= 4):
        return "", None
    return message, int(hop)


def _reason(errors: Iterable[Raw]) -> Reason:
    read_ones = (read_error(raw) for raw in errors)
    return next((reason_of(error) for error in read_ones if error), _NO_REASON)


def _message(raw: Raw, post: _Post) -> Iterator[Report]:
    message = read(raw, Message)
    if message is None or not message.id:
        yield Unknown(kept(raw), "A message that cannot be read.")
        return
    contact = post.contact(message)
    sender, key = person(message.from_ or contact.wa_id, message.from_user_id or contact.user_id)
    if not sender:
        yield Unknown(kept(raw), f"A message of type {message.type[:80]!r} that names nobody as its sender.")
        return
    if sender == post.to:
        yield Unknown(kept(raw), "An echo: our own side sent it.")
        return
    deed = _reaction(message, raw, sender) or _revocation(message, raw, sender)
    if deed:
        yield deed
        return
    content = content_of(message)
    if content is None:
        yield Unknown(kept(raw), _why(message))
        return
    yield Inbound(
        key=f"inbound:{message.id}",
        sender=sender,
        raw=kept(raw),
        to=post.to,
        content=content,
        at=at(message.timestamp),
        name=contact.profile.name or "",
        reply_to=_answered(message),
        extra=facts_of(message, contact),
        conversation=message.group_id or "",
        contact_key=key,
    )
    yield from _click(message, raw, sender)


def _why(message: Message) -> str:
    if message.system:
        return f"A person changed: {message.system.type[:80]}: {message.system.body[:200]}"
    error = next((error for error in map(read_error, message.errors) if error), None)
    told = f" ({error.code}: {error.text})" if error else ""
    return f"We have no word for a message of type {message.type[:80]!r}{told}."


def _answered(message: Message) -> Target | None:
    return Target(reference=message.context.id) if message.context and message.context.id else None


def _click(message: Message, raw: Raw, sender: str) -> Iterator[Report]:
    """A tap is a deed on the message that was tapped, where Meta names that message; it does not always."""
    tap, target = tapped(message), _answered(message)
    if tap and target:
        yield Interaction(
            f"clicked:{message.id}",
            Deed.CLICKED,
            target,
            kept(raw),
            at(message.timestamp),
            payload=tap.payload,
            sender=sender,
        )


def _reaction(message: Message, raw: Raw, sender: str) -> Report | None:
    if message.type != "reaction" or message.reaction is None:
        return None
    emoji = message.reaction.emoji or ""
    return Interaction(
        f"reaction:{message.id}",
        Deed.REACTION,
        Target(reference=message.reaction.message_id),
        kept(raw),
        at(message.timestamp),
        emoji=emoji,
        action="react" if emoji else "unreact",
        sender=sender,
    )


def _revocation(message: Message, raw: Raw, sender: str) -> Report | None:
    """A person took back their own message."""
    if message.type != "revoke" or message.revoke is None:
        return None
    return Interaction(
        f"delete-request:{message.id}",
        Deed.DELETE_REQUEST,
        Target(reference=message.revoke.original_message_id),
        kept(raw),
        at(message.timestamp),
        sender=sender,
    )


def _preference(raw: Raw) -> Report:
    preference = read(raw, Preference)
    sender = person(preference.wa_id, preference.user_id)[0] if preference else ""
    if preference is None or not sender:
        return Unknown(kept(raw), "A preference that cannot be read.")
    if preference.value != "stop":
        return Unknown(kept(raw), f"A person asks for marketing messages again: {preference.value[:80]!r}.")
    return Interaction(
        f"unsubscribe-request:{sender}:{preference.timestamp}",
        Deed.UNSUBSCRIBE_REQUEST,
        Target(address=sender),
        kept(raw),
        at(preference.timestamp),
        details=preference.detail or "",
        sender=sender,
    )
