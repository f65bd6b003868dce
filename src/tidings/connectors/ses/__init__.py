"""Amazon SES: e-mail by its HTTP API, version 2.

Send      POST /v2/email/outbound-emails   JSON, signed with AWS Signature Version 4
Reports   SNS posts what a configuration set publishes, what an identity notifies of, and the mails of receipt rules
Proof     RSA with SHA-1 or SHA-256, by a certificate of SNS's that the post names; and the topic
Answers   2xx is done; 5xx is repeated, within an hour at the most

Subscribe the callback URL to the topic with the protocol HTTPS, and without raw message delivery; it is confirmed by
itself.
"""

from tidings.connectors.connector import Capabilities, Connector, Outgoing, unsupported_kinds
from tidings.connectors.mail.people import address_of
from tidings.connectors.ses import inbound, reading, sending, sns, writing
from tidings.connectors.ses.notes import NOTES
from tidings.connectors.ses.settings import SesSettings
from tidings.model.errors import FieldError, SendFailed, Unreadable
from tidings.model.exchange import Answer, Call, Callback, Exchange, Sent
from tidings.model.reports import Deed, Report, Unknown
from tidings.model.stages import Cause, Reason


class Ses(Connector[SesSettings]):
    """Amazon SES, one sending identity in one region."""

    name = "ses"
    label = "Amazon SES"
    documentation = "https://docs.aws.amazon.com/ses/latest/dg/Welcome.html"
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
            only={
                Deed.OPENED: "with a configuration set",
                Deed.CLICKED: "with a configuration set",
                Deed.UNSUBSCRIBE_REQUEST: "from contact lists",
            },
            signature="SNS: RSA with SHA-1 or SHA-256 over the message, and the topic",
        )
    }
    Settings = SesSettings

    @property
    def sender(self) -> str:
        """The address that mail is from where a message does not say."""
        return address_of(self.settings.sender)

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what of a message SES would refuse."""
        return (*unsupported_kinds(outgoing, self.able), *writing.check(outgoing))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Hand it over; where reports go is set at the topic."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}"))
        return (yield from sending.send(outgoing, self.settings))

    def evidence(self, callback: Callback) -> Call:
        """Ask for the certificate that the post is signed with; raises BadSignature where it is not at SNS."""
        return sns.evidence(callback, self.settings)

    def verify(self, callback: Callback) -> None:
        """Return if SNS signed it for one of our topics; raises BadSignature."""
        sns.verify(callback, self.settings)

    def complete(self, callback: Callback) -> Exchange[Callback] | None:
        """Get a mail that a receipt rule has put into the channel's bucket."""
        notice = sns.read_notice(callback.body)
        if notice is None or notice.type != sns.NOTIFICATION:
            return None
        try:
            event = reading.read_event(notice)
        except Unreadable:
            return None
        return None if isinstance(event, Unknown) else inbound.completion(callback, notice, event, self.settings)

    def parse(self, callback: Callback) -> list[Report]:
        """Say what the event in the post means."""
        notice = sns.read_notice(callback.body)
        if notice is None:
            raise Unreadable("It is no post of SNS's.")
        return reading.read_post(notice, self.settings)

    def acknowledge(self, callback: Callback) -> Exchange[None] | None:
        """Confirm a subscription to one of our topics."""
        notice = sns.read_notice(callback.body)
        call = sns.confirmation(notice, self.settings) if notice else None
        return None if call is None else _confirmed(call)

    def refusal(self, callback: Callback) -> Answer:
        """Have SNS try again: the certificate may only have been out of reach."""
        return Answer(status=503, body=b"signature refused")


def _confirmed(call: Call) -> Exchange[None]:
    yield call
