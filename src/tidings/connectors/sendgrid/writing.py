"""Putting a message into SendGrid's send request, and saying beforehand what it would refuse.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
"""

from base64 import b64encode
from collections.abc import Generator, Iterator
from typing import Any

from tidings.connectors.connector import Outgoing
from tidings.connectors.mail.files import File, files_of, octets_of
from tidings.connectors.mail.headers import OURS, message_id, thread
from tidings.connectors.mail.options import check_mail, moment_of, native_of, options_of, tags_of
from tidings.connectors.mail.people import address_of, addresses_of, in_ascii, sender_of
from tidings.connectors.sendgrid.settings import Options, SendGridSettings
from tidings.model.errors import FieldError
from tidings.model.exchange import Call, Reply

MOST_RECIPIENTS = 1000
MOST_CATEGORIES = 10
LONGEST_CATEGORY = 255
LATEST_DELIVERY = 72 * 3600 * 1000
"""Milliseconds."""
LARGEST_MESSAGE = 30 * 2**20
"""Octets, the files in base64."""
MESSAGE, HOP, WORKSPACE = "tidings_message", "tidings_hop", "tidings_workspace"
"""Custom arguments that bring our ids back with every event, among the event's own fields."""
RESERVED = frozenset({"personalizations"})
"""Fields that a native body may not set: whom it goes to, and what brings receipts back to it."""
CLICKS = {"on": True, "off": False, "marked": False}
"""What we ask of SendGrid's link tracking; marked links are rewritten by us, and nothing is rewritten twice."""

_BASE64 = 4 / 3


def write(outgoing: Outgoing, settings: SendGridSettings) -> Generator[Call, Reply, dict[str, Any]]:
    """Write a message as a send request; media that is only named by a URL is fetched first."""
    options, native = options_of(outgoing, Options), native_of(outgoing)
    files = yield from files_of(outgoing.content.media)
    headers = {**outgoing.content.headers, **options.headers, **thread(outgoing)}
    headers["Message-ID"] = message_id(outgoing, settings.domain)
    name, address = sender_of(outgoing, options.sender, settings.sender)
    answers_to = options.reply_to or settings.reply_to.replace("{message}", outgoing.message)
    said: dict[str, Any] = {
        "from": {"email": in_ascii(address), **({"name": name} if name else {})},
        "reply_to": {"email": in_ascii(address_of(answers_to))} if answers_to else None,
        "subject": outgoing.content.title,
        "content": _content(outgoing),
        "attachments": [_attachment(file, outgoing.content.html) for file in files],
        "headers": headers,
        "categories": tags_of(outgoing, options, LONGEST_CATEGORY)[:MOST_CATEGORIES],
        **_options(outgoing, options),
    }
    request = {field: value for field, value in said.items() if value not in (None, "", [], {})}
    return {**request, **native, "personalizations": [_personalization(outgoing, options)]}


def check(outgoing: Outgoing) -> Iterator[FieldError]:
    """Say what of a message SendGrid would refuse, beyond its kinds of content."""
    wrong = tuple(
        check_mail(outgoing, Options, "SendGrid", recipients=MOST_RECIPIENTS, reserved=RESERVED, headers=OURS)
    )
    yield from wrong
    if any(error.path == "channelOptions.email" for error in wrong):
        return
    yield from _check_delivery_time(options_of(outgoing, Options), outgoing.now)
    content = outgoing.content
    if not (content.title or content.template or content.native):
        yield FieldError("title", "SendGrid takes no mail without a subject.", "Empty")
    size = len(content.text.encode("utf-8", "replace")) + len(content.html.encode("utf-8", "replace"))
    if size + sum(len(octets_of(media)) for media in content.media) * _BASE64 > LARGEST_MESSAGE:
        yield FieldError("body", "SendGrid takes at most 30 MB.", "TooLarge")


def _personalization(outgoing: Outgoing, options: Options) -> dict[str, Any]:
    """Write whom it is for; nobody may stand there twice."""
    seen: set[str] = set()
    said: dict[str, Any] = {}
    for kind in ("to", "cc", "bcc"):
        people = [address for address in addresses_of(outgoing, kind) if address.lower() not in seen]
        seen |= {address.lower() for address in people}
        if people:
            said[kind] = [{"email": address} for address in people]
    # Texts only: for a number among them the whole request is refused, without a word on which.
    said["custom_args"] = {MESSAGE: outgoing.message, HOP: str(outgoing.hop), WORKSPACE: outgoing.workspace}
    if outgoing.content.template is not None:
        said["dynamic_template_data"] = {**outgoing.content.template.variables, **options.template_data}
    return said


def _content(outgoing: Outgoing) -> list[dict[str, str]]:
    said = {"text/plain": outgoing.content.text, "text/html": outgoing.content.html}
    return [{"type": kind, "value": text} for kind, text in said.items() if text]


def _attachment(file: File, html: str) -> dict[str, str]:
    said = {"content": b64encode(file.data).decode(), "type": file.type, "filename": file.name}
    if file.is_shown_in(html):
        return {**said, "disposition": "inline", "content_id": file.name}
    return {**said, "disposition": "attachment"}


def _options(outgoing: Outgoing, options: Options) -> dict[str, Any]:
    template = outgoing.content.template
    clicks = options.tracking_clicks if options.tracking_clicks is not None else CLICKS.get(outgoing.track_links)
    tracking = {
        "click_tracking": None if clicks is None else {"enable": clicks, "enable_text": False},
        "open_tracking": None if options.tracking_opens is None else {"enable": options.tracking_opens},
    }
    at = None if options.delivery_time is None else moment_of(options.delivery_time) // 1000
    return {
        "template_id": None if template is None else template.name or template.project,
        "tracking_settings": {name: wanted for name, wanted in tracking.items() if wanted is not None},
        "send_at": at,
        "asm": None if options.unsubscribe_group is None else {"group_id": options.unsubscribe_group},
        "ip_pool_name": options.ip_pool,
        "mail_settings": {"sandbox_mode": {"enable": True}} if options.test_mode else None,
    }


def _check_delivery_time(options: Options, now: int) -> Iterator[FieldError]:
    if options.delivery_time is None:
        return
    try:
        ahead = moment_of(options.delivery_time) - now
    except ValueError as error:
        yield FieldError("channelOptions.email.deliveryTime", str(error))
        return
    if not 0 <= ahead <= LATEST_DELIVERY:
        yield FieldError("channelOptions.email.deliveryTime", "SendGrid delivers at most 72 hours ahead.")
