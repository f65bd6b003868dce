"""Mailgun: e-mail by its HTTP API.

Send      POST /v3/{domain}/messages   a form, HTTP Basic
Reports   one event a post: JSON today, a flat form before 2018; routes post what people write as a form
Proof     hex HMAC-SHA256 of timestamp and token, both in the body
Answers   200 is done, 406 stops; anything else is repeated for about eight hours

Routes forward to the callback URL followed by `/inbound`, or `/inbound/mime` for raw mails.
"""

from tidings.connectors.connector import Capabilities, Connector, Outgoing, unsupported_kinds
from tidings.connectors.mail.people import address_of
from tidings.connectors.mailgun import proof, sending, writing
from tidings.connectors.mailgun.events import read_envelope, read_event
from tidings.connectors.mailgun.forms import read_form
from tidings.connectors.mailgun.inbound import is_inbound, is_mailguns, read_inbound
from tidings.connectors.mailgun.legacy import read_legacy
from tidings.connectors.mailgun.settings import MailgunSettings
from tidings.connectors.mailgun.tables import DEEDS
from tidings.model.content import Media
from tidings.model.errors import BadSignature, FieldError, Unreadable
from tidings.model.exchange import Call, Callback, Exchange, Reply, Sent
from tidings.model.reports import Report

JSON = "application/json"


class Mailgun(Connector[MailgunSettings]):
    """Mailgun, one sending domain."""

    name = "mailgun"
    label = "Mailgun"
    documentation = "https://documentation.mailgun.com/docs/mailgun/user-manual/get-started"
    notes = (
        (
            "Set the domain's webhooks to the callback URL, for accepted, delivered, opened, clicked, temporary and"
            " permanent failures, unsubscribes and complaints. Opens and clicks need Mailgun's tracking."
        ),
        (
            "For what people write, make a route that forwards to the callback URL followed by `/inbound`, or by"
            " `/inbound/mime` for whole mails. Files that a route stores instead can be fetched for three days."
        ),
        (
            "An open that a mail program or a scanner makes by itself, as far as Mailgun says so, is told as"
            " `prefetched`, and proves no reading."
        ),
        "Automatic answers that come in are not told as messages of people; they are kept as unknown reports.",
    )
    platforms = ("email",)
    capabilities = {
        "email": Capabilities(
            sends=frozenset({"text", "html", "media", "template", "native"}),
            interactions=frozenset(DEEDS.values()),
            inbound=True,
            tracks_links=True,
            several_recipients=True,
            receipt_is_the_messages=True,
            signature="HMAC-SHA256 of timestamp and token, in the body",
        )
    }
    Settings = MailgunSettings

    @property
    def sender(self) -> str:
        """The address that mail is from where a message does not say."""
        return address_of(self.settings.sender)

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what of a message Mailgun would refuse."""
        return (*unsupported_kinds(outgoing, self.able), *writing.check(outgoing))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Hand it over; where reports go is set at Mailgun, for the whole domain."""
        return sending.send(outgoing, self.settings)

    def verify(self, callback: Callback) -> None:
        """Return if one of the signing keys signed its timestamp and token; raises BadSignature."""
        try:
            shown = _proof(callback)
        except Unreadable as error:
            raise BadSignature("It holds no signature.") from error
        keys = (self.settings.signing_key, self.settings.second_signing_key)
        proof.check(shown, filter(None, keys), callback.received_at)

    def parse(self, callback: Callback) -> list[Report]:
        """Say what it means: an event of either generation, or a mail that came in."""
        if callback.content_type == JSON:
            return read_event(callback.body, self.settings)
        form = read_form(callback)
        if is_inbound(form, callback.below):
            return [read_inbound(form, self.settings)]
        return read_legacy(form, self.settings)

    def fetch(self, media: Media, now: int) -> Exchange[Reply]:
        """Get a file that a route stored; it lies at Mailgun for three days, behind our API key."""
        if is_mailguns(media.url, self.settings):
            return (yield Call.get(media.url, follow=True, authorization=sending.authorization(self.settings)))
        return (yield Call.get(media.url, follow=True))


def _proof(callback: Callback) -> proof.Proof:
    if callback.content_type == JSON:
        return read_envelope(callback.body).signature
    form = read_form(callback)
    return proof.Proof(*(form.get(name) for name in ("timestamp", "token", "signature", "parent-signature")))
