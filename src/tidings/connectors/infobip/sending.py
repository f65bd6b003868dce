"""Handing a message to Infobip, which takes each id of ours once.

Errors  https://www.infobip.com/docs/developer-resources/api-fundamentals/handling-errors
"""

from collections.abc import Generator, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Struct

from tidings.connectors.advice import GATEWAY
from tidings.connectors.connector import Outgoing
from tidings.connectors.decoding import read
from tidings.connectors.infobip.codes import ACCOUNT_STATUSES, DUPLICATE, MINUTE, REJECTED
from tidings.connectors.infobip.composing import PATHS, compose
from tidings.connectors.infobip.settings import InfobipSettings
from tidings.connectors.infobip.shapes import Answer, Answered, Report, Results, Status
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent
from tidings.model.stages import Cause, Reason
from tidings.rules.encoding import count

LOGS: Final = {"3": "/sms/3/logs", "2": "/sms/1/logs"}
MOST_TURNS: Final = 10
"""After so many refusals for the time being a message is given up."""
_UNAUTHORIZED: Final = 401
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


class _Exception(Struct, frozen=True, rename="camel"):
    message_id: str = ""
    text: str = ""
    validation_errors: Mapping[str, Any] | None = None


class _RequestError(Struct, frozen=True, rename="camel"):
    service_exception: _Exception = _Exception()


class _Violation(Struct, frozen=True):
    property: str = ""
    violation: str = ""


class _Problem(Struct, frozen=True, rename="camel"):
    """An error, as older and as newer parts of the API write it."""

    request_error: _RequestError = _RequestError()
    error_code: str = ""
    description: str = ""
    violations: tuple[_Violation, ...] = ()

    @property
    def wrong(self) -> dict[str, str]:
        """What is wrong, by where it stands."""
        older = self.request_error.service_exception.validation_errors or {}
        return {**dict(_older(older)), **{each.property: each.violation for each in self.violations}}


def _older(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for where, what in given.items():
        yield where, ", ".join(map(str, what)) if isinstance(what, list) else str(what)


def send(outgoing: Outgoing, settings: InfobipSettings, report_to: str) -> Exchange[Sent]:
    """Send a checked message.

    Where Infobip has had its id before, an earlier try was taken, or refused for the time being: its log tells which,
    and what was refused is sent under the next id. The ids are always the same, so that each is taken once.
    """
    for turn in range(1, MOST_TURNS + 1):
        message_id = outgoing.tag if turn == 1 else f"{outgoing.tag}-{turn}"
        body = compose(outgoing, settings, report_to, message_id)
        answered, reply = yield from _submitted(body, outgoing, settings)
        if answered.status.id != DUPLICATE or not (yield from _was_refused(message_id, settings)):
            break
    else:
        raise _refused(answered.status, reply)
    if answered.status.is_refusal and answered.status.id != DUPLICATE:
        raise _refused(answered.status, reply)
    [message] = body["messages"]
    text = outgoing.content.text
    return Sent(
        pieces=(Piece(answered.message_id),),
        answer=reply.raw,
        units=answered.units or (count(text).segments if text else None),
        sender=str(message.get("sender") or message.get("from") or ""),
    )


def _submitted(
    body: Mapping[str, Any], outgoing: Outgoing, settings: InfobipSettings
) -> Generator[Call, Reply, tuple[Answered, Reply]]:
    """Make the request; give what became of its message, which an answer of 200 may refuse all the same."""
    url = settings.at(PATHS[settings.api_version])
    reply = yield Call.post(url, json=body, accept="application/json", authorization=settings.authorization)
    if not reply.ok:
        raise problem(reply, outgoing.now)
    answer = read(reply.body, Answer)
    if answer is None or not answer.messages or not answer.messages[0].message_id:
        raise NoReply("What Infobip answered names no message.", taken=True)
    return answer.messages[0], reply


def _was_refused(message_id: str, settings: InfobipSettings) -> Exchange[bool]:
    """Find in the log, which is kept for 48 hours, whether a message was refused; what cannot be found was not."""
    url = f"{settings.at(LOGS[settings.api_version])}?{urlencode({'messageId': message_id})}"
    try:
        reply = yield Call.get(url, accept="application/json", authorization=settings.authorization)
    except NoReply:
        return False
    results = read(reply.body, Results) if reply.ok else None
    found = (read(raw, Report) for raw in (results.results if results else ()))
    statuses = [report.status for report in found if report is not None and report.message_id == message_id]
    return bool(statuses) and all(each.group_id == REJECTED and each.id != DUPLICATE for each in statuses)


def _refused(status: Status, reply: Reply) -> SendFailed | SendDeferred:
    meaning = status.meaning
    assert meaning is not None, "a refusal has a meaning"
    reason = Reason(meaning.cause, status.text, status.code, meaning.permanent)
    if meaning.after is not None:
        return SendDeferred(reason, after=meaning.after)
    return SendFailed(reason, reply.raw)


def problem(reply: Reply, now: int) -> SendFailed | SendDeferred | NoReply:
    """Say what an answer means that is no success; `now` is in milliseconds."""
    status, told = reply.status, read(reply.body, _Problem) or _Problem()
    if status in GATEWAY:
        return NoReply(f"HTTP {status} from a gateway", taken=True)
    exception, wrong = told.request_error.service_exception, told.wrong
    text = exception.text or told.description or f"HTTP {status}"
    if wrong:
        text += " (" + "; ".join(f"{where}: {what}" for where, what in wrong.items()) + ")"
    code = exception.message_id or told.error_code or str(status)
    if status == _TOO_MANY:
        reason = Reason(Cause.THROTTLED, text, code, permanent=False)
        return SendDeferred(reason, after=reply.retry_after(now), channel_wide=True)
    if status == _UNAUTHORIZED:
        # The whole channel waits for somebody to put it right; no message is lost to that.
        return SendDeferred(Reason(Cause.ACCOUNT, text, code, permanent=False), channel_wide=True)
    if status >= _SERVER_ERROR:
        after = reply.retry_after(now)
        return SendDeferred(
            Reason(Cause.PROVIDER, text, code, permanent=False), after=MINUTE if after is None else after
        )
    if status in ACCOUNT_STATUSES:
        return SendFailed(Reason(Cause.ACCOUNT, text, code), reply.raw)
    bad_address = any(where.endswith("].to") for where in wrong)
    return SendFailed(Reason(Cause.BAD_ADDRESS if bad_address else Cause.INVALID, text, code), reply.raw)
