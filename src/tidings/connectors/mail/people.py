"""Whom a mail is from, and whom it is for."""

import re
from collections.abc import Iterator
from email.utils import parseaddr

from tidings.connectors.connector import Outgoing
from tidings.connectors.mail.headers import CONTROL
from tidings.model.errors import FieldError

_TO_ESCAPE = re.compile(r'(["\\])')


def recipients_of(outgoing: Outgoing) -> tuple[tuple[str, str], ...]:
    """List everybody a mail is for, as `to`, `cc` or `bcc` and the address."""
    return outgoing.recipients or (("to", outgoing.to),)


def addresses_of(outgoing: Outgoing, kind: str) -> list[str]:
    """List the addresses of one kind in ASCII, each once; raises ValueError."""
    return list(dict.fromkeys(in_ascii(address) for each, address in recipients_of(outgoing) if each == kind))


def everybody_of(outgoing: Outgoing) -> list[str]:
    """List the addresses of all kinds in ASCII, each once in whatever letters; raises ValueError."""
    seen: dict[str, str] = {}
    for _, address in recipients_of(outgoing):
        seen.setdefault(address.lower(), in_ascii(address))
    return list(seen.values())


def in_ascii(address: str) -> str:
    """Write an address for a provider that takes ASCII only: the domain in its `xn--` form (RFC 5891).

    Raises ValueError where what stands before the @ is no ASCII: there is no other way to write that.
    """
    local, at, domain = address.rpartition("@")
    return (local.encode("ascii") + at.encode() + domain.encode("idna")).decode()


def address_of(sender: str) -> str:
    """Take the address out of `Name <address>`."""
    return parseaddr(sender)[1]


def sender_of(outgoing: Outgoing, asked: str, own: str) -> tuple[str, str]:
    """Say whom a mail is from, name and address: who is asked for, else the channel's own sender."""
    name, address = parseaddr(outgoing.sender or asked or own)
    own_name, own_address = parseaddr(own)
    if not name and address == own_address:
        name = own_name
    return outgoing.sender_name or name, address


def with_name(name: str, address: str) -> str:
    """Write an address with the name of whose it is (RFC 5322 section 3.4)."""
    return '"{}" <{}>'.format(_TO_ESCAPE.sub(r"\\\1", name), address) if name else address


def check_own(sender: str, reply_to: str = "") -> None:
    """Raise ValueError where a channel's own sender, or where its answers go, is no address in ASCII."""
    if "@" not in address_of(sender) or not is_ascii(address_of(sender)):
        raise ValueError("sender is no e-mail address with only ASCII before the @")
    if reply_to and not ("@" in reply_to and is_ascii(address_of(reply_to)) and address_of(reply_to) == reply_to):
        raise ValueError("replyTo is no e-mail address, without a name, with only ASCII before the @")


def is_ascii(address: str) -> bool:
    """Whether an address can be written in ASCII."""
    try:
        in_ascii(address)
    except ValueError:
        return False
    return True


def check_recipients(outgoing: Outgoing, provider: str, most: int) -> Iterator[FieldError]:
    """Say what is wrong with whom a mail is for."""
    everybody = recipients_of(outgoing)
    if len(everybody) > most:
        yield FieldError("to", f"{provider} takes at most {most} recipients at once.", "TooMany")
    if not any(kind == "to" for kind, _ in everybody):
        yield FieldError("to", "Somebody must be in `to`.", "Empty")
    for _, address in everybody:
        if "@" not in address or "," in address or CONTROL.search(address):
            # One bad address makes a provider refuse the mail to all of them.
            yield FieldError("to", f"{address!r} is no e-mail address.")
