"""Reading today's webhooks: one event a post, as JSON.

https://documentation.mailgun.com/docs/mailgun/user-manual/events/event-structure
"""

from email.utils import getaddresses
from typing import Any

import msgspec
from msgspec import Raw, Struct

from tidings.connectors.mail.words import milliseconds, text_of
from tidings.connectors.mailgun import tables
from tidings.connectors.mailgun.proof import Proof
from tidings.connectors.mailgun.settings import MailgunSettings
from tidings.connectors.mailgun.words import target
from tidings.model.errors import Unreadable
from tidings.model.reports import Deed, Interaction, Receipt, Report, Unknown


class _Headers(Struct, frozen=True, rename="kebab"):
    message_id: str | None = None
    to: str | None = None


class _Message(Struct, frozen=True):
    headers: _Headers | None = None


class _Delivery(Struct, frozen=True, rename="kebab"):
    code: int | str | None = None
    enhanced_code: str | None = None
    message: str | None = None
    description: str | None = None


class _Client(Struct, frozen=True, rename="kebab"):
    user_agent: str | None = None
    bot: str | None = None


class _Rejection(Struct, frozen=True):
    reason: str | None = None
    description: str | None = None


class _Event(Struct, frozen=True, rename="kebab"):
    event: str
    timestamp: float | None = None
    severity: str | None = None
    reason: str | None = None
    recipient: str | None = None
    url: str | None = None
    message: _Message | None = None
    delivery_status: _Delivery | None = None
    reject: _Rejection | None = None
    client_info: _Client | None = None
    user_variables: dict[str, Any] | None = None

    @property
    def headers(self) -> _Headers:
        return (self.message and self.message.headers) or _Headers()

    @property
    def addressee(self) -> str:
        """The recipient; a rejected message names none but in its headers, and is nobody's where they name several."""
        if self.recipient:
            return self.recipient
        named = [address for _, address in getaddresses([self.headers.to or ""]) if address]
        return named[0] if len(named) == 1 else ""

    @property
    def trouble(self) -> tables.Trouble:
        """What went wrong."""
        if self.event == "rejected":
            rejection = self.reject or _Rejection()
            return tables.Trouble(word="rejected", text=text_of(rejection.reason, rejection.description))
        told = self.delivery_status or _Delivery()
        return tables.Trouble(
            word=self.reason or "",
            code=str(told.code or ""),
            enhanced=told.enhanced_code or "",
            text=text_of(told.message, told.description, self.reason),
            permanent=self.severity != "temporary",
        )


class Envelope(Struct, frozen=True, rename="kebab"):
    """A post: its proof, and the event."""

    signature: Proof
    event_data: Raw


def read_envelope(body: bytes) -> Envelope:
    """Take a post apart, leaving the event as it is; raises Unreadable."""
    try:
        return msgspec.json.decode(body, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("It is no post of Mailgun's.") from error


def read_event(body: bytes, settings: MailgunSettings) -> list[Report]:
    """Say what a post means; raises Unreadable."""
    envelope = read_envelope(body)
    try:
        # Decoded whole before it is looked at: `Raw` alone would let broken text through.
        whole = msgspec.json.decode(envelope.event_data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("Its event is broken.") from error
    try:
        event = msgspec.convert(whole, _Event)
    except msgspec.ValidationError as error:
        return [Unknown(envelope.event_data, f"The event is not as Mailgun's are: {error}")]
    if event.event.startswith(tables.OF_NO_MESSAGE):
        return []
    return [_report(event, envelope, settings)]


def _report(event: _Event, envelope: Envelope, settings: MailgunSettings) -> Report:
    variables = {name: str(value) for name, value in (event.user_variables or {}).items()}
    about = target(settings, variables, event.headers.message_id or "", event.addressee)
    at = milliseconds(event.timestamp)
    raw, token = envelope.event_data, envelope.signature.token
    if stage := tables.STAGES.get(event.event):
        return Receipt(about, stage, raw, at=at, key=f"receipt:{token}")
    if event.event in {"failed", "rejected"}:
        stage, reason = event.trouble.outcome
        return Receipt(about, stage, raw, at=at, reason=reason, key=f"receipt:{token}")
    if deed := tables.DEEDS.get(event.event):
        client = event.client_info or _Client()
        return Interaction(
            f"interaction:{token}",
            deed,
            about,
            raw,
            at=at,
            url=text_of(event.url) if deed is Deed.CLICKED else "",
            # Mailgun names the machine: apple (Mail Privacy Protection), gmail (image proxy), generic (scanner).
            prefetched=deed in {Deed.OPENED, Deed.CLICKED} and bool(client.bot),
            user_agent=text_of(client.user_agent),
            sender=about.recipient,
        )
    return Unknown(raw, f"Mailgun's event {event.event!r} is not known.")
