"""Who wants which events, where, in which vocabulary; and what became of telling them."""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from tidings.model.secrets import Secret


class Filter(Struct, frozen=True):
    """One wanted value of one property of an event."""

    key: str
    value: str


class Wanted(Struct, frozen=True, omit_defaults=True):
    """One event type a subscription names, with the filters on it."""

    event: str
    filters: tuple[Filter, ...] = ()


class Subscription(Struct, frozen=True, kw_only=True):
    """Who wants which events, where, in which dialect, signed with which key."""

    id: str
    serial: int
    """A small number for the rows that are many."""
    workspace: str
    dialect: str
    url: str
    wanted: tuple[Wanted, ...]
    secret: Secret
    """The dialect's own signing secret, as the subscriber gave it; may be empty."""
    signing_key: Secret
    """The Standard Webhooks key, `whsec_…`."""
    created_at: int
    updated_at: int
    name: str = ""
    active: bool = True
    options: dict[str, Any] = {}
    """What only its dialect knows (batching, say)."""
    revision: int = 0


class Verdict(StrEnum):
    """What an endpoint's answer means."""

    DONE = "done"
    REFUSED = "refused"
    """Refused for good: never tried again."""
    RETRY = "retry"


class Attempt(Struct, frozen=True, kw_only=True):
    """One try over the wire to tell one event to one subscription."""

    subscription: int
    """The subscription's serial."""
    position: int
    """The event's position in the log."""
    number: int
    """From 1."""
    at: int
    took_ms: int
    status: int
    """HTTP status; 0 where no answer came."""
    verdict: Verdict
    error: str = ""
    """Why no answer came: `connect`, `timeout`, `tls`, `dns`, `reset`; empty where one did."""
    response: bytes = b""
    """The answer's body, as far as it is kept."""


class Held(Struct, frozen=True, kw_only=True):
    """An event set aside for one subscription, to be tried again, or given up."""

    subscription: int
    position: int
    message: str
    tries: int
    first_at: int
    due_at: int | None
    """None: it waits behind an earlier event of the same message, or is dead."""
    dead: bool = False
