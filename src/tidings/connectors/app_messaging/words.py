"""The shapes in which messages go into conversations, and in which what happens there comes back."""

from msgspec import Raw, Struct

from tidings.model.conversations import Part
from tidings.rules.conversations.saying import Spoken


class Request(Struct, frozen=True, rename="camel"):
    """A message of the hub's, to be said."""

    id: str
    sender: str
    to: str
    """The profile it is for."""
    spoken: Spoken
    conversation: str = ""
    """Empty: the one of the sender and the profile."""


class Answer(Struct, frozen=True, rename="camel"):
    """Where it was said: `additionalInfo` of what is told of it."""

    conversation_id: str
    conversation_message_id: str


class Happened(Struct, frozen=True, rename="camel"):
    """Something that happened in a conversation."""

    event_id: str
    name: str
    conversation_id: str
    payload: Raw
    published_on: str


class Receipted(Struct, frozen=True, rename="camel"):
    """How far a message has come."""

    message_id: str
    profile_id: str
    timestamp: str


class Reacted(Struct, frozen=True, rename="camel"):
    """What somebody did with a message."""

    message_id: str
    profile_id: str
    timestamp: str
    emoji: str = ""
    action: str = ""


class Tapped(Struct, frozen=True, rename="camel"):
    """Which button was tapped."""

    action: str
    message_id: str
    label: str = ""


class Native(Struct, frozen=True, forbid_unknown_fields=True):
    """A message as a client writes it in our own language: the body of a request at the door."""

    parts: tuple[Part, ...]
    metadata: Raw = Raw(b"{}")
    alert: Raw = Raw(b"{}")
