"""Messages as clients read them back."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tidings.dialects.counting import with_counts
from tidings.dialects.omnichannel.inbounds import inbound_fields, shown_part
from tidings.dialects.omnichannel.interactions import show_interaction
from tidings.dialects.omnichannel.names import outside, shown_addresses, shown_time
from tidings.dialects.omnichannel.payloads import reason_text
from tidings.model.errors import FieldError
from tidings.model.events import Event
from tidings.model.messages import Direction, Hop, Life, Message
from tidings.model.stages import Cause, Reason, Stage
from tidings.model.tallies import Counts
from tidings.rules.links import shown_links
from tidings.rules.times import to_iso

_PROCESSING: Final = frozenset({Stage.ACCEPTED, Stage.PROCESSING})


def show_message(
    message: Message, life: Life, *, counts: Counts | None = None, newest: Sequence[Event] = ()
) -> dict[str, Any]:
    """Show a message, outgoing or incoming: what was asked or said, where it stands, and what people did with it.

    `sentOn` is when it was handed to us to be sent, or came in; it is not there before anything was sent. `newest` are
    the interactions to be shown, newest first; without any there is no such field.
    """
    shown = with_counts(_message(message, life), counts)
    return {**shown, "interactions": [show_interaction(each) for each in newest]} if newest else shown


def _message(message: Message, life: Life) -> dict[str, Any]:
    incoming = message.direction is Direction.INCOMING
    shown: dict[str, Any] = {
        "messageId": message.id,
        "direction": "inbound" if incoming else "outbound",
        "status": _status(message, life),
        "statusDetails": {outside(hop.platform): _hop(hop, message.created_at) for hop in life.hops},
        "_createdOn": to_iso(message.created_at),
        "_updatedOn": to_iso(max(life.updated_at, message.created_at)),
    }
    if incoming or any(hop.submitted for hop in life.hops):
        shown["sentOn"] = to_iso(message.created_at)
    if incoming:
        fields = inbound_fields(message, message.platform, message.created_at)
        return {**fields, **shown, "receivedOn": to_iso(message.created_at)}
    if life.reason is not None and life.stage in (Stage.FAILED, Stage.EXPIRED):
        shown["failureReason"] = life.reason.text
    if life.late_failure is not None:
        shown["lateFailure"] = life.late_failure.text
    if links := shown_links(message.tracking):
        shown["links"] = links
    return {**_asked(message), **shown}


def validation_failures(errors: Sequence[FieldError]) -> list[dict[str, str]]:
    """Write field errors as the vocabulary's `validationFailures`."""
    return [{"paramName": error.path, "message": error.message} for error in errors]


def _status(message: Message, life: Life) -> str:
    if message.direction is Direction.INCOMING:
        return "delivered"
    if life.stage in _PROCESSING:
        return "retrying" if any(hop.waiting and hop.tries > 0 for hop in life.hops) else "processing"
    return _stage_word(life.stage, life.reason)


def _stage_word(stage: Stage, reason: Reason | None) -> str:
    if stage is Stage.FAILED and reason is not None and reason.cause is Cause.FILTERED:
        return "filtered"
    return stage.word


def _hop(hop: Hop, at: int) -> dict[str, Any]:
    """Show the newest hop over a platform; `at` stands in for a time that nobody can write."""
    shown: dict[str, Any] = {
        "status": "cancelled" if hop.cancelled else _stage_word(hop.stage, hop.reason),
        "channelId": hop.channel,
        "updatedOn": shown_time(hop.updated_at, at),
    }
    details: dict[str, Any] = {}
    if hop.reason is not None:
        details["reason"] = reason_text(hop.platform, hop.reason, submitted=hop.submitted)
    if hop.data is not None:
        details["data"] = hop.data
    return {**shown, "details": details} if details else shown


def _asked(message: Message) -> dict[str, Any]:
    """Give the client's request back; where it is gone, or was none of this vocabulary, write down what is known."""
    if message.request is not None and message.dialect == "omnichannel":
        return msgspec.json.decode(message.request, type=dict[str, Any])
    content = message.content
    person = message.recipients[0] if message.recipients else None
    texts = {"title": content.title, "body": content.text, "conversationId": message.conversation}
    told: dict[str, Any] = {name: text for name, text in texts.items() if text}
    if person is not None:
        told["to"] = {**shown_addresses(person.addresses), **({"profileId": person.contact} if person.contact else {})}
    told["rules"] = [outside(route.platform) for route in message.routes]
    if content.media:
        told["messageParts"] = [shown_part(each) for each in content.media]
    if message.expires_at is not None:
        told["expiresOn"] = to_iso(message.expires_at)
    if message.metadata is not None:
        told["metadata"] = message.metadata
    return told
