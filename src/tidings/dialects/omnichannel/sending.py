"""Requests to send: one message, a batch of them, and the redaction of one."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct, field

from tidings.dialects.omnichannel.names import ADDRESSES, identifier_key, inside
from tidings.dialects.omnichannel.options import check_options
from tidings.dialects.omnichannel.parts import MessagePart, check_part, media_of, sort_parts
from tidings.dialects.reading import read_json
from tidings.model.content import Content, Template
from tidings.model.drafts import Addressee, Draft
from tidings.model.errors import FieldError, Refused
from tidings.model.messages import Route
from tidings.rules.addresses import address
from tidings.rules.times import from_iso

MOST_IN_A_BATCH: Final = 5_000
MOST_RULES: Final = 20
SHORTEST_LIFE: Final = 60_000
"""Milliseconds that a message's expiry must lie ahead; a minute is the shortest validity an sms can have."""
LONGEST_WAIT: Final = 7 * 24 * 3600
"""Seconds that a rule may wait for a receipt."""

BAD_PLATFORM: Final = "A platform's name is a letter, then at most 39 letters, digits and hyphens."


class Rule(Struct, forbid_unknown_fields=True, rename="camel"):
    """One step of the fallback order, with the channel to use and the seconds to wait for a receipt."""

    channel: str
    channel_id: str = ""
    timeout: Annotated[float, Meta(gt=0, le=LONGEST_WAIT)] | None = None


class SendRequest(Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A request to send; a field that is not here is refused, since a misspelt one would change what is sent."""

    to: dict[str, Any]
    rules: Annotated[list[str | Rule], Meta(min_length=1, max_length=MOST_RULES)]
    title: str = ""
    body: str = ""
    message_parts: list[MessagePart] = []
    template_id: str = ""
    custom_body: dict[str, Raw] = {}
    channel_options: dict[str, Any] = {}
    conversation_id: str = ""
    metadata: Raw = field(default_factory=Raw)
    expires_on: str = ""
    require_opt_in: bool = False
    """Only to those who have opted in."""
    transactional: bool = False
    """Also to those who have unsubscribed. The vocabulary has no word for it; this one is ours."""
    shorten_links: Literal["on", "marked", "off", ""] = ""


def read_send(body: bytes, *, now: int) -> Draft:
    """Read a request to send; raises Refused with everything that is wrong with it."""
    request = read_json(body, SendRequest)
    errors = tuple(_check(request, now))
    if errors:
        raise Refused("The message cannot be sent as it is.", errors=errors)
    return Draft(
        dialect="omnichannel",
        to=(_addressee(request.to),),
        routes=tuple(map(_route, request.rules)),
        content=_content(request),
        metadata=request.metadata if bytes(request.metadata) else None,
        conversation=request.conversation_id,
        options={_known(name): options for name, options in request.channel_options.items()},
        profile=request.to,
        expires_at=from_iso(request.expires_on) if request.expires_on else None,
        track_links=request.shorten_links,
        transactional=request.transactional,
        require_opt_in=request.require_opt_in,
        request=Raw(body),
    )


def read_batch(body: bytes, *, now: int) -> list[Draft | Refused]:
    """Read a batch, each item for itself; raises Refused where it is no list or holds more than 5,000 items."""
    try:
        items = msgspec.json.decode(body, type=list[Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        wrong = FieldError("", "A batch is a JSON array of messages.", "type")
        raise Refused("The batch cannot be read.", errors=(wrong,)) from error
    if len(items) > MOST_IN_A_BATCH:
        wrong = FieldError("", f"A batch holds at most {MOST_IN_A_BATCH} messages.", "too-many")
        raise Refused("The batch is too long.", errors=(wrong,))
    return [_read_item(bytes(item), now) for item in items]


def _read_item(body: bytes, now: int) -> Draft | Refused:
    try:
        return read_send(body, now=now)
    except Refused as refusal:
        return refusal


class RedactionRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """A request to empty a message."""

    redact: Literal[True]
    redact_source: Literal["message", "chat"] = "message"


def read_redaction(body: bytes) -> str:
    """Read who asks for a message to be emptied, `message` or `chat`; raises Refused."""
    return read_json(body, RedactionRequest).redact_source


def _check(request: SendRequest, now: int) -> Iterator[FieldError]:
    yield from _check_addresses(request.to)
    yield from _check_rules(request.rules)
    for index, part in enumerate(request.message_parts):
        yield from check_part(part, f"messageParts[{index}]")
    yield from _check_platforms(request)
    yield from check_options(request.channel_options)
    if not (request.body or request.message_parts or request.template_id or request.custom_body):
        yield FieldError(
            "body", "There is nothing to send: give body, messageParts, templateId or customBody.", "empty"
        )
    if bytes(request.metadata)[:1] not in (b"", b"{"):
        yield FieldError("metadata", "Metadata is an object.", "type")
    yield from _check_expiry(request.expires_on, now)


def _check_addresses(to: dict[str, Any]) -> Iterator[FieldError]:
    if not any(to.values()):
        yield FieldError("to", "Say whom it is for: a phoneNumber, email, profileId or other address.", "required")
    seen: set[str] = set()
    for name, value in to.items():
        key = identifier_key(name)
        if key in seen:
            yield FieldError(f"to.{name}", "The same address is given twice, in other letters.", "duplicate")
        seen.add(key)
        if not isinstance(value, str):
            yield FieldError(f"to.{name}", "An address is a text.", "type")
        elif name in ADDRESSES:
            try:
                address(key, value)
            except ValueError as error:
                yield FieldError(f"to.{name}", str(error), "address")


def _check_rules(rules: list[str | Rule]) -> Iterator[FieldError]:
    seen: set[tuple[str, str]] = set()
    for index, each in enumerate(rules):
        rule = each if isinstance(each, Rule) else Rule(each)
        platform = inside(rule.channel)
        if platform is None:
            yield FieldError(f"rules[{index}]", BAD_PLATFORM, "platform")
        elif (platform, rule.channel_id) in seen:
            yield FieldError(f"rules[{index}]", "The same rule stands further up.", "duplicate")
        seen.add((platform or "", rule.channel_id))


def _check_platforms(request: SendRequest) -> Iterator[FieldError]:
    """Check the names that `customBody` and `channelOptions` go by; nothing may be said twice of one platform."""
    native: set[str] = set()
    seen: set[str] = set()
    for place, names in (("customBody", list(request.custom_body)), ("channelOptions", list(request.channel_options))):
        seen.clear()
        for name in names:
            platform = inside(name)
            if platform is None:
                yield FieldError(f"{place}.{name}", BAD_PLATFORM, "platform")
                continue
            if platform in seen:
                yield FieldError(f"{place}.{name}", "The same platform is named twice, in other letters.", "duplicate")
            if platform in native:
                yield FieldError(f"{place}.{name}", "A platform takes a customBody or options, not both.", "conflict")
            seen.add(platform)
        native = set(seen)
    for name, body in request.custom_body.items():
        if bytes(body) == b"null":
            yield FieldError(f"customBody.{name}", "A body may not be null.", "type")


def _check_expiry(expires_on: str, now: int) -> Iterator[FieldError]:
    if not expires_on:
        return
    try:
        at = from_iso(expires_on)
    except ValueError:
        yield FieldError("expiresOn", "Write the time as 2017-08-31T09:26:14.798Z (ISO 8601).", "time")
        return
    if at <= now + SHORTEST_LIFE:
        yield FieldError("expiresOn", "The expiry must lie more than a minute ahead.", "too-soon")


def _addressee(to: dict[str, str]) -> Addressee:
    addresses = {identifier_key(name): value for name, value in to.items() if value}
    return Addressee(contact=addresses.pop("profileid", ""), addresses=addresses)


def _route(given: str | Rule) -> Route:
    rule = given if isinstance(given, Rule) else Rule(given)
    window = None if rule.timeout is None else round(rule.timeout * 1000)
    return Route(_known(rule.channel), rule.channel_id, window)


def _content(request: SendRequest) -> Content:
    """Put together what is said; parts that are text are the body where none is given."""
    texts, pages, files = sort_parts(request.message_parts)
    if request.body:
        files, texts = [*(part for part in texts if part.data != request.body), *files], []
    return Content(
        title=request.title,
        text=request.body or "\n".join(part.data for part in texts),
        html=_email_html(request.channel_options) or "\n".join(part.data for part in pages),
        media=tuple(map(media_of, files)),
        template=Template(request.template_id) if request.template_id else None,
        native={_known(name): body for name, body in request.custom_body.items()},
    )


def _email_html(options: dict[str, Any]) -> str:
    return next((str(each.get("html", "")) for name, each in options.items() if inside(name) == "email"), "")


def _known(name: str) -> str:
    """Our name of a platform whose name has been checked."""
    return inside(name) or name
