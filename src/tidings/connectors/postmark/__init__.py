"""Postmark: e-mail by its HTTP API.

Send      POST /email   JSON, a server token
Reports   one record a post; what people write is one too
Proof     a name and a password in the webhook's URL, or a secret in a header
Answers   200 is done, 403 stops; anything else is repeated for up to ten hours
"""

import msgspec

from tidings.connectors.connector import Capabilities, Connector, Outgoing, unsupported_kinds
from tidings.connectors.mail.logins import has_secret, is_logged_in
from tidings.connectors.mail.people import address_of
from tidings.connectors.postmark import events, inbound, sending, writing
from tidings.connectors.postmark.notes import NOTES
from tidings.connectors.postmark.settings import PostmarkSettings
from tidings.model.errors import BadSignature, FieldError, SendFailed, Unreadable
from tidings.model.exchange import Answer, Callback, Exchange, Sent, as_raw
from tidings.model.reports import Deed, Report, Unknown
from tidings.model.stages import Cause, Reason


class Postmark(Connector[PostmarkSettings]):
    """Postmark, one server."""

    name = "postmark"
    label = "Postmark"
    documentation = "https://postmarkapp.com/developer"
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
            signature="a login in the URL, or a secret header",
        )
    }
    Settings = PostmarkSettings

    @property
    def sender(self) -> str:
        """The address that mail is from where a message does not say."""
        return address_of(self.settings.sender)

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what of a message Postmark would refuse."""
        return (*unsupported_kinds(outgoing, self.able), *writing.check(outgoing))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Hand it over; where webhooks go is set at Postmark."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}"))
        return (yield from sending.send(outgoing, self.settings))

    def verify(self, callback: Callback) -> None:
        """Return if it is logged in, or has the secret in its header; raises BadSignature."""
        settings = self.settings
        shown = has_secret(callback, settings.webhook_header, settings.webhook_secret)
        # Both are looked at, so that the time it takes tells nothing.
        if not shown | is_logged_in(callback, settings.webhook_login):
            raise BadSignature("It has neither the login nor the secret header of the channel.")

    def parse(self, callback: Callback) -> list[Report]:
        """Say what a record means."""
        try:
            whole = inbound.read_whole(callback.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable("It is no record of Postmark's.") from error
        raw = as_raw(callback.body)
        try:
            # The inbound stream of old names no type.
            if whole.get("RecordType", "Inbound") == "Inbound" and "FromFull" in whole:
                return inbound.read_arrival(msgspec.convert(whole, inbound.Arrival), whole, self.settings)
            return events.read_record(msgspec.convert(whole, events.Record), raw)
        except msgspec.ValidationError as error:
            return [Unknown(raw, f"The record is not as Postmark's are: {error}")]

    def refusal(self, callback: Callback) -> Answer:
        """Have Postmark try again: at a 403 it would give up, and whoever mistyped the login has hours to mend it."""
        return Answer(status=401, body=b"login refused")
