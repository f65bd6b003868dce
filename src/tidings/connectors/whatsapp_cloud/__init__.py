"""WhatsApp by Meta's Cloud API.

Send      https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages   POST /<number id>/messages
Webhooks  https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components  statuses, messages and the rest,
          signed: hex HMAC-SHA256 of the raw body, and a handshake by GET
Errors    https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

import hmac
from collections.abc import Mapping
from typing import ClassVar

from tidings.connectors.connector import Capabilities, Connector, Outgoing, Settings, unsupported_kinds
from tidings.connectors.whatsapp_cloud.checking import refused
from tidings.connectors.whatsapp_cloud.fetching import fetch
from tidings.connectors.whatsapp_cloud.reading import reports_of
from tidings.connectors.whatsapp_cloud.sending import send
from tidings.connectors.whatsapp_cloud.settings import WhatsAppSettings
from tidings.model.content import Media
from tidings.model.errors import BadSignature, FieldError, SendFailed
from tidings.model.exchange import Answer, Callback, Exchange, Reply, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason


class WhatsAppCloud(Connector[WhatsAppSettings]):
    """One business phone number on the Cloud API.

    People are known by their number, or by a business-scoped user id where they show none. A content may take several
    messages; each is a part of the hop.
    """

    name = "whatsapp-cloud"
    label = "WhatsApp (Meta Cloud API)"
    platforms = ("whatsapp",)
    documentation = "https://developers.facebook.com/docs/whatsapp/cloud-api"
    Settings: ClassVar[type[Settings]] = WhatsAppSettings
    capabilities: ClassVar[Mapping[str, Capabilities]] = {
        "whatsapp": Capabilities(
            sends=frozenset({"text", "media", "actions", "listing", "location", "contacts", "template", "native"}),
            reads=True,
            interactions=frozenset(
                {Deed.OPENED, Deed.CLICKED, Deed.REACTION, Deed.DELETE_REQUEST, Deed.UNSUBSCRIBE_REQUEST}
            ),
            inbound=True,
            signature="X-Hub-Signature-256: HMAC-SHA256 of the body with the app secret",
            rate_per_second=80,
            # One message in 6 seconds to one person, but 45 at once are lent: error 131056 tells when to wait.
            per_recipient_seconds=None,
        )
    }

    @property
    def sender(self) -> str:
        """The phone number's id at Meta."""
        return self.settings.phone_number_id

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what WhatsApp would refuse: kinds, lengths, counts, addresses, options."""
        return unsupported_kinds(outgoing, self.able) or tuple(refused(outgoing, self.settings))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Send every message that the content takes; webhooks go where the app is set up to send them."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}"))
        return (yield from send(outgoing, self.settings))

    def verify(self, callback: Callback) -> None:
        """Return if the body is signed with the app secret; raise BadSignature if not."""
        secret = self.settings.app_secret.reveal().encode()
        due = b"sha256=" + hmac.digest(secret, callback.body, "sha256").hex().encode()
        told = callback.headers.get("x-hub-signature-256", "").encode("utf-8", "replace")
        # An empty secret proves nothing, for everybody knows it.
        if not (secret and hmac.compare_digest(due, told)):
            raise BadSignature("X-Hub-Signature-256 is not by the app secret")

    def parse(self, callback: Callback) -> list[Report]:
        """Say what a webhook means; raise Unreadable if it is none."""
        return reports_of(callback.body, self.settings.phone_number_id)

    def fetch(self, media: Media) -> Exchange[Reply]:
        """Get a file by its id: first its address, which lives a few minutes, then the file, both with our token."""
        return (yield from fetch(media, self.settings))

    def handshake(self, callback: Callback) -> Answer | None:
        """Give the challenge back to whoever knows the verify token; None where it is no GET. Raises BadSignature."""
        if callback.method != "GET":
            return None
        told = callback.arguments
        due = self.settings.verify_token.reveal().encode()
        known = hmac.compare_digest(due, told.get("hub.verify_token", "").encode("utf-8", "replace"))
        if not (due and known and told.get("hub.mode") == "subscribe"):
            raise BadSignature("hub.verify_token is not ours")
        return Answer(body=told.get("hub.challenge", "").encode("utf-8", "replace"))
