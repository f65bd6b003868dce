"""RCS for Business (RBM) by Google's API.

Send       https://developers.google.com/business-communications/rcs-business-messaging/guides/build/messages/send
Webhooks   https://developers.google.com/business-communications/rcs-business-messaging/guides/integrate/webhooks
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from tidings.connectors.connector import Capabilities, Connector, Outgoing, Settings, unsupported_kinds
from tidings.connectors.rbm.checking import refused
from tidings.connectors.rbm.proof import greeted, verify
from tidings.connectors.rbm.reading import reports_of
from tidings.connectors.rbm.renewal import is_due, renew
from tidings.connectors.rbm.sending import send
from tidings.connectors.rbm.settings import RbmSettings
from tidings.model.errors import FieldError, SendFailed
from tidings.model.exchange import Answer, Callback, Exchange, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason


class Rbm(Connector[RbmSettings]):
    """One agent.

    A content may take several messages; each is a part of the hop, by an id of ours that Google takes once.
    """

    name = "rbm"
    label = "RCS for Business (Google)"
    platforms = ("rcs",)
    documentation = "https://developers.google.com/business-communications/rcs-business-messaging"
    Settings: ClassVar[type[Settings]] = RbmSettings
    capabilities: ClassVar[Mapping[str, Capabilities]] = {
        "rcs": Capabilities(
            sends=frozenset({"text", "media", "actions", "cards", "location", "native"}),
            reads=True,
            interactions=frozenset({Deed.CLICKED, Deed.UNSUBSCRIBE_REQUEST}),
            inbound=True,
            deduplicates=True,
            signature="X-Goog-Signature: HMAC-SHA512 of the pushed data with the client token",
        )
    }
    notes = (
        (
            "A phone without RCS, or one that the agent does not reach, is refused at once: the next hop of the "
            "message's rules starts."
        ),
        (
            "Every message is given a time to live: its own expiry, else `ttlSeconds`. Without one Google keeps a "
            "message for 30 days and then drops it without a word."
        ),
        (
            "Set the agent's webhook to the channel's callback URL, with `clientToken`; the hub answers the question "
            "that is asked then. One webhook that fails may hold back others of the same partner, so what nobody "
            "understands is answered well, and parked."
        ),
        "That somebody is writing is told by Google, and goes no further.",
        "Google forbids telling people apart by the addresses of files, so opens are not told; that it was read is.",
        "A place is sent as a text with a button that shows it on a map; `native` is a `contentMessage`.",
        "An agent with several uses must say what each message is for: `trafficType`, on the channel or the message.",
    )

    @property
    def sender(self) -> str:
        """The agent's id."""
        return self.settings.agent

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what Google would refuse: kinds, lengths, counts, addresses, options."""
        return unsupported_kinds(outgoing, self.able) or tuple(refused(outgoing, self.settings))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Send every message that the content takes; events go where the agent's webhook is set to."""
        for error in self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, f"{error.path}: {error.message}"))
        return (yield from send(outgoing, self.settings))

    def handshake(self, callback: Callback) -> Answer | None:
        """Answer the question that is asked when the URL is saved; raises BadSignature where it is not Google's."""
        return greeted(callback, self.settings.client_token)

    def verify(self, callback: Callback) -> None:
        """Return if what was pushed is signed with the client token; raise BadSignature if not."""
        verify(callback, self.settings.client_token)

    def parse(self, callback: Callback) -> list[Report]:
        """Say what was pushed; raise Unreadable if nothing was."""
        return reports_of(callback.body, self.settings.agent)

    def renewal(self, now: int, *, refused: bool) -> Exchange[Mapping[str, Any]] | None:
        """Get an access token where there is none, it will soon be used up, or it was refused."""
        return renew(self.settings, now) if refused or is_due(self.settings, now) else None
