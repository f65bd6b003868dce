"""The addresses that mail comes back to: `<what for>+<whose>.<tag>@<domain>`.

The tag is an HMAC over whose it is, so that nobody but us can have written such an address, and whoever writes to it
has had a mail of ours (VERP, with a proof). `<whose>` is our message id, and behind a dot the hop's number if that is
not the first.
"""

import hmac
from base64 import b32encode
from enum import StrEnum
from typing import Final

from msgspec import Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.mail.words import hop_of
from tidings.connectors.smtp.settings import SmtpSettings
from tidings.model.reports import Target

TAG: Final = 8
"""Characters: forty bits."""


class Purpose(StrEnum):
    """What an address of ours is for; the values stand in the address."""

    BOUNCE = "bounce"
    """The return path: what mail servers and feedback loops report."""
    UNSUBSCRIBE = "unsub"
    INBOX = "inbox"
    """What people write to; its own name stands in the address."""
    COMPLAINTS = "complaints"
    """What feedback loops are registered with; nothing in it says which mail they are about."""


class Destination(Struct, frozen=True):
    """What an address of ours means, and which message it was made for; empty where for none."""

    purpose: Purpose
    name: str = ""

    def target(self, recipient: str = "") -> Target:
        """Say which hop of which message it is about."""
        return target_of(self.name, recipient)


def name_of(outgoing: Outgoing) -> str:
    """Name a hop in an address."""
    return f"{outgoing.message}.{outgoing.hop}" if outgoing.hop else outgoing.message


def target_of(name: str, recipient: str = "") -> Target:
    """Say which hop a name in an address means."""
    message, dot, hop = name.rpartition(".")
    number = hop_of(hop) if dot else None
    if number is None:
        return Target(message=name, hop=0, recipient=recipient)
    return Target(message=message, hop=number, recipient=recipient)


def tag_of(name: str, key: str) -> str:
    """Make the tag of a name."""
    return b32encode(hmac.digest(key.encode(), name.encode("utf-8", "replace"), "sha256")).decode()[:TAG].lower()


def return_path(name: str, settings: SmtpSettings) -> str:
    """Write the address that mail servers report to."""
    return _tagged(Purpose.BOUNCE, name, settings.domain, settings)


def unsubscribe_address(name: str, settings: SmtpSettings) -> str:
    """Write the address that a mail unsubscribes by."""
    return _tagged(Purpose.UNSUBSCRIBE, name, settings.domain, settings)


def reply_address(name: str, settings: SmtpSettings) -> str:
    """Write the address that an answer to this very message comes to; empty where the channel has no inbox."""
    local, _, domain = settings.inbox.partition("@")
    return _tagged(local, name, domain, settings) if local else ""


def read_address(address: str, settings: SmtpSettings) -> Destination | None:
    """Say what mail to an address is for; None where it is none of the channel's, or its tag is not ours."""
    local, at, domain = address.strip().rpartition("@")
    if not at:
        return None
    purpose, plus, detail = local.partition("+")
    where = _purpose_of(purpose.lower(), domain.lower(), settings)
    if where is None:
        return None
    if not plus:
        return Destination(where) if where in (Purpose.INBOX, Purpose.COMPLAINTS) else None
    name, _, tag = detail.rpartition(".")
    due = tag_of(name, settings.return_path_key.reveal())
    if not name or not hmac.compare_digest(due, tag.lower().encode("ascii", "replace").decode()):
        return None
    return Destination(where, name)


def _purpose_of(local: str, domain: str, settings: SmtpSettings) -> Purpose | None:
    address = f"{local}@{domain}"
    if address == settings.inbox.lower():
        return Purpose.INBOX
    if address == settings.complaints.lower():
        return Purpose.COMPLAINTS
    if domain == settings.domain.lower() and local in (Purpose.BOUNCE, Purpose.UNSUBSCRIBE):
        return Purpose(local)
    return None


def _tagged(purpose: str, name: str, domain: str, settings: SmtpSettings) -> str:
    return f"{purpose}+{name}.{tag_of(name, settings.return_path_key.reveal())}@{domain}"
