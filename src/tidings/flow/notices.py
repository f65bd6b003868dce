"""What the operators of a workspace are told: that an endpoint or a channel fails, answers again, or is given up.

Each is a fact that is written into the log like any other, and told by webhooks to whoever subscribes to it.
"""

from typing import Any, Final

from tidings.flow.facts import Noticed
from tidings.model.events import Event, Notice
from tidings.model.stages import Reason
from tidings.model.subscriptions import Subscription
from tidings.model.workspaces import Channel
from tidings.rules.endpoint import Condition, given_up_at
from tidings.rules.times import to_iso

FAILING: Final = "subscription.failing"
RECOVERED: Final = "subscription.recovered"
DISABLED: Final = "subscription.disabled"
BEHIND: Final = "subscription.behind"
EXHAUSTED: Final = "delivery.exhausted"
CHANNEL_FAILING: Final = "channel.failing"
CHANNEL_RECOVERED: Final = "channel.recovered"
UNREADABLE: Final = "callback.unreadable"

NOTICES: Final = (FAILING, RECOVERED, DISABLED, BEHIND, EXHAUSTED, CHANNEL_FAILING, CHANNEL_RECOVERED, UNREADABLE)
"""Every one of them; the operators' vocabulary has them by the same names."""


def failing(subscription: Subscription, condition: Condition, status: int) -> Noticed:
    """An endpoint fails; with what it answered last (0: nothing), and when it will be given up if that goes on."""
    since, end = condition.failing_since, given_up_at(condition)
    assert since is not None
    assert end is not None
    return _of_subscription(
        FAILING,
        subscription,
        failingSince=to_iso(since),
        status=status or None,
        stopped=condition.is_stopped,
        disabledAt=to_iso(end),
    )


def recovered(subscription: Subscription, since: int) -> Noticed:
    """An endpoint that was failing since a time answers again."""
    return _of_subscription(RECOVERED, subscription, failedSince=to_iso(since))


def disabled(subscription: Subscription, why: str) -> Noticed:
    """A subscription is disabled; its place in the log is kept."""
    return _of_subscription(DISABLED, subscription, reason=why)


def behind(subscription: Subscription, *, since: int) -> Noticed:
    """The oldest event that a subscription has not been told is of `since`, longer ago than is usual."""
    return _of_subscription(BEHIND, subscription, oldestUndeliveredAt=to_iso(since))


def exhausted(subscription: Subscription, event: Event, *, tries: int) -> Noticed:
    """An event was given up after so many tries; it is on the dead-letter list."""
    return _of_subscription(EXHAUSTED, subscription, eventId=event.id, messageId=event.message, attempts=tries)


def channel_failing(channel: Channel, reason: Reason, *, since: int) -> Noticed:
    """A channel's provider takes nothing since a time."""
    return _of_channel(
        CHANNEL_FAILING, channel, failingSince=to_iso(since), reason=reason.cause.value, detail=reason.text
    )


def channel_recovered(channel: Channel, *, since: int) -> Noticed:
    """A channel that was failing since a time works again."""
    return _of_channel(CHANNEL_RECOVERED, channel, failedSince=to_iso(since))


def unreadable(channel: Channel, why: str, *, more: int) -> Noticed:
    """A callback could not be read, and `more` since that was told last; they are parked."""
    return _of_channel(UNREADABLE, channel, detail=why, moreSinceLast=more)


def _of_subscription(name: str, subscription: Subscription, **data: Any) -> Noticed:
    told = {
        "subscriptionId": subscription.id,
        "service": subscription.dialect,
        "url": subscription.url,
        **({"name": subscription.name} if subscription.name else {}),
        **data,
    }
    return Noticed(subscription.workspace, f"subscription:{subscription.id}", Notice(name, told))


def _of_channel(name: str, channel: Channel, **data: Any) -> Noticed:
    told = {"channelId": channel.id, "name": channel.name, "connector": channel.connector, **data}
    return Noticed(channel.workspace, f"channel:{channel.id}", Notice(name, told))
