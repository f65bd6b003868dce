"""Handing a message to Viber: one request for every message that the content takes.

Send https://developers.viber.com/docs/api/rest-bot-api/#send-message   POST /send_message, JSON
"""

from collections.abc import Sequence
from typing import Any

from tidings.connectors.advice import GATEWAY
from tidings.connectors.connector import Outgoing
from tidings.connectors.decoding import read
from tidings.connectors.options import read_options
from tidings.connectors.viber.composing import Manner, compose
from tidings.connectors.viber.errors import OK, Answer, refusal
from tidings.connectors.viber.settings import Options, ViberSettings
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent, encode_raw
from tidings.model.stages import Cause, Reason


def send(outgoing: Outgoing, settings: ViberSettings) -> Exchange[Sent]:
    """Send every message that a checked content takes."""
    answers: list[Answer] = []
    bodies = compose(outgoing.content, Manner.of(outgoing, read_options(outgoing.options, Options), settings))
    for body in bodies:
        try:
            reply = yield _call({"receiver": outgoing.to, **body}, settings)
            answers.append(_taken(reply, outgoing))
        except (SendFailed, SendDeferred, NoReply) as trouble:
            if not answers:
                raise
            raise _broken_off(trouble, f"{len(answers)} of {len(bodies)} messages were taken, then: ") from trouble
    return _sent(answers)


def _call(body: dict[str, Any], settings: ViberSettings) -> Call:
    url, token = f"{settings.base_url.rstrip('/')}/send_message", settings.auth_token.reveal()
    if settings.token_in_body:
        return Call.post(url, json={"auth_token": token, **body})
    return Call.post(url, json=body, x_viber_auth_token=token)


def _taken(reply: Reply, outgoing: Outgoing) -> Answer:
    """Give the answer to a message that was taken; raises what any other answer means."""
    if reply.status in GATEWAY:
        raise NoReply(f"HTTP {reply.status} from a gateway", taken=True)
    answer = read(reply.body, Answer)
    if not reply.ok:
        busy = reply.status == 429
        text = answer.status_message if answer and answer.status_message else f"HTTP {reply.status}"
        reason = Reason(Cause.THROTTLED if busy else Cause.PROVIDER, text, str(reply.status), permanent=False)
        if busy or reply.status >= 500:
            raise SendDeferred(reason, after=reply.retry_after(outgoing.now), channel_wide=busy)
        raise SendFailed(Reason(Cause.UNKNOWN, text, str(reply.status)), reply.raw)
    if answer is None or (answer.status == OK and not answer.message_token):
        raise NoReply("The answer names no message.", taken=True)
    if answer.status != OK:
        raise refusal(reply, answer, outgoing.tries, outgoing.now)
    return answer


def _broken_off(trouble: SendFailed | SendDeferred | NoReply, told: str) -> SendFailed | NoReply:
    """What trouble means once some of several messages are taken: the whole may not be sent again."""
    if isinstance(trouble, NoReply):
        return NoReply(told + trouble.why, taken=True, error=trouble.error)
    reason = trouble.reason
    data = trouble.data if isinstance(trouble, SendFailed) else None
    return SendFailed(Reason(reason.cause, told + reason.text, reason.code), data)


def _sent(answers: Sequence[Answer]) -> Sent:
    """Say what was taken; the tokens are texts, for many a reader would round such numbers."""
    tokens = [str(answer.message_token) for answer in answers]
    told: dict[str, Any] = {"messageToken": tokens[0]}
    if len(tokens) > 1:
        told["messageTokens"] = tokens
    if answers[0].chat_hostname:
        told["chatHostname"] = answers[0].chat_hostname
    if answers[0].billing_status is not None:
        told["billingStatus"] = answers[0].billing_status
    return Sent(pieces=tuple(map(Piece, tokens)), answer=encode_raw(told))
