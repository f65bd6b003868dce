"""Reading what people wrote: the posts of inbound routes, forwarded, stored, or as raw MIME.

https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/routes
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from tidings.connectors.mail.correspondence import answered, author, automatic, normal
from tidings.connectors.mail.mime import Mail, read_mime
from tidings.connectors.mail.words import as_json, bare, seconds, text_of
from tidings.connectors.mailgun.forms import Form
from tidings.connectors.mailgun.settings import MailgunSettings
from tidings.model.content import Content, Media
from tidings.model.exchange import encode_raw
from tidings.model.reports import Inbound, Report, Unknown

OF_A_ROUTE = frozenset({"sender", "from"})
"""Fields that every route's post has, whatever headers the mail brings, and no event's post has together."""

FACTS = {
    "messageId": "message-id",
    "spam": "x-mailgun-sflag",
    "spamScore": "x-mailgun-sscore",
    "spf": "x-mailgun-spf",
    "dkim": "x-mailgun-dkim-check-result",
}
"""Headers worth telling beside the content."""


class _Stored(Struct, frozen=True, rename="kebab"):
    url: str = ""
    name: str = ""
    size: int | None = None
    content_type: str = ""


def is_inbound(form: Form, below: str) -> bool:
    """Whether a form is a route's post: it came to the URL's `inbound`, or has the fields of one.

    Every header of the mail is a field too, so the look of an event proves nothing: anyone may write a header `event`.
    """
    return below.partition("/")[0] == "inbound" or form.fields.keys() >= OF_A_ROUTE


def read_inbound(form: Form, settings: MailgunSettings) -> Report:
    """Say what a route's post means."""
    described = {name: msgspec.to_builtins(file.media(keep=False)) for name, file in form.files}
    raw = encode_raw({**described, **form.fields})
    mail = read_mime(form.get("body-mime").encode()) if form.get("body-mime") else _forwarded(form, settings)
    if why := automatic(mail.headers):
        return Unknown(raw, why)
    name, address = author(form.get("from", "From"), mail.headers.get("from", ""), form.get("sender"))
    if not address:
        return Unknown(raw, "The mail names nobody who wrote it.")
    recipient = normal(form.get("recipient"))
    return Inbound(
        f"inbound:{form.get('token')}",
        address,
        raw,
        reference=bare(mail.headers.get("message-id", "")),
        to=recipient,
        content=mail.content,
        at=seconds(form.get("timestamp")),
        name=name,
        reply_to=answered(mail.headers, recipient, settings.domain),
        extra=_facts(form, mail.headers),
    )


def _forwarded(form: Form, settings: MailgunSettings) -> Mail:
    """Put together the mail that Mailgun has taken apart."""
    cids = as_json(form.get("content-id-map"), dict[str, str])
    references = {field: bare(cid) for cid, field in cids.items()}
    sent_along = [file.media(reference=references.get(name, "")) for name, file in form.files]
    stored = [_stored(each, settings) for each in as_json(form.get("attachments"), list[_Stored])]
    content = Content(
        title=text_of(form.get("subject")),
        text=text_of(form.get("body-plain", "stripped-text")),
        html=text_of(form.get("body-html", "stripped-html")),
        media=(*sent_along, *stored),
    )
    fields = {name.lower(): value for name, value in reversed(form.pairs)}
    return Mail(headers={**fields, **form.headers}, content=content)


def _stored(attachment: _Stored, settings: MailgunSettings) -> Media:
    """Describe an attachment kept at Mailgun; a URL elsewhere is the author's own invention and is left out."""
    return Media(
        type=text_of(attachment.content_type),
        name=text_of(attachment.name),
        size=attachment.size,
        url=attachment.url if is_mailguns(attachment.url, settings) else "",
    )


def is_mailguns(url: str, settings: MailgunSettings) -> bool:
    """Whether a URL leads to Mailgun's own hosts, so that our API key may go there."""
    try:
        host, own = urlsplit(url).hostname or "", urlsplit(settings.base_url).hostname
    except ValueError:
        return False
    return host == own or (url.startswith("https://") and host.endswith((".mailgun.net", ".mailgun.org")))


def _facts(form: Form, headers: Mapping[str, str]) -> dict[str, str]:
    facts = {fact: text_of(headers.get(header)) for fact, header in FACTS.items()}
    facts |= {"messageUrl": text_of(form.get("message-url")), "envelopeSender": text_of(form.get("sender"))}
    return {fact: value for fact, value in facts.items() if value}
