"""What a dialect is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from msgspec import Struct

from tidings.model.events import Event
from tidings.model.messages import Message
from tidings.model.subscriptions import Subscription, Verdict
from tidings.model.workspaces import Workspace
from tidings.rules.schedule import Schedule
from tidings.rules.signing.examining import Finding, Received


class Telling(Struct, frozen=True):
    """An event with what is needed to tell it: the message it is about, and whose it is."""

    event: Event
    message: Message
    workspace: Workspace


class Delivery(Struct, frozen=True):
    """One attempt to be signed: which event, when (Unix seconds), where to, and the exact body."""

    event: str
    timestamp: int
    url: str
    body: bytes


class Fit(Struct, frozen=True):
    """Whether a subscription gets an event, and by which rule."""

    rule: str
    """`matched`, `no-word` (the vocabulary has none for it), `other-event`, `filter` or `sibling`."""
    by: str = ""
    """Of `filter` its key; of `sibling` the id of the subscription that takes it instead."""

    @property
    def is_wanted(self) -> bool:
        """Whether it gets the event."""
        return self.rule == "matched"


MATCHED = Fit("matched")
NO_WORD = Fit("no-word")
OTHER_EVENT = Fit("other-event")


class Batching(Struct, frozen=True):
    """How events are gathered into one webhook."""

    most: int
    """Events."""
    wait_ms: int
    """How long the first of them may wait for company."""


class Dialect(ABC):
    """One outside vocabulary in full."""

    name: ClassVar[str]
    event_names: ClassVar[tuple[str, ...]]
    """Every event name that can be subscribed to."""
    schedule: ClassVar[Schedule]
    """When a failed delivery is tried again."""

    def is_event(self, name: str) -> bool:
        """Whether there is an event of this name; one of a custom platform may have a name that is not listed."""
        return name in self.event_names

    @abstractmethod
    def name_of(self, telling: Telling) -> str | None:
        """The event's name in this vocabulary; None where it has no word for it."""

    @abstractmethod
    def fit(self, subscription: Subscription, siblings: Sequence[Subscription], telling: Telling) -> Fit:
        """Say whether a subscription gets an event, seen beside its workspace's active ones in the same dialect."""

    def wants(self, subscription: Subscription, siblings: Sequence[Subscription], telling: Telling) -> bool:
        """Whether a subscription gets an event."""
        return self.fit(subscription, siblings, telling).is_wanted

    def batching(self, subscription: Subscription) -> Batching | None:
        """How a subscription wants its events gathered; None: each is a webhook of its own."""
        return None

    @abstractmethod
    def render(self, telling: Telling) -> bytes:
        """The webhook's body: the same bytes whenever it is asked."""

    @abstractmethod
    def sign(self, subscription: Subscription, delivery: Delivery) -> Mapping[str, str]:
        """The dialect's own signature headers for one attempt."""

    @abstractmethod
    def examine(self, subscription: Subscription, received: Received) -> Finding | None:
        """Verify the dialect's own signature on a webhook; None where there is none, and none is due."""

    @abstractmethod
    def judge(self, status: int) -> Verdict:
        """What the endpoint's answer means."""
