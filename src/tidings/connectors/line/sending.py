"""Handing a message to LINE: pushed, as the reply to an event, or to a phone number as a notification message.

Push          https://developers.line.biz/en/reference/messaging-api/#send-push-message
Reply         https://developers.line.biz/en/reference/messaging-api/#send-reply-message
Notification  https://developers.line.biz/en/reference/line-notification-messages/#send-line-notification-message-flexible
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from msgspec import Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.decoding import read
from tidings.connectors.line.composing import Manner, compose
from tidings.connectors.line.errors import judge
from tidings.connectors.line.marks import delivery_tag, hashed, retry_key
from tidings.connectors.line.settings import LineSettings, Options
from tidings.connectors.options import read_options
from tidings.model.errors import NoReply, SendDeferred, SendFailed, uncertain
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent, encode_raw
from tidings.model.stages import Cause, Reason

ACCEPTED_BEFORE = 409
"""The retry key is known: what it came with was taken, and the answer says what it was answered then."""


class _Message(Struct, frozen=True, rename="camel", omit_defaults=True):
    id: str
    quote_token: str = ""


class _Answer(Struct, frozen=True, rename="camel"):
    sent_messages: tuple[_Message, ...] = ()


class _Door(Struct, frozen=True):
    """One of the ways to send: where, for whom, and whether LINE takes the same thing once however often it is sent."""

    path: str
    addressed: dict[str, str]
    headers: Mapping[str, str]
    once: bool = False
    reference: str = ""
    """What the message is known by where the answer names none."""


def send(outgoing: Outgoing, settings: LineSettings) -> Exchange[Sent]:
    """Send a checked message in one call, after a courtesy to the person where that is asked for."""
    options = read_options(outgoing.options, Options)
    if options.mark_as_read_token:
        yield from mark_read(options.mark_as_read_token, settings)
    door = _door(outgoing, options)
    body: dict[str, Any] = {
        **door.addressed,
        "messages": compose(outgoing.content, Manner.of(outgoing, options, settings)),
    }
    if options.notification_disabled:
        body["notificationDisabled"] = True
    if options.custom_aggregation_units:
        body["customAggregationUnits"] = options.custom_aggregation_units
    call = Call.post(settings.at(door.path), json=body, authorization=settings.authorization, **door.headers)
    try:
        reply = yield call
    except NoReply as silence:
        _unclear(door, silence.why, silence)
    if reply.ok or (door.once and reply.status == ACCEPTED_BEFORE):
        return _sent(reply, door, settings)
    if reply.status >= 500:
        _unclear(door, f"LINE answered {reply.status}.", NoReply(f"HTTP {reply.status}", taken=True))
    raise _refusal(reply, outgoing)


def mark_read(token: str, settings: LineSettings) -> Exchange[None]:
    """Show a person that their message was read; a courtesy: whatever comes of it, nothing else depends on it."""
    body = {"markAsReadToken": token}
    try:
        yield Call.post(settings.at("/v2/bot/chat/markAsRead"), json=body, authorization=settings.authorization)
    except NoReply:
        return


def _door(outgoing: Outgoing, options: Options) -> _Door:
    if outgoing.to.startswith("+"):
        tag = delivery_tag(outgoing.tag)
        return _Door("/bot/pnp/push", {"to": hashed(outgoing.to)}, {"x_line_delivery_tag": tag}, reference=tag)
    if options.reply_token:
        return _Door("/v2/bot/message/reply", {"replyToken": options.reply_token}, {})
    key = {"x_line_retry_key": retry_key(outgoing.tag)}
    return _Door("/v2/bot/message/push", {"to": outgoing.to}, key, once=True)


def _sent(reply: Reply, door: _Door, settings: LineSettings) -> Sent:
    """Say what LINE took; a notification message has no id but the tag that we gave it."""
    taken = (read(reply.body, _Answer) or _Answer()).sent_messages
    if not (taken or door.reference or reply.status == ACCEPTED_BEFORE):
        _unclear(door, "The answer names no message.", NoReply("The answer names no message.", taken=True))
    request = reply.headers.get("x-line-accepted-request-id") or reply.headers.get("x-line-request-id")
    answer = {name: value for name, value in (("requestId", request), ("sentMessages", taken)) if value}
    references = [door.reference] if door.reference else [message.id for message in taken]
    pieces = tuple(Piece(reference) for reference in references)
    return Sent(pieces=pieces, answer=encode_raw(answer), sender=settings.user_id)


def _unclear(door: _Door, why: str, silence: NoReply) -> NoReturn:
    """Nobody knows whether LINE took it; where it takes the same thing once, it can be told again."""
    if door.once:
        raise SendDeferred(Reason(Cause.PROVIDER, why, permanent=False)) from silence
    raise silence


def _refusal(reply: Reply, outgoing: Outgoing) -> SendFailed | SendDeferred:
    advice, text = judge(reply)
    if advice.cause is Cause.WINDOW and outgoing.tries:
        # The token works once, and an earlier try of ours may have been that once.
        return SendFailed(uncertain(f"{text}: it may have been used by an earlier try."), reply.raw)
    return advice.follow(reply, text, str(reply.status), reply.retry_after(outgoing.now))
