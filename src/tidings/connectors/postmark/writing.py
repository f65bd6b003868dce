"""Putting a message into Postmark's send request, and saying beforehand what it would refuse.

Mails      https://postmarkapp.com/developer/api/email-api
Templates  https://postmarkapp.com/developer/api/templates-api#email-with-template
"""

from base64 import b64encode
from collections.abc import Generator, Iterator
from typing import Any

from tidings.connectors.connector import Outgoing
from tidings.connectors.mail.files import File, files_of, octets_of
from tidings.connectors.mail.headers import OURS, message_id, thread
from tidings.connectors.mail.options import check_mail, native_of, options_of, tags_of
from tidings.connectors.mail.people import addresses_of, in_ascii, sender_of, with_name
from tidings.connectors.postmark.settings import Options, PostmarkSettings
from tidings.model.content import Template
from tidings.model.errors import FieldError
from tidings.model.exchange import Call, Reply

MOST_RECIPIENTS = 50
LARGEST_MESSAGE = 10 * 2**20
"""Octets, the files in base64."""
LONGEST_TAG = 1000
MOST_METADATA = 10
LONGEST_KEY, LONGEST_VALUE = 20, 80
MESSAGE, HOP, WORKSPACE = "tidings-message", "tidings-hop", "tidings-workspace"
"""Metadata that bring our ids back with every event."""
RESERVED = frozenset({"to", "cc", "bcc", "metadata"})
"""Fields that a native body may not set: whom it goes to, and what brings receipts back to it."""
CLICKS = {"on": True, "off": False, "marked": False}
"""What we ask of Postmark's link tracking; marked links are rewritten by us, and nothing is rewritten twice."""

_BASE64 = 4 / 3


def write(outgoing: Outgoing, settings: PostmarkSettings) -> Generator[Call, Reply, dict[str, Any]]:
    """Write a message as a send request; media that is only named by a URL is fetched first."""
    options, native = options_of(outgoing, Options), native_of(outgoing)
    files = yield from files_of(outgoing.content.media)
    name, address = sender_of(outgoing, options.sender, settings.sender)
    said: dict[str, Any] = {
        "From": with_name(name, in_ascii(address)),
        "Subject": outgoing.content.title,
        "TextBody": outgoing.content.text,
        "HtmlBody": outgoing.content.html,
        "ReplyTo": options.reply_to or settings.reply_to.replace("{message}", outgoing.message),
        "Headers": [{"Name": name, "Value": value} for name, value in _headers(outgoing, options, settings).items()],
        "Attachments": [_attachment(file, outgoing.content.html) for file in files],
        "Tag": next(iter(tags_of(outgoing, options, LONGEST_TAG)), ""),
        **_options(outgoing, options, settings),
    }
    if outgoing.content.template is not None:
        said |= _template(outgoing.content.template, options)
    own = {"To": "to", "Cc": "cc", "Bcc": "bcc"}
    own = {field: ", ".join(addresses_of(outgoing, kind)) for field, kind in own.items()}
    ids = {MESSAGE: outgoing.message, HOP: str(outgoing.hop), WORKSPACE: outgoing.workspace}
    request = {field: value for field, value in {**said, **own}.items() if value not in (None, "", [])}
    return {**request, **native, **{field: value for field, value in own.items() if value}} | {
        "Metadata": {**options.metadata, **ids}
    }


def check(outgoing: Outgoing) -> Iterator[FieldError]:
    """Say what of a message Postmark would refuse, beyond its kinds of content."""
    wrong = tuple(
        check_mail(outgoing, Options, "Postmark", recipients=MOST_RECIPIENTS, reserved=RESERVED, headers=OURS)
    )
    yield from wrong
    if any(error.path == "channelOptions.email" for error in wrong):
        return
    metadata = options_of(outgoing, Options).metadata
    ours = {MESSAGE, HOP, WORKSPACE}
    if len(metadata.keys() | ours) > MOST_METADATA:
        why = f"Postmark takes at most {MOST_METADATA} values, and {len(ours)} are ours."
        yield FieldError("channelOptions.email.metadata", why, "TooMany")
    for name, value in metadata.items():
        path = f"channelOptions.email.metadata.{name}"
        if name in ours:
            yield FieldError(path, "It is set from the message itself.", "Reserved")
        elif len(name) > LONGEST_KEY or len(value) > LONGEST_VALUE:
            why = f"Postmark takes names of {LONGEST_KEY} and values of {LONGEST_VALUE} characters."
            yield FieldError(path, why, "TooLarge")
    content = outgoing.content
    size = len(content.text.encode("utf-8", "replace")) + len(content.html.encode("utf-8", "replace"))
    if size + sum(len(octets_of(media)) for media in content.media) * _BASE64 > LARGEST_MESSAGE:
        yield FieldError("body", "Postmark takes at most 10 MB.", "TooLarge")


def _headers(outgoing: Outgoing, options: Options, settings: PostmarkSettings) -> dict[str, str]:
    """Write the headers; without X-PM-KeepID Postmark would put a Message-ID of its own in the place of ours."""
    own = {"Message-ID": message_id(outgoing, settings.domain), "X-PM-KeepID": "true"}
    return {**outgoing.content.headers, **options.headers, **thread(outgoing), **own}


def _attachment(file: File, html: str) -> dict[str, str]:
    said = {"Name": file.name, "Content": b64encode(file.data).decode(), "ContentType": file.type}
    return {**said, "ContentID": f"cid:{file.name}"} if file.is_shown_in(html) else said


def _template(template: Template, options: Options) -> dict[str, Any]:
    """Name a template by its number or its alias."""
    named = template.name or template.project
    numbered = named.isascii() and named.isdigit() and len(named) < 16
    said: dict[str, Any] = {"TemplateId": int(named)} if numbered else {"TemplateAlias": named}
    # The subject and the bodies are the template's.
    said |= dict.fromkeys(("Subject", "TextBody", "HtmlBody"), "")
    return {**said, "TemplateModel": {**template.variables, **options.template_data}, "InlineCss": options.inline_css}


def _options(outgoing: Outgoing, options: Options, settings: PostmarkSettings) -> dict[str, Any]:
    clicks = options.tracking_clicks if options.tracking_clicks is not None else CLICKS.get(outgoing.track_links)
    return {
        "MessageStream": options.message_stream or settings.message_stream,
        "TrackOpens": options.tracking_opens,
        "TrackLinks": None if clicks is None else "HtmlAndText" if clicks else "None",
    }
