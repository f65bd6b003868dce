"""Apple Messages for Business: the hub is the messaging service provider (MSP) of one business.

Send     https://register.apple.com/resources/messages/msp-rest-api/messages-sent      POST /v1/message
Receive  https://register.apple.com/resources/messages/msp-rest-api/messages-received  POST …/message
Shapes   https://register.apple.com/resources/messages/msp-rest-api/type-interactive
"""

from collections.abc import Mapping
from typing import ClassVar

from msgspec.structs import replace

from tidings.connectors.apple_messages import completing, files, sending, tokens
from tidings.connectors.apple_messages.checking import refused
from tidings.connectors.apple_messages.gateway import Gateway
from tidings.connectors.apple_messages.notes import NOTES
from tidings.connectors.apple_messages.reading import reports_of
from tidings.connectors.apple_messages.settings import AppleSettings
from tidings.connectors.connector import Capabilities, Connector, Outgoing, Settings, unsupported_kinds
from tidings.model.content import Media
from tidings.model.errors import FieldError, SendFailed
from tidings.model.exchange import Answer, Callback, Exchange, Reply, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason


class AppleMessages(Connector[AppleSettings]):
    """One business on Apple Messages.

    People are known by an opaque id, another one for every business, once they have written. Apple tells nothing of a
    message that it took: no delivery, no reading.
    """

    name = "apple-messages"
    label = "Apple Messages for Business"
    platforms = ("apple-business-chat",)
    documentation = "https://register.apple.com/resources/messages/msp-rest-api/"
    notes = NOTES
    Settings: ClassVar[type[Settings]] = AppleSettings
    capabilities: ClassVar[Mapping[str, Capabilities]] = {
        "apple-business-chat": Capabilities(
            sends=frozenset({"text", "media", "actions", "listing", "native"}),
            receipts=False,
            interactions=frozenset({Deed.CLICKED, Deed.REACTION, Deed.UNSUBSCRIBE_REQUEST}),
            inbound=True,
            only={Deed.REACTION: "in English"},
            deduplicates=True,
            signature="Authorization: a JSON Web Token (HS256) for the MSP; it does not cover the body",
        )
    }

    @property
    def able(self) -> Capabilities:
        """What it can do; where the operator does not trust Apple to take an id once, nothing is sent again."""
        return replace(self.capabilities[self.platform], deduplicates=self.settings.resend)

    @property
    def sender(self) -> str:
        """The business's id."""
        return self.settings.business_id

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what Apple would refuse: kinds, addresses, files, options, the shapes of pickers."""
        return unsupported_kinds(outgoing, self.able) or tuple(refused(outgoing, self.settings))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Send every message that the content takes; what people answer comes where the MSP is registered."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}"))
        return (yield from sending.send(outgoing, self.settings))

    def verify(self, callback: Callback) -> None:
        """Return if a token of Apple's for this MSP comes along; raise BadSignature if not."""
        tokens.verify(callback, self.settings)

    def complete(self, callback: Callback) -> Exchange[Callback] | None:
        """Get interactive data that a message only points to."""
        return completing.completion(callback, self.settings)

    def parse(self, callback: Callback) -> list[Report]:
        """Say what a message means; raise Unreadable if it is none."""
        return reports_of(callback, self.settings)

    def fetch(self, media: Media, now: int) -> Exchange[Reply]:
        """Get a file that a person sent, and decrypt it."""
        return (yield from files.got(media.reference, Gateway(self.settings, now)))

    def answer(self, callback: Callback) -> Answer:
        """Tell Apple that it was taken; that there is no such business here, where it is for another."""
        meant = callback.headers.get("destination-id", self.settings.business_id)
        return Answer() if meant == self.settings.business_id else Answer(status=404, body=b"no such business")

    def refusal(self, callback: Callback) -> Answer:
        """Tell whoever brought no token, or a bad one, in Apple's own statuses."""
        return Answer(status=403 if callback.headers.get("authorization") else 401, body=b"token refused")
