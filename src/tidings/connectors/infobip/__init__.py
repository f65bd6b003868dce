"""Infobip SMS.

Send     https://www.infobip.com/docs/api/channels/sms/outbound-sms/send-sms-messages  POST /sms/3/messages, JSON
Reports  https://www.infobip.com/docs/api/channels/sms/logs-and-status-reports         JSON, up to 2,000 a post
Errors   https://www.infobip.com/docs/developer-resources/api-fundamentals/handling-errors

Webhooks are proven by a secret in their URL, or as the subscription's notification profile says: by an HMAC of the
body, or by Basic authentication.
"""

from collections.abc import Mapping
from typing import ClassVar

from tidings.connectors.connector import Capabilities, Connector, Outgoing, Polled, Settings, unsupported_kinds
from tidings.connectors.infobip import polling, proof, sending
from tidings.connectors.infobip.composing import faults
from tidings.connectors.infobip.reading import reports_of
from tidings.connectors.infobip.settings import InfobipSettings
from tidings.model.content import Media
from tidings.model.errors import FieldError, SendFailed
from tidings.model.exchange import Call, Callback, Exchange, Reply, Sent, same_origin
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason

NOTES = (
    (
        "With a `callbackToken`, reports are asked for with every message. Without one, make a subscription in "
        "Infobip's portal for the SMS delivery report, with a notification profile of the callback URL."
    ),
    (
        "Set the forwarding of your numbers, or a subscription for inbound SMS, to the callback URL, with `?token=` "
        "and the callback token where that is its proof. Ask for JSON; XML is not read."
    ),
    (
        "Infobip does not publish which header the HMAC of a notification profile comes in, and how it is written: "
        "both are settings. Look at one webhook, and set them before you rely on it."
    ),
    (
        "With `pollSeconds` Infobip is asked for reports and inbound messages. It gives each of them once, so that "
        "what it gives while the hub is killed is lost: let it call where that can be."
    ),
    ("`DELIVERED_TO_OPERATOR` is told as sent: it stands for networks that do not say whether the handset has it."),
    (
        "A message that Infobip's flooding filter holds back (20 texts to one number in an hour, 6 of them alike) is "
        "sent again after an hour."
    ),
)


class Infobip(Connector[InfobipSettings]):
    """One account at Infobip, with reports, inbound messages and clicks on shortened links."""

    name = "infobip"
    label = "Infobip (SMS)"
    platforms = ("sms",)
    documentation = "https://www.infobip.com/docs/sms"
    Settings: ClassVar[type[Settings]] = InfobipSettings
    capabilities: ClassVar[Mapping[str, Capabilities]] = {
        "sms": Capabilities(
            sends=frozenset({"text", "native"}),
            interactions=frozenset({Deed.CLICKED, Deed.UNSUBSCRIBE_REQUEST}),
            inbound=True,
            tracks_links=True,
            deduplicates=True,
            signature="a secret in the callback URL, an HMAC of the body, or Basic authentication",
            rate_per_second=20,
        )
    }
    notes: ClassVar[tuple[str, ...]] = NOTES

    @property
    def sender(self) -> str:
        """The sender that messages without one of their own go out from."""
        return self.settings.sender

    @property
    def tracks_links(self) -> bool:
        """Infobip shortens links where the channel wants that."""
        return self.settings.shorten_urls

    @property
    def poll_seconds(self) -> float | None:
        """How often Infobip is asked, where the channel wants that."""
        return self.settings.poll_seconds

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what of a message Infobip would refuse."""
        return unsupported_kinds(outgoing, self.able) or tuple(faults(outgoing, self.settings))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Hand one hop to Infobip, under our own id of it."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}", error.code))
        return (yield from sending.send(outgoing, self.settings, report_to))

    def verify(self, callback: Callback) -> None:
        """Return if an HMAC, a password or the URL's token is right; raise BadSignature if none is."""
        proof.verify(callback, self.settings)

    def parse(self, callback: Callback) -> list[Report]:
        """Say what a batch of results or a click means; raise Unreadable if it is neither."""
        return reports_of(callback.body)

    def poll(self, place: str, now: int) -> Exchange[Polled]:
        """Ask for reports, and in turn for inbound messages."""
        return (yield from polling.poll(self.settings, place, now))

    def fetch(self, media: Media, now: int) -> Exchange[Reply]:
        """Get a file that a person sent, with our API key where it is the account's own address that has it."""
        if same_origin(media.url, self.settings.base_url):
            return (yield Call.get(media.url, follow=True, authorization=self.settings.authorization))
        return (yield Call.get(media.url, follow=True))
