"""The events of the channels vocabulary: `<platform>.outbound`, `.inbound` and `.interaction`, in its published shapes.

Fields have the published names, in snake case.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tidings.model.stages import Stage
from tidings.receiver.events import Event, Shape

RANKS: Final[Mapping[str, int]] = {
    "accepted": Stage.ACCEPTED,
    "sent": Stage.SENT,
    "sending_failed": Stage.FAILED,
    "delivery_failed": Stage.FAILED,
    "delivered": Stage.DELIVERED,
}
"""How far each status is; a message never goes back."""


class ChannelsEvent(Event, frozen=True, kw_only=True):
    """An event of this vocabulary."""

    @property
    def platform(self) -> str:
        """The platform it happened on, as the vocabulary names it: the `whatsapp` of `whatsapp.outbound`."""
        return self.name.rpartition(".")[0]


class Contact(Shape, frozen=True, kw_only=True):
    """A person."""

    id: str = ""
    identifier_key: str = ""
    """What they are found by: `phonenumber`, `emailaddress`, …"""
    identifier_value: str = ""
    type: str = ""
    """`to`, `cc` or `bcc`."""
    country_code: str = ""


class Connector(Shape, frozen=True, kw_only=True):
    """Our own side of a message."""

    id: str = ""
    identifier_value: str = ""
    annotations: Mapping[str, Any] = {}
    types: tuple[str, ...] = ()


class Sender(Shape, frozen=True, kw_only=True):
    """Whom a message is from: our connector, or the person who wrote."""

    connector: Connector | None = None
    contact: Contact | None = None


class Receiver(Shape, frozen=True, kw_only=True):
    """Whom a message is for: people, or our connector."""

    contacts: tuple[Contact, ...] = ()
    connector: Connector | None = None


class Part(Shape, frozen=True, kw_only=True):
    """A piece of a message, as the provider counts them."""

    platform_reference: str = ""


class Source(Shape, frozen=True, kw_only=True):
    """Who said that a message failed, and by which code."""

    name: str = ""
    code: str = ""


class Failure(Shape, frozen=True, kw_only=True):
    """Why a message failed, in the hub's word and the provider's code."""

    code: str = ""
    source: Source = Source()


class ReplyTo(Shape, frozen=True, kw_only=True):
    """What a message that came in answers."""

    id: str = ""
    """The id of the message of yours."""
    type: str = ""


class ChannelMessage(Shape, frozen=True, kw_only=True):
    """A message as it stood when the event happened.

    An outgoing one of any platform but sms is told without `body`, `template`, `meta`, `parts` and `direction`.
    """

    id: str
    status: str
    """`accepted`, `sent`, `delivered`, `delivery_failed` or `sending_failed`; newer ones may come."""
    channel_id: str = ""
    sender: Sender = Sender()
    receiver: Receiver = Receiver()
    body: Mapping[str, Any] = {}
    """What it says: `type`, and under the type's name the rest."""
    template: Mapping[str, Any] = {}
    meta: Mapping[str, Any] = {}
    reference: str = ""
    """Your own, as it was given with the message."""
    parts: tuple[Part, ...] = ()
    reason: str = ""
    failure: Failure | None = None
    direction: str = ""
    chargeable_units: int | None = None
    reply_to: ReplyTo | None = None
    """Of one that came in, where it is known what it answers."""
    last_status_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Link(Shape, frozen=True, kw_only=True):
    """A link that was followed."""

    name: str = ""
    url: str = ""


class Button(Shape, frozen=True, kw_only=True):
    """A button that was tapped."""

    payload: str = ""


class Reaction(Shape, frozen=True, kw_only=True):
    """An emoji put to a message, or taken back."""

    emoji: str = ""
    action: str = ""
    """`react` or `unreact`."""


class InteractionMetadata(Shape, frozen=True, kw_only=True):
    """What exactly was done."""

    link: Link | None = None
    button: Button | None = None
    reaction: Reaction | None = None
    prefetched: bool = False
    """Done by a machine, which says nothing of a person."""


class MessageInteraction(Shape, frozen=True, kw_only=True):
    """Something a person did with a message."""

    id: str
    message_id: str
    type: str
    """`read`, `opened`, `clicked`, `reported-as-spam`, `unsubscribe-request`, `delete-request`, `reaction`, …"""
    channel_id: str = ""
    platform_id: str = ""
    message_reference: str = ""
    """The provider's id of the message."""
    message_parts_count: int = 0
    message_tags: tuple[str, ...] = ()
    receiver: Receiver = Receiver()
    details: str = ""
    context: Mapping[str, Any] = {}
    metadata: InteractionMetadata = InteractionMetadata()
    created_at: datetime | None = None


class Outbound(ChannelsEvent, frozen=True, kw_only=True):
    """A message that was sent has a new status."""

    payload: ChannelMessage

    @property
    def message_id(self) -> str:
        """The id of the message."""
        return self.payload.id

    @property
    def rank(self) -> int:
        """How far the status is: what comes with a smaller rank is older. 0 for a status that we have no word for."""
        return RANKS.get(self.payload.status, 0)


class Inbound(ChannelsEvent, frozen=True, kw_only=True):
    """A message came in."""

    payload: ChannelMessage

    @property
    def message_id(self) -> str:
        """The id of the message that came in."""
        return self.payload.id


class Interaction(ChannelsEvent, frozen=True, kw_only=True):
    """A person did something with a message."""

    payload: MessageInteraction

    @property
    def message_id(self) -> str:
        """The message it was done with."""
        return self.payload.message_id


EVENTS: Final[Mapping[str, tuple[type[ChannelsEvent], type[Shape]]]] = {
    "outbound": (Outbound, ChannelMessage),
    "inbound": (Inbound, ChannelMessage),
    "interaction": (Interaction, MessageInteraction),
}
"""By what stands behind the platform in the name: the event, and what its payload is."""
