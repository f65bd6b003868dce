"""Messages, as webhooks tell them and as the API shows them.

An outgoing message is told in one of two shapes, as the published examples are: an sms whole, with body (or template),
meta, parts, direction and units; every other platform briefly, without them. An incoming message is always told whole.
"""

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from tidings.dialects.channels.parties import (
    show_connector,
    show_contacts,
    show_our_address,
    show_person,
    show_time,
    show_told,
)
from tidings.dialects.channels.shown import EMPTY, show_body, show_template
from tidings.dialects.channels.vocabulary import (
    SERVICE,
    channel_of,
    failed_word,
    has_several_recipients,
    is_said,
    platform_of,
    word_of,
)
from tidings.dialects.counting import with_counts
from tidings.model.content import Content
from tidings.model.events import Event, Kind
from tidings.model.messages import Direction, Hop, Life, Message, Part
from tidings.model.stages import Reason, Stage
from tidings.model.tallies import Counts
from tidings.rules.links import shown_links

WHOLE: Final = "sms"
"""The platform whose outgoing messages are told whole."""

EXPIRED: Final = "The message expired before it was delivered."
EXPIRED_UNSENT: Final = "The message expired before it could be sent."

_STATUSES: Final = {
    Stage.ACCEPTED: "accepted",
    Stage.PROCESSING: "accepted",
    Stage.SENT: "sent",
    Stage.DELIVERED: "delivered",
    Stage.READ: "delivered",
}


class Asked(Struct, frozen=True):
    """What a client's own request said that we show again as it was said; empty where it said nothing."""

    body: Raw = Raw()
    template: Raw = Raw()
    context: Raw = Raw()


def asked_for(message: Message) -> Asked:
    """Look into the request a message was made from; nothing where it came otherwise, or has been redacted."""
    if message.dialect != SERVICE or message.request is None or message.redacted:
        return Asked()
    return msgspec.json.decode(message.request, type=Asked)


def tell_outbound(event: Event, message: Message) -> dict[str, Any]:
    """Tell what became of an outgoing message."""
    where, channel, fact = platform_of(event, message), channel_of(event, message), event.fact
    payload: dict[str, Any] = {
        "id": message.id,
        "channelId": channel,
        "sender": {"connector": show_connector(channel, fact.sender or message.sender, message.sender_name)},
        "receiver": {"contacts": show_contacts(message, where)},
        "reference": message.reference,
        "status": word_of(event),
        "reason": _reason(event.kind is Kind.EXPIRED, fact.reason, submitted=fact.submitted),
        "lastStatusAt": show_told(event),
        "createdAt": show_time(message.created_at),
        "updatedAt": show_time(event.at),
    }
    if where == WHOLE:
        payload |= _said(message, where)
        payload["meta"] = _meta(message, where)
        payload["parts"] = [{"platformReference": reference} for reference in fact.references]
        payload["direction"] = "outgoing"
        if fact.units is not None:
            payload["chargeableUnits"] = fact.units
        if fact.reason is not None and fact.reason.code:
            payload["failure"] = show_failure(fact.reason, where)
    return payload


def tell_inbound(event: Event, message: Message) -> dict[str, Any]:
    """Tell what a person wrote."""
    where, channel = platform_of(event, message), channel_of(event, message)
    return _incoming(message, where, channel, told=show_told(event), updated=show_time(event.at))


def show_message(message: Message, life: Life, *, channel: str, counts: Counts | None = None) -> dict[str, Any]:
    """Show a message as it stands, seen from one channel, and how often what was done with it."""
    return with_counts(_message(message, life, channel), counts)


def _message(message: Message, life: Life, channel: str) -> dict[str, Any]:
    hop = _hop(life, channel)
    where = hop.platform if hop else message.platform or (message.routes[0].platform if message.routes else "")
    updated_at = life.updated_at or message.created_at
    if message.direction is Direction.INCOMING:
        return _incoming(message, where, channel, told=show_time(message.created_at), updated=show_time(updated_at))
    submitted = any(each.submitted for each in life.hops)
    shown: dict[str, Any] = {
        "id": message.id,
        "channelId": channel,
        "sender": {"connector": show_connector(channel, _sender(message, hop), message.sender_name)},
        "receiver": {"contacts": show_contacts(message, where)},
        **_asked_or_said(message, where),
        "meta": _meta(message, where),
        "reference": message.reference,
        "parts": _show_parts(hop),
        "status": _status(message, life.stage, where, submitted=submitted),
        "reason": _reason(life.stage is Stage.EXPIRED, life.reason, submitted=submitted),
        "direction": "outgoing",
        "lastStatusAt": show_time(updated_at),
        "createdAt": show_time(message.created_at),
        "updatedAt": show_time(updated_at),
    }
    if links := shown_links([each for each in message.tracking if each.channel == channel]):
        shown["links"] = links
    if hop and hop.units is not None:
        shown["chargeableUnits"] = hop.units
    if life.reason is not None and life.reason.code:
        shown["failure"] = show_failure(life.reason, where)
    if life.late_failure is not None:
        shown["lateFailure"] = {"reason": life.late_failure.text, **show_failure(life.late_failure, where)}
    return shown


def show_failure(reason: Reason, where: str) -> dict[str, Any]:
    """Show why a message failed: our word for it, and the code that the provider on a platform gave."""
    return {"code": reason.cause.value, "source": {"name": where, "code": reason.code}}


def _incoming(message: Message, where: str, channel: str, *, told: str, updated: str) -> dict[str, Any]:
    """Write a message that came in; where it answers one of ours, with that one's id in the words of a request."""
    answered = message.correlation
    replied = {"replyTo": {"id": answered.message, "type": "message"}} if answered is not None else {}
    return {
        "id": message.id,
        "channelId": channel,
        "sender": {"contact": show_person(message, where)},
        "receiver": {"connector": show_connector(channel, show_our_address(message, where))},
        "body": show_body(message.content, where),
        "meta": {"extraInformation": message.extra} if message.extra else {},
        "reference": message.reference,
        "parts": [{"platformReference": message.platform_reference}] if message.platform_reference else [],
        "status": "delivered",
        "reason": "",
        "direction": "incoming",
        "lastStatusAt": told,
        "createdAt": show_time(message.created_at),
        "updatedAt": updated,
        **replied,
    }


def _said(message: Message, where: str) -> dict[str, Any]:
    """The body, or the template that stands for it: always in a campaign, else where there is nothing but it."""
    content = message.content
    if content.template is None:
        return {"body": show_body(content, where)}
    body = EMPTY if message.campaign else show_body(content, where)
    return {"template": show_template(content.template)} if body is EMPTY else {"body": body}


def _asked_or_said(message: Message, where: str) -> dict[str, Any]:
    asked = asked_for(message)
    if is_said(asked.body):
        return {"body": asked.body}
    if is_said(asked.template):
        return {"template": asked.template}
    return _said(message, where)


def _meta(message: Message, where: str) -> dict[str, Any]:
    meta: dict[str, Any] = {}
    if message.metadata is not None:
        meta["extraInformation"] = message.metadata
    letterhead = _letterhead(message.content)
    if where == "email" and letterhead:
        meta["email"] = letterhead
    return meta


def _letterhead(content: Content) -> dict[str, Any]:
    both: dict[str, Any] = {"subject": content.title, "headers": content.headers}
    return {name: value for name, value in both.items() if value}


def _reason(expired: bool, reason: Reason | None, *, submitted: bool) -> str:
    if expired:
        return EXPIRED if submitted else EXPIRED_UNSENT
    return "" if reason is None else reason.text or reason.cause.value


def _status(message: Message, stage: Stage, where: str, *, submitted: bool) -> str:
    if submitted and has_several_recipients(message, where):
        return "sent"
    return _STATUSES.get(stage) or failed_word(submitted=submitted)


def _hop(life: Life, channel: str) -> Hop | None:
    """The latest hop over a channel, else the latest of all."""
    over = [each for each in life.hops if each.channel == channel]
    return (over or life.hops or (None,))[-1]


def _sender(message: Message, hop: Hop | None) -> str:
    return (hop.sender if hop else "") or message.sender


def _show_parts(hop: Hop | None) -> list[dict[str, Any]]:
    return [_show_part(each) for each in hop.parts] if hop else []


def _show_part(part: Part) -> dict[str, Any]:
    """A part; where it is one recipient's of several, with what became of it."""
    shown: dict[str, Any] = {"platformReference": part.reference}
    if part.recipient:
        failed = failed_word(submitted=True)
        shown |= {"recipient": part.recipient, "status": _STATUSES.get(part.stage, failed)}
        if part.reason is not None:
            shown["reason"] = _reason(part.stage is Stage.EXPIRED, part.reason, submitted=True)
    return shown
