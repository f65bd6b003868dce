"""Mails that people write to us: who wrote, whether it was a person, and what they answer."""

from collections.abc import Mapping
from email.utils import getaddresses

from tidings.connectors.mail.words import bare, hop_of, text_of
from tidings.model.reports import Target
from tidings.rules.addresses import email as email_address


def automatic(headers: Mapping[str, str]) -> str:
    """Say why a mail is no person's answer (RFC 3834, RFC 6522, and older habits); empty where it may be one."""
    if headers.get("auto-submitted", "no").partition(";")[0].strip().lower() not in {"no", ""}:
        return "An automatic reply."
    if "x-autoreply" in headers or headers.get("precedence", "").strip().lower() in {"bulk", "auto_reply"}:
        return "An automatic reply, or mail to many."
    if headers.get("content-type", "").strip().lower().startswith("multipart/report"):
        return "A mail server's report."
    return ""


def author(*written: str) -> tuple[str, str]:
    """Find who wrote, name and address, in the first of these lines that names somebody; else both are empty."""
    for line in written:
        for name, address in getaddresses([text_of(line)]):
            if known := normal(address):
                return name, known
    return "", ""


def normal(address: str) -> str:
    """Write an address in the one way it is written inside; empty where it is none."""
    try:
        return email_address(address)
    except ValueError:
        return ""


def answered(headers: Mapping[str, str], recipient: str, domain: str) -> Target | None:
    """Find the message that a mail answers: by its thread, else by the tag of the address, `replies+<our id>@…`.

    `domain` is that of our own Message-IDs.
    """
    thread = text_of(headers.get("in-reply-to")).split() or text_of(headers.get("references")).split()
    if thread:
        return named(bare(thread[-1]), domain)
    tag = recipient.rpartition("@")[0].partition("+")[2]
    return Target(message=tag) if tag else None


def named(reference: str, domain: str) -> Target:
    """Say which message a Message-ID is of: by our own id where we made it, and by itself."""
    ours, _, host = reference.rpartition("@")
    message, _, hop = ours.rpartition(".")
    if host.lower() == domain.lower() and message and hop_of(hop) is not None:
        return Target(message=message, hop=hop_of(hop), reference=reference)
    return Target(reference=reference)
