"""Handing a message to the Graph API: files first, then every message that the content takes."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tidings.connectors.connector import Outgoing
from tidings.connectors.decoding import read
from tidings.connectors.meta.api import Api, broken_off
from tidings.connectors.options import read_options
from tidings.connectors.whatsapp_cloud.checking import sender_id
from tidings.connectors.whatsapp_cloud.composing import Body, compose
from tidings.connectors.whatsapp_cloud.errors import refusal
from tidings.connectors.whatsapp_cloud.media import has_to_be_uploaded, upload_form
from tidings.connectors.whatsapp_cloud.people import USER_ID
from tidings.connectors.whatsapp_cloud.settings import Options, WhatsAppSettings
from tidings.model.content import Content, Media
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Sent, encode_raw
from tidings.model.stages import Cause, Reason

_OURS = frozenset({"messaging_product", "recipient_type", "to", "recipient", "biz_opaque_callback_data"})
"""Fields that no native body sets: whom it is for has been checked, and receipts find the message by its tag."""


class _Message(Struct, frozen=True):
    id: str
    message_status: str = ""


class _Contact(Struct, frozen=True):
    wa_id: str = ""
    user_id: str = ""


class _Answer(Struct, frozen=True):
    messages: tuple[_Message, ...]
    contacts: tuple[_Contact, ...] = ()


class _Uploaded(Struct, frozen=True):
    id: str


def send(outgoing: Outgoing, settings: WhatsAppSettings) -> Exchange[Sent]:
    """Upload the files of a checked message, mark what it answers as read where that is asked for, and send."""
    options = read_options(outgoing.options, Options)
    sender = sender_id(outgoing.sender, settings)
    api = _api(settings, sender, outgoing.now)
    content = yield from _with_files(outgoing.content, api)
    if outgoing.reply_to and (options.mark_read or options.typing):
        yield from _mark_read(outgoing.reply_to, api, typing=options.typing)
    answers: list[_Answer] = []
    bodies = compose(content, options, settings.default_language)
    door = "marketing_messages" if options.marketing else "messages"
    for index, body in enumerate(bodies):
        envelope = _envelope(outgoing, options, body, answers=index == 0)
        try:
            answers.append((yield from _post(api.post(door, envelope), api)))
        except (SendFailed, SendDeferred, NoReply) as trouble:
            if not answers:
                raise
            raise broken_off(trouble, f"{len(answers)} of {len(bodies)} messages were taken, then: ") from trouble
    return _sent(outgoing, sender, answers)


def _api(settings: WhatsAppSettings, sender: str, now: int) -> Api:
    return Api(
        base_url=settings.base_url,
        version=settings.version,
        node=sender,
        token=settings.access_token,
        app_secret=settings.app_secret if settings.prove_secret else None,
        now=now,
    )


def _envelope(outgoing: Outgoing, options: Options, body: Body, *, answers: bool) -> dict[str, Any]:
    """Write one message; a native body may fill its own envelope, but not for another recipient."""
    in_group = options.recipient_type == "group"
    addressed = "recipient" if USER_ID.fullmatch(outgoing.to) and not in_group else "to"
    envelope: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": options.recipient_type,
        addressed: outgoing.to.removeprefix("+"),
    }
    if outgoing.reply_to and answers:
        envelope["context"] = {"message_id": outgoing.reply_to}
    if options.recipient_identity_key_hash:
        envelope["recipient_identity_key_hash"] = options.recipient_identity_key_hash
    envelope |= {name: value for name, value in body.items() if name not in _OURS}
    return {**envelope, "biz_opaque_callback_data": outgoing.tag}


def _post(call: Call, api: Api) -> Exchange[_Answer]:
    reply = yield call
    if not reply.ok:
        raise refusal(reply, api.now)
    answer = read(reply.body, _Answer)
    if answer is None or not answer.messages:
        raise NoReply("The answer names no message.", taken=True)
    return answer


def _with_files(content: Content, api: Api) -> Exchange[Content]:
    media = list(content.media)
    for index, each in enumerate(media):
        if has_to_be_uploaded(each):
            media[index] = yield from _upload(each, api)
    return replace(content, media=tuple(media))


def _upload(media: Media, api: Api) -> Exchange[Media]:
    content_type, form = upload_form(media)
    headers = {"content-type": content_type, "authorization": api.authorization}
    try:
        reply = yield Call(method="POST", url=api.url("media"), headers=headers, body=form)
        if not reply.ok:
            raise refusal(reply, api.now)
    except NoReply as silence:
        # A file that may lie at Meta is no message: nobody has got anything.
        raise NoReply(silence.why, taken=False, error=silence.error) from silence
    uploaded = read(reply.body, _Uploaded)
    if uploaded is None:
        raise SendDeferred(Reason(Cause.PROVIDER, "The upload's answer names no file.", permanent=False))
    return replace(media, reference=uploaded.id, data="")


def _mark_read(message: str, api: Api, *, typing: bool) -> Exchange[None]:
    """A courtesy: whatever comes of it, the message itself is sent."""
    body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": message}
    if typing:
        body["typing_indicator"] = {"type": "text"}
    try:
        yield api.post("messages", body)
    except NoReply:
        return


def _sent(outgoing: Outgoing, sender: str, answers: Sequence[_Answer]) -> Sent:
    messages = [message for answer in answers for message in answer.messages]
    contact = next((contact for answer in answers for contact in answer.contacts), _Contact())
    told: dict[str, Any] = {
        "to": contact.wa_id or outgoing.to.removeprefix("+"),
        "messageId": messages[0].id,
    }
    if len(messages) > 1:
        told["messageIds"] = [message.id for message in messages]
    if contact.user_id:
        told["userId"] = contact.user_id
    if messages[0].message_status:
        told["messageStatus"] = messages[0].message_status
    return Sent(pieces=tuple(Piece(message.id) for message in messages), answer=encode_raw(told), sender=sender)
