"""The other end of a webhook: prove that it is the hub's, read what it tells, and do it once.

Nothing of the hub itself is needed here, and nothing of it is imported: this package stands on msgspec and
cryptography alone, and knows no framework. `docs/receiving.md` shows how it is used with several of them.
"""

from tidings.model.errors import BadSignature, Misconfigured, Unreadable
from tidings.receiver.channels import ChannelsEvent, Inbound, Interaction, Outbound
from tidings.receiver.events import Event, Unknown
from tidings.receiver.omnichannel import (
    InteractionClick,
    MessageDelivered,
    MessageExpired,
    MessageFailed,
    MessageInbound,
    MessageRead,
    MessageSent,
    MessageSentRequest,
    OmnichannelEvent,
)
from tidings.receiver.reading import read_events
from tidings.receiver.seen import MemorySeen, Seen, UnderWay
from tidings.receiver.sqlite import SqliteSeen
from tidings.receiver.webhook import Webhook

__all__ = [
    "BadSignature",
    "ChannelsEvent",
    "Event",
    "Inbound",
    "Interaction",
    "InteractionClick",
    "MemorySeen",
    "MessageDelivered",
    "MessageExpired",
    "MessageFailed",
    "MessageInbound",
    "MessageRead",
    "MessageSent",
    "MessageSentRequest",
    "Misconfigured",
    "OmnichannelEvent",
    "Outbound",
    "Seen",
    "SqliteSeen",
    "UnderWay",
    "Unknown",
    "Unreadable",
    "Webhook",
    "read_events",
]
