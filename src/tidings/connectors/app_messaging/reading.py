"""What happened in a conversation, as a report on a message of ours, or as one that came in."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from tidings.connectors.app_messaging.words import Happened, Reacted, Receipted, Tapped
from tidings.connectors.decoding import kept
from tidings.connectors.decoding import read as decoded
from tidings.model.content import Content, Media
from tidings.model.conversations import EventName, Part
from tidings.model.errors import Unreadable
from tidings.model.exchange import Callback, encode_raw
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report, Target, Unknown
from tidings.model.stages import Stage
from tidings.rules.conversations.saying import TAPPED, TEXT
from tidings.rules.times import from_iso

ANSWERS = "answers"
"""The header that says which message of ours went into the conversation last."""
TO = "to"
"""The header that says whom of ours it is said to."""

T = TypeVar("T")

_STAGES = {EventName.DELIVERED: Stage.DELIVERED, EventName.READ: Stage.READ}
_DEEDS = {EventName.REACTION: Deed.REACTION, EventName.DELETE_REQUESTED: Deed.DELETE_REQUEST}


class _Person(Struct, frozen=True):
    id: str


class _Context(Struct, frozen=True, rename="camel"):
    person: _Person = field(name="from")
    sent_on: str


class _Said(Struct, frozen=True, rename="camel"):
    """What was said, and by whom."""

    message_id: str
    context: _Context
    parts: tuple[Raw, ...]


def read(callback: Callback) -> list[Report]:
    """Read what happened; what has no word here is unknown. Raises Unreadable where it is nothing that happened."""
    happened = _decoded(callback.body, Happened)
    if happened.name in _STAGES:
        return [_receipt(happened)]
    if happened.name in _DEEDS:
        return [_deed(happened)]
    if happened.name == EventName.SENT:
        return list(_said(happened, callback))
    return [Unknown(Raw(callback.body), f"no report: {happened.name}"[:200].replace("\0", ""))]


def _receipt(happened: Happened) -> Receipt:
    told = _decoded(happened.payload, Receipted)
    return Receipt(
        target=Target(message=told.message_id),
        stage=_STAGES[EventName(happened.name)],
        raw=happened.payload,
        at=_moment(told.timestamp),
        key=happened.event_id,
    )


def _deed(happened: Happened) -> Interaction:
    told = _decoded(happened.payload, Reacted)
    return Interaction(
        key=happened.event_id,
        deed=_DEEDS[EventName(happened.name)],
        target=Target(message=told.message_id),
        raw=happened.payload,
        at=_moment(told.timestamp),
        emoji=told.emoji,
        action=told.action,
        sender=told.profile_id,
    )


def _said(happened: Happened, callback: Callback) -> Iterator[Report]:
    """Read what somebody said: a button that was tapped is no message, and what is said beside it is one."""
    said = _decoded(happened.payload, _Said)
    rest: list[tuple[Raw, Part]] = []
    for raw in said.parts:
        part = decoded(raw, Part)
        if part is None or "/" not in part.type:
            yield Unknown(kept(raw), "no part of a message")
        elif part.type == TAPPED:
            yield _tap(happened, said, raw, part)
        else:
            rest.append((raw, part))
    if not rest:
        return
    answers = callback.headers.get(ANSWERS, "")
    yield Inbound(
        key=f"in:{happened.event_id}",
        sender=said.context.person.id,
        raw=_channel_data(happened.payload, [raw for raw, _ in rest]),
        reference=said.message_id,
        to=callback.headers.get(TO, ""),
        content=_content([part for _, part in rest]),
        at=_moment(said.context.sent_on),
        reply_to=Target(message=answers) if answers else None,
        conversation=happened.conversation_id,
    )


def _tap(happened: Happened, said: _Said, raw: Raw, part: Part) -> Report:
    tapped = decoded(part.data.encode(), Tapped)
    if tapped is None:
        return Unknown(kept(raw), "no tapped button")
    return Interaction(
        # A button that a message says twice was tapped once.
        key=f"{happened.event_id}:{sha256(part.data.encode()).hexdigest()[:16]}",
        deed=Deed.CLICKED,
        target=Target(message=tapped.message_id),
        raw=_channel_data(happened.payload, [raw]),
        at=_moment(said.context.sent_on),
        link_name=tapped.label,
        payload=tapped.action,
        sender=said.context.person.id,
    )


def _content(parts: list[Part]) -> Content:
    texts = [part.data for part in parts if part.type.partition(";")[0] == TEXT and part.data]
    files = [part for part in parts if not (part.type.partition(";")[0] == TEXT and part.data)]
    return Content(
        text="\n".join(texts),
        media=tuple(
            Media(type=part.type, url=part.url, data=part.data, name=part.name, size=part.size) for part in files
        ),
    )


def _channel_data(payload: Raw, parts: list[Raw]) -> Raw:
    """Give what was said as it is told of it, with these parts: what devices may show of it is not for others."""
    fields: dict[str, Any] = msgspec.json.decode(payload)
    told = {name: value for name, value in fields.items() if name != "alert"}
    return encode_raw({**told, "parts": parts})


def _moment(text: str) -> int | None:
    try:
        return from_iso(text)
    except ValueError:
        return None


def _decoded(body: bytes | Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"It is nothing that happened in a conversation: {error}") from error
