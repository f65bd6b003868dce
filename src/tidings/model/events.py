"""Events: facts in the log."""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from tidings.model.raw import OptionalRaw
from tidings.model.reports import Interaction
from tidings.model.stages import Reason, Stage


class Kind(StrEnum):
    """What an event tells."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    EXPIRED = "expired"
    FAILED = "failed"
    INBOUND = "inbound"
    INTERACTION = "interaction"
    NOTICE = "notice"
    """Not of a message: a word to the operators about a subscription or a channel."""

    @property
    def stage(self) -> Stage | None:
        """The stage it tells; None for what is no stage."""
        return _STAGES.get(self)


_STAGES = {kind: Stage[kind.name] for kind in Kind if kind.name in Stage.__members__}


class Tried(Struct, frozen=True, omit_defaults=True):
    """What became of one hop of a message that failed."""

    platform: str
    reason: Reason
    at: int
    submitted: bool = False
    data: OptionalRaw = None
    """The provider's own words."""


class Notice(Struct, frozen=True, omit_defaults=True):
    """A word to the operators: what it is called, and what there is to say."""

    name: str
    """`subscription.failing`, say."""
    data: dict[str, Any] = {}


class Fact(Struct, frozen=True, omit_defaults=True):
    """What an event says beyond its kind."""

    sender: str = ""
    """The sender used, as the provider names it."""
    references: tuple[str, ...] = ()
    """The provider's ids of the parts."""
    units: int | None = None
    reason: Reason | None = None
    submitted: bool = False
    """Of a failure or expiry: whether a provider had taken it."""
    answer: OptionalRaw = None
    """What the provider answered when it took the message."""
    raw: OptionalRaw = None
    """The provider's own report."""
    tried: tuple[Tried, ...] = ()
    """Of a failure: the hops, in order."""
    interaction: Interaction | None = None
    implied: bool = False
    """Nobody said it; a later fact proves it."""
    late: bool = False
    """It came after the message had been given up."""
    notice: Notice | None = None


class Event(Struct, frozen=True, kw_only=True):
    """A fact, never changed, with a position in the log and a revision within its message."""

    position: int
    id: str
    workspace: str
    message: str
    """Of a notice: what it is about, `subscription:` or `channel:` and its id."""
    revision: int
    kind: Kind
    platform: str
    """Empty where the message failed before any platform was tried."""
    channel: str
    at: int
    """When we wrote it down."""
    told_at: int
    """When it happened, as far as anybody said."""
    fact: Fact = Fact()
