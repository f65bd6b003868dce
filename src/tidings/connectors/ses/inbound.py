"""Reading what people wrote: mails that come with a receipt rule's notice, or lie in a bucket.

Publishing  https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-sns.html   mails of at most 150 KB
Storing     https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-s3.html    of at most 40 MB
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from tidings.connectors.mail.correspondence import answered, author, automatic, normal
from tidings.connectors.mail.mime import Mail, read_headers, read_mime
from tidings.connectors.mail.words import bare, text_of
from tidings.connectors.ses.events import Arrival, Event
from tidings.connectors.ses.settings import SesSettings
from tidings.connectors.ses.signing import signed
from tidings.connectors.ses.sns import Notice
from tidings.model.content import Content
from tidings.model.errors import NoReply
from tidings.model.exchange import Call, Callback, Exchange, encode_raw
from tidings.model.reports import Inbound, Report, Target, Unknown
from tidings.rules.times import from_iso

RECEIVED: Final = "Received"
LARGEST: Final = 40 * 2**20
"""Octets of a mail that SES takes in."""
_DOMAINS: Final = ("amazonses.com", ".amazonses.com")


def read_mail(event: Event, notice: Notice, settings: SesSettings) -> Report:
    """Say what an incoming mail means."""
    raw = encode_raw(_told(event))
    mail = _mail(event)
    if why := automatic(mail.headers):
        return Unknown(raw, why)
    name, address = author(mail.headers.get("from", ""), event.mail.source)
    if not address:
        return Unknown(raw, "The mail names nobody who wrote it.")
    recipient = next((known for each in event.receipt.recipients if (known := normal(each))), "")
    return Inbound(
        f"inbound:{text_of(event.mail.message_id, notice.id)}",
        address,
        raw,
        reference=bare(mail.headers.get("message-id", "")),
        to=recipient,
        content=mail.content,
        at=_moment(event.receipt.timestamp),
        name=name,
        reply_to=_answered(mail.headers, recipient, settings),
        extra=_facts(event),
    )


def completion(callback: Callback, notice: Notice, event: Event, settings: SesSettings) -> Exchange[Callback] | None:
    """Get a mail that lies in the channel's bucket; None where it came along, or lies elsewhere."""
    action = event.receipt.action
    if event.kind != RECEIVED or event.content or not settings.inbox_bucket or not action.object_key:
        return None
    if action.bucket_name != settings.inbox_bucket:
        return None
    url = f"{settings.inbox_url}/{quote(action.object_key.encode('utf-8', 'replace'), safe='/-_.~')}"
    return _fetched(callback, notice, url, settings)


def _fetched(callback: Callback, notice: Notice, url: str, settings: SesSettings) -> Exchange[Callback]:
    try:
        reply = yield signed(Call.get(url), settings, "s3", callback.received_at)
    except NoReply:
        return callback
    if not reply.ok or len(reply.body) > LARGEST:
        return callback
    event: dict[str, Any] = msgspec.json.decode(notice.message)
    event["content"] = b64encode(reply.body).decode()
    event["receipt"]["action"]["encoding"] = "BASE64"
    whole = replace(notice, message=msgspec.json.encode(event).decode())
    return replace(callback, body=msgspec.json.encode(whole))


def _mail(event: Event) -> Mail:
    """Read the mail; where it did not come along, its head, as far as SES tells it."""
    if not event.content:
        lines = (f"{each.name}: {' '.join(each.value.split())}" for each in event.mail.headers)
        headers = read_headers("\r\n".join([*lines, "", ""]).encode("utf-8", "replace"))
        return Mail(headers, content=Content(title=text_of(headers.get("subject"))))
    if event.receipt.action.encoding.upper() != "BASE64":
        return read_mime(event.content.encode("utf-8", "replace"))
    try:
        return read_mime(b64decode(event.content))
    except ValueError:
        return Mail({}, Content())


def _answered(headers: Mapping[str, str], recipient: str, settings: SesSettings) -> Target | None:
    """Find the message it answers; SES writes its own id into the Message-ID, `<id>@eu-west-1.amazonses.com`."""
    found = answered(headers, recipient, settings.domain)
    if found is None or not found.reference:
        return found
    reference, _, host = found.reference.rpartition("@")
    return Target(reference=reference) if host.lower().endswith(_DOMAINS) else found


def _told(event: Event) -> dict[str, Any]:
    """Give what SES says of a mail, without the mail."""
    told = msgspec.to_builtins(event)
    return {"notificationType": event.kind, "mail": told["mail"], "receipt": told["receipt"]}


def _facts(event: Event) -> dict[str, str]:
    arrival: Arrival = event.receipt
    facts = {
        "spam": arrival.spam_verdict.status,
        "virus": arrival.virus_verdict.status,
        "spf": arrival.spf_verdict.status,
        "dkim": arrival.dkim_verdict.status,
        "dmarc": arrival.dmarc_verdict.status,
        "envelopeSender": event.mail.source,
    }
    if not event.content and arrival.action.object_key:
        facts["mailAt"] = f"s3://{arrival.action.bucket_name}/{arrival.action.object_key}"
    return {fact: told for fact, value in facts.items() if (told := text_of(value))}


def _moment(text: str) -> int | None:
    try:
        return from_iso(text)
    except ValueError:
        return None
