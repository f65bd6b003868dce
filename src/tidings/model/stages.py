"""Where a message stands, and why it stopped there."""

from enum import IntEnum, StrEnum

from msgspec import Struct


class Stage(IntEnum):
    """How far a message, a hop or a part has come; the number is its rank, and ranks never fall."""

    ACCEPTED = 10
    """Durable here; nothing sent yet."""
    PROCESSING = 20
    """A hop is being submitted, or waits to be tried again."""
    SENT = 30
    """The provider or carrier took it."""
    EXPIRED = 35
    """Not delivered within its window."""
    FAILED = 36
    """Refused, before or after it reached the provider."""
    DELIVERED = 40
    """Reached the recipient's device or mailbox, as far as the network tells."""
    READ = 50
    """The recipient saw it."""

    @property
    def word(self) -> str:
        """The stage's lower-case name, as it stands in our own API."""
        return self.name.lower()


FINAL = frozenset({Stage.EXPIRED, Stage.FAILED, Stage.DELIVERED, Stage.READ})
"""Stages after which a message no longer waits for anything."""

LOST = (Stage.EXPIRED, Stage.FAILED)
"""The stages of a message that was given up; only real evidence leads out of them."""

SUCCESS = (Stage.SENT, Stage.DELIVERED, Stage.READ)
"""The stages of a good life, each proving those before it."""


class Cause(StrEnum):
    """What kind of trouble stopped a message, told apart because something different follows from each."""

    BAD_ADDRESS = "bad-address"
    """No such number, mailbox or user."""
    UNREACHABLE = "unreachable"
    """The address exists, but could not be reached now."""
    BLOCKED = "blocked"
    """The recipient, or a carrier in their name, does not take messages from this sender."""
    OPTED_OUT = "opted-out"
    """The recipient unsubscribed."""
    COMPLAINED = "complained"
    """The recipient reported an earlier message as spam."""
    FILTERED = "filtered"
    """Held back as unwanted, by content or reputation."""
    BOUNCED = "bounced"
    """A mail server refused it for good."""
    EXPIRED = "expired"
    """Its window closed first."""
    CANCELLED = "cancelled"
    """Taken back before it was delivered."""
    INVALID = "invalid"
    """The request itself cannot be sent as it is."""
    COUNTRY = "country-not-allowed"
    """The channel may not send to that country."""
    UNSUPPORTED = "unsupported"
    """The platform has no such kind of message."""
    WINDOW = "outside-window"
    """The platform's conversation window is closed; a template may still pass."""
    NO_CHANNEL = "no-channel"
    """The workspace has no channel for it."""
    ACCOUNT = "account"
    """The provider refuses our credentials, sender or account; somebody must act."""
    THROTTLED = "throttled"
    """Too many at once; later it may pass."""
    PROVIDER = "provider"
    """Trouble at the provider's side."""
    UNCERTAIN = "uncertain"
    """The provider may or may not have taken it; it was not sent again."""
    UNKNOWN = "unknown"
    """The provider gave a reason that we have no word for."""


class Reason(Struct, frozen=True, array_like=True):
    """Why something stopped: our word for it, the provider's code and text, and whether trying again is pointless."""

    cause: Cause
    text: str = ""
    code: str = ""
    permanent: bool = True
