"""What Google pushes: events on messages of ours, and what people write.

Events    https://developers.google.com/business-communications/rcs-business-messaging/reference/rest/v1/UserEvent
Messages  https://developers.google.com/business-communications/rcs-business-messaging/reference/rest/v1/UserMessage
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Raw, Struct

from tidings.connectors.decoding import kept, read
from tidings.connectors.rbm.marks import read_mark
from tidings.connectors.rbm.proof import data_of
from tidings.connectors.texting import moment_of, person
from tidings.model.content import Content, Location, Media
from tidings.model.errors import BadSignature, Unreadable
from tidings.model.exchange import encode_raw
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report, Target, Unknown
from tidings.model.stages import Cause, Reason, Stage

STAGES = {
    "DELIVERED": Stage.DELIVERED,
    "READ": Stage.READ,
    "TTL_EXPIRATION_REVOKED": Stage.EXPIRED,
}
TYPING = "IS_TYPING"
"""Told while somebody writes, again and again; it is no word on any message."""
UNSUBSCRIBE = "UNSUBSCRIBE"
LATE = Reason(Cause.EXPIRED, "It was revoked when its time was up.", "TTL_EXPIRATION_REVOKED")


class _Said(Struct, frozen=True, rename="camel"):
    data: str
    attributes: Raw = Raw(b"{}")
    message_id: str = ""
    publish_time: str = ""


class _Push(Struct, frozen=True):
    message: _Said


class _File(Struct, frozen=True, rename="camel"):
    mime_type: str = ""
    file_size_bytes: int | None = None
    file_name: str = ""
    file_uri: str = ""


class _UserFile(_File, frozen=True, rename="camel"):
    """A file as it is told now, in `payload`, or as it was, by itself."""

    payload: _File | None = None


class _Place(Struct, frozen=True):
    latitude: float = 0.0
    longitude: float = 0.0


class _Tap(Struct, frozen=True, rename="camel"):
    postback_data: str = ""
    type: str = ""
    text: str = ""


class _Data(Struct, frozen=True, rename="camel"):
    """What is pushed, whatever it is."""

    sender_phone_number: str = ""
    phone_number: str = ""
    event_type: str = ""
    event_id: str = ""
    message_id: str = ""
    send_time: str = ""
    agent_id: str = ""
    text: str | None = None
    user_file: _UserFile | None = None
    location: _Place | None = None
    suggestion_response: _Tap | None = None

    @property
    def at(self) -> int | None:
        """When it happened, milliseconds."""
        return moment_of(self.send_time)


def reports_of(body: bytes, agent: str) -> list[Report]:
    """Read a push; raises Unreadable where it is none."""
    push = read(body, _Push)
    if push is None:
        raise Unreadable("the body is no push")
    said = push.message
    try:
        told = data_of(said.data)
    except BadSignature as error:
        raise Unreadable(str(error)) from error
    raw = _raw(said, told)
    data = read(told, _Data)
    if data is None:
        return [Unknown(raw, "what was pushed is neither an event nor a message")]
    return list(_reports(data, raw, agent))


def _raw(said: _Said, told: bytes) -> Raw:
    """Keep the push with its data decoded, as the omnichannel vocabulary has it."""
    return encode_raw(
        {
            "data": kept(Raw(told)),
            "attributes": kept(said.attributes),
            "messageId": said.message_id,
            "publishTime": said.publish_time,
        }
    )


def _reports(data: _Data, raw: Raw, agent: str) -> Iterator[Report]:
    if data.event_type:
        yield from _event(data, raw)
    elif data.suggestion_response is not None:
        yield from _tap(data, data.suggestion_response, raw, agent)
    elif (content := _content(data)) is not None and data.message_id and data.sender_phone_number:
        yield _inbound(data, content, raw, agent)
    else:
        yield Unknown(raw, "a push we have no word for")


def _event(data: _Data, raw: Raw) -> Iterator[Report]:
    stage = STAGES.get(data.event_type)
    if stage is not None and data.message_id:
        reason = LATE if stage is Stage.EXPIRED else None
        target = Target(reference=data.message_id)
        yield Receipt(target=target, stage=stage, raw=raw, at=data.at, reason=reason, key=data.event_id)
    elif data.event_type == UNSUBSCRIBE and data.sender_phone_number:
        key = data.event_id or f"{data.sender_phone_number}:{data.send_time}"
        sender = person(data.sender_phone_number)
        yield Interaction(key, Deed.UNSUBSCRIBE_REQUEST, Target(), raw, at=data.at, sender=sender)
    elif data.event_type != TYPING:
        yield Unknown(raw, f"no word for {data.event_type}")


def _tap(data: _Data, tap: _Tap, raw: Raw, agent: str) -> Iterator[Report]:
    """Tell a tapped button, and what a tapped answer says as what the person wrote."""
    mark = read_mark(tap.postback_data)
    key = data.message_id or data.event_id
    sender = person(data.sender_phone_number)
    if not (key and sender):
        yield Unknown(raw, "a tap of nobody's")
        return
    yield Interaction(
        f"tap:{key}",
        Deed.CLICKED,
        mark.target or Target(),
        raw,
        at=data.at,
        url=mark.url,
        link_name=tap.text if mark.url else "",
        payload=mark.payload,
        sender=sender,
    )
    if tap.type != "ACTION":
        content = Content(text=tap.text or mark.payload)
        yield _inbound(data, content, raw, agent, reply_to=mark.target, extra={"payload": mark.payload})


def _inbound(
    data: _Data,
    content: Content,
    raw: Raw,
    agent: str,
    *,
    reply_to: Target | None = None,
    extra: dict[str, Any] | None = None,
) -> Inbound:
    key = data.message_id or data.event_id
    return Inbound(
        key=key,
        reference=key,
        sender=person(data.sender_phone_number),
        to=(data.agent_id or agent).partition("@")[0],
        raw=raw,
        content=content,
        at=data.at,
        reply_to=reply_to,
        extra=extra or {},
    )


def _content(data: _Data) -> Content | None:
    if data.text is not None:
        return Content(text=data.text)
    if data.user_file is not None:
        file = data.user_file.payload or data.user_file
        if file.file_uri:
            media = Media(type=file.mime_type, url=file.file_uri, name=file.file_name, size=file.file_size_bytes)
            return Content(media=(media,))
    if data.location is not None:
        return Content(location=Location(data.location.latitude, data.location.longitude))
    return None
