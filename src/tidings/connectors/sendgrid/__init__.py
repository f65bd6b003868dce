"""Twilio SendGrid: e-mail by its HTTP API, version 3.

Send      POST /v3/mail/send   JSON, a bearer key
Reports   an array of events, and multipart forms of the Inbound Parse
Proof     ECDSA over a timestamp and the body; for the Inbound Parse also a name and a password in its URL
Answers   2xx is done; anything else is repeated for a day

The Inbound Parse posts to the callback URL followed by `/inbound`.
"""

from tidings.connectors.connector import Capabilities, Connector, Outgoing, unsupported_kinds
from tidings.connectors.mail.forms import MULTIPART
from tidings.connectors.mail.people import address_of
from tidings.connectors.sendgrid import events, inbound, proof, sending, writing
from tidings.connectors.sendgrid.notes import NOTES
from tidings.connectors.sendgrid.settings import SendGridSettings
from tidings.model.errors import FieldError, SendFailed
from tidings.model.exchange import Callback, Exchange, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason


class SendGrid(Connector[SendGridSettings]):
    """SendGrid, one account or sub-user."""

    name = "sendgrid"
    label = "SendGrid"
    documentation = "https://www.twilio.com/docs/sendgrid"
    notes = NOTES
    platforms = ("email",)
    capabilities = {
        "email": Capabilities(
            sends=frozenset({"text", "html", "media", "template", "native"}),
            interactions=frozenset({Deed.OPENED, Deed.CLICKED, Deed.REPORTED_AS_SPAM, Deed.UNSUBSCRIBE_REQUEST}),
            inbound=True,
            tracks_links=True,
            several_recipients=True,
            receipt_is_the_messages=True,
            signature="ECDSA over timestamp and body; a login for inbound mail",
        )
    }
    Settings = SendGridSettings

    @property
    def sender(self) -> str:
        """The address that mail is from where a message does not say."""
        return address_of(self.settings.sender)

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what of a message SendGrid would refuse."""
        return (*unsupported_kinds(outgoing, self.able), *writing.check(outgoing))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Hand it over; where events go is set at SendGrid."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}"))
        return (yield from sending.send(outgoing, self.settings))

    def verify(self, callback: Callback) -> None:
        """Return if it is signed with one of the keys, or an inbound mail that is logged in; raises BadSignature."""
        if _is_inbound(callback):
            proof.verify_inbound(callback, self.settings)
        else:
            proof.verify_events(callback, self.settings)

    def parse(self, callback: Callback) -> list[Report]:
        """Say what it means: events, or a mail that came in."""
        if _is_inbound(callback):
            return inbound.read_inbound(callback, self.settings)
        return events.read_events(callback.body)


def _is_inbound(callback: Callback) -> bool:
    """Whether a post is of the Inbound Parse: it is a form, and events are none."""
    return callback.content_type == MULTIPART
