"""What every webhook carries: its signatures, made anew for each attempt."""

from tidings.dialects.dialect import Delivery, Dialect
from tidings.model.subscriptions import Subscription
from tidings.rules.signing import Signer


def signer_of(subscription: Subscription) -> Signer:
    """Make a subscription's keys ready to sign its attempts; raises Misconfigured where one of them is no key."""
    return Signer(*subscription.keys)


def headers_of(
    dialect: Dialect, subscription: Subscription, signer: Signer, delivery: Delivery, number: int
) -> list[str]:
    """Write the headers of an attempt, the first of which has the number 1."""
    return [
        "content-type: application/json",
        f"webhook-id: {delivery.event}",
        f"webhook-timestamp: {delivery.timestamp}",
        f"webhook-signature: {signer.sign(delivery.event, delivery.timestamp, delivery.body)}",
        f"tidings-attempt: {number}",
        *(f"{name}: {value}" for name, value in dialect.sign(subscription, delivery).items()),
    ]
