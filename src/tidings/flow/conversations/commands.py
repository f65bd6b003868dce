"""What can be asked of conversations, and what came of it."""

from collections.abc import Sequence
from typing import Any

from msgspec import Raw, Struct

from tidings.flow.facts import Promise
from tidings.model.conversations import Happening, Participant, Roles
from tidings.model.errors import Refused
from tidings.rules.conversations.saying import Spoken


class Doer(Struct, frozen=True):
    """Who does something."""

    profile: str
    by_server: bool = False
    """Whether the workspace's own server does it in the profile's name: it may do everything."""


class Place(Struct, frozen=True, kw_only=True):
    """Where something is done, and by whom."""

    workspace: str
    conversation: str
    doer: Doer
    sender: str
    """The profile of the business."""
    keep: int
    """Milliseconds that what happens is kept."""
    now: int

    @property
    def key(self) -> str:
        """The conversation's key."""
        return key_of(self.workspace, self.conversation)


def key_of(workspace: str, conversation: str) -> str:
    """Give a conversation's key among those of all workspaces."""
    return f"{workspace}/{conversation}"


class Make(Struct, frozen=True, kw_only=True):
    """Make a conversation."""

    place: Place
    participants: tuple[Participant, ...]
    name: str = ""
    description: str = ""
    is_public: bool = False
    roles: Roles = Roles()
    is_own: bool = False
    """Whether it is the one of the business and a person, which is found again where it is there already."""


class Change(Struct, frozen=True, kw_only=True):
    """Give a conversation other words, or other rules."""

    place: Place
    name: str
    description: str
    is_public: bool
    roles: Roles
    revisions: frozenset[int] | None = None
    """The revisions that it may have; None: any."""


class Delete(Struct, frozen=True, kw_only=True):
    """Delete a conversation."""

    place: Place
    revisions: frozenset[int] | None = None


class Add(Struct, frozen=True, kw_only=True):
    """Have profiles take part."""

    place: Place
    participants: tuple[Participant, ...]


class Remove(Struct, frozen=True, kw_only=True):
    """Have profiles take part no more."""

    place: Place
    profiles: tuple[str, ...]


class Say(Struct, frozen=True, kw_only=True):
    """Say something."""

    place: Place
    id: str
    spoken: Spoken
    promise: Promise | None = None
    to: str = ""
    """Of a message of the hub's: the profile it is for."""

    @property
    def of_hub(self) -> bool:
        """Whether it is a message of the hub's."""
        return bool(self.to)


class Told(Struct, frozen=True, rename="camel"):
    """Where something was said: what whoever said it is answered, also where they ask again."""

    id: str
    event_id: int
    """Its number within the conversation."""


class Mark(Struct, frozen=True, kw_only=True):
    """A client's word that messages have come so far: those named, or all up to a number."""

    status: str
    messages: tuple[str, ...] = ()
    up_to: int | None = None
    at: int


class Tell(Struct, frozen=True, kw_only=True):
    """Say how far messages have come."""

    place: Place
    marks: tuple[Mark, ...]


class React(Struct, frozen=True, kw_only=True):
    """React to a message, or take that back."""

    place: Place
    message: str
    emoji: str
    action: str


class AskDeletion(Struct, frozen=True, kw_only=True):
    """Ask that a message be deleted."""

    place: Place
    message: str


class Empty(Struct, frozen=True, kw_only=True):
    """Take what a message says out of a conversation; that it was said stays."""

    place: Place
    message: str


Command = Make | Change | Delete | Add | Remove | Say | Tell | React | AskDeletion | Empty


class Untold(Struct, frozen=True, array_like=True):
    """What is still to be told as a report of the channel's."""

    id: str
    workspace: str
    headers: dict[str, str]
    body: Raw


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of a command; `refused` says why nothing did."""

    value: Any = None
    happenings: Sequence[Happening] = ()
    untold: Sequence[Untold] = ()
    members: frozenset[str] = frozenset()
    """Conversations, by their keys, whose participants are others now."""
    refused: Refused | None = None
