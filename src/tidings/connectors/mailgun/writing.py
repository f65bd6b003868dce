"""Putting a message into the fields of Mailgun's send request, and saying beforehand what it would refuse."""

from collections.abc import Generator, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import msgspec
from msgspec import Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.mail.files import File, file_of, octets_of
from tidings.connectors.mail.headers import message_id, thread
from tidings.connectors.mail.options import check_mail, moment_of, native_of, options_of, tags_of
from tidings.connectors.mail.people import address_of, recipients_of, sender_of, with_name
from tidings.connectors.mailgun.settings import DIRECT, MailgunSettings, Options
from tidings.model.errors import FieldError
from tidings.model.exchange import Call, Reply

MINUTE = 60_000
"""Milliseconds."""
LATEST_DELIVERY = 3 * 24 * 60 * MINUTE
MOST_RECIPIENTS = 1000
MOST_TAGS = 3
LONGEST_TAG = 128
LARGEST_PARAMETERS = 16 * 1024
"""Octets of all `o:`, `h:`, `v:` and `t:` fields together."""
LARGEST_MESSAGE = 25 * 2**20
"""Octets."""
SHORTEST_DEADLINE, LONGEST_DEADLINE = 5, 24 * 60
"""Minutes, of `o:deliver-within`."""
RESERVED = frozenset({"to", "cc", "bcc", "h:message-id"})
"""Fields that a native body may not set: whom it goes to, and what brings receipts back to it."""
CLICKS = {"on": "yes", "off": "no", "marked": "no"}
"""What we ask of Mailgun's link tracking; marked links are rewritten by us, and nothing is rewritten twice."""


class Letter(Struct, frozen=True):
    """A message in Mailgun's fields."""

    pairs: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, File], ...]
    recipients: tuple[str, ...]
    sender: str
    is_mime: bool = False


def write(outgoing: Outgoing, settings: MailgunSettings) -> Generator[Call, Reply, Letter]:
    """Write a message in Mailgun's fields; media that is only named by a URL is fetched first."""
    options, native = options_of(outgoing, Options), native_of(outgoing)
    sender = with_name(*sender_of(outgoing, options.sender, settings.sender))
    fields = {"from": [sender], **_recipients(outgoing), **_content(outgoing, options), **_options(outgoing, options)}
    fields |= {name: _values(value) for name, value in native.items()}
    fields |= _own(outgoing, settings)
    files: list[tuple[str, File]] = []
    mime = fields.pop("message", None)
    if mime:
        files.append(("message", File("message.eml", "".join(mime).encode(), "message/rfc822")))
        fields = {name: values for name, values in fields.items() if name not in {"from", "subject", "text", "html"}}
    html = "".join(fields.get("html", ()))
    for media in outgoing.content.media:
        file = yield from file_of(media)
        files.append(("inline" if file.is_shown_in(html) else "attachment", file))
    return Letter(
        tuple((name, value) for name, values in fields.items() for value in values),
        tuple(files),
        tuple(address for _, address in recipients_of(outgoing)),
        address_of("".join(fields.get("from", [sender]))),
        bool(mime),
    )


def check(outgoing: Outgoing) -> Iterator[FieldError]:
    """Say what of a message Mailgun would refuse, beyond its kinds of content."""
    wrong = tuple(
        check_mail(outgoing, Options, "Mailgun", recipients=MOST_RECIPIENTS, reserved=RESERVED, ascii_only=False)
    )
    yield from wrong
    if any(error.path == "channelOptions.email" for error in wrong):
        return
    options, native = options_of(outgoing, Options), native_of(outgoing)
    if wrong := tuple(_check_delivery_time(options, outgoing.now)):
        yield from wrong
    else:
        yield from _check_sizes(outgoing, options, native)


def _recipients(outgoing: Outgoing) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for kind, address in recipients_of(outgoing):
        fields.setdefault(kind, []).append(address)
    return fields


def _content(outgoing: Outgoing, options: Options) -> dict[str, list[str]]:
    content, template = outgoing.content, outgoing.content.template
    said = {"subject": content.title, "text": content.text, "html": content.html, "amp-html": options.amp_html}
    if template is not None:
        said |= {"template": template.name or template.project, "t:version": template.version}
        said |= {"t:variables": _json(template.variables), "t:text": "" if content.text else "yes"}
    return {name: [text] for name, text in said.items() if text}


def _options(outgoing: Outgoing, options: Options) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    if tags := tags_of(outgoing, options, LONGEST_TAG):
        # Mailgun takes no more; we keep them all.
        fields["o:tag"] = tags[:MOST_TAGS]
    if clicks := CLICKS.get(outgoing.track_links):
        fields["o:tracking-clicks"] = [clicks]
    for name, field in DIRECT.items():
        if (value := getattr(options, name)) not in (None, ""):
            fields[field] = _values(value)
    if options.test_mode:
        fields["o:testmode"] = ["yes"]
    if options.delivery_time is not None:
        moment = datetime.fromtimestamp(moment_of(options.delivery_time) / 1000, UTC)
        fields["o:deliverytime"] = [format_datetime(moment)]
    if deadline := _deadline(outgoing):
        fields["o:deliver-within"] = [deadline]
    if options.recipient_variables:
        fields["recipient-variables"] = [_json(options.recipient_variables)]
    return fields | _headers(outgoing, options)


def _headers(outgoing: Outgoing, options: Options) -> dict[str, list[str]]:
    headers = {**outgoing.content.headers, **options.headers}
    if options.reply_to:
        headers["Reply-To"] = options.reply_to
    headers |= thread(outgoing)
    return {f"h:{name}": [value] for name, value in headers.items() if name.lower() != "message-id"}


def _own(outgoing: Outgoing, settings: MailgunSettings) -> dict[str, list[str]]:
    """Write what brings our ids back with every event; recipients can see it."""
    return {
        "h:Message-Id": [message_id(outgoing, settings.domain)],
        f"v:{settings.message_variable}": [outgoing.message],
        f"v:{settings.workspace_variable}": [outgoing.workspace],
        f"v:{settings.hop_variable}": [str(outgoing.hop)],
    }


def _deadline(outgoing: Outgoing) -> str:
    """Say how long Mailgun may try, `1h30m`; empty where that is longer than it lets us say."""
    if outgoing.expires_at is None:
        return ""
    minutes = max((outgoing.expires_at - outgoing.now) // MINUTE, SHORTEST_DEADLINE)
    if minutes > LONGEST_DEADLINE:
        return ""
    hours, rest = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{rest}m" if rest else "")


def _values(value: Any) -> list[str]:
    """Write a value as a form takes it: a list as repeated fields, a switch as yes or no, an object as JSON."""
    if value is None:
        return []
    if isinstance(value, list):
        return [text for each in value for text in _values(each)]
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return [value if isinstance(value, str) else _json(value)]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _check_delivery_time(options: Options, now: int) -> Iterator[FieldError]:
    if options.delivery_time is None:
        return
    try:
        ahead = moment_of(options.delivery_time) - now
    except ValueError as error:
        yield FieldError("channelOptions.email.deliveryTime", str(error))
        return
    if not 0 <= ahead <= LATEST_DELIVERY:
        yield FieldError("channelOptions.email.deliveryTime", "Mailgun delivers at most three days ahead.")


def _check_sizes(outgoing: Outgoing, options: Options, native: Mapping[str, Any]) -> Iterator[FieldError]:
    fields = {**_content(outgoing, options), **_options(outgoing, options)}
    fields |= {name: _values(value) for name, value in native.items()}
    sizes = {name: sum(len(value.encode("utf-8", "replace")) for value in values) for name, values in fields.items()}
    if sum(size for name, size in sizes.items() if name[:2] in {"o:", "h:", "v:", "t:"}) > LARGEST_PARAMETERS:
        yield FieldError("channelOptions.email", "Options, headers and template variables exceed 16 KB.", "TooLarge")
    if sum(sizes.values()) + sum(len(octets_of(media)) for media in outgoing.content.media) > LARGEST_MESSAGE:
        yield FieldError("body", "Mailgun takes at most 25 MB.", "TooLarge")
