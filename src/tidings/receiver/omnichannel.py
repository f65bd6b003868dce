"""The events of the omnichannel vocabulary: `message.sent`, `message.delivered`, … in the shapes of its published page.

Fields have the published names, in snake case. What the provider said stands in them as it came, decoded: nobody but
the provider knows its shape.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import field

from tidings.receiver.events import Event, Shape


class OmnichannelEvent(Event, frozen=True, kw_only=True):
    """An event of this vocabulary: the fields of its envelope."""

    account_id: int
    api_space_id: str
    """The workspace it happened in."""
    revision: int
    """Grows with everything that happens to the message; what comes with a smaller one is older."""
    etag: str
    """The message's, at this revision."""
    timestamp: datetime
    """When the hub wrote the event down."""


class Details(Shape, frozen=True, kw_only=True):
    """How a message fares."""

    channel: str = ""
    """The channel it was sent over; empty where none was tried, or several in vain."""
    channel_status: Any = None
    """Of sent and failed: by channel, how it went there. Of delivered and read: the provider's own receipt."""
    additional_info: Any = None
    """What the provider answered when it took the message."""
    reason: str = ""
    """Why it failed."""
    implied: bool = False
    """Nobody said it; what was told later proves it."""
    late: bool = False
    """It came after the message had been given up."""


class Progress(Shape, frozen=True, kw_only=True):
    """What became of a message that was sent."""

    id: str
    details: Details = Details()
    channel_data: Mapping[str, Any] = {}
    """By channel: segments, country and the like."""
    metadata: Any = None
    """As it was given with the message; None where nothing was."""
    conversation_id: str = ""
    updated_on: datetime | None = None
    """When it happened; None where the vocabulary does not tell."""


class Part(Shape, frozen=True, kw_only=True):
    """A picture, a file, or another piece of a message."""

    type: str
    """Its MIME type."""
    url: str = ""
    data: str = ""
    name: str = ""
    size: int | None = None
    """Octets, where it is known."""


class Correlation(Shape, frozen=True, kw_only=True):
    """The message that another one answers."""

    message_id: str = ""
    metadata: Any = None


class Incoming(Shape, frozen=True, kw_only=True):
    """A message that a person wrote."""

    id: str
    channel: str = ""
    sender: Mapping[str, str] = field(name="from", default={})
    """Whom it is from: `phoneNumber`, `profileId`, …"""
    to: Mapping[str, str] = {}
    """Our address it came to."""
    title: str = ""
    body: str = ""
    message_parts: tuple[Part, ...] = ()
    channel_data: Any = None
    """The provider's own words."""
    correlation: Correlation | None = None
    received_on: datetime | None = None


class Button(Shape, frozen=True, kw_only=True):
    """A button of a message."""

    payload: str = ""
    """What it stands for."""


class Click(Shape, frozen=True, kw_only=True):
    """The use of a link or a button."""

    id: str
    """The message's."""
    channel: str = ""
    url: str = ""
    short_url: str = ""
    link_name: str = ""
    clicked_on: datetime | None = None
    prefetched: bool = False
    """Done by a machine, which says nothing of a person."""
    user_agent: str = ""
    button: Button | None = None
    metadata: Any = None


class _AboutMessage(OmnichannelEvent, frozen=True, kw_only=True):
    payload: Progress

    @property
    def message_id(self) -> str:
        return self.payload.id


class MessageSentRequest(_AboutMessage, frozen=True, kw_only=True):
    """A request to send was taken; told only to webhooks that name it."""


class MessageSent(_AboutMessage, frozen=True, kw_only=True):
    """The message was sent on a channel."""


class MessageDelivered(_AboutMessage, frozen=True, kw_only=True):
    """The message was delivered, as far as the channel tells."""


class MessageRead(_AboutMessage, frozen=True, kw_only=True):
    """The message was read."""


class MessageExpired(_AboutMessage, frozen=True, kw_only=True):
    """The message was not delivered within its window."""


class MessageFailed(_AboutMessage, frozen=True, kw_only=True):
    """The message could not be sent or delivered."""


class MessageInbound(OmnichannelEvent, frozen=True, kw_only=True):
    """A message came in."""

    payload: Incoming

    @property
    def message_id(self) -> str:
        """The id of the message that came in."""
        return self.payload.id


class InteractionClick(OmnichannelEvent, frozen=True, kw_only=True):
    """A link or button of a message was used."""

    payload: Click

    @property
    def message_id(self) -> str:
        """The message whose link or button it was."""
        return self.payload.id


EVENTS: Final[Mapping[str, tuple[type[OmnichannelEvent], type[Shape]]]] = {
    "message.sentRequest": (MessageSentRequest, Progress),
    "message.sent": (MessageSent, Progress),
    "message.delivered": (MessageDelivered, Progress),
    "message.read": (MessageRead, Progress),
    "message.expired": (MessageExpired, Progress),
    "message.failed": (MessageFailed, Progress),
    "message.inbound": (MessageInbound, Incoming),
    "interaction.click": (InteractionClick, Click),
}
"""By name: the event, and what its payload is."""
