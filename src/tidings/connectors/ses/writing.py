"""Putting a message into SES's send request, and saying beforehand what it would refuse.

SendEmail https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

import re
from base64 import b64encode
from collections.abc import Generator, Iterator
from email.utils import formataddr
from typing import Any

import msgspec

from tidings.connectors.connector import Outgoing
from tidings.connectors.mail.composing import Letter, compose
from tidings.connectors.mail.files import File, files_of, octets_of
from tidings.connectors.mail.headers import OURS, message_id, thread
from tidings.connectors.mail.options import check_mail, native_of, options_of, tags_of
from tidings.connectors.mail.people import addresses_of, in_ascii, sender_of
from tidings.connectors.ses.settings import Options, SesSettings
from tidings.model.content import Template
from tidings.model.errors import FieldError
from tidings.model.exchange import Call, Reply

MOST_RECIPIENTS = 50
LARGEST_MESSAGE = 40 * 2**20
"""Octets of the mail as it goes, its files in base64."""
LONGEST_TAG = 256
MESSAGE_TAG, HOP_TAG, WORKSPACE_TAG = "tidings_message", "tidings_hop", "tidings_workspace"
"""Tags that bring our ids back with every event."""
HEADER = "X-Tidings-Message"
"""The same in a header: notifications of an identity have no tags, but may have the headers."""
RESERVED = frozenset({"destination"})
"""Fields that a native body may not set: whom it goes to is said by the message itself."""

CLICKS = {"on": True, "off": False, "marked": False}
"""What we ask of SES's link tracking; marked links are rewritten by us, and nothing is rewritten twice."""

_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_BASE64 = 4 / 3


def write(outgoing: Outgoing, settings: SesSettings) -> Generator[Call, Reply, dict[str, Any]]:
    """Write a message as a send request that is for nobody yet; media that is only named by a URL is fetched first."""
    options, native = options_of(outgoing, Options), native_of(outgoing)
    name, address = sender_of(outgoing, options.sender, settings.sender)
    sender = name, in_ascii(address)
    files = yield from files_of(outgoing.content.media)
    request: dict[str, Any] = {"FromEmailAddress": formataddr(sender)}
    headers = {**outgoing.content.headers, **options.headers, **thread(outgoing), HEADER: outgoing.tag}
    answers_to = options.reply_to or settings.reply_to.replace("{message}", outgoing.message)
    if outgoing.content.template is not None:
        request["Content"] = {"Template": _template(outgoing.content.template, headers, files)}
        request |= {"ReplyToAddresses": [answers_to]} if answers_to else {}
    else:
        headers |= {"Reply-To": answers_to} if answers_to else {}
        raw = compose(_letter(outgoing, settings, sender, headers, files))
        request["Content"] = {"Raw": {"Data": b64encode(raw).decode()}}
    request |= _options(outgoing, options, settings)
    # Our tags stay, or nothing would come back.
    tags = [*_tags(outgoing, options), *native.get("EmailTags", [])]
    return {**request, **native, "EmailTags": tags}


def check(outgoing: Outgoing) -> Iterator[FieldError]:
    """Say what of a message SES would refuse, beyond its kinds of content."""
    wrong = tuple(
        check_mail(outgoing, Options, "SES", recipients=MOST_RECIPIENTS, reserved=RESERVED, headers=OURS | {"reply-to"})
    )
    yield from wrong
    if any(error.path == "channelOptions.email" for error in wrong):
        return
    options, native = options_of(outgoing, Options), native_of(outgoing)
    for name, value in options.email_tags.items():
        if not _TAG.fullmatch(name) or not _TAG.fullmatch(value):
            yield FieldError(f"channelOptions.email.emailTags.{name}", "SES takes letters, digits, _ and - in tags.")
        elif name in {MESSAGE_TAG, HOP_TAG, WORKSPACE_TAG}:
            yield FieldError(f"channelOptions.email.emailTags.{name}", "It is set from the message itself.", "Reserved")
    if not isinstance(native.get("EmailTags", []), list):
        yield FieldError("customBody.email.EmailTags", "Tags are a list.")
    content = outgoing.content
    size = len(content.text.encode("utf-8", "replace")) + len(content.html.encode("utf-8", "replace"))
    if size + sum(len(octets_of(media)) for media in content.media) * _BASE64 > LARGEST_MESSAGE:
        yield FieldError("body", "SES takes at most 40 MB.", "TooLarge")


def _letter(
    outgoing: Outgoing, settings: SesSettings, sender: tuple[str, str], headers: dict[str, str], files: list[File]
) -> Letter:
    return Letter(
        sender=sender,
        to=addresses_of(outgoing, "to"),
        cc=addresses_of(outgoing, "cc"),
        subject=outgoing.content.title,
        text=outgoing.content.text,
        html=outgoing.content.html,
        files=files,
        headers=headers,
        message_id=message_id(outgoing, settings.domain),
        written_at=outgoing.now,
    )


def _template(template: Template, headers: dict[str, str], files: list[File]) -> dict[str, Any]:
    """Name a template kept at SES; files it shows by `cid:` must be named as it names them."""
    named = template.name or template.project
    written: dict[str, Any] = {
        "TemplateArn" if named.startswith("arn:") else "TemplateName": named,
        "TemplateData": msgspec.json.encode(template.variables).decode(),
        "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
    }
    if files:
        written["Attachments"] = [
            {"FileName": file.name, "RawContent": b64encode(file.data).decode(), "ContentType": file.type}
            for file in files
        ]
    return written


def _options(outgoing: Outgoing, options: Options, settings: SesSettings) -> dict[str, Any]:
    said: dict[str, Any] = {
        "ConfigurationSetName": options.configuration_set or settings.configuration_set,
        "FeedbackForwardingEmailAddress": options.feedback_address,
        "TenantName": options.tenant,
    }
    clicks = options.tracking_clicks if options.tracking_clicks is not None else CLICKS.get(outgoing.track_links)
    wanted = {"OpenTrackingEnabled": options.tracking_opens, "ClickTrackingEnabled": clicks}
    if tracking := {name: "ENABLED" if on else "DISABLED" for name, on in wanted.items() if on is not None}:
        said["ConfigurationOverrides"] = {"Tracking": tracking}
    if options.contact_list:
        topic = {"TopicName": options.topic} if options.topic else {}
        said["ListManagementOptions"] = {"ContactListName": options.contact_list, **topic}
    return {name: value for name, value in said.items() if value}


def _tags(outgoing: Outgoing, options: Options) -> list[dict[str, str]]:
    """Write SES's tags: ours, those asked for, and the first of the message's own that it takes."""
    own = {MESSAGE_TAG: outgoing.message, HOP_TAG: str(outgoing.hop), WORKSPACE_TAG: outgoing.workspace}
    tag = next((tag for tag in tags_of(outgoing, options, LONGEST_TAG) if _TAG.fullmatch(tag)), "")
    named = {"tag": tag} if tag else {}
    return [{"Name": name, "Value": value} for name, value in {**named, **options.email_tags, **own}.items()]
