"""What a custom channel reports: how a message fares (statuses), and what people write (inbounds)."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct, field

from tidings.dialects.omnichannel.names import identifier_key, inside
from tidings.dialects.omnichannel.parts import MessagePart, check_part, media_of, sort_parts
from tidings.dialects.reading import read_json
from tidings.model.content import Content
from tidings.model.errors import FieldError, Refused
from tidings.model.platforms import platform as platform_of
from tidings.model.reports import Inbound, Receipt, Target
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.addresses import address
from tidings.rules.times import from_iso

STATUSES: Final[Mapping[str, tuple[Stage, Cause | None]]] = {
    "sent": (Stage.SENT, None),
    "delivered": (Stage.DELIVERED, None),
    "read": (Stage.READ, None),
    "expired": (Stage.EXPIRED, Cause.EXPIRED),
    "failed": (Stage.FAILED, Cause.UNKNOWN),
    "filtered": (Stage.FAILED, Cause.FILTERED),
}
"""What each status means, and the cause of those that end a message."""

CLOCK_TOLERANCE: Final = 3_600_000
"""Milliseconds that a reporter's clock may be ahead of ours."""

_ADDRESS_ORDER: Final = ("phoneNumber", "email", "fbMessengerId")
_NO_ADDRESS: Final = frozenset({"phoneNumberCountryCode", "profileId", "conversationId"})
"""What may stand beside an address without being one (an address only where there is no other)."""


class StatusReport(Struct, forbid_unknown_fields=True, rename="camel"):
    """How a message fares, as a custom channel tells it."""

    channel: str
    channel_status: dict[str, Any] | None = None
    timestamp: str | None = None
    failure_reason: str | None = None


class _Words(Struct, rename="camel"):
    """The reporter's own words, as they came."""

    channel_status: Raw = Raw(b"")
    channel_data: Raw = Raw(b"")


class InboundReport(Struct, forbid_unknown_fields=True, rename="camel"):
    """What a person wrote, as a custom channel tells it."""

    channel: str
    sender: str | dict[str, str] = field(name="from")
    to: str | dict[str, str] = ""
    body: str = ""
    message_parts: list[MessagePart] = []
    channel_data: dict[str, Any] | None = None


def read_status(stage_word: str, body: bytes, *, message_id: str, now: int) -> tuple[str, Receipt]:
    """Read how a message fares on a custom channel: our name of the platform, and the receipt; raises Refused."""
    if stage_word not in STATUSES:
        wrong = FieldError("status", f"A status is one of {', '.join(STATUSES)}.", "unknown")
        raise Refused("There is no such status.", status=404, errors=(wrong,))
    status = read_json(body, StatusReport)
    platform = _platform(status.channel)
    stage, cause = STATUSES[stage_word]
    text = status.failure_reason or ""
    if text and cause is None:
        wrong = FieldError("failureReason", f"What was {stage_word} has not failed.", "conflict")
        raise Refused("The status does not fit.", errors=(wrong,))
    receipt = Receipt(
        target=Target(message=message_id),
        stage=stage,
        raw=_kept(msgspec.json.decode(body, type=_Words).channel_status),
        at=_moment(status.timestamp, now) if status.timestamp else None,
        reason=Reason(cause, text) if cause is not None else None,
    )
    return platform, receipt


def read_inbound(body: bytes, *, now: int) -> tuple[str, Inbound]:
    """Read what a person wrote on a custom channel: our name of the platform, and the message; raises Refused."""
    inbound = read_json(body, InboundReport)
    platform = _platform(inbound.channel)
    usual = platform_of(platform).identifier
    errors = [error for i, each in enumerate(inbound.message_parts) for error in check_part(each, f"messageParts[{i}]")]
    if not (inbound.body or inbound.message_parts or inbound.channel_data):
        errors.append(FieldError("body", "There is nothing in it: give body, messageParts or channelData.", "empty"))
    key, sender = _address(inbound.sender, usual)
    try:
        sender = address(key, sender)
    except ValueError as error:
        errors.append(FieldError("from", str(error), "address"))
    if errors:
        raise Refused("The inbound message does not fit.", errors=tuple(errors))
    texts, pages, files = sort_parts(inbound.message_parts)
    content = Content(
        text=inbound.body or "\n".join(part.data for part in texts),
        html="\n".join(part.data for part in pages),
        media=tuple(map(media_of, files)),
    )
    return platform, Inbound(
        key=_inbound_key(inbound, body, now),
        sender=sender,
        raw=_kept(msgspec.json.decode(body, type=_Words).channel_data),
        to=_ours(inbound.to, usual),
        content=content,
        at=now,
        conversation=inbound.to.get("conversationId", "") if isinstance(inbound.to, dict) else "",
        contact_key="" if key == usual else key,
    )


def _platform(name: str) -> str:
    platform = inside(name)
    if platform is None:
        wrong = FieldError("channel", "This is no name of a platform.", "platform")
        raise Refused("The channel is not known.", errors=(wrong,))
    return platform


def _kept(words: Raw) -> Raw:
    return Raw(bytes(words)) if bytes(words) not in (b"", b"null") else Raw(b"{}")


def _moment(text: str, now: int) -> int:
    try:
        at = from_iso(text)
    except ValueError as error:
        wrong = FieldError("timestamp", "Write the time as 2017-08-31T09:26:14.798Z (ISO 8601).", "time")
        raise Refused("The time cannot be read.", errors=(wrong,)) from error
    if not 0 <= at <= now + CLOCK_TOLERANCE:
        wrong = FieldError("timestamp", "The time lies before 1970 or more than an hour ahead.", "time")
        raise Refused("The time cannot be right.", errors=(wrong,))
    return at


def _address(given: str | dict[str, str], usual: str) -> tuple[str, str]:
    """Choose a person's address by its `identifierKey`: the platform's usual one, else the best of the others."""
    if isinstance(given, str):
        return usual, given
    by_key = {identifier_key(name): value for name, value in given.items()}
    if usual in by_key:
        return usual, by_key[usual]
    others = [name for name in given if name not in _NO_ADDRESS and name not in _ADDRESS_ORDER]
    for name in (*_ADDRESS_ORDER, *others, "profileId"):
        if given.get(name):
            return identifier_key(name), given[name]
    return usual, ""


def _ours(given: str | dict[str, str], usual: str) -> str:
    """Find the address of ours that it came to, in the one form it has inside where it has that form."""
    key, text = (usual, given) if isinstance(given, str) else _our_address(given, usual)
    try:
        return address(key, text)
    except ValueError:
        return text


def _our_address(given: dict[str, str], usual: str) -> tuple[str, str]:
    key, text = _address(given, usual)
    return (key, text) if text else (usual, given.get("agentId", ""))


def _inbound_key(inbound: InboundReport, body: bytes, now: int) -> str:
    """Name it by the id its channel gave it, so that it is taken once; without one, by its bytes and this moment."""
    for name in ("messageId", "id"):
        given = (inbound.channel_data or {}).get(name)
        if isinstance(given, str) and given:
            return f"inbound:{given}"
    return f"inbound:{sha256(b'%d.%b' % (now, body)).hexdigest()}"
