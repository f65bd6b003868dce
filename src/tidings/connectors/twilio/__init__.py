"""Twilio Programmable Messaging: SMS and MMS.

Send      https://www.twilio.com/docs/messaging/api/message-resource    POST of a form to …/Messages.json
Statuses  https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
Inbound   https://www.twilio.com/docs/messaging/guides/webhook-request
Signature https://www.twilio.com/docs/usage/security#validating-requests    HMAC-SHA1 of the URL and the form fields

Status callbacks are asked for with every message, at `<callback URL>/status`; the webhook of the numbers or the
Messaging Service is set to `<callback URL>/inbound`. What comes is told apart by what it contains.
"""

from typing import ClassVar, Final

from tidings.connectors.connector import Capabilities, Connector, Outgoing
from tidings.connectors.twilio import sending
from tidings.connectors.twilio.composing import faults
from tidings.connectors.twilio.reading import read_events, read_form
from tidings.connectors.twilio.settings import Settings
from tidings.connectors.twilio.signature import is_form, verify
from tidings.model.content import Media
from tidings.model.errors import FieldError, SendFailed
from tidings.model.exchange import Answer, Callback, Exchange, Reply, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason

NO_REPLY: Final = Answer(body=b'<?xml version="1.0" encoding="UTF-8"?><Response/>', content_type="text/xml")
"""The answer that says nothing: plain text would be sent to the person as our reply."""


def _able(*sends: str) -> Capabilities:
    return Capabilities(
        sends=frozenset(sends),
        reads=True,  # Told where a Messaging Service has an RCS sender, and sends by it what was asked for as SMS.
        interactions=frozenset({Deed.CLICKED, Deed.UNSUBSCRIBE_REQUEST}),
        inbound=True,
        tracks_links=True,
        only={"reads": "what went by RCS", Deed.CLICKED: "links that Twilio shortened"},
        signature="HMAC-SHA1 over the URL and the sorted form fields, or over the URL with the body's SHA-256",
    )


class Twilio(Connector[Settings]):
    """Twilio's Messages API, with statuses, inbound messages, opt-outs and clicks on shortened links."""

    name = "twilio"
    label = "Twilio"
    platforms = ("sms", "mms")
    capabilities: ClassVar = {
        "sms": _able("text", "template", "native"),
        "mms": _able("text", "media", "template", "native"),
    }
    documentation = "https://www.twilio.com/docs/messaging"
    notes = (
        (
            "Set the webhook for incoming messages, of every number or of the Messaging Service, to the callback URL"
            " followed by `/inbound`. Statuses need no setting: they are asked for with every message, at `/status`."
        ),
        (
            "Twilio signs the URL that it calls. Behind a proxy `TIDINGS_PUBLIC_URL` must be the address that Twilio"
            " knows, or every callback is refused."
        ),
        (
            "Twilio takes the same message twice. After an unclear answer its list of messages is read before anything"
            " is sent again."
        ),
        (
            "Clicks are told of links that Twilio shortens: with the setting `shortenUrls`, a Messaging Service that"
            " has a domain for links, and a webhook sink of Event Streams at the callback URL."
        ),
        (
            "Somebody who writes STOP is told as an `unsubscribe-request`. Twilio refuses further messages to them"
            " until they write START."
        ),
    )
    Settings = Settings

    @property
    def sender(self) -> str:
        """The sender that messages without one of their own go out from, else the Messaging Service."""
        return self.settings.sender or self.settings.messaging_service_sid

    @property
    def tracks_links(self) -> bool:
        """Twilio shortens links where the channel wants that."""
        return self.settings.shorten_urls

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what of a message Twilio would refuse."""
        return super().check(outgoing) or tuple(faults(outgoing, self.settings))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Hand one hop to Twilio; after an unclear answer it is looked up before anything is said."""
        if refused := self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, refused[0].message, refused[0].code))
        return (yield from sending.send(outgoing, self.settings, report_to))

    def verify(self, callback: Callback) -> None:
        """Check the signature with the account's Auth Token, or with the other one while it is rotated."""
        verify(callback, (self.settings.auth_token, self.settings.other_auth_token))

    def parse(self, callback: Callback) -> list[Report]:
        """Read form fields as a status or an inbound message, and JSON as CloudEvents."""
        return read_form(callback, self.platform) if is_form(callback) else read_events(callback)

    def fetch(self, media: Media, now: int) -> Exchange[Reply]:
        """Get a file by its URL, which accounts may have made to ask for our credentials, and which redirects."""
        return (yield sending.media_call(self.settings, media.url))

    def answer(self, callback: Callback) -> Answer:
        """Answer with TwiML that says nothing, whatever came."""
        return NO_REPLY
