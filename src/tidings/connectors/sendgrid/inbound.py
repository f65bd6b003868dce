"""Reading what people wrote: the posts of the Inbound Parse, taken apart or raw.

https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook
"""

from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct, field

from tidings.connectors.mail.correspondence import answered, author, automatic, normal
from tidings.connectors.mail.forms import Fields, read_fields
from tidings.connectors.mail.mime import Mail, read_headers, read_mime
from tidings.connectors.mail.words import as_json, bare, text_of
from tidings.connectors.sendgrid.settings import SendGridSettings
from tidings.model.content import Content, Media
from tidings.model.exchange import Callback, encode_raw
from tidings.model.reports import Inbound, Report, Unknown

FACTS = {"spamScore": "spam_score", "spf": "SPF", "dkim": "dkim", "senderIp": "sender_ip"}
"""Fields worth telling beside the content."""
WHOLE = "email"
"""The field that holds the raw mail."""


class _Envelope(Struct, frozen=True):
    to: list[str] = []
    sender: str = field(name="from", default="")


class _Described(Struct, frozen=True):
    """What is said of an attachment beside the file itself."""

    content_id: str | None = field(name="content-id", default=None)


class _Form:
    """The fields of a post, each in the charset that the post says it is in."""

    def __init__(self, fields: Fields) -> None:
        self.octets = dict(reversed(fields.pairs))
        self.files = fields.files
        self.charsets: dict[str, Any] = as_json(self._text("charsets", "utf-8"), dict[str, Any])

    def get(self, name: str) -> str:
        """Give a field's text; empty where it is not there."""
        charset = self.charsets.get(name)
        return self._text(name, charset if isinstance(charset, str) else "utf-8")

    def _text(self, name: str, charset: str) -> str:
        octets = self.octets.get(name, b"")
        try:
            return octets.decode(charset, "replace")
        except (LookupError, ValueError):  # no such charset, or one that is none of texts
            return octets.decode("utf-8", "replace")


def read_inbound(callback: Callback, settings: SendGridSettings) -> list[Report]:
    """Say what a post means; raises Unreadable."""
    form = _Form(read_fields(callback, "SendGrid"))
    raw = encode_raw(_told(form))
    mail = read_mime(form.octets[WHOLE]) if WHOLE in form.octets else _parsed(form)
    if why := automatic(mail.headers):
        return [Unknown(raw, why)]
    envelope = _envelope(form)
    name, address = author(mail.headers.get("from", ""), form.get("from"), envelope.sender)
    if not address:
        return [Unknown(raw, "The mail names nobody who wrote it.")]
    recipient = next((known for each in envelope.to if (known := normal(each))), "")
    reference = bare(mail.headers.get("message-id", ""))
    # SendGrid gives no id: the mail's own, and whom it is for, tell a repetition.
    seal = f"{reference} {' '.join(envelope.to)}" if reference else callback.body
    inbound = Inbound(
        f"inbound:{sha256(seal if isinstance(seal, bytes) else seal.encode()).hexdigest()}",
        address,
        raw,
        reference=reference,
        to=recipient,
        content=mail.content,
        name=name,
        reply_to=answered(mail.headers, recipient, settings.domain),
        extra=_facts(form, mail, envelope),
    )
    return [inbound]


def _parsed(form: _Form) -> Mail:
    """Put together the mail that SendGrid has taken apart."""
    headers = read_headers(form.octets.get("headers", b"").strip() + b"\r\n\r\n")
    described = as_json(form.get("attachment-info"), dict[str, _Described])
    by_id = {field: cid for cid, field in as_json(form.get("content-ids"), dict[str, str]).items()}
    media: list[Media] = []
    for name, file in form.files:
        known = described.get(name, _Described())
        media.append(file.media(reference=bare(text_of(known.content_id, by_id.get(name)))))
    title = text_of(headers.get("subject"), form.get("subject"))
    content = Content(title=title, text=text_of(form.get("text")), html=text_of(form.get("html")), media=tuple(media))
    return Mail(headers, content)


def _envelope(form: _Form) -> _Envelope:
    told: _Envelope = as_json(form.get("envelope"), _Envelope)
    return told


def _told(form: _Form) -> dict[str, Any]:
    """Give what was posted, without the mail itself and its files."""
    described = {name: msgspec.to_builtins(file.media(keep=False)) for name, file in form.files}
    return {**described, **{name: form.get(name) for name in form.octets if name != WHOLE}}


def _facts(form: _Form, mail: Mail, envelope: _Envelope) -> dict[str, str]:
    facts = {fact: text_of(form.get(name)) for fact, name in FACTS.items()}
    facts |= {"messageId": text_of(mail.headers.get("message-id")), "envelopeSender": text_of(envelope.sender)}
    return {fact: value for fact, value in facts.items() if value}
