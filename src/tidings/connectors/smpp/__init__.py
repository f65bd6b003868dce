"""SMPP 3.4: texts over a standing bind to an SMSC, of an operator or an aggregator.

Protocol  SMPP Protocol Specification v3.4 (SMS Forum), https://smpp.org/SMPP_v3_4_Issue1_2.pdf
Texts     3GPP TS 23.038 (alphabets) and 23.040 9.2.3.24 (user data headers)

A call is a `submit_sm` PDU, its reply the response to that; what the SMSC delivers over the bind comes as a callback
with the PDU for its body. The bind itself is the hub's (`tidings.wire.smpp`).
"""

from typing import ClassVar, Final

from tidings.connectors.connector import Capabilities, Connector, Outgoing
from tidings.connectors.smpp.reading import read
from tidings.connectors.smpp.sending import faults, send
from tidings.connectors.smpp.settings import Settings
from tidings.model.errors import BadSignature, FieldError, SendFailed
from tidings.model.exchange import Callback, Exchange, Sent
from tidings.model.reports import Deed, Report
from tidings.model.stages import Cause, Reason
from tidings.rules.smpp.terms import Terms

DELIVER: Final = "DELIVER"
"""The method of what came over a bind."""
URL: Final = "smpp:"
BOUND_AS: Final = "system-id"
BASE: Final = "receipt-id-base"


class Smpp(Connector[Settings]):
    """An SMSC, by SMPP 3.4: segments, receipts in every dialect, inbound texts, and opt-outs by their words."""

    name = "smpp"
    label = "SMPP"
    platforms = ("sms",)
    wire = "smpp"
    capabilities: ClassVar = {
        "sms": Capabilities(
            sends=frozenset({"text"}),
            interactions=frozenset({Deed.UNSUBSCRIBE_REQUEST}),
            inbound=True,
            signature="what comes over the bind, which we have made with the account's password",
        )
    }
    documentation = "https://smpp.org/SMPP_v3_4_Issue1_2.pdf"
    notes = (
        "An SMSC in a private network, or one without TLS, needs its address in TIDINGS_ALLOW_NETWORKS.",
        "SMPP gives inbound texts no id: one that the SMSC delivers again after a broken connection is told again.",
        "What was submitted and not answered before a bind broke is not sent again: it is told as failed, uncertain.",
    )
    Settings = Settings

    @property
    def sender(self) -> str:
        """The sender of messages that name none."""
        return self.settings.sender

    @property
    def terms(self) -> Terms:
        """What the bind is made with."""
        return self.settings.terms

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what of a message cannot be sent."""
        return super().check(outgoing) or tuple(faults(outgoing, self.settings))

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Submit a text, segment by segment."""
        if refused := self.check(outgoing):
            raise SendFailed(Reason(Cause.INVALID, refused[0].message, refused[0].code))
        return (yield from send(outgoing, self.settings))

    def verify(self, callback: Callback) -> None:
        """Believe what came over a bind of this account, and nothing that came by HTTP."""
        by_bind = callback.method == DELIVER and callback.url.startswith(URL)
        if not by_bind or callback.headers.get(BOUND_AS) != self.settings.system_id:
            raise BadSignature("It did not come over the channel's bind.")

    def parse(self, callback: Callback) -> list[Report]:
        """Read a delivery as a receipt or as what somebody wrote."""
        base = self.settings.receipt_id_base
        return read(callback, self.settings, callback.headers.get(BASE, "same") if base == "auto" else base)
