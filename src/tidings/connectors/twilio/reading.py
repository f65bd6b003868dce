"""What Twilio's callbacks mean: message statuses, messages from people, clicks on shortened links.

Statuses  https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
Inbound   https://www.twilio.com/docs/messaging/guides/webhook-request
Clicks    https://www.twilio.com/docs/messaging/features/link-shortening (a CloudEvent of Event Streams)
"""

import binascii
import math
import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct

from tidings.connectors.twilio.codes import reason_for, verdict_on
from tidings.model.content import Content, Location, Media
from tidings.model.errors import Unreadable
from tidings.model.exchange import Callback, encode_raw
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report, Target, Unknown
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.forms import form_fields
from tidings.rules.keywords import is_stop
from tidings.rules.prefetch import is_machine
from tidings.rules.times import from_iso, to_iso

STAGES: Final = {
    "accepted": Stage.PROCESSING,
    "queued": Stage.PROCESSING,
    "scheduled": Stage.PROCESSING,
    "sending": Stage.PROCESSING,
    "sent": Stage.SENT,
    "partially_delivered": Stage.SENT,
    "delivered": Stage.DELIVERED,
    "read": Stage.READ,
    "undelivered": Stage.FAILED,
    "failed": Stage.FAILED,
    "canceled": Stage.FAILED,
}
INCOMING: Final = frozenset({"receiving", "received"})
PREFIXES: Final = {"whatsapp": "whatsapp", "rcs": "rcs", "messenger": "facebook"}
"""Platforms by what stands before an address that is no plain phone number."""
EXTRA: Final = {
    "FromCity": "fromCity",
    "FromState": "fromState",
    "FromZip": "fromZip",
    "FromCountry": "fromCountry",
    "MessagingServiceSid": "messagingServiceSid",
    "OptOutType": "optOutType",
    "WaId": "waId",
}
"""Fields of an inbound message that are worth telling, by the name they are told under."""
LINK_CLICKED: Final = "com.twilio.daptbt.link-shortening.link-clicked"


def read_form(callback: Callback, platform: str) -> list[Report]:
    """Say what form fields mean, by what they contain and not by the path; raises Unreadable if there are none."""
    try:
        given = _clean(callback.query.encode() if callback.method == "GET" else callback.body)
        ours = dict(reversed(_clean(callback.query.encode())))
    except ValueError as error:
        raise Unreadable("There are too many form fields.") from error
    if not given:
        raise Unreadable("There are no form fields.")
    fields, raw = dict(reversed(given)), _raw(given)
    status = (fields.get("MessageStatus") or fields.get("SmsStatus") or "").lower()
    reference = fields.get("MessageSid") or fields.get("SmsSid") or fields.get("SmsMessageSid") or ""
    if status in INCOMING or (not status and "From" in fields and ("Body" in fields or "NumMedia" in fields)):
        if not (reference and fields.get("From")):
            return [Unknown(raw, "An inbound message without MessageSid or From.")]
        return list(_inbound(fields, reference, platform, raw))
    target = Target(message=ours.get("m", ""), hop=_hop(ours.get("h", "")), reference=reference)
    if status not in STAGES:
        return [Unknown(raw, f"No message status that we know: {status[:40]!r}.")]
    if not (target.message or reference):
        return [Unknown(raw, "A status of no message.")]
    return list(_receipt(fields, status, target, raw))


def _receipt(fields: dict[str, str], status: str, target: Target, raw: Raw) -> Iterator[Report]:
    code, stage, reason = fields.get("ErrorCode", ""), STAGES[status], None
    if status == "canceled":
        reason = Reason(Cause.CANCELLED, "canceled", code)
    elif stage is Stage.FAILED:
        reason = reason_for(verdict_on(code), code, fields.get("ErrorMessage", ""))
        stage = Stage.EXPIRED if reason.cause is Cause.EXPIRED else stage
    # Twilio names neither a time nor an event. A status told twice moves nothing, so receipts need no key.
    yield Receipt(target, stage, raw, reason=reason)
    if reason is not None and reason.cause is Cause.OPTED_OUT:
        person = _address(fields.get("To", ""))[1]
        key = ":".join(filter(None, (target.reference or target.message, status, code)))
        yield Interaction(f"unsubscribe:{key}", Deed.UNSUBSCRIBE_REQUEST, target, raw, sender=person)


def _inbound(fields: dict[str, str], reference: str, platform: str, raw: Raw) -> Iterator[Report]:
    prefix, sender = _address(fields["From"])
    media = tuple(_media(fields))
    text = _joined(fields.get("Body", "")) or fields.get("ButtonText", "")
    where = PREFIXES.get(prefix) or ("mms" if media else "sms")
    answered = fields.get("OriginalRepliedMessageSid", "")
    target = Target(reference=answered)
    yield Inbound(
        key=f"inbound:{reference}",
        sender=sender,
        raw=raw,
        to=_address(fields.get("To", ""))[1],
        content=Content(text=text, media=media, location=_location(fields)),
        name=fields.get("ProfileName", ""),
        platform="" if where == platform else where,
        reply_to=target if answered else None,
        extra={name: fields[field] for field, name in EXTRA.items() if fields.get(field)},
    )
    if payload := fields.get("ButtonPayload") or fields.get("ButtonText"):
        yield Interaction(f"clicked:{reference}", Deed.CLICKED, target, raw, payload=payload, sender=sender)
    # OptOutType comes only with Advanced Opt-Out, and then Twilio itself has judged the words.
    if fields.get("OptOutType", "STOP" if is_stop(text) else "").upper() == "STOP":
        yield Interaction(f"unsubscribe:{reference}", Deed.UNSUBSCRIBE_REQUEST, target, raw, sender=sender)


def _media(fields: dict[str, str]) -> Iterator[Media]:
    number = 0
    while url := fields.get(f"MediaUrl{number}"):
        yield Media(type=fields.get(f"MediaContentType{number}", ""), url=url, reference=url.rpartition("/")[2])
        number += 1


def _location(fields: dict[str, str]) -> Location | None:
    try:
        latitude, longitude = float(fields["Latitude"]), float(fields["Longitude"])
    except (KeyError, ValueError):
        return None
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    return Location(latitude, longitude, name=fields.get("Label", ""), address=fields.get("Address", ""))


_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{60,}={0,2}")
"""A text of this length without a space is no sentence."""


def _joined(body: str) -> str:
    """Give the text; a long one that Twilio joined from segments has been seen to come as base64."""
    packed = "".join(body.split())
    if len(packed) % 4 or not _BASE64.fullmatch(packed):
        return body
    try:
        text = b64decode(packed, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return body
    # A key or a token decodes too, but never into words with spaces between them.
    return text if " " in text and text.replace("\n", "").replace("\r", "").isprintable() else body


def _address(text: str) -> tuple[str, str]:
    """Part what stands before an address (`whatsapp:`) from the address."""
    prefix, colon, address = text.partition(":")
    return (prefix.lower(), address) if colon else ("", text)


def _hop(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _clean(form: bytes) -> Sequence[tuple[str, str]]:
    """Read form fields as text that can be written down; what is no UTF-8 becomes replacement characters."""
    fields = form_fields(form)
    if all(value.isascii() and name.isascii() for name, value in fields):
        return fields
    return [(_written(name), _written(value)) for name, value in fields]


def _written(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _raw(pairs: Sequence[tuple[str, str]]) -> Raw:
    """Keep form fields as an object; a name that came more than once has the list of its values."""
    if len(once := dict(pairs)) == len(pairs):
        return encode_raw(once)
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return encode_raw({name: several if len(several) > 1 else several[0] for name, several in values.items()})


class _Click(Struct):
    message_sid: str
    link: str
    to: str = ""
    click_time: str = ""
    user_agent: str | None = None


class _Event(Struct):
    id: str
    type: str
    data: Raw = Raw(b"{}")


def read_events(callback: Callback) -> list[Report]:
    """Say what CloudEvents mean, one or an array of them; raises Unreadable where the body is no JSON."""
    try:
        several = isinstance(msgspec.json.decode(callback.body), list)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("The body is no JSON.") from error
    items = msgspec.json.decode(callback.body, type=list[Raw]) if several else [Raw(callback.body)]
    return [_event(item) for item in items]


def _event(raw: Raw) -> Report:
    try:
        event = msgspec.json.decode(raw, type=_Event)
        if event.type != LINK_CLICKED:
            return Unknown(raw, f"No event that we know: {event.type[:80]!r}.")
        click = msgspec.json.decode(event.data, type=_Click)
    except msgspec.DecodeError as error:
        return Unknown(raw, f"No event that we can read: {error}")
    return Interaction(
        key=f"clicked:{event.id}",
        deed=Deed.CLICKED,
        target=Target(reference=click.message_sid),
        raw=raw,
        at=_time(click.click_time),
        url=click.link,
        prefetched=click.user_agent is not None and is_machine(click.user_agent),
        user_agent=click.user_agent or "",
        sender=_address(click.to)[1],
    )


def _time(text: str) -> int | None:
    try:
        at = from_iso(text)
        to_iso(at)  # A time at the end of the calendar can be read, and not be written again.
    except (ValueError, OverflowError):
        return None
    return at
