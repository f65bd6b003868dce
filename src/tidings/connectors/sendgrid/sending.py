"""Handing a message to SendGrid, and what its refusals mean.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors
https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits
"""

from typing import Final

import msgspec
from msgspec import Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.mail.people import everybody_of
from tidings.connectors.mail.words import seconds, text_of
from tidings.connectors.sendgrid.settings import SendGridSettings
from tidings.connectors.sendgrid.writing import write
from tidings.model.errors import SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent, encode_raw
from tidings.model.stages import Cause, Reason

TAKEN: Final = 202
VALIDATED: Final = 200
"""In the sandbox: nothing was sent, and nothing will be told of it."""


class Refusal(Struct, frozen=True):
    """What an HTTP status means: why, and whether later or never."""

    cause: Cause
    later: bool = False
    channel_wide: bool = False


REFUSALS: Final = {
    # A wrong key is the operator's to mend, so the messages wait for it.
    401: Refusal(Cause.ACCOUNT, later=True, channel_wide=True),
    403: Refusal(Cause.ACCOUNT),
    413: Refusal(Cause.INVALID),
    429: Refusal(Cause.THROTTLED, later=True, channel_wide=True),
}


class _Error(Struct, frozen=True):
    message: str | None = None
    field: str | None = None


class _Errors(Struct, frozen=True):
    errors: list[_Error] = []


def send(outgoing: Outgoing, settings: SendGridSettings) -> Exchange[Sent]:
    """Hand it over. SendGrid has no keys that make a request count once, so one in doubt is not repeated."""
    request = yield from write(outgoing, settings)
    url = f"{settings.base_url.rstrip('/')}/v3/mail/send"
    reply = yield Call.post(url, json=request, authorization=f"Bearer {settings.api_key.reveal()}")
    if reply.status not in {TAKEN, VALIDATED}:
        raise _refused(reply, outgoing.now)
    # One id for all; the sandbox gives none, and what has none can only be found by our own.
    reference = text_of(reply.headers.get("x-message-id")) or outgoing.tag
    pieces = tuple(Piece(reference, address) for address in everybody_of(outgoing))
    answer = encode_raw({"status": reply.status, "messageId": reference})
    sender = request.get("from", {})
    return Sent(pieces=pieces, answer=answer, sender=sender.get("email", "") if isinstance(sender, dict) else "")


def _refused(reply: Reply, now: int) -> SendFailed | SendDeferred:
    if reply.ok:
        why = Reason(Cause.ACCOUNT, "The base URL does not lead to SendGrid's API.", str(reply.status), permanent=False)
        return SendDeferred(why, channel_wide=True)
    server = Refusal(Cause.PROVIDER, later=True)
    meaning = REFUSALS.get(reply.status) or (server if reply.status >= 500 else Refusal(Cause.INVALID))
    reason = Reason(meaning.cause, _words(reply), str(reply.status), permanent=not meaning.later)
    if meaning.later:
        return SendDeferred(reason, after=_wait(reply, now), channel_wide=meaning.channel_wide)
    return SendFailed(reason, reply.raw)


def _words(reply: Reply) -> str:
    """Put together what SendGrid says, each error with the field it is about."""
    try:
        told = msgspec.json.decode(reply.body, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        told = []
    said = (": ".join(filter(None, (text_of(each.field), text_of(each.message)))) for each in told)
    return ("; ".join(filter(None, said)) or f"SendGrid answered {reply.status}.")[:1000]


def _wait(reply: Reply, now: int) -> float | None:
    """Give the seconds to wait: `Retry-After`, or the time at which the rate limit begins anew."""
    after = reply.retry_after(now)
    reset = seconds(reply.headers.get("x-ratelimit-reset", ""))
    if after is not None or reset is None or reply.status != 429:
        return after
    return min(max(0, reset - now) / 1000, 3600.0)
