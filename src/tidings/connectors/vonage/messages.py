"""What the Messages API tells: statuses and inbound messages, in its versions 1 and 0.1.

Webhooks  https://developer.vonage.com/en/api/messages#webhooks
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeGuard

from tidings.connectors.decoding import text_at
from tidings.connectors.texting import moment_of, ours, person, target_of, unsubscribed
from tidings.connectors.vonage.codes import MESSAGES, NO_WORD, reason_for
from tidings.connectors.vonage.fields import Fields, word
from tidings.model.content import Content, Location, Media
from tidings.model.reports import Inbound, Receipt, Report, Target, Unknown
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.keywords import is_stop

STAGES: Final = {
    "submitted": Stage.SENT,
    "delivered": Stage.DELIVERED,
    "rejected": Stage.FAILED,
    "undeliverable": Stage.FAILED,
}
PLATFORMS: Final = {"sms": "sms", "mms": "mms", "rcs": "rcs", "whatsapp": "whatsapp"}
"""Our platforms by Vonage's channels, as far as people are known there by their numbers."""
FILES: Final = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/mpeg", "vcard": "text/vcard", "file": ""}
"""The kinds of files that come in, and the usual types of those; Vonage does not tell the type."""
_NUMBER: Final = re.compile(r"(?:^|#)([0-9]{4})$")
_MOST_PARTS: Final = 255
_MOST_DEGREES: Final = 360


def reports_of(fields: Fields) -> Iterator[Report]:
    """Say what a callback means that names a message of the Messages API."""
    if not fields.word("message_uuid"):
        yield Unknown(fields.raw, "A callback of no message.")
    elif "status" in fields.values:
        yield from _status(fields)
    else:
        yield from _inbound(fields)


def _status(fields: Fields) -> Iterator[Report]:
    status, reference = fields.word("status"), fields.word("message_uuid")
    stage, target = STAGES.get(status), target_of(fields.word("client_ref"), reference)
    if stage is None:
        yield Unknown(fields.raw, f"No message status that we know: {status[:40]!r}.")
        return
    reason = _reason(fields.values.get("error")) if stage is Stage.FAILED else None
    if reason is not None and reason.cause is Cause.EXPIRED:
        stage = Stage.EXPIRED
    yield Receipt(
        target,
        stage,
        fields.raw,
        moment_of(fields.word("timestamp")),
        reason,
        f"{status}:{reference}",
        _parts(fields.values),
    )
    if reason is not None and reason.cause is Cause.OPTED_OUT:
        yield unsubscribed(reference, target, fields.raw, person(_number(fields.values.get("to"))))


def _reason(error: Any) -> Reason:
    """Say why a message was lost; the number of the reason stands in one of three places."""
    told = error if isinstance(error, dict) else {}
    places = (_NUMBER.search(word(told.get(name))) for name in ("title", "type", "code"))
    code = next((found[1] for found in places if found), "")
    return reason_for(MESSAGES.get(code, NO_WORD), code, text_at(told, "detail") or text_at(told, "reason"))


def _parts(values: Mapping[str, Any]) -> int | None:
    """How many parts the message made, where Vonage says it."""
    sms = values.get("sms")
    total = word(sms.get("count_total")) if isinstance(sms, dict) else ""
    known = total.isascii() and total.isdigit() and len(total) < 4 and 0 < int(total) <= _MOST_PARTS
    return int(total) if known else None


def _number(told: Any) -> str:
    """Give an address, which version 0.1 wraps in an object."""
    return word(told.get("number")) if isinstance(told, dict) else word(told)


def _inbound(fields: Fields) -> Iterator[Report]:
    values, reference = fields.values, fields.word("message_uuid")
    channel = fields.word("channel") or text_at(values, "from", "type") or "sms"
    sender, content = _number(values.get("from")), _content(values)
    if channel not in PLATFORMS or content is None or not sender:
        yield Unknown(fields.raw, f"An inbound message by {channel[:40]!r}, or of a type, that we have no word for.")
        return
    answered = text_at(values, "context", "message_uuid")
    platform = PLATFORMS[channel]
    yield Inbound(
        key=f"inbound:{reference}",
        sender=person(sender),
        raw=fields.raw,
        to=ours(_number(values.get("to"))),
        content=content,
        at=moment_of(fields.word("timestamp")),
        name=text_at(values, "profile", "name"),
        platform="" if platform == "sms" else platform,
        reply_to=Target(reference=answered) if answered else None,
        extra=_facts(values),
    )
    if is_stop(content.text):
        yield unsubscribed(reference, Target(), fields.raw, person(sender))


def _content(values: Mapping[str, Any]) -> Content | None:
    """Say what a message says; None where we have no word for its type, or what the type needs is missing."""
    kind = text_at(values, "message_type")
    if isinstance(message := values.get("message"), dict):  # version 0.1
        told = message.get("content")
        values = told if isinstance(told, dict) else {}
        kind = text_at(values, "type")
    match kind:
        case "text" if "text" in values:
            return Content(text=text_at(values, "text"))
        case "reply" if title := text_at(values, "reply", "title"):
            return Content(text=title)
        case "button" if label := text_at(values, "button", "text"):
            return Content(text=label)
        case "location" if place := _place(values.get("location")):
            return Content(location=place)
        case kind if kind in FILES and (url := text_at(values, kind, "url")):
            return Content(media=(_file(values[kind], kind, url),))
        case _:
            return None


def _file(told: Mapping[str, Any], kind: str, url: str) -> Media:
    return Media(type=FILES[kind], url=url, name=text_at(told, "name"), caption=text_at(told, "caption"))


def _place(told: Any) -> Location | None:
    if not isinstance(told, dict):
        return None
    latitude, longitude = told.get("lat"), told.get("long")
    if not (_is_degrees(latitude) and _is_degrees(longitude)):
        return None
    return Location(latitude, longitude, name=text_at(told, "name"), address=text_at(told, "address"))


def _is_degrees(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MOST_DEGREES


def _facts(values: Mapping[str, Any]) -> dict[str, Any]:
    facts = {
        "keyword": text_at(values, "sms", "keyword"),
        "parts": word((values.get("sms") or {}).get("num_messages")) if isinstance(values.get("sms"), dict) else "",
        "replyId": text_at(values, "reply", "id"),
        "buttonPayload": text_at(values, "button", "payload"),
        "contextStatus": text_at(values, "context_status"),
    }
    return {name: told for name, told in facts.items() if told}
