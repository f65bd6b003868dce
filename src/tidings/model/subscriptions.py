"""Who wants which events, where, in which vocabulary; and what became of telling them."""

from collections.abc import Mapping
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


class KeyKind(StrEnum):
    """What signatures a key makes."""

    HMAC = "hmac"
    """`v1`: HMAC-SHA256, with a key that both sides have."""
    ED25519 = "ed25519"
    """`v1a`: the subscriber has the public half only."""


class SigningKey(Struct, frozen=True, kw_only=True):
    """A Standard Webhooks key of one subscription."""

    id: str
    """Of the key that a subscription was made with: the subscription's own."""
    kind: KeyKind
    secret: Secret
    """`whsec_…`, or `whsk_…`."""
    created_at: int
    expires_at: int | None = None
    """From then on it signs nothing; None: it goes on until it is replaced. Whole seconds, as attempts have."""

    def signs_at(self, at: int) -> bool:
        """Whether it signs an attempt made at a time."""
        return self.expires_at is None or at < self.expires_at


class Subscription(Struct, frozen=True, kw_only=True):
    """Who wants which events, where, in which dialect, signed with which keys."""

    id: str
    serial: int
    """A small number for the rows that are many."""
    workspace: str
    dialect: str
    url: str
    wanted: tuple[Wanted, ...]
    secret: Secret
    """The dialect's own signing secret, as the subscriber gave it; may be empty."""
    keys: tuple[SigningKey, ...]
    """The Standard Webhooks keys, oldest first; at least one of them never expires."""
    created_at: int
    updated_at: int
    name: str = ""
    active: bool = True
    options: dict[str, Any] = {}
    """What only its dialect knows (batching, say)."""
    revision: int = 0
    epoch: int = 0
    """Raised whenever its reader is set to another place, so that a reader of the old one moves nothing any more."""
    stopped: str = ""
    """Why it is not active: `paused` by somebody, `gone` (its endpoint answered 410), or `failing` for days."""


class Verdict(StrEnum):
    """What an endpoint's answer means."""

    DONE = "done"
    REFUSED = "refused"
    """Refused for good: never tried again."""
    RETRY = "retry"


class Fault(StrEnum):
    """The classes of failed attempts: what stood between an event and its endpoint."""

    DNS = "dns"
    """The endpoint's name was not found."""
    REFUSED = "refused"
    """Nothing listens there, or nobody can get there."""
    TLS = "tls"
    """No trusted connection could be made."""
    TIMEOUT = "timeout"
    """No whole answer came in time."""
    RESET = "reset"
    """The connection broke before a whole answer was there."""
    STATUS = "status"
    """It answered, but not that it has it."""
    TOO_LARGE = "too-large"
    """It answered more than is read."""
    URL = "url"
    """No request can be made to the URL as it is."""
    REFUSED_ADDRESS = "refused-address"
    """Its address is one that the hub does not call."""
    RENDER = "render"
    """The event could not be written in the vocabulary: our own fault."""


_FAULTS = {"": Fault.STATUS, "connect": Fault.REFUSED}
"""Errors of the wire whose class is called otherwise."""


def fault_of(error: str) -> Fault:
    """Give the class of an error of the wire (empty: there was an answer); one that we do not know broke off."""
    try:
        return _FAULTS.get(error) or Fault(error)
    except ValueError:
        return Fault.RESET


def error_of(fault: Fault) -> str:
    """Give the wire's word for a class; empty where there was an answer."""
    return next((error for error, each in _FAULTS.items() if each is fault), fault.value)


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
    """Why no answer came, in the wire's word for it: see `Fault`; empty where one did."""
    response: bytes = b""
    """The answer's body, as far as it is kept."""
    headers: Mapping[str, str] = {}
    """The answer's headers, names in lower case, as far as they are kept."""

    @property
    def fault(self) -> Fault | None:
        """Why it came to nothing; None where the event was taken."""
        if self.verdict is Verdict.DONE:
            return None
        return fault_of(self.error)


class Replay(Struct, frozen=True, kw_only=True):
    """What a subscription is to be told again: a stretch of the log, or of its dead-letter list."""

    id: str
    created_at: int
    dead_letters: bool = False
    """Whether only events that were given up are meant."""
    after: int
    """Positions after this one …"""
    until: int
    """… up to this one."""
    events: tuple[str, ...] = ()
    """Names of events in the subscription's vocabulary; empty: all that it wants."""
    rate: float | None = None
    """Events a second at most; None: as fast as first attempts let it."""


class Progress(Struct, frozen=True):
    """How far a replay has come."""

    place: int
    """Everything up to this position is told again, set aside or not meant."""
    told: int = 0
    set_aside: int = 0
    """How many could not be told again at once, and are retried like any other."""
    fate: str = ""
    """`done` or `cancelled`; empty while it is under way."""
    ended_at: int | None = None


class Held(Struct, frozen=True, kw_only=True):
    """An event set aside for one subscription, to be tried again, or given up."""

    subscription: int
    position: int
    message: str
    tries: int
    """Failures that count on the schedule; those while the endpoint as a whole was failing do not."""
    first_at: int
    due_at: int | None
    """None: it waits behind an earlier event of the same message, or is dead."""
    dead: bool = False
    number: int = 0
    """Of the last attempt."""
