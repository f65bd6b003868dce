"""Handing a message to Mailgun.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages   POST /v3/{domain}/messages
https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/events     GET /v3/{domain}/events
"""

from collections.abc import Generator
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Raw, Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.mail.logins import basic
from tidings.connectors.mail.words import bare
from tidings.connectors.mailgun import tables
from tidings.connectors.mailgun.settings import MailgunSettings
from tidings.connectors.mailgun.writing import Letter, write
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent
from tidings.model.stages import Cause, Reason
from tidings.rules.uploads import Upload, write_form

RECENT = 300
"""Events asked for when we look whether a message was taken; the newest come first."""
SETTLING = 60.0
"""Seconds to wait before Mailgun is asked again: its events come with a delay."""


class _Taken(Struct, frozen=True):
    id: str


class _Headers(Struct, frozen=True, rename="kebab"):
    message_id: str = ""


class _Message(Struct, frozen=True):
    headers: _Headers = _Headers()


class _Logged(Struct, frozen=True, rename="kebab"):
    message: _Message = _Message()
    user_variables: dict[str, Any] = {}


class _Log(Struct, frozen=True):
    items: list[Raw] = []


def send(outgoing: Outgoing, settings: MailgunSettings) -> Exchange[Sent]:
    """Hand it over; where this try or an earlier one ended in doubt, ask Mailgun's events whether it was taken."""
    letter = yield from write(outgoing, settings)
    if outgoing.tries and (found := (yield from _look_for(outgoing, letter, settings))):
        return found
    try:
        reply = yield _submission(letter, settings)
    except NoReply as silence:
        if not silence.taken:
            raise
        if found := (yield from _look_for(outgoing, letter, settings)):
            return found
        why = "No answer came, and Mailgun's events do not know the message yet."
        raise SendDeferred(Reason(Cause.PROVIDER, why, permanent=False), after=SETTLING) from silence
    taken = _taken(reply)
    if not reply.ok or taken is None:
        raise _refused(reply, outgoing.now)
    return _sent(taken.id, letter, reply.raw)


def authorization(settings: MailgunSettings) -> str:
    """Write the credentials (HTTP Basic, user `api`)."""
    return basic(f"api:{settings.api_key.reveal()}")


def _submission(letter: Letter, settings: MailgunSettings) -> Call:
    url = f"{settings.url}/messages{'.mime' if letter.is_mime else ''}"
    if not letter.files:
        return Call.post(url, form=letter.pairs, authorization=authorization(settings))
    files = [(field, Upload(file.name, file.type, file.data)) for field, file in letter.files]
    content_type, body = write_form(letter.pairs, files)
    headers = {"content-type": content_type, "authorization": authorization(settings)}
    return Call(method="POST", url=url, headers=headers, body=body)


def _sent(message_id: str, letter: Letter, answer: Raw) -> Sent:
    reference = bare(message_id)
    return Sent(
        pieces=tuple(Piece(reference, address) for address in letter.recipients), answer=answer, sender=letter.sender
    )


def _taken(reply: Reply) -> _Taken | None:
    try:
        return msgspec.json.decode(reply.body, type=_Taken)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _refused(reply: Reply, now: int) -> SendFailed | SendDeferred:
    if reply.ok:
        # 200 with the text "Mailgun Magnificent API" is how a wrong URL is answered.
        why = Reason(Cause.ACCOUNT, "The base URL does not lead to Mailgun's API.", str(reply.status), permanent=False)
        return SendDeferred(why, channel_wide=True)
    meaning = tables.refusal(reply.status)
    reason = Reason(meaning.cause, _words(reply), str(reply.status), permanent=not meaning.later)
    if meaning.later:
        return SendDeferred(reason, after=reply.retry_after(now), channel_wide=meaning.channel_wide)
    return SendFailed(reason, reply.raw)


def _words(reply: Reply) -> str:
    """Find what Mailgun says: `message` of a JSON object, or the text itself."""
    said = msgspec.json.decode(reply.raw)
    text = (said.get("message") or said.get("body")) if isinstance(said, dict) else said
    return str(text or f"Mailgun answered {reply.status}.")[:1000]


def _look_for(outgoing: Outgoing, letter: Letter, settings: MailgunSettings) -> Generator[Call, Reply, Sent | None]:
    """Ask Mailgun whether it took the message; raises SendDeferred where it will not say."""
    query = urlencode({"event": "accepted", "recipient": letter.recipients[0], "limit": RECENT})
    try:
        reply = yield Call.get(f"{settings.url}/events?{query}", authorization=authorization(settings))
    except NoReply as silence:
        why = "Mailgun does not say whether it took the message."
        raise SendDeferred(Reason(Cause.PROVIDER, why, permanent=False), after=SETTLING) from silence
    if not reply.ok:
        reason = Reason(tables.refusal(reply.status).cause, _words(reply), str(reply.status), permanent=False)
        raise SendDeferred(reason, after=reply.retry_after(outgoing.now) or SETTLING)
    ours = (outgoing.message, str(outgoing.hop))
    for raw, item in _logged(reply):
        variables = item.user_variables
        if (variables.get(settings.message_variable), str(variables.get(settings.hop_variable))) == ours:
            return _sent(item.message.headers.message_id, letter, raw)
    return None


def _logged(reply: Reply) -> list[tuple[Raw, _Logged]]:
    try:
        items = msgspec.json.decode(reply.body, type=_Log).items
        return [(raw, msgspec.convert(msgspec.json.decode(raw), _Logged)) for raw in items]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = "Mailgun's events cannot be read."
        raise SendDeferred(Reason(Cause.PROVIDER, why, permanent=False), after=SETTLING) from error
