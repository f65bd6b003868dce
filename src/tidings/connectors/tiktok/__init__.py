"""TikTok by the Business Messaging API.

Send       https://business-api.tiktok.com/portal/docs?id=1832184403754242   POST /business/message/send/
Webhooks   https://business-api.tiktok.com/portal/docs?id=1832190670631937   JSON whose `content` is JSON in a string
Signature  https://developers.tiktok.com/doc/webhooks-verification           HMAC-SHA256 of the time and the raw body
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec.structs import replace

from tidings.connectors.connector import Capabilities, Connector, Outgoing, Settings, unsupported_kinds
from tidings.connectors.tiktok.checking import refused
from tidings.connectors.tiktok.files import fetch
from tidings.connectors.tiktok.reading import reports_of
from tidings.connectors.tiktok.renewal import is_due, renew
from tidings.connectors.tiktok.sending import send
from tidings.connectors.tiktok.settings import TikTokSettings
from tidings.connectors.tiktok.signature import verify
from tidings.model.content import Media
from tidings.model.errors import FieldError, SendFailed
from tidings.model.exchange import Callback, Exchange, Reply, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason


class TikTok(Connector[TikTokSettings]):
    """One business account.

    People are known by the conversation they have with it, for that is what one writes to. A content may take several
    messages; each is a part of the hop.
    """

    name = "tiktok"
    label = "TikTok (Business Messaging API)"
    platforms = ("tiktok",)
    documentation = "https://business-api.tiktok.com/portal/docs?id=1832183871604753"
    Settings: ClassVar[type[Settings]] = TikTokSettings
    capabilities: ClassVar[Mapping[str, Capabilities]] = {
        "tiktok": Capabilities(
            sends=frozenset({"text", "media", "actions", "native"}),
            receipts=False,
            reads=True,
            interactions=frozenset({Deed.CLICKED, Deed.REACTION}),
            inbound=True,
            signature="Tiktok-Signature: HMAC-SHA256 of the time and the body with the app's secret",
            windowed=True,
            rate_per_second=10,
        )
    }
    notes = (
        (
            "TikTok does not tell that a message arrived: `sent` is the last word until the person reads it. With "
            "`echoMeansDelivered` the echo of a message counts as its delivery."
        ),
        (
            "A person must write first. Within 48 hours of their last message 10 messages may go to them; each message "
            "of theirs begins anew. The account may speak with some hundred people a day."
        ),
        "Accounts and people in the EEA, Switzerland and the United Kingdom cannot be served.",
        "Images cannot be sent in many countries; TikTok refuses them there.",
        (
            "TikTok's access needs a review of the app. The webhook is the app's, for all its accounts: set it with "
            "`POST /business/webhook/update/` (`event_type` `DIRECT_MESSAGE`) to one channel's callback URL."
        ),
        (
            "The access token lasts a day. With `refreshToken` the hub renews it half an hour before `tokenExpiresAt`, "
            "and whenever TikTok refuses it; after a year the account must consent again."
        ),
        (
            "What TikTok publishes of its codes is thin: which of them speak of the token, of the rate and of the "
            "rules of messaging can be set."
        ),
    )

    @property
    def able(self) -> Capabilities:
        """What the account can do; messages are told to arrive only where their echo is taken for that."""
        return replace(super().able, receipts=self.settings.echo_means_delivered)

    @property
    def sender(self) -> str:
        """The account's id."""
        return self.settings.business_id

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what TikTok would refuse: kinds, lengths, counts, conversations, options."""
        return unsupported_kinds(outgoing, self.able) or tuple(refused(outgoing))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Send every message that the content takes; webhooks go where the app's are set to go."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}"))
        return (yield from send(outgoing, self.settings))

    def verify(self, callback: Callback) -> None:
        """Return if the body is signed with the app's secret, lately; raise BadSignature if not."""
        verify(callback, self.settings.client_secret, self.settings.tolerance_seconds)

    def parse(self, callback: Callback) -> list[Report]:
        """Say what a webhook means; raise Unreadable if it is none."""
        return reports_of(callback.body, self.settings)

    def renewal(self, now: int, *, refused: bool) -> Exchange[Mapping[str, Any]] | None:
        """Trade the refresh token for new tokens where the access token was refused or soon will be."""
        token = self.settings.refresh_token
        if not token or not (refused or is_due(self.settings, now)):
            return None
        return renew(self.settings, token.reveal(), now)

    def fetch(self, media: Media, now: int) -> Exchange[Reply]:
        """Get a file by all that names it: first its address, which lives a day, then the file."""
        return (yield from fetch(media, self.settings))
