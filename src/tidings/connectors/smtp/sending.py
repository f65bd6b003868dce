"""Handing a mail to the mail server.

A call stands for one SMTP transaction: its headers are the envelope and how to log in, its body is the mail. The reply
says in JSON what the server answered, and to whom; its status is the code that decided it (`tidings.wire.smtp`).
"""

import msgspec
from msgspec import Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.decoding import read
from tidings.connectors.mail.logins import basic
from tidings.connectors.smtp import tables
from tidings.connectors.smtp.addresses import name_of
from tidings.connectors.smtp.dkim import Signer
from tidings.connectors.smtp.settings import SmtpSettings
from tidings.connectors.smtp.writing import Written, write
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent
from tidings.model.stages import Cause, Reason
from tidings.rules.xtext import xtext

PATIENT_TRIES = 4
"""As often nobody is sent anything while the server will take some of the recipients later; then the others are."""
_ACCEPTED = (250, 251)


class _Said(Struct, frozen=True):
    """What the server said to one command."""

    code: int = 0
    text: str = ""


class _Outcome(Struct, frozen=True):
    """What came of a transaction."""

    text: str = ""
    step: str = ""
    recipients: dict[str, _Said] = {}


def send(outgoing: Outgoing, settings: SmtpSettings, links: str, signer: Signer | None) -> Exchange[Sent]:
    """Hand it over; a mail that may have been taken is offered once more."""
    written = yield from write(outgoing, settings, links)
    if signer is not None:
        written = msgspec.structs.replace(written, mail=signer.sign(written.mail, outgoing.now))
    try:
        reply = yield _submission(outgoing, written, settings)
    except NoReply as silence:
        reason = Reason(Cause.PROVIDER, silence.why, permanent=False)
        if not silence.taken:
            raise SendDeferred(reason, after=_pause(outgoing.tries)) from silence
        if outgoing.tries:
            raise
        raise SendDeferred(reason, after=tables.AFTER_DOUBT) from silence
    outcome = read(reply.body, _Outcome)
    if reply.status != _ACCEPTED[0] or outcome is None:
        raise _refused(outgoing, reply, outcome or _Outcome(step="greeting"), settings)
    pieces = tuple(_piece(each, written, outcome) for each in written.recipients)
    return Sent(pieces=pieces, answer=reply.raw, sender=written.sender)


def _submission(outgoing: Outgoing, written: Written, settings: SmtpSettings) -> Call:
    whole_or_none = outgoing.tries < PATIENT_TRIES
    headers = {
        "hello": settings.hello or settings.domain,
        "starttls": _yes(settings.starttls),
        "sender": written.return_path,
        "recipients": msgspec.json.encode(written.recipients).decode(),
        "utf8": _yes(written.utf8),
        "whole-or-none": _yes(whole_or_none),
        "envelope-id": xtext(name_of(outgoing)),
        "notify": "SUCCESS,FAILURE,DELAY" if settings.delivery_reports else "FAILURE,DELAY",
        "return": "HDRS",
        **_login(settings),
    }
    if settings.authority:
        headers["authority"] = settings.authority
    return Call(method="MAIL", url=settings.base_url.rstrip("/"), headers=headers, body=written.mail)


def _login(settings: SmtpSettings) -> dict[str, str]:
    if not settings.user:
        return {}
    if settings.access_token is not None:
        return {"user": settings.user, "authorization": f"Bearer {settings.access_token.reveal()}"}
    return {"authorization": basic(f"{settings.user}:{settings.password.reveal() if settings.password else ''}")}


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _piece(recipient: str, written: Written, outcome: _Outcome) -> Piece:
    said = outcome.recipients.get(recipient, _Said(_ACCEPTED[0]))
    if said.code in _ACCEPTED:
        return Piece(written.reference, recipient)
    return Piece(written.reference, recipient, tables.verdict(said.code, said.text, "rcpt").reason)


def _refused(outgoing: Outgoing, reply: Reply, outcome: _Outcome, settings: SmtpSettings) -> SendFailed | SendDeferred:
    told = tables.verdict(reply.status, outcome.text, outcome.step)
    if outcome.step == "auth" and settings.refresh_token is not None:
        # The hub renews the token, and tries again.
        return SendDeferred(told.reason, stale=True, channel_wide=True)
    if told.later:
        return SendDeferred(told.reason, after=_pause(outgoing.tries), channel_wide=told.channel_wide)
    return SendFailed(told.reason, reply.raw)


def _pause(tries: int) -> float:
    return tables.WAITS[min(max(tries, 0), len(tables.WAITS) - 1)]
