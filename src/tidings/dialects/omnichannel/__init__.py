"""The omnichannel vocabulary: `message.sent`, `message.delivered`, …, as its published page and examples have it."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from tidings.dialects.dialect import MATCHED, NO_WORD, OTHER_EVENT, Batching, Delivery, Dialect, Fit, Telling
from tidings.dialects.omnichannel.filters import is_named, refusing
from tidings.dialects.omnichannel.interactions import show_interaction
from tidings.dialects.omnichannel.names import EVENTS, event_name
from tidings.dialects.omnichannel.payloads import envelope, message_etag
from tidings.dialects.omnichannel.reporting import read_inbound, read_status
from tidings.dialects.omnichannel.representations import show_message, validation_failures
from tidings.dialects.omnichannel.sending import read_batch, read_redaction, read_send
from tidings.dialects.omnichannel.signature import examine_signature, signature_headers
from tidings.dialects.omnichannel.webhooks import available_events, read_webhook, show_webhook
from tidings.model.subscriptions import Subscription, Verdict
from tidings.rules.schedule import HOUR, MINUTE, SECOND, Schedule
from tidings.rules.signing.examining import Finding, Received

__all__ = [
    "Omnichannel",
    "available_events",
    "message_etag",
    "read_batch",
    "read_inbound",
    "read_redaction",
    "read_send",
    "read_status",
    "read_webhook",
    "show_interaction",
    "show_message",
    "show_webhook",
    "validation_failures",
]


class Omnichannel(Dialect):
    """The omnichannel vocabulary."""

    name: ClassVar[str] = "omnichannel"
    event_names: ClassVar[tuple[str, ...]] = tuple(EVENTS)
    schedule: ClassVar[Schedule] = Schedule(
        (
            *(5 * SECOND, 10 * SECOND, 30 * SECOND),
            *(1 * MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE),
            *(1 * HOUR, 2 * HOUR),
            *(4 * HOUR for _ in range(5)),
        )
    )

    def name_of(self, telling: Telling) -> str | None:
        """The event's name; None for a deed that is no click."""
        return event_name(telling)

    def fit(self, subscription: Subscription, siblings: Sequence[Subscription], telling: Telling) -> Fit:
        """Say whether a subscription names the event and its filters let it pass; siblings make no difference."""
        name = event_name(telling)
        if name is None:
            return NO_WORD
        fit = OTHER_EVENT
        for each in subscription.wanted:
            if is_named(each.event, name):
                refused_by = refusing(each.filters, telling)
                if not refused_by:
                    return MATCHED
                fit = Fit("filter", refused_by)
        return fit

    def batching(self, subscription: Subscription) -> Batching | None:
        """Gather events where the webhook asks for it."""
        options = subscription.options
        if not options.get("batch"):
            return None
        return Batching(options["maxBatchSize"], options["batchTimeout"] * SECOND)

    def render(self, telling: Telling) -> bytes:
        """The envelope with its payload, as JSON."""
        return msgspec.json.encode(envelope(telling))

    def sign(self, subscription: Subscription, delivery: Delivery) -> Mapping[str, str]:
        """Sign the exact body with the webhook's secret; nothing where it has none."""
        return signature_headers(subscription.secret, delivery.body)

    def examine(self, subscription: Subscription, received: Received) -> Finding | None:
        """Verify the webhook's own signature, which is over the body alone."""
        return examine_signature(subscription.secret, received)

    def judge(self, status: int) -> Verdict:
        """2xx is done, 400 refused for good, all else is tried again."""
        if 200 <= status < 300:
            return Verdict.DONE
        return Verdict.REFUSED if status == 400 else Verdict.RETRY
