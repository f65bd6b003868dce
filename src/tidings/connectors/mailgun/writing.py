"""Putting a message into the fields of Mailgun's send request, and saying beforehand what it would refuse."""

import re
from base64 import b64decode
from collections.abc import Generator, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import msgspec
from msgspec import Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.mailgun.forms import File
from tidings.connectors.mailgun.settings import DIRECT, MailgunSettings, Options
from tidings.model.content import Media
from tidings.model.errors import FieldError, NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Reply
from tidings.model.stages import Cause, Reason
from tidings.rules.times import from_iso

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
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 5322 section 2.2, less the characters that no mail program uses."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Letter(Struct, frozen=True):
    """A message in Mailgun's fields."""

    pairs: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, File], ...]
    recipients: tuple[str, ...]
    sender: str
    is_mime: bool = False


def write(outgoing: Outgoing, settings: MailgunSettings) -> Generator[Call, Reply, Letter]:
    """Write a message in Mailgun's fields; media that is only named by a URL is fetched first."""
    options, native = options_of(outgoing), native_of(outgoing)
    sender = _sender(outgoing, options, settings)
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
        file = yield from _file(media)
        files.append(("inline" if file.name and f"cid:{file.name}" in html else "attachment", file))
    return Letter(
        tuple((name, value) for name, values in fields.items() for value in values),
        tuple(files),
        tuple(address for _, address in recipients_of(outgoing)),
        address_of("".join(fields.get("from", [sender]))),
        bool(mime),
    )


def check(outgoing: Outgoing) -> Iterator[FieldError]:
    """Say what of a message Mailgun would refuse, beyond its kinds of content."""
    try:
        options, native = options_of(outgoing), native_of(outgoing)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeError, RecursionError) as error:
        yield FieldError("channelOptions.email", str(error))
        return
    yield from _check_recipients(outgoing)
    for name in native:
        if name.lower() in RESERVED:
            yield FieldError(f"customBody.email.{name}", "It is set from the message itself.", "Reserved")
    for name, value in {**outgoing.content.headers, **options.headers}.items():
        if not _HEADER_NAME.fullmatch(name) or _CONTROL.search(value):
            yield FieldError(f"headers.{name}", "A header's name is a word, and its value one line.")
    lines = {"title": outgoing.content.title, "sender": outgoing.sender, "sender.name": outgoing.sender_name}
    for path, text in {**lines, "channelOptions.email.from": options.sender}.items():
        if _CONTROL.search(text):
            yield FieldError(path, "It must be one line without control characters.")
    if wrong := tuple(_check_delivery_time(options, outgoing.now)):
        yield from wrong
    else:
        yield from _check_sizes(outgoing, options, native)


def options_of(outgoing: Outgoing) -> Options:
    """Read what the client asks of Mailgun; raises ValidationError."""
    return msgspec.convert(dict(outgoing.options), Options)


def native_of(outgoing: Outgoing) -> dict[str, Any]:
    """Read the body in Mailgun's own fields; raises ValidationError or DecodeError."""
    given = outgoing.content.native.get(outgoing.platform)
    return {} if given is None else msgspec.json.decode(given, type=dict[str, Any])


def recipients_of(outgoing: Outgoing) -> tuple[tuple[str, str], ...]:
    """List everybody the message is for."""
    return outgoing.recipients or (("to", outgoing.to),)


def address_of(sender: str) -> str:
    """Take the address out of `Name <address>`."""
    return parseaddr(sender)[1]


def message_id(outgoing: Outgoing, settings: MailgunSettings) -> str:
    """Make the Message-Id: the same for every try, so that a mail program can tell a repetition."""
    return f"<{outgoing.message}.{outgoing.hop}@{settings.domain}>"


def _sender(outgoing: Outgoing, options: Options, settings: MailgunSettings) -> str:
    asked = outgoing.sender or options.sender
    name, address = parseaddr(asked or settings.sender)
    own_name, own = parseaddr(settings.sender)
    if not name and address == own:
        name = own_name
    if name := outgoing.sender_name or name:
        return '"{}" <{}>'.format(re.sub(r'(["\\])', r"\\\1", name), address)
    return address


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
    if tags := [tag for tag in (*options.tags, *outgoing.tags) if tag.isascii() and 0 < len(tag) <= LONGEST_TAG]:
        # Mailgun takes no more; we keep them all.
        fields["o:tag"] = list(dict.fromkeys(tags))[:MOST_TAGS]
    if clicks := CLICKS.get(outgoing.track_links):
        fields["o:tracking-clicks"] = [clicks]
    for name, field in DIRECT.items():
        if (value := getattr(options, name)) not in (None, ""):
            fields[field] = _values(value)
    if options.test_mode:
        fields["o:testmode"] = ["yes"]
    if options.delivery_time is not None:
        moment = datetime.fromtimestamp(_moment(options.delivery_time) / 1000, UTC)
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
    if "@" in outgoing.reply_to and not _CONTROL.search(outgoing.reply_to):
        thread = f"<{outgoing.reply_to.strip('<>')}>"
        headers |= {"In-Reply-To": thread, "References": thread}
    return {f"h:{name}": [value] for name, value in headers.items() if name.lower() != "message-id"}


def _own(outgoing: Outgoing, settings: MailgunSettings) -> dict[str, list[str]]:
    """Write what brings our ids back with every event; recipients can see it."""
    return {
        "h:Message-Id": [message_id(outgoing, settings)],
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


def _file(media: Media) -> Generator[Call, Reply, File]:
    if media.url and not media.data:
        name = media.name or urlsplit(media.url).path.rpartition("/")[2] or "attachment"
        reply = yield from _fetch(media.url)
        kind = media.type or reply.headers.get("content-type", "").partition(";")[0].strip()
        return File(name, reply.body, _mime_type(kind))
    return File(media.name or "attachment", octets_of(media), _mime_type(media.type))


def _fetch(url: str) -> Generator[Call, Reply, Reply]:
    try:
        reply = yield Call.get(url, follow=True)
    except NoReply as silence:
        why = f"The media could not be fetched: {silence.why}."
        raise SendDeferred(Reason(Cause.UNREACHABLE, why, permanent=False)) from silence
    if reply.status == 429 or reply.status >= 500:
        why = f"The media's server answered {reply.status}."
        raise SendDeferred(Reason(Cause.UNREACHABLE, why, str(reply.status), permanent=False))
    if not reply.ok:
        raise SendFailed(Reason(Cause.INVALID, f"The media's server answered {reply.status}.", str(reply.status)))
    return reply


def octets_of(media: Media) -> bytes:
    """Read a medium's data: a `data:` URL, the text itself of a text, else base64; what is none of them is text."""
    if media.data.startswith("data:"):
        head, _, data = media.data.partition(",")
        octets = unquote_to_bytes(data)
        return _base64(octets) or octets if head.endswith(";base64") else octets
    plain = media.data.encode("utf-8", "replace")
    return plain if media.type.startswith("text/") else _base64(plain) or plain


def _base64(text: bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def _mime_type(text: str) -> str:
    return text if re.fullmatch(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+", text, re.ASCII) else "application/octet-stream"


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


def _moment(time: int | str) -> int:
    return time if isinstance(time, int) else from_iso(time)


def _check_recipients(outgoing: Outgoing) -> Iterator[FieldError]:
    everybody = recipients_of(outgoing)
    if len(everybody) > MOST_RECIPIENTS:
        yield FieldError("to", f"Mailgun takes at most {MOST_RECIPIENTS} recipients at once.", "TooMany")
    if not any(kind == "to" for kind, _ in everybody):
        yield FieldError("to", "Somebody must be in `to`.", "Empty")
    for _, address in everybody:
        if "@" not in address or "," in address or _CONTROL.search(address):
            # One bad address makes Mailgun refuse the mail to all of them.
            yield FieldError("to", f"{address!r} is no e-mail address.")


def _check_delivery_time(options: Options, now: int) -> Iterator[FieldError]:
    if options.delivery_time is None:
        return
    try:
        ahead = _moment(options.delivery_time) - now
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
