"""What a client may ask of one e-mail (`channelOptions.email`), whichever provider it goes through; its own body."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from tidings.connectors.connector import Outgoing
from tidings.connectors.mail.headers import check_headers, check_lines
from tidings.connectors.mail.people import address_of, check_recipients, is_ascii, recipients_of
from tidings.model.errors import FieldError
from tidings.rules.times import from_iso


class MailOptions(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What can be asked of any provider; each has some more."""

    sender: str = field(default="", name="from")
    html: str = ""
    """The vocabulary reads it into the content; here it is only allowed to be."""
    reply_to: str = ""
    tags: tuple[str, ...] = ()
    headers: dict[str, str] = {}
    unsubscribe: bool = True
    """Whether it has the unsubscribe headers, where the channel writes them."""


O = TypeVar("O", bound=MailOptions)  # noqa: E741 - as in "options"


def options_of(outgoing: Outgoing, kind: type[O]) -> O:
    """Read what the client asks; raises ValidationError."""
    return msgspec.convert(dict(outgoing.options), kind)


def native_of(outgoing: Outgoing) -> dict[str, Any]:
    """Read the body in the provider's own fields; raises ValidationError or DecodeError."""
    given = outgoing.content.native.get(outgoing.platform)
    return {} if given is None else msgspec.json.decode(given, type=dict[str, Any])


def moment_of(time: int | str) -> int:
    """Read a time that a client writes: milliseconds, or ISO 8601; raises ValueError."""
    return time if isinstance(time, int) else from_iso(time)


def tags_of(outgoing: Outgoing, options: MailOptions, longest: int) -> list[str]:
    """List the message's tags that a provider can take, each once; those that are too long, or no ASCII, stay here."""
    tags = [tag for tag in (*options.tags, *outgoing.tags) if tag.isascii() and 0 < len(tag) <= longest]
    return list(dict.fromkeys(tags))


def check_mail(
    outgoing: Outgoing,
    kind: type[MailOptions],
    provider: str,
    *,
    recipients: int,
    reserved: frozenset[str],
    headers: frozenset[str] = frozenset(),
    ascii_only: bool = True,
) -> Iterator[FieldError]:
    """Say what of a mail any provider would refuse.

    `recipients` are the most that this one takes; of the native body's fields and of the headers, `reserved` and
    `headers` are not the client's to set; `ascii_only` says that no other address is taken. Where the options or the
    native body cannot be read, nothing else is said.
    """
    try:
        options, native = options_of(outgoing, kind), native_of(outgoing)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeError, RecursionError) as error:
        yield FieldError("channelOptions.email", str(error))
        return
    yield from check_recipients(outgoing, provider, recipients)
    if ascii_only:
        yield from _check_ascii(outgoing, options, provider)
    yield from _check_native(native, reserved)
    yield from check_headers({**outgoing.content.headers, **options.headers}, reserved=headers)
    yield from check_lines(
        {
            "title": outgoing.content.title,
            "sender": outgoing.sender,
            "sender.name": outgoing.sender_name,
            "channelOptions.email.from": options.sender,
            "channelOptions.email.replyTo": options.reply_to,
        }
    )


def _check_ascii(outgoing: Outgoing, options: MailOptions, provider: str) -> Iterator[FieldError]:
    """Say which addresses cannot be written in ASCII, as most providers want them."""
    senders = {"sender": outgoing.sender, "channelOptions.email.from": options.sender}
    written = [("to", address) for _, address in recipients_of(outgoing)]
    written += [(path, address_of(sender)) for path, sender in senders.items() if sender]
    written += [("channelOptions.email.replyTo", address_of(options.reply_to))] if options.reply_to else []
    for path, address in written:
        if not is_ascii(address):
            yield FieldError(path, f"{provider} takes only ASCII before the @ of an address.", "Unsupported")


def _check_native(native: Mapping[str, Any], reserved: frozenset[str]) -> Iterator[FieldError]:
    for name in native:
        if name.lower() in reserved:
            yield FieldError(f"customBody.email.{name}", "It is set from the message itself.", "Reserved")
