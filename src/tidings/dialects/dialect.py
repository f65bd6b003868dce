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


class Dialect(ABC):
    """One outside vocabulary in full."""

    name: ClassVar[str]
    event_names: ClassVar[tuple[str, ...]]
    """Every event name that can be subscribed to."""
    schedule: ClassVar[Schedule]
    """When a failed delivery is tried again."""

    @abstractmethod
    def name_of(self, telling: Telling) -> str | None:
        """The event's name in this vocabulary; None where it has no word for it."""

    @abstractmethod
    def wants(self, subscription: Subscription, siblings: Sequence[Subscription], telling: Telling) -> bool:
        """Whether a subscription gets an event, seen beside its workspace's active ones in the same dialect."""

    @abstractmethod
    def render(self, telling: Telling) -> bytes:
        """The webhook's body: the same bytes whenever it is asked."""

    @abstractmethod
    def sign(self, subscription: Subscription, delivery: Delivery) -> Mapping[str, str]:
        """The dialect's own signature headers for one attempt."""

    @abstractmethod
    def judge(self, status: int) -> Verdict:
        """What the endpoint's answer means."""
