"""The channels vocabulary as a dialect."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from tidings.dialects.channels.interactions import tell_interaction
from tidings.dialects.channels.representations import tell_inbound, tell_outbound
from tidings.dialects.channels.signature import SCHEDULE, examine_signature, signature_headers
from tidings.dialects.channels.subscriptions import refusing
from tidings.dialects.channels.vocabulary import (
    EVENTS,
    FAMILIES,
    INBOUND,
    INTERACTION,
    SERVICE,
    channel_of,
    is_event,
    name_of,
    word_of,
)
from tidings.dialects.dialect import MATCHED, NO_WORD, OTHER_EVENT, Delivery, Dialect, Fit, Telling
from tidings.model.subscriptions import Subscription, Verdict
from tidings.rules.schedule import Schedule
from tidings.rules.signing.examining import Finding, Received

_encoder = msgspec.json.Encoder()


class Channels(Dialect):
    """`sms.outbound`, `whatsapp.inbound`, `email.interaction`, …: one event name a subscription."""

    name: ClassVar[str] = SERVICE
    event_names: ClassVar[tuple[str, ...]] = EVENTS
    schedule: ClassVar[Schedule] = SCHEDULE

    def is_event(self, name: str) -> bool:
        """Whether there is an event of this name, of a published platform or of a custom one."""
        platform = name.rpartition(".")[0]
        return is_event(name, (platform,) if platform else ())

    def name_of(self, telling: Telling) -> str | None:
        """The event's name in this vocabulary; None where it has no word for it."""
        return name_of(telling)

    def fit(self, subscription: Subscription, siblings: Sequence[Subscription], telling: Telling) -> Fit:
        """Say whether a subscription gets an event.

        One without filters leaves out what an active sibling with filters takes, unless the workspace's catch-all is
        `all`: "you will get all events (except where you have other webhooks with an explicit filter)".
        """
        (wanted,) = subscription.wanted
        name = name_of(telling)
        if wanted.event != name:
            return OTHER_EVENT if name is not None else NO_WORD
        event = telling.event
        if wanted.filters:
            refused_by = refusing(wanted, channel_of(event, telling.message), word_of(event))
            return Fit("filter", refused_by) if refused_by else MATCHED
        if telling.workspace.catch_all == "all":
            return MATCHED
        channel, word = channel_of(event, telling.message), word_of(event)
        for sibling in siblings:
            (claim,) = sibling.wanted
            if claim.event == name and sibling.active and claim.filters and not refusing(claim, channel, word):
                return Fit("sibling", sibling.id)
        return MATCHED

    def render(self, telling: Telling) -> bytes:
        """The webhook's body; asked only for events that have a name."""
        event, message = telling.event, telling.message
        family = FAMILIES[event.kind]
        if family == INBOUND:
            payload = tell_inbound(event, message)
        elif family == INTERACTION:
            payload = tell_interaction(event, message)
        else:
            payload = tell_outbound(event, message)
        return _encoder.encode({"service": SERVICE, "event": name_of(telling), "payload": payload})

    def sign(self, subscription: Subscription, delivery: Delivery) -> Mapping[str, str]:
        """The `messagebird-` headers for one attempt."""
        return signature_headers(subscription.secret, delivery)

    def examine(self, subscription: Subscription, received: Received) -> Finding | None:
        """Verify the `messagebird-` signature, which is over the URL too."""
        return examine_signature(subscription.secret, subscription.url, received)

    def judge(self, status: int) -> Verdict:
        """2xx is done; everything else is tried again."""
        return Verdict.DONE if 200 <= status < 300 else Verdict.RETRY
