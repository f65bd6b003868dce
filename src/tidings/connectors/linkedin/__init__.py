"""LinkedIn, as far as it lets anybody in.

There is no open messaging API: each surface is opened to partners by contract. Three of them are drivers here.

messages_v2         https://learn.microsoft.com/en-us/linkedin/shared/integrations/communications/messages
compliance_poll     https://learn.microsoft.com/en-us/linkedin/compliance/integrations/compliance-events
org_social_webhook  https://learn.microsoft.com/en-us/linkedin/shared/api-guide/webhook-validation, and
                    .../marketing/community-management/organizations/organization-social-action-notifications
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from tidings.connectors.connector import Capabilities, Connector, Outgoing, Polled, Settings, unsupported_kinds
from tidings.connectors.linkedin import polling, proof, renewing, sending
from tidings.connectors.linkedin.checking import refused
from tidings.connectors.linkedin.notes import NOTES
from tidings.connectors.linkedin.notifications import reports_of
from tidings.connectors.linkedin.settings import LinkedInSettings
from tidings.model.content import Media
from tidings.model.errors import FieldError, SendFailed
from tidings.model.exchange import Answer, Call, Callback, Exchange, Reply, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason


class LinkedIn(Connector[LinkedInSettings]):
    """A member, or a page, by the surfaces that `drivers` names.

    People are known by their URN. A message is sent once LinkedIn takes it; nobody ever tells more of it.
    """

    name = "linkedin"
    label = "LinkedIn"
    platforms = ("linkedin",)
    documentation = "https://learn.microsoft.com/en-us/linkedin/shared/integrations/communications/messages"
    notes = NOTES
    Settings: ClassVar[type[Settings]] = LinkedInSettings
    capabilities: ClassVar[Mapping[str, Capabilities]] = {
        "linkedin": Capabilities(
            sends=frozenset({"text", "native"}),
            receipts=False,
            interactions=frozenset({Deed.REACTION, Deed.DELETE_REQUEST}),
            inbound=True,
            only={Deed.REACTION: "posts of ours", Deed.DELETE_REQUEST: "public comments"},
            signature="X-LI-Signature: HMAC-SHA256 of `hmacsha256=` and the body with the client secret",
        )
    }

    @property
    def sender(self) -> str:
        """The member that messages go from, where the operator named them."""
        return self.settings.member

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what LinkedIn would refuse or its terms forbid: kinds, lengths, addresses, and who it is that sends."""
        return unsupported_kinds(outgoing, self.able) or tuple(refused(outgoing, self.settings))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Send a message as the member; nothing is reported of it, wherever to."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}"))
        return (yield from sending.send(outgoing, self.settings))

    def verify(self, callback: Callback) -> None:
        """Return if the body is signed with a client secret; raise BadSignature if not."""
        proof.verify(callback, self.settings)

    def handshake(self, callback: Callback) -> Answer | None:
        """Answer the challenge by which LinkedIn asks, every two hours, whether we know the client secret."""
        return proof.handshake(callback, self.settings)

    def parse(self, callback: Callback) -> list[Report]:
        """Say what a webhook means; raise Unreadable if it is none."""
        return reports_of(callback.body, self.settings.organization)

    @property
    def poll_seconds(self) -> float | None:
        """How often events are asked for; None without compliance_poll."""
        return self.settings.poll_every_seconds if "compliance_poll" in self.settings.drivers else None

    def poll(self, place: str, now: int) -> Exchange[Polled]:
        """Get a page of the member's events; raises SendDeferred or SendFailed where LinkedIn gives none."""
        return (yield from polling.poll(self.settings, place, now))

    def renewal(self, now: int, *, refused: bool) -> Exchange[Mapping[str, Any]] | None:
        """Renew the access token a week before its end, or once it is refused."""
        return renewing.renewal(self.settings, now, refused=refused)

    def fetch(self, media: Media, now: int) -> Exchange[Reply]:
        """Get a file whose address is known; an asset that is only named is not to be had."""
        if not media.url:
            return Reply(status=404, body=b"LinkedIn publishes no way to an asset that is only named.")
        return (yield Call.get(media.url, follow=True))
