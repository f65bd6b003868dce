"""Saying what a mail that came in means: a server's report, a complaint, a wish to unsubscribe, or an answer.

Where it came to says most. Reports are believed only at addresses that bear our tag; at the others they are kept.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from msgspec import Raw

from tidings.connectors.mail.correspondence import author, automatic, named
from tidings.connectors.mail.files import LARGEST_KEPT
from tidings.connectors.mail.mime import read_mime
from tidings.connectors.mail.words import bare, hop_of, text_of
from tidings.connectors.smtp.addresses import Destination, Purpose
from tidings.connectors.smtp.complaints import DISPOSITION, FEEDBACK, read_complaint, read_disposition
from tidings.connectors.smtp.deliveries import KINDS, moment, read_delivery
from tidings.connectors.smtp.guessing import guess, is_of_a_server
from tidings.connectors.smtp.parts import Opened, open_report
from tidings.connectors.smtp.settings import SmtpSettings
from tidings.model.exchange import Callback, encode_raw
from tidings.model.reports import Deed, Inbound, Interaction, Report, Target, Unknown
from tidings.rules.unsubscribing import Unsubscribing

FACTS: Final = {"authenticationResults": "authentication-results", "spam": "x-spam-flag", "listId": "list-id"}
"""Headers worth telling beside what a person wrote."""
LONGEST_THREAD: Final = 100
"""Message-IDs of a thread that are looked at."""


def read_mail(callback: Callback, came_to: Destination, settings: SmtpSettings) -> list[Report]:
    """Say what a mail means."""
    opened = open_report(callback.body)
    if came_to.purpose is Purpose.BOUNCE:
        return _read_report(opened, callback, came_to, settings)
    if came_to.purpose is Purpose.COMPLAINTS:
        if opened.part(FEEDBACK) is not None:
            return [read_complaint(opened, came_to, settings)]
        return [Unknown(_kept(callback), "It is no feedback report.")]
    if why := _automatic(opened, callback):
        return [Unknown(_kept(callback), why)]
    if came_to.purpose is Purpose.UNSUBSCRIBE:
        return [_unsubscribed_by_mail(opened, callback, came_to)]
    return [_read_reply(callback, came_to, settings)]


def unsubscribed(whose: Unsubscribing, callback: Callback) -> Interaction:
    """Say that somebody unsubscribed by the link in a mail."""
    raw = encode_raw({"link": "one-click", "userAgent": callback.headers.get("user-agent", "")})
    target = Target(message=whose.message, recipient=whose.address)
    agent = text_of(callback.headers.get("user-agent"))
    return _unsubscription(target, raw, callback.received_at, "one-click", agent)


def _read_report(opened: Opened, callback: Callback, came_to: Destination, settings: SmtpSettings) -> list[Report]:
    if opened.part(*KINDS) is not None:
        return read_delivery(opened, came_to)
    if opened.part(FEEDBACK) is not None:
        return [read_complaint(opened, came_to, settings)]
    if opened.part(DISPOSITION) is not None:
        return [read_disposition(opened, came_to)]
    if is_of_a_server(opened) and not _is_an_answer(opened):
        return [guess(opened, came_to, settings)]
    return [Unknown(_kept(callback), _automatic(opened, callback) or "It is no report of a mail server.")]


def _is_an_answer(opened: Opened) -> bool:
    """Whether a person's program answered by itself: they are away, say (RFC 3834)."""
    word = opened.headers.get("auto-submitted", "").partition(";")[0].strip().lower()
    return word == "auto-replied" and "x-failed-recipients" not in opened.headers


def _automatic(opened: Opened, callback: Callback) -> str:
    if callback.headers.get("mail-from", "").strip() in ("", "<>"):
        return "A mail that nobody can answer: a program wrote it."
    return automatic(opened.headers)


def _unsubscribed_by_mail(opened: Opened, callback: Callback, came_to: Destination) -> Report:
    _, address = author(opened.headers.get("from", ""), callback.headers.get("mail-from", ""))
    if not address:
        return Unknown(_kept(callback), "The mail names nobody who wrote it.")
    return _unsubscription(came_to.target(address), _kept(callback), callback.received_at, "mailto", "")


def _unsubscription(target: Target, raw: Raw, at: int, how: str, agent: str) -> Interaction:
    return Interaction(
        f"unsubscribe:{target.message}:{target.recipient.lower()}",
        Deed.UNSUBSCRIBE_REQUEST,
        target,
        raw,
        at=at,
        details=how,
        sender=target.recipient,
        user_agent=agent,
    )


def _read_reply(callback: Callback, came_to: Destination, settings: SmtpSettings) -> Report:
    mail = read_mime(callback.body)
    raw = _kept(callback)
    name, address = author(mail.headers.get("from", ""), callback.headers.get("mail-from", ""))
    if not address:
        return Unknown(raw, "The mail names nobody who wrote it.")
    reference = bare(mail.headers.get("message-id", "")) or sha256(callback.body).hexdigest()
    written_at = moment(mail.headers.get("date", ""))
    return Inbound(
        f"mail:{address}:{reference}",
        address,
        raw,
        reference=reference,
        to=text_of(callback.headers.get("rcpt-to")),
        content=mail.content,
        at=callback.received_at if written_at is None else min(written_at, callback.received_at),
        name=name,
        reply_to=_answered(mail.headers, came_to, settings),
        extra=_facts(mail.headers, callback.headers),
    )


def _answered(headers: Mapping[str, str], came_to: Destination, settings: SmtpSettings) -> Target | None:
    """Find the mail that is answered: by the address it came to, else by its thread, of which ours count first."""
    if came_to.name:
        return came_to.target()
    thread = headers.get("in-reply-to", "").split() + headers.get("references", "").split()[::-1]
    named_there = [bare(each) for each in thread[:LONGEST_THREAD]]
    ours = next((each for each in named_there if each.lower().endswith(f"@{settings.domain.lower()}")), None)
    if ours is not None:
        message, _, hop = ours.rpartition("@")[0].rpartition(".")
        if message and hop_of(hop) is not None:
            return named(ours, settings.domain)
        return Target(message=ours.rpartition("@")[0])
    return Target(reference=named_there[0]) if named_there and named_there[0] else None


def _facts(headers: Mapping[str, str], envelope: Mapping[str, str]) -> dict[str, str]:
    facts = {fact: text_of(headers.get(header)) for fact, header in FACTS.items()}
    facts |= {
        "messageId": bare(headers.get("message-id", "")),
        "envelopeSender": text_of(envelope.get("mail-from")),
    }
    return {fact: value for fact, value in facts.items() if value}


def _kept(callback: Callback) -> Raw:
    """Keep a mail as it came; of a large one the beginning."""
    kept = callback.body[:LARGEST_KEPT]
    envelope = {name: callback.headers.get(name, "") for name in ("mail-from", "rcpt-to")}
    more = {"octets": len(callback.body)} if len(kept) < len(callback.body) else {}
    return encode_raw({**envelope, "mail": kept.decode("utf-8", "replace"), **more})
