"""Handing a message to the Bot API: every call that its content takes, one after the other."""

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tidings.connectors.connector import Outgoing
from tidings.connectors.options import read_options
from tidings.connectors.telegram.composing import compose
from tidings.connectors.telegram.errors import Answer, read_answer, refusal
from tidings.connectors.telegram.native import CHANGING, Request
from tidings.connectors.telegram.places import Named, chat_id, named_by, reference_of
from tidings.connectors.telegram.settings import Options, TelegramSettings
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent, encode_raw
from tidings.model.stages import Reason
from tidings.rules.uploads import write_form


class _Chat(Struct, frozen=True):
    id: int


class _Made(Struct, frozen=True):
    message_id: int
    chat: _Chat | None = None


def send(outgoing: Outgoing, settings: TelegramSettings) -> Exchange[Sent]:
    """Send every message that a checked content takes; what asks for courtesies first is done so."""
    options = read_options(outgoing.options, Options)
    answered = named_by(outgoing.reply_to)
    if answered and not options.business_connection_id:
        options = replace(options, business_connection_id=answered.connection)
    requests = compose(outgoing.content, options)
    chat = chat_id(outgoing.to)
    yield from _courtesies(chat, answered, options, settings)
    pieces: list[Piece] = []
    for index, request in enumerate(requests):
        fields = _fields(request, options, settings) | _answering(answered if not index else None, outgoing.to)
        try:
            chat, answer = yield from _post(request, chat, fields, settings)
            pieces += _pieces(request, chat, options.business_connection_id, answer)
        except (SendFailed, SendDeferred, NoReply) as trouble:
            if not index:
                raise
            raise _broken_off(trouble, f"{index} of {len(requests)} calls were taken, then: ") from trouble
    told = {"chatId": chat, "messageIds": [_number(piece) for piece in pieces]}
    return Sent(pieces=tuple(pieces), answer=encode_raw(told), sender=settings.bot_id)


def call(settings: TelegramSettings, method: str, fields: dict[str, Any]) -> Call:
    """A call of a method."""
    return Call.post(settings.url(method), json=fields)


def _courtesies(
    chat: int | str, answered: Named | None, options: Options, settings: TelegramSettings
) -> Exchange[None]:
    """What is done before an answer; whatever comes of it, the message itself is sent."""
    connection = {"business_connection_id": options.business_connection_id} if options.business_connection_id else {}
    courtesies: list[tuple[str, dict[str, Any]]] = []
    if options.mark_read and connection and answered:
        courtesies.append(("readBusinessMessage", {"chat_id": chat, "message_id": answered.number}))
    if options.typing:
        courtesies.append(("sendChatAction", {"chat_id": chat, "action": "typing"}))
    for method, fields in courtesies:
        try:
            yield call(settings, method, {**fields, **connection})
        except NoReply:
            return


def _fields(request: Request, options: Options, settings: TelegramSettings) -> dict[str, Any]:
    """Give a call's parameters but for the chat: its own, and what is asked of all that are sent."""
    asked: dict[str, Any] = {}
    if options.business_connection_id:
        asked["business_connection_id"] = options.business_connection_id
    if request.method in CHANGING:
        return {**asked, **request.fields}
    if options.silent:
        asked["disable_notification"] = True
    if options.protect:
        asked["protect_content"] = True
    if options.thread_id is not None:
        asked["message_thread_id"] = options.thread_id
    if settings.paid_broadcast:
        asked["allow_paid_broadcast"] = True
    return {**asked, **request.fields}


def _answering(answered: Named | None, to: str) -> dict[str, Any]:
    """The parameter that says which message is answered; one of another chat is named with it."""
    if answered is None:
        return {}
    elsewhere = {"chat_id": int(answered.chat)} if answered.chat not in ("", to) else {}
    # What was answered may have been deleted since; the answer is worth sending all the same.
    return {"reply_parameters": {"message_id": answered.number, **elsewhere, "allow_sending_without_reply": True}}


def _post(
    request: Request, chat: int | str, fields: dict[str, Any], settings: TelegramSettings
) -> Exchange[tuple[int | str, Answer]]:
    """Make a call; where the group has become a supergroup, make it there. Gives the chat, and the answer."""
    reply = yield _call(request, chat, fields, settings)
    answer = read_answer(reply)
    moved_to = answer.parameters.migrate_to_chat_id if answer and not answer.ok else None
    if moved_to is not None:
        chat = moved_to
        reply = yield _call(request, chat, fields, settings)
    return chat, _accepted(reply, chat)


def _accepted(reply: Reply, chat: int | str) -> Answer:
    """Give the answer of a call that was done; raises what any other means."""
    answer = read_answer(reply)
    if reply.ok and answer and answer.ok:
        return answer
    if reply.ok and (answer is None or not answer.error_code):
        raise NoReply("The answer is none of the Bot API's.", taken=True)
    raise refusal(reply, in_group=str(chat).startswith("-"))


def _call(request: Request, chat: int | str, fields: dict[str, Any], settings: TelegramSettings) -> Call:
    whole = {"chat_id": chat, **fields}
    if not request.files:
        return call(settings, request.method, whole)
    written = [(name, value if isinstance(value, str) else _json(value)) for name, value in whole.items()]
    content_type, body = write_form(written, request.files)
    headers = {"content-type": content_type}
    return Call(method="POST", url=settings.url(request.method), headers=headers, body=body)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _pieces(request: Request, chat: int | str, connection: str, answer: Answer) -> list[Piece]:
    """Name the messages that a call made; one that only changed a message has made none, and is named by itself."""
    if request.method in CHANGING:
        return [Piece(f"{request.method}:{chat}:{request.fields['message_id']}")]
    made = answer.result if isinstance(answer.result, list) else [answer.result]
    references = [_reference(message, chat, connection) for message in made]
    if not all(references) or not references:
        raise NoReply("The answer names no message.", taken=True)
    return [Piece(reference) for reference in references]


def _reference(told: Any, chat: int | str, connection: str) -> str:
    """Name a message that was made; empty where it is none. A copied one is told without its chat."""
    try:
        made = msgspec.convert(told, _Made)
    except msgspec.ValidationError:
        return ""
    return reference_of(made.chat.id if made.chat else chat, made.message_id, connection)


def _number(piece: Piece) -> int:
    return int(piece.reference.rpartition(":")[2])


def _broken_off(trouble: SendFailed | SendDeferred | NoReply, told: str) -> SendFailed | NoReply:
    """What trouble means once some of several messages are taken: the whole may not be sent again."""
    if isinstance(trouble, NoReply):
        return NoReply(told + trouble.why, taken=True, error=trouble.error)
    reason = trouble.reason
    data = trouble.data if isinstance(trouble, SendFailed) else None
    return SendFailed(Reason(reason.cause, told + reason.text, reason.code), data)
