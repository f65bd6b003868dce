"""Handing a message to Postmark, and what its refusals mean.

https://postmarkapp.com/developer/api/overview#error-codes
"""

import re
from typing import Final

import msgspec
from msgspec import UNSET, Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.mail.people import address_of, everybody_of
from tidings.connectors.mail.words import text_of
from tidings.connectors.postmark.settings import PostmarkSettings
from tidings.connectors.postmark.writing import write
from tidings.model.errors import SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent
from tidings.model.stages import Cause, Reason


class Refusal(Struct, frozen=True):
    """What an error means: why, and whether later or never."""

    cause: Cause
    later: bool = False
    channel_wide: bool = False


_WRONG_TOKEN: Final = Refusal(Cause.ACCOUNT, later=True, channel_wide=True)
"""The operator's to mend, so the messages wait for it."""
_TOO_FAST: Final = Refusal(Cause.THROTTLED, later=True, channel_wide=True)
_TROUBLE: Final = Refusal(Cause.PROVIDER, later=True)

BY_CODE: Final = {
    10: _WRONG_TOKEN,
    100: _TROUBLE,  # maintenance
    300: Refusal(Cause.INVALID),
    400: Refusal(Cause.ACCOUNT),  # no such sender signature
    401: Refusal(Cause.ACCOUNT),  # it is not confirmed
    402: Refusal(Cause.INVALID),
    403: Refusal(Cause.INVALID),
    405: Refusal(Cause.ACCOUNT),  # no credits left
    406: Refusal(Cause.BAD_ADDRESS),  # everybody has bounced or complained before
    409: Refusal(Cause.INVALID),
    410: Refusal(Cause.INVALID),
    411: Refusal(Cause.INVALID),  # a type of file that is not allowed
    412: Refusal(Cause.ACCOUNT),
    413: Refusal(Cause.ACCOUNT),
    429: _TOO_FAST,
}
"""By Postmark's `ErrorCode`."""

BY_STATUS: Final = {401: _WRONG_TOKEN, 404: _WRONG_TOKEN, 413: Refusal(Cause.INVALID), 429: _TOO_FAST}
"""Where the code is missing or new."""

_INACTIVE: Final = re.compile(r"inactive addresses: *([^\r\n]*)", re.IGNORECASE)
"""The only place in which Postmark says whom a mail that it took will not go to."""
_INACTIVE_REASON: Final = Reason(Cause.BAD_ADDRESS, "The address is inactive: it bounced or complained before.", "406")


class _Answer(Struct, frozen=True, rename="pascal"):
    error_code: int | None = None
    message: str | None = None
    message_id: str | None = msgspec.field(name="MessageID", default=None)


def send(outgoing: Outgoing, settings: PostmarkSettings) -> Exchange[Sent]:
    """Hand it over. Postmark has no keys that make a request count once, so one in doubt is not repeated."""
    request = yield from write(outgoing, settings)
    path = "/email/withTemplate" if outgoing.content.template is not None else "/email"
    token = settings.server_token.reveal()
    call = Call.post(
        f"{settings.base_url.rstrip('/')}{path}",
        json=request,
        accept="application/json",
        x_postmark_server_token=token,
    )
    reply = yield call
    answer = _answer(reply)
    if not reply.ok or answer.error_code or not answer.message_id:
        raise _refused(reply, answer, outgoing.now)
    inactive = _inactive(text_of(answer.message))
    pieces = tuple(
        Piece(text_of(answer.message_id), address, _INACTIVE_REASON if address.lower() in inactive else UNSET)
        for address in everybody_of(outgoing)
    )
    return Sent(pieces=pieces, answer=reply.raw, sender=address_of(str(request.get("From", ""))))


def _inactive(said: str) -> frozenset[str]:
    """Find whom a mail that Postmark took will not go to."""
    found = _INACTIVE.search(said)
    return frozenset(each.strip(" .").lower() for each in found[1].split(",")) if found else frozenset()


def _refused(reply: Reply, answer: _Answer, now: int) -> SendFailed | SendDeferred:
    if reply.ok and not answer.error_code:
        why = Reason(Cause.ACCOUNT, "The base URL does not lead to Postmark's API.", str(reply.status), permanent=False)
        return SendDeferred(why, channel_wide=True)
    otherwise = _TROUBLE if reply.status >= 500 else Refusal(Cause.INVALID)
    meaning = BY_CODE.get(answer.error_code or 0) or BY_STATUS.get(reply.status) or otherwise
    text = text_of(answer.message)[:1000] or f"Postmark answered {reply.status}."
    reason = Reason(meaning.cause, text, str(answer.error_code or reply.status), permanent=not meaning.later)
    if meaning.later:
        return SendDeferred(reason, after=reply.retry_after(now), channel_wide=meaning.channel_wide)
    return SendFailed(reason, reply.raw)


def _answer(reply: Reply) -> _Answer:
    try:
        return msgspec.json.decode(reply.body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Answer()
