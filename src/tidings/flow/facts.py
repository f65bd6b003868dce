"""What can happen to messages: the facts that the pen writes down."""

from collections.abc import Sequence
from typing import Any

from msgspec import Raw, Struct

from tidings.model.events import Event, Notice
from tidings.model.exchange import Callback, Sent
from tidings.model.messages import Hop, Message, Plan
from tidings.model.reports import Report
from tidings.model.stages import Reason
from tidings.model.workspaces import Channel, Contact
from tidings.rules.lifecycle import Move


class Taking(Struct, frozen=True):
    """One message that we take charge of."""

    message: Message
    plans: tuple[Plan, ...]
    begun: Move
    """What taking it makes of its life."""
    contacts: tuple[Contact, ...]


class Promise(Struct, frozen=True):
    """An answer that is given again to whoever comes with the same idempotency key."""

    workspace: str
    key: str
    fingerprint: str
    """Of the request: another request with the same key is refused."""
    status: int
    body: bytes


class Accepted(Struct, frozen=True):
    """Clients' messages, taken together or not at all."""

    takings: tuple[Taking, ...]
    promise: Promise | None = None


class Withheld(Struct, frozen=True):
    """What came of `Accepted` where some of its messages may not go where they would: nothing was taken.

    It has them as they may be taken, with those hops refused; whoever asked may now tell of them what is true.
    """

    takings: tuple[Taking, ...]


class Submitted(Struct, frozen=True):
    """A provider took a hop."""

    message: str
    hop: int
    sent: Sent
    went_at: int | None = None
    """Where a provider tells of watermarks, but not when a message went: when we asked it to send this one."""


class NotSubmitted(Struct, frozen=True):
    """A hop was refused, by a provider or before it got to one."""

    message: str
    hop: int
    reason: Reason
    data: Raw | None = None


class PutOff(Struct, frozen=True):
    """A hop was not taken and is to be tried again at a time."""

    message: str
    hop: int
    until: int


class Doubted(Struct, frozen=True):
    """Nobody knows whether a provider took a hop."""

    message: str
    hop: int
    grace: int


class Told(Struct, frozen=True):
    """A report came in by a channel."""

    channel: Channel
    report: Report
    promise: Promise | None = None
    """Where it came with an idempotency key."""
    message: str = ""
    """Of an inbound: the id its message is to get; empty: a new one."""
    parked: str = ""
    """Where it was parked and is told again: the id it waits under, until it finds its message."""
    joined: tuple[str, ...] = ()
    """Where it was made of parts: the ids they waited under."""


class Unread(Struct, frozen=True):
    """A provider's callback that could not be read; it is kept for a better parser."""

    channel: Channel
    callback: Callback
    why: str


class Due(Struct, frozen=True):
    """A timer of a message is due."""

    message: str


class Noticed(Struct, frozen=True):
    """Something that the operators of a workspace should hear."""

    workspace: str
    subject: str
    """What it is about: `subscription:` or `channel:` and its id."""
    notice: Notice


MessageFact = Accepted | Submitted | NotSubmitted | PutOff | Doubted | Told | Unread | Due | Noticed


class Start(Struct, frozen=True):
    """A hop that is to be submitted now."""

    message: Message
    hop: Hop


class Outcome(Struct, frozen=True):
    """What writing a fact came to."""

    value: Any = None
    """Of `Accepted`: a `Promise` that was given before, `Withheld`, or None.

    Of `Told`: the message's id, or "" where it parked.
    """
    events: Sequence[tuple[Event, Message]] = ()
    starts: Sequence[Start] = ()

    @property
    def messages(self) -> set[str]:
        """Of `Told`: the messages that it was about; none where it parked."""
        about = {event.message for event, _ in self.events}
        return about | {self.value} if isinstance(self.value, str) and self.value else about
