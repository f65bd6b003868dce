"""The operators' own vocabulary: what the hub has to say of itself.

The body is what Standard Webhooks proposes: `type`, `timestamp`, `data`; the signature is that specification's alone.

Standard Webhooks  https://www.standardwebhooks.com  Webhook payloads
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta, Struct

from tidings.dialects.dialect import MATCHED, NO_WORD, OTHER_EVENT, Delivery, Dialect, Fit, Telling
from tidings.dialects.reading import Problems, is_web_address, read_json
from tidings.model.drafts import SubscriptionDraft
from tidings.model.errors import Refused
from tidings.model.subscriptions import Subscription, Verdict, Wanted
from tidings.rules.schedule import HOUR, MINUTE, SECOND, Schedule
from tidings.rules.signing.examining import Finding, Received
from tidings.rules.times import to_iso

EVENTS: Final = (
    "subscription.failing",
    "subscription.recovered",
    "subscription.disabled",
    "subscription.behind",
    "delivery.exhausted",
    "channel.failing",
    "channel.recovered",
    "callback.unreadable",
)
EVERY: Final = "*"
"""Stands for all of them, also those of later versions."""


class Operations(Dialect):
    """`subscription.failing`, `channel.recovered`, …: about the workspace's subscriptions and channels."""

    name: ClassVar[str] = "operations"
    event_names: ClassVar[tuple[str, ...]] = EVENTS
    schedule: ClassVar[Schedule] = Schedule(
        (
            *(5 * SECOND, 30 * SECOND),
            *(2 * MINUTE, 10 * MINUTE, 30 * MINUTE),
            *(1 * HOUR, 2 * HOUR),
            *(4 * HOUR for _ in range(5)),
        )
    )

    def name_of(self, telling: Telling) -> str | None:
        """The notice's name; None for every event of a message."""
        notice = telling.event.fact.notice
        return None if notice is None else notice.name

    def fit(self, subscription: Subscription, siblings: Sequence[Subscription], telling: Telling) -> Fit:
        """Say whether a subscription names the notice."""
        name = self.name_of(telling)
        if name is None:
            return NO_WORD
        return MATCHED if any(each.event in (name, EVERY) for each in subscription.wanted) else OTHER_EVENT

    def render(self, telling: Telling) -> bytes:
        """The notice with its id and time, as JSON."""
        event, notice = telling.event, telling.event.fact.notice
        assert notice is not None
        told = {"id": event.id, "type": notice.name, "timestamp": to_iso(event.told_at), "workspaceId": event.workspace}
        return msgspec.json.encode({**told, "data": notice.data})

    def sign(self, subscription: Subscription, delivery: Delivery) -> Mapping[str, str]:
        """No signature beside that of Standard Webhooks."""
        return {}

    def examine(self, subscription: Subscription, received: Received) -> Finding | None:
        """Nothing to verify beside Standard Webhooks."""
        return None

    def judge(self, status: int) -> Verdict:
        """2xx is done, all else is tried again."""
        return Verdict.DONE if 200 <= status < 300 else Verdict.RETRY


class NoticeRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """A subscription to notices as it is asked for."""

    url: str
    events: Annotated[tuple[str, ...], Meta(min_length=1, max_length=len(EVENTS) + 1)] = (EVERY,)
    name: Annotated[str, Meta(max_length=255)] = ""


def read_notices(body: bytes) -> SubscriptionDraft:
    """Read a subscription to notices; raises Refused with everything that is wrong with it."""
    asked = read_json(body, NoticeRequest, status=422)
    problems = Problems()
    if not is_web_address(asked.url):
        problems.add("url", "An absolute http or https URL is needed, without credentials.")
    for index, event in enumerate(asked.events):
        if event not in (*EVENTS, EVERY):
            known = ", ".join((*EVENTS, EVERY))
            problems.add(f"events[{index}]", f"There is no event {event}; there are {known}.", "unknown")
    if problems.errors:
        raise Refused("The subscription cannot be taken as it is.", status=422, errors=tuple(problems.errors))
    wanted = tuple(Wanted(event) for event in dict.fromkeys(asked.events))
    return SubscriptionDraft(url=asked.url, wanted=wanted, name=asked.name)


def show_notices(subscription: Subscription) -> dict[str, Any]:
    """Show what a subscription to notices asks for."""
    return {"events": [each.event for each in subscription.wanted]}
