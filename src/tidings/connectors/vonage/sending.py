"""Handing a message to Vonage, and what its answers mean.

SMS API       always answered 200: each part of the message has a status of its own
Messages API  202, or an error (RFC 7807)
"""

import re
from typing import Final

import msgspec
from msgspec import Struct

from tidings.connectors.advice import GATEWAY
from tidings.connectors.connector import Outgoing
from tidings.connectors.decoding import read
from tidings.connectors.vonage import codes
from tidings.connectors.vonage.codes import ANSWERS, BY_STATUS, MESSAGES, NO_WORD, REFUSED, Verdict, reason_for
from tidings.connectors.vonage.composing import compose_fields, compose_message, text_of
from tidings.connectors.vonage.settings import VonageSettings
from tidings.connectors.vonage.tokens import authorization
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent
from tidings.model.stages import Cause, Reason
from tidings.rules.encoding import count

TAKEN: Final = "0"
_WAIT: Final = re.compile(r"\[\s*([0-9]{1,7})\s*\]")
"""The milliseconds to wait, within a throttled answer's text."""
_NUMBER: Final = re.compile(r"(?:^|#)([0-9]{4})$")
"""A number of the Messages API's errors: the title, or the end of the type's URL."""


class _Part(Struct, frozen=True, rename="kebab"):
    """What became of one part of a message."""

    status: str | int
    message_id: str = ""
    error_text: str = ""


class _Parts(Struct, frozen=True):
    messages: tuple[_Part, ...]


class _Taken(Struct, frozen=True):
    message_uuid: str


class _Wrong(Struct, frozen=True):
    name: str = ""
    reason: str = ""


class _Problem(Struct, frozen=True):
    """An error of the Messages API."""

    type: str = ""
    title: str = ""
    detail: str = ""
    invalid_parameters: tuple[_Wrong, ...] = ()


def send(outgoing: Outgoing, settings: VonageSettings, report_to: str) -> Exchange[Sent]:
    """Send a checked message by the API that the channel is set to."""
    by = _by_sms_api if settings.api == "sms" else _by_messages_api
    return (yield from by(outgoing, settings, report_to))


def _by_sms_api(outgoing: Outgoing, settings: VonageSettings, report_to: str) -> Exchange[Sent]:
    """Send a checked message by the SMS API; each of its parts has an id and receipts of its own."""
    fields = compose_fields(outgoing, settings, report_to)
    reply = yield Call.post(settings.at("/sms/json", "sms"), form=fields)
    if not reply.ok:
        raise _refusal(reply, _of_status(reply.status), str(reply.status), "", outgoing.now)
    answer = read(reply.body, _Parts)
    if answer is None or not answer.messages:
        raise NoReply("What Vonage answered cannot be read.", taken=True)
    refused = [part for part in answer.messages if str(part.status) != TAKEN]
    if not refused:
        return _sent(reply, [part.message_id for part in answer.messages], fields["from"], len(answer.messages))
    raise _refused_part(reply, refused[0], len(answer.messages) - len(refused), len(answer.messages), outgoing.now)


def _refused_part(reply: Reply, part: _Part, taken: int, parts: int, now: int) -> SendFailed | SendDeferred:
    """Say what the refusal of a part means; where others were taken, the whole may not be sent again."""
    code = str(part.status)
    verdict = ANSWERS.get(code, NO_WORD)
    if taken:
        text = f"{taken} of {parts} parts were taken, then: {part.error_text or verdict.text}"
        return SendFailed(Reason(verdict.cause, text, code), reply.raw)
    wait = _WAIT.search(part.error_text) if verdict.cause is Cause.THROTTLED else None
    if wait is not None:
        verdict = msgspec.structs.replace(verdict, after=int(wait[1]) / 1000)
    return _refusal(reply, verdict, code, part.error_text, now)


def _by_messages_api(outgoing: Outgoing, settings: VonageSettings, report_to: str) -> Exchange[Sent]:
    """Send a checked message by the Messages API; it has one id, however many parts it makes."""
    body = compose_message(outgoing, settings, report_to)
    reply = yield Call.post(
        settings.at("/v1/messages", "messages"),
        json=body,
        accept="application/json",
        authorization=authorization(settings, outgoing.now),
    )
    if not reply.ok:
        raise _problem(reply, outgoing.now)
    answer = read(reply.body, _Taken)
    if answer is None:
        raise NoReply("What Vonage answered cannot be read.", taken=True)
    text = text_of(outgoing, settings)
    return _sent(reply, [answer.message_uuid], str(body.get("from", "")), count(text).segments if text else None)


def _problem(reply: Reply, now: int) -> SendFailed | SendDeferred:
    problem = read(reply.body, _Problem) or _Problem()
    number = _NUMBER.search(problem.title) or _NUMBER.search(problem.type)
    code = number[1] if number else ""
    wrong = ", ".join(f"{each.name}: {each.reason}" for each in problem.invalid_parameters if each.name)
    told = problem.detail or problem.title
    text = f"{told} ({wrong})" if wrong else told
    verdict = MESSAGES.get(code)
    if verdict is None:
        verdict = _of_parameters(problem) if reply.status == codes.UNPROCESSABLE else _of_status(reply.status)
    return _refusal(reply, verdict, code or str(reply.status), text, now)


def _of_parameters(problem: _Problem) -> Verdict:
    """Judge by what is wrong in the request."""
    wrong = {each.name for each in problem.invalid_parameters}
    return next((MESSAGES[code] for name, code in (("to", "1170"), ("from", "1420")) if name in wrong), REFUSED)


def _of_status(status: int) -> Verdict:
    if status in GATEWAY:
        raise NoReply(f"HTTP {status} from a gateway", taken=True)
    return BY_STATUS.get(status) or (ANSWERS["5"] if status >= codes.SERVER_ERROR else REFUSED)


def _refusal(reply: Reply, verdict: Verdict, code: str, text: str, now: int) -> SendFailed | SendDeferred:
    reason = reason_for(verdict, code, text)
    if not verdict.later:
        return SendFailed(reason, reply.raw)
    after = reply.retry_after(now)
    return SendDeferred(reason, after=verdict.after if after is None else after, channel_wide=verdict.channel_wide)


def _sent(reply: Reply, references: list[str], sender: str, units: int | None) -> Sent:
    if not all(references):
        raise NoReply("Vonage names no message.", taken=True)
    return Sent(pieces=tuple(map(Piece, references)), answer=reply.raw, units=units, sender=sender)
