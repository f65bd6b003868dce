"""Reading what people wrote, as the inbound stream posts it.

https://postmarkapp.com/developer/webhooks/inbound-webhook
"""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from tidings.connectors.mail.correspondence import answered, author, automatic, normal
from tidings.connectors.mail.files import File
from tidings.connectors.mail.mime import Mail, read_mime
from tidings.connectors.mail.words import bare, text_of
from tidings.connectors.postmark.settings import PostmarkSettings
from tidings.model.content import Content, Media
from tidings.model.exchange import encode_raw
from tidings.model.reports import Inbound, Report, Target, Unknown
from tidings.rules.uploads import ANY_TYPE

FACTS = {
    "spam": "x-spam-status",
    "spamScore": "x-spam-score",
    "spf": "received-spf",
    "messageId": "message-id",
    "envelopeSender": "return-path",
}
"""Headers worth telling beside the content."""
_OWN_HOST = "mtasv.net"
"""Where Postmark's own Message-IDs are from, which it gives to mails that bring none: `<its id>@mtasv.net`."""


class _Header(Struct, frozen=True, rename="pascal"):
    name: str = ""
    value: str = ""


class _Attachment(Struct, frozen=True, rename="pascal"):
    name: str | None = None
    content: str = ""
    content_type: str | None = None
    content_id: str | None = field(name="ContentID", default=None)


class _Person(Struct, frozen=True, rename="pascal"):
    email: str = ""
    name: str = ""


class Arrival(Struct, frozen=True, rename="pascal"):
    """A mail that came in."""

    message_id: str = field(name="MessageID", default="")
    from_full: _Person = _Person()
    original_recipient: str | None = None
    subject: str | None = None
    mailbox_hash: str | None = None
    text_body: str | None = None
    html_body: str | None = None
    headers: list[_Header] = []
    attachments: list[_Attachment] = []
    raw_email: str | None = None

    @property
    def by_name(self) -> dict[str, str]:
        """The first of each header, by lower-case name."""
        return {each.name.lower(): each.value for each in reversed(self.headers)}


def read_arrival(arrival: Arrival, whole: Mapping[str, Any], settings: PostmarkSettings) -> list[Report]:
    """Say what a mail means; `whole` is the record as it came."""
    raw = encode_raw(_told(whole))
    mail = _mail(arrival)
    if why := automatic(mail.headers):
        return [Unknown(raw, why)]
    name, address = author(mail.headers.get("from", ""), arrival.from_full.email)
    if not address:
        return [Unknown(raw, "The mail names nobody who wrote it.")]
    recipient = normal(text_of(arrival.original_recipient))
    reference = bare(mail.headers.get("message-id", ""))
    inbound = Inbound(
        f"inbound:{text_of(arrival.message_id, reference)}",
        address,
        raw,
        reference=reference,
        to=recipient,
        content=mail.content,
        name=name or text_of(arrival.from_full.name),
        reply_to=_answered(arrival, mail, recipient, settings),
        extra={fact: told for fact, header in FACTS.items() if (told := text_of(mail.headers.get(header)))},
    )
    return [inbound]


def _mail(arrival: Arrival) -> Mail:
    """Give the mail as it went where Postmark brings it, which is more faithful than the parts that it brings."""
    headers = arrival.by_name
    if arrival.raw_email:
        mail = read_mime(arrival.raw_email.encode("utf-8", "replace"))
        return Mail({**headers, **mail.headers}, mail.content)
    content = Content(
        title=text_of(arrival.subject),
        text=text_of(arrival.text_body),
        html=text_of(arrival.html_body),
        media=tuple(map(_media, arrival.attachments)),
    )
    return Mail(headers, content)


def _media(attachment: _Attachment) -> Media:
    try:
        data = b64decode(attachment.content)
    except ValueError:
        data = b""
    kind = text_of(attachment.content_type).partition(";")[0] or ANY_TYPE
    return File(text_of(attachment.name), data, kind).media(reference=bare(text_of(attachment.content_id)))


def _answered(arrival: Arrival, mail: Mail, recipient: str, settings: PostmarkSettings) -> Target | None:
    """Find the message it answers: by its thread, else by the tag of the address, as Postmark reads it."""
    found = answered(mail.headers, recipient, settings.domain)
    if found is not None and found.reference:
        reference, _, host = found.reference.rpartition("@")
        return Target(reference=reference) if host.lower() == _OWN_HOST else found
    tag = text_of(arrival.mailbox_hash)
    return Target(message=tag) if tag else found


def _told(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Give the record without the mail itself and its files."""
    files = whole.get("Attachments")
    named = [{k: v for k, v in each.items() if k != "Content"} for each in files] if isinstance(files, list) else []
    return {**{name: value for name, value in whole.items() if name != "RawEmail"}, "Attachments": named}


def read_whole(body: bytes) -> dict[str, Any]:
    """Read a record; raises DecodeError, UnicodeDecodeError and RecursionError."""
    whole: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
    return whole
