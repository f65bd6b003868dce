"""E-mail by any mail server: submitted by SMTP, and what becomes of it told by mail.

Send       RFC 6409    one transaction over the hub's `smtp` wire, with delivery status notifications (RFC 3461)
Reports    RFC 3464    mail to return paths that bear our tag, by way of the hub's own mail door
Complaints RFC 5965    feedback loops, to the return path or an address of their own
People     RFC 8058    one-click unsubscribe links; mail to unsubscribe, and answers, by the door

Nothing that comes over HTTP is believed: what the hub's doors take in is handed on under a URL of its own (`door:`).
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from tidings.connectors.connector import Capabilities, Connector, Outgoing, unsupported_kinds
from tidings.connectors.mail.people import address_of
from tidings.connectors.smtp import sending, tokens, writing
from tidings.connectors.smtp.addresses import Destination, read_address
from tidings.connectors.smtp.dkim import Signer, read_key
from tidings.connectors.smtp.reading import read_mail, unsubscribed
from tidings.connectors.smtp.settings import SmtpSettings
from tidings.model.errors import BadSignature, FieldError, SendDeferred, Unreadable
from tidings.model.exchange import Callback, Exchange, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason
from tidings.rules.unsubscribing import is_sealed, read_token

DOOR = "door:"
"""What the URLs of callbacks begin with that the hub's own doors hand on; what comes over HTTP has never such a one."""
TOKEN = "unsubscribe-token"  # noqa: S105 - a header's name
"""The header with the token of an unsubscribe link."""


class Smtp(Connector[SmtpSettings]):
    """A mail server that takes our mail, and a domain whose mail comes to us."""

    name = "smtp"
    label = "SMTP"
    documentation = "https://www.rfc-editor.org/rfc/rfc6409"
    platforms = ("email",)
    wire = "smtp"
    capabilities = {
        "email": Capabilities(
            sends=frozenset({"text", "html", "media"}),
            reads=True,
            interactions=frozenset({Deed.REPORTED_AS_SPAM, Deed.UNSUBSCRIBE_REQUEST}),
            inbound=True,
            several_recipients=True,
            receipt_is_the_messages=True,
            signature="an HMAC in the address that mail comes back to, or in the unsubscribe link",
        )
    }
    notes = (
        (
            "Reports, complaints, answers and mails to unsubscribe come by the hub's mail door (TIDINGS_MAIL_PORT): "
            "the mail of the channel's domain must be brought there, by an MX record or by your mail server."
        ),
        (
            "A mail server that takes a message has not delivered it, and most never say that they did: sent is the "
            "last word unless deliveryReports is on. That it could not be delivered is told in any case, up to days "
            "later."
        ),
        "Relays that set a return path of their own (as mail services do) keep the reports to themselves.",
        "A mail to several people is one transaction: each has their own outcome, and there is no one-click link.",
    )
    Settings = SmtpSettings

    @property
    def able(self) -> Capabilities:
        """What it can do; without delivery reports, that a mail was sent is all that is waited for."""
        return replace(super().able, receipts=self.settings.delivery_reports)

    @property
    def sender(self) -> str:
        """The address that mail is from where a message does not say."""
        return address_of(self.settings.sender)

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what of a message no mail server would take."""
        return (*unsupported_kinds(outgoing, self.able), *writing.check(outgoing, self.settings))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Hand it over; unsubscribe links lead to where the callback URL shows that the hub is."""
        links = self.settings.unsubscribe_url.rstrip("/") or f"{report_to.partition('/callbacks/')[0]}/u"
        try:
            signer = self._signer
        except ValueError as error:
            raise SendDeferred(Reason(Cause.ACCOUNT, str(error), permanent=False), channel_wide=True) from error
        return (yield from sending.send(outgoing, self.settings, links, signer))

    def claims(self, callback: Callback) -> bool:
        """Whether a mail came to an address of this channel, or a click by a link of it."""
        return callback.url.startswith(DOOR) and (self._came_to(callback) is not None or self._is_link(callback))

    def verify(self, callback: Callback) -> None:
        """Return if it came by a door, to an address with our tag or by a link with our seal; raises BadSignature."""
        if not self.claims(callback):
            raise BadSignature("It came by no door of ours, or to no address of this channel.")

    def parse(self, callback: Callback) -> list[Report]:
        """Say what it means."""
        if (came_to := self._came_to(callback)) is not None:
            return read_mail(callback, came_to, self.settings)
        whose = read_token(callback.headers.get(TOKEN, ""))
        if whose is None:
            raise Unreadable("It is neither mail for this channel nor an unsubscribe link.")
        return [unsubscribed(whose, callback)]

    def renewal(self, now: int, *, refused: bool) -> Exchange[Mapping[str, Any]] | None:
        """Get a new access token where there is a refresh token and the old one ends."""
        return tokens.renew(self.settings, now) if tokens.is_wanted(self.settings, now, refused=refused) else None

    @cached_property
    def _signer(self) -> Signer | None:
        """Who signs mail; None where the relay does. Raises ValueError for a key that is none."""
        settings = self.settings
        if not settings.dkim_domain or not settings.dkim_selector or settings.dkim_key is None:
            return None
        return Signer(settings.dkim_domain, settings.dkim_selector, read_key(settings.dkim_key.reveal()))

    def _came_to(self, callback: Callback) -> Destination | None:
        return read_address(callback.headers.get("rcpt-to", ""), self.settings)

    def _is_link(self, callback: Callback) -> bool:
        key = self.settings.unsubscribe_key
        return key is not None and is_sealed(callback.headers.get(TOKEN, ""), key.reveal())
