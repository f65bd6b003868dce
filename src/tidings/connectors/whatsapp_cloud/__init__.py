"""WhatsApp by Meta's Cloud API.

Send      https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages   POST /<number id>/messages
Webhooks  https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components  statuses, messages and the rest,
          signed: hex HMAC-SHA256 of the raw body, and a handshake by GET
Errors    https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

from collections.abc import Mapping
from typing import ClassVar

from tidings.connectors.connector import Capabilities, Connector, Outgoing, Settings, unsupported_kinds
from tidings.connectors.meta.proof import greet, verify
from tidings.connectors.whatsapp_cloud.checking import refused
from tidings.connectors.whatsapp_cloud.fetching import fetch
from tidings.connectors.whatsapp_cloud.reading import reports_of
from tidings.connectors.whatsapp_cloud.sending import send
from tidings.connectors.whatsapp_cloud.settings import WhatsAppSettings
from tidings.model.content import Media
from tidings.model.errors import FieldError, SendFailed
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
    notes = (
        (
            "Write the callback URL and the verify token on the app's page WhatsApp > Configuration, and subscribe to"
            " `messages` and, for people who want no marketing messages any more, `user_preferences`."
        ),
        (
            "Within 24 hours of a person's last message anything may be sent to them, later only templates. Meta takes"
            " the rest all the same, and reports it as failed then."
        ),
        (
            "Meta takes the same message twice, and nothing can be asked of it: a message whose answer was lost is not"
            " sent again. Its receipts, which bring our id back, tell what became of it."
        ),
        (
            "One person takes a message in six seconds in the long run, of which 45 are lent at once; error 131056 says"
            " that somebody has to wait, and only they do."
        ),
    )
    Settings: ClassVar[type[Settings]] = WhatsAppSettings
    capabilities: ClassVar[Mapping[str, Capabilities]] = {
        "whatsapp": Capabilities(
            sends=frozenset({"text", "media", "actions", "listing", "location", "contacts", "template", "native"}),
            reads=True,
            interactions=frozenset(
                {Deed.OPENED, Deed.CLICKED, Deed.REACTION, Deed.DELETE_REQUEST, Deed.UNSUBSCRIBE_REQUEST}
            ),
            inbound=True,
            only={Deed.OPENED: "voice messages, once played", Deed.DELETE_REQUEST: "what the person wrote"},
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
        verify(callback, [self.settings.app_secret])

    def parse(self, callback: Callback) -> list[Report]:
        """Say what a webhook means; raise Unreadable if it is none."""
        return reports_of(callback.body, self.settings.phone_number_id)

    def fetch(self, media: Media, now: int) -> Exchange[Reply]:
        """Get a file by its id: first its address, which lives a few minutes, then the file, both with our token."""
        return (yield from fetch(media, self.settings))

    def handshake(self, callback: Callback) -> Answer | None:
        """Give the challenge back to whoever knows the verify token; None where it is no GET. Raises BadSignature."""
        return greet(callback, self.settings.verify_token)
