"""Vonage (once Nexmo): SMS by its SMS API or its Messages API.

Send       https://developer.vonage.com/en/api/sms        POST of a form to /sms/json, always answered 200
           https://developer.vonage.com/en/api/messages   POST of JSON to /v1/messages
Callbacks  the SMS API's as a GET, a form or JSON, with `sig` over their fields; the Messages API's as JSON, with a JSON
           Web Token over the body
"""

from collections.abc import Mapping
from typing import ClassVar

from tidings.connectors.connector import Capabilities, Connector, Outgoing, Settings, unsupported_kinds
from tidings.connectors.vonage import proof, sending
from tidings.connectors.vonage.composing import faults
from tidings.connectors.vonage.reading import reports_of
from tidings.connectors.vonage.settings import VonageSettings
from tidings.connectors.vonage.tokens import authorization
from tidings.model.content import Media
from tidings.model.errors import FieldError, SendFailed
from tidings.model.exchange import Answer, Call, Callback, Exchange, Reply, Sent, same_origin
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason

NOTES = (
    (
        "Write the callback URL in Vonage's dashboard under API settings (SMS), for delivery receipts and inbound "
        "messages, or in the application (Messages API), for statuses and inbound messages. Which of the two sets "
        "comes is a setting of the account; both are read. Statuses are asked for with every message besides."
    ),
    (
        "Choose SHA-256 HMAC as the signature method, and ask Vonage's support to sign webhooks of the SMS API: they "
        "come unsigned otherwise, and are refused unless their URL ends in `?token=` and the callback token."
    ),
    (
        "A signed callback that is older than the channel allows (five minutes) is refused. Allow more where Vonage's "
        "repetitions are refused after the hub was away."
    ),
    (
        "The SMS API takes a callback URL of at most 100 characters with a message. Where the hub's is longer, "
        "receipts come only if the dashboard has it."
    ),
    ("Whether a message was taken whose answer was lost cannot be asked, so it is not sent again."),
    (
        "A long text that a person sends comes from the SMS API in parts, in any order. It is told as one message when "
        "all are there, or after `partsSeconds` as far as it came. From the Messages API it comes whole."
    ),
)


class Vonage(Connector[VonageSettings]):
    """One account at Vonage, sending SMS by either of its APIs, and reading what both tell."""

    name = "vonage"
    label = "Vonage (SMS API, Messages API)"
    platforms = ("sms",)
    documentation = "https://developer.vonage.com/en/messaging/sms/overview"
    Settings: ClassVar[type[Settings]] = VonageSettings
    capabilities: ClassVar[Mapping[str, Capabilities]] = {
        "sms": Capabilities(
            sends=frozenset({"text", "native"}),
            interactions=frozenset({Deed.UNSUBSCRIBE_REQUEST}),
            inbound=True,
            signature="HMAC of the sorted fields (SMS API), or a JSON Web Token over the body (Messages API)",
            rate_per_second=30,
        )
    }
    notes: ClassVar[tuple[str, ...]] = NOTES

    @property
    def sender(self) -> str:
        """The sender that messages without one of their own go out from."""
        return self.settings.sender

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what of a message Vonage would refuse."""
        return unsupported_kinds(outgoing, self.able) or tuple(faults(outgoing, self.settings))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Hand one hop to the API that the channel is set to."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}", error.code))
        return (yield from sending.send(outgoing, self.settings, report_to))

    def verify(self, callback: Callback) -> None:
        """Return if a signature, or else the token in the URL, is right; raise BadSignature if not."""
        proof.verify(callback, self.settings)

    def parse(self, callback: Callback) -> list[Report]:
        """Say what a callback of either API means; raise Unreadable if it has no fields."""
        return reports_of(callback, patience=round(self.settings.parts_seconds * 1000))

    def fetch(self, media: Media, now: int) -> Exchange[Reply]:
        """Get a file that a person sent, with our credentials where it is Vonage's API that has it."""
        if same_origin(media.url, self.settings.at("", "messages")):
            return (yield Call.get(media.url, follow=True, authorization=authorization(self.settings, now)))
        return (yield Call.get(media.url, follow=True))

    def handshake(self, callback: Callback) -> Answer | None:
        """Answer the dashboard, which tries a URL with a request that says nothing; None where it is a report."""
        return proof.greeting(callback)

    def refusal(self, callback: Callback) -> Answer:
        """Refuse what is signed wrongly; have what came unsigned sent again."""
        return proof.refusal(callback)
