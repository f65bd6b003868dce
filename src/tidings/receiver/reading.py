"""Reading bodies: whatever stands in a batch, each event in it is read, and none is lost over another."""

import json
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from tidings.model.errors import Unreadable
from tidings.receiver import channels, omnichannel
from tidings.receiver.events import Event, Unknown

_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SPACE: Final = b" \t\r\n"
"""What may stand around JSON (RFC 8259, 2)."""


def read_events(body: bytes, *, id: str = "") -> list[Event]:  # noqa: A002 - the word of the events themselves
    """Read the body of a webhook that has been proven: one event, or a JSON array of them.

    An event of the channels vocabulary does not bring its own id: give the `webhook-id` header if it was proven too,
    as `Webhook.events` does. Without one the id is made of the event's bytes, which are the same on every attempt.
    Raises Unreadable where the body is neither an object nor an array; what cannot be read in it is Unknown.
    """
    cut = _cut(body)
    return [_read(each, id if len(cut) == 1 else "") for each in cut]


def _cut(body: bytes) -> list[bytes]:
    """Cut a body into its events."""
    is_batch = body.lstrip(_SPACE)[:1] == b"["
    try:
        cut = msgspec.json.decode(body, type=list[Raw]) if is_batch else [msgspec.json.decode(body, type=Raw)]
        events = [bytes(each) for each in cut]
    except _UNREADABLE:
        # msgspec takes nothing that holds a lone surrogate; Python's own parser does, so that one event of a batch
        # which was cut in the middle of an emoji does not take the others with it.
        events = _cut_patiently(body, is_batch=is_batch)
    if not is_batch and events[0].lstrip(_SPACE)[:1] != b"{":
        raise Unreadable("the body is neither an event nor an array of events")
    return events


def _cut_patiently(body: bytes, *, is_batch: bool) -> list[bytes]:
    try:
        text = body.decode().strip(_SPACE.decode())
        whole = json.loads(text)
        if not is_batch:
            return [text.encode()]
        parse = json.JSONDecoder().raw_decode
        events: list[bytes] = []
        place = 1
        for _ in whole:
            while text[place] in ", \t\r\n":
                place += 1
            _, end = parse(text, place)
            events.append(text[place:end].encode())
            place = end
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the body is not JSON: {error}") from error
    return events


class _Either(Struct, rename="camel"):
    """What tells the two vocabularies apart."""

    event_id: str = ""
    name: str = ""
    service: str = ""
    event: str = ""


class _Envelope(Struct, rename="camel"):
    """The omnichannel envelope, beside the event's id and name."""

    payload: Raw
    account_id: int
    api_space_id: str
    revision: int
    timestamp: datetime
    etag: str = ""


class _Enclosing(Struct):
    payload: Raw


def _read(body: bytes, proven_id: str) -> Event:
    known = _Either()
    id = proven_id or f"sha256:{sha256(body).hexdigest()}"  # noqa: A001 - as above
    try:
        known = msgspec.json.decode(body, type=_Either)
        if known.event_id:
            return _omnichannel(body, known)
        return _channels(body, known.event, id, is_proven=bool(proven_id))
    except _UNREADABLE as error:
        return Unknown(id=known.event_id or id, name=known.name or known.event, raw=body, why=str(error))


def _omnichannel(body: bytes, known: _Either) -> Event:
    if known.name not in omnichannel.EVENTS:
        return Unknown(id=known.event_id, name=known.name, raw=body, why=f"there is no event {known.name!r}")
    event, shape = omnichannel.EVENTS[known.name]
    envelope = msgspec.json.decode(body, type=_Envelope)
    fields: dict[str, Any] = msgspec.structs.asdict(envelope)
    fields["payload"] = msgspec.json.decode(envelope.payload, type=shape)
    return event(id=known.event_id, name=known.name, raw=body, **fields)


def _channels(body: bytes, name: str, id: str, *, is_proven: bool) -> Event:  # noqa: A002 - as above
    platform, _, family = name.rpartition(".")
    if not platform or family not in channels.EVENTS:
        return Unknown(id=id, name=name, raw=body, why=f"there is no event {name!r}")
    event, shape = channels.EVENTS[family]
    payload = msgspec.json.decode(msgspec.json.decode(body, type=_Enclosing).payload, type=shape)
    if isinstance(payload, channels.MessageInteraction) and not is_proven:
        id = payload.id  # noqa: A001 - an interaction brings the event's own id
    fields: dict[str, Any] = {"payload": payload}
    return event(id=id, name=name, raw=body, **fields)
