"""Conversations of in-app messaging: who takes part, what was said, and what has happened, in order.

What happens in a conversation is written down once and never changed, numbered from 1 without a gap. Everything else
that is shown of it follows from that record. Every time is in milliseconds since 1970.
"""

from enum import StrEnum
from typing import Any

from msgspec import Raw, Struct

from tidings.model.raw import OptionalRaw


class EventName(StrEnum):
    """What can happen, by the names that events go by."""

    CHANGED = "conversation.update"
    DELETED = "conversation.delete"
    RESTORED = "conversation.undelete"
    ADDED = "conversation.participantAdded"
    REMOVED = "conversation.participantRemoved"
    TYPING = "conversation.participantTyping"
    TYPING_OFF = "conversation.participantTypingOff"
    SENT = "conversationMessage.sent"
    DELIVERED = "conversationMessage.delivered"
    READ = "conversationMessage.read"
    REACTION = "conversationMessage.reaction"
    DELETE_REQUESTED = "conversationMessage.deleteRequested"
    PROFILE = "profile.update"


class Happening(Struct, frozen=True, kw_only=True):
    """Something that happened in a conversation."""

    workspace: str
    conversation: str
    """Empty where it belongs to none: a profile that has changed."""
    number: int
    """Its place within the conversation, from 1 without a gap; 0: it is not kept (somebody types)."""
    position: int = 0
    """Its place among all that happens in conversations, in the order it was committed; 0 where it is not kept."""
    id: str
    name: str
    """One of `EventName`."""
    payload: Raw
    published_at: int
    created_by: str
    """The profile that did it."""


class Session(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a device speaks for a profile, until a time or until it is ended."""

    id: str
    workspace: str
    profile: str
    device: str
    created_at: int
    expires_at: int
    platform: str = ""
    platform_version: str = ""
    sdk_type: str = ""
    sdk_version: str = ""
    source_ip: str = ""
    push: OptionalRaw = None
    """Where the device's platform takes word for it, as the app says it."""
    ended_at: int | None = None

    def lives_at(self, now: int) -> bool:
        """Whether it may still be used."""
        return self.ended_at is None and now < self.expires_at


class Role(StrEnum):
    """What a participant is in a conversation."""

    OWNER = "owner"
    MEMBER = "member"


class Permissions(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What participants of one role may do."""

    can_send: bool = True
    can_add_participants: bool = True
    can_remove_participants: bool = True


class Roles(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What the participants of each role may do."""

    owner: Permissions = Permissions()
    participant: Permissions = Permissions(can_add_participants=False, can_remove_participants=False)


class Conversation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation as it stands; its participants stand in rows of their own."""

    workspace: str
    id: str
    name: str = ""
    description: str = ""
    is_public: bool = False
    """Whether every profile of the workspace may come in by itself."""
    roles: Roles = Roles()
    created_at: int = 0
    updated_at: int = 0
    revision: int = 1
    """Raised whenever its name, description or permissions change."""
    deleted_at: int | None = None
    size: int = 0
    """How many take part."""
    last: int = 0
    """The number of the last that happened in it."""
    sent: int = 0
    """The number of the last message in it."""
    outgoing: str = ""
    """The hub's message that was sent into it last: what an answer is an answer to."""


class Participant(Struct, frozen=True):
    """A profile that takes part in a conversation."""

    id: str
    role: Role = Role.MEMBER
    delivered_to: int = 0
    """The number up to which every message is known to have been delivered to it."""
    read_to: int = 0
    """The same of having been read."""


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part of what is said: as text in `data`, or by the `url` of what was uploaded."""

    type: str
    data: str = ""
    url: str = ""
    name: str = ""
    size: int | None = None
    """Octets."""


class Status(Struct, frozen=True):
    """How far a message has come with one participant."""

    status: str
    """`delivered` or `read`."""
    on: int


class Said(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message in a conversation, and how far it has come with each participant."""

    id: str
    workspace: str
    conversation: str
    number: int
    """Of the happening that it came with."""
    author: str
    sent_by: str
    """`session:` and the profile, or the profile in whose name the workspace's own server spoke."""
    sent_at: int
    scope: str
    """`a2p`: between a business and a person; `p2p`: between people."""
    direction: str
    """Seen from the business: `outbound`, `inbound`."""
    parts: tuple[Part, ...]
    metadata: OptionalRaw = None
    alert: OptionalRaw = None
    hub: bool = False
    """Whether it is a message of the hub's, which waits for receipts."""
    statuses: dict[str, Status] = {}
    """By profile."""


class Profile(Struct, frozen=True, kw_only=True):
    """Somebody in an app: the id that the integrator chose, and whatever is to be known of them."""

    workspace: str
    id: str
    attributes: dict[str, Any] = {}
    created_at: int = 0
    updated_at: int = 0
    revision: int = 1
