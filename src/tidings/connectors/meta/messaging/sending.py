"""Handing a message to the Send API: files first, then every message that the content takes.

Send API https://developers.facebook.com/docs/messenger-platform/reference/send-api   POST /<page or account>/messages
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tidings.connectors.connector import Outgoing
from tidings.connectors.decoding import read
from tidings.connectors.meta.api import Api, broken_off
from tidings.connectors.meta.messaging.codes import refusal
from tidings.connectors.meta.messaging.composing import Body, compose
from tidings.connectors.meta.messaging.files import has_to_be_uploaded, upload
from tidings.connectors.meta.messaging.medium import Medium
from tidings.connectors.meta.messaging.options import Options
from tidings.connectors.meta.messaging.receipts import tag_of
from tidings.connectors.meta.messaging.recipients import comment_of, recipient_of
from tidings.model.content import Content
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent, encode_raw
from tidings.model.stages import Cause, Reason

_OURS = frozenset({"recipient", "message"})
"""Fields that no native body sets: whom it is for has been checked."""


class _Answer(Struct, frozen=True):
    recipient_id: str | None = None
    message_id: str | None = None


class _Uploaded(Struct, frozen=True):
    attachment_id: str


class _Commented(Struct, frozen=True):
    id: str


def send(outgoing: Outgoing, medium: Medium, api: Api, options: Options) -> Exchange[Sent]:
    """Upload the files of a checked message, do what courtesy asks for, and send."""
    content = yield from _with_files(outgoing, medium, api)
    bodies = compose(content, medium)
    if options.mark_seen:
        yield from _courtesy(outgoing, "mark_seen", api)
    if options.typing:
        yield from _courtesy(outgoing, "typing_on", api)
    answers: list[_Answer] = []
    for index, body in enumerate(bodies):
        request = _request(outgoing, medium, options, body, index, len(bodies))
        try:
            reply = yield from _post(api.post("messages", request), outgoing)
            answers.append(_read_answer(reply, body))
        except (SendFailed, SendDeferred, NoReply) as trouble:
            if not answers:
                raise
            raise broken_off(trouble, f"{len(answers)} of {len(bodies)} messages were taken, then: ") from trouble
    return _sent(outgoing, medium, answers, api.node)


def send_publicly(call: Call, outgoing: Outgoing, sender: str) -> Exchange[Sent]:
    """Write something that everybody sees: a comment."""
    reply = yield from _post(call, outgoing)
    answer = read(reply.body, _Commented)
    if answer is None or not answer.id:
        raise NoReply("The answer names no comment.", taken=True)
    return Sent(pieces=(Piece(answer.id),), answer=encode_raw({"commentId": answer.id}), sender=sender)


def _post(call: Call, outgoing: Outgoing) -> Exchange[Reply]:
    reply = yield call
    if not reply.ok:
        raise refusal(reply, outgoing.now, outgoing.tries)
    return reply


def _read_answer(reply: Reply, body: Body) -> _Answer:
    answer = read(reply.body, _Answer)
    if answer is None or not (answer.message_id or "sender_action" in body):
        raise NoReply("The answer names no message.", taken=True)
    return answer


def _request(
    outgoing: Outgoing, medium: Medium, options: Options, body: Body, index: int, count: int
) -> dict[str, Any]:
    """Write one request; a native body may fill its own envelope, but not for another recipient."""
    request: dict[str, Any] = {"recipient": recipient_of(outgoing, options)}
    if "sender_action" in body:
        return {**body, **request}
    if kind := _messaging_type(medium, options, body):
        request["messaging_type"] = kind
    if options.message_tag:
        request["tag"] = options.message_tag
    if options.notification_type:
        request["notification_type"] = options.notification_type
    if options.persona_id:
        request["persona_id"] = options.persona_id
    if outgoing.reply_to and index == 0 and not comment_of(outgoing, options):
        request["reply_to"] = {"mid": outgoing.reply_to}
    request |= {name: value for name, value in body.items() if name not in _OURS}
    message = dict(body["message"])
    if medium.tags_messages:
        message["metadata"] = tag_of(outgoing.tag, index, count)
    return {**request, "message": message}


def _messaging_type(medium: Medium, options: Options, body: Body) -> str:
    if options.messaging_type:
        return options.messaging_type
    if options.message_tag or ("tag" in body and "messaging_type" not in body):
        return "MESSAGE_TAG"
    return "RESPONSE" if medium.types_messages and "messaging_type" not in body else ""


def _with_files(outgoing: Outgoing, medium: Medium, api: Api) -> Exchange[Content]:
    media = list(outgoing.content.media)
    for index, each in enumerate(media):
        if not has_to_be_uploaded(each):
            continue
        try:
            reply = yield from _post(upload(each, api, medium), outgoing)
        except NoReply as silence:
            # A file that may lie at Meta is no message: nobody has got anything.
            raise NoReply(silence.why, taken=False, error=silence.error) from silence
        uploaded = read(reply.body, _Uploaded)
        if uploaded is None:
            raise SendDeferred(Reason(Cause.PROVIDER, "The upload's answer names no file.", permanent=False))
        media[index] = replace(each, reference=uploaded.attachment_id, data="")
    return replace(outgoing.content, media=tuple(media))


def _courtesy(outgoing: Outgoing, act: str, api: Api) -> Exchange[None]:
    """Whatever comes of it, the message itself is sent."""
    try:
        yield api.post("messages", {"recipient": {"id": outgoing.to}, "sender_action": act})
    except NoReply:
        return


def _sent(outgoing: Outgoing, medium: Medium, answers: Sequence[_Answer], sender: str) -> Sent:
    messages = [answer.message_id for answer in answers if answer.message_id]
    person = next((answer.recipient_id for answer in answers if answer.recipient_id), outgoing.to)
    told: dict[str, Any] = {medium.user_key: person}
    if messages:
        told["messageId"] = messages[0]
    if len(messages) > 1:
        told["messageIds"] = messages
    return Sent(pieces=tuple(Piece(message) for message in messages), answer=encode_raw(told), sender=sender)
