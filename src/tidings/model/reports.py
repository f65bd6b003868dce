"""What a provider's callback means: receipts, inbounds, interactions, and what we have no word for."""

from enum import StrEnum
from typing import Any

from msgspec import Raw, Struct

from tidings.model.content import Content
from tidings.model.stages import Reason, Stage


class Target(Struct, frozen=True, omit_defaults=True):
    """Which message a report is about: by our own id, by the provider's reference, or all up to a time.

    Our own id (`message`, and `hop` where it came along) is preferred when both are there. A watermark names an
    `address`, and the time `until` which everything sent to it on that channel is meant, or the `reference` of the
    message that is meant with everything sent before it.
    """

    message: str = ""
    hop: int | None = None
    reference: str = ""
    recipient: str = ""
    """Which recipient, where several share one reference."""
    address: str = ""
    until: int | None = None
    """Milliseconds; everything sent up to then is meant."""


class Receipt(Struct, frozen=True, omit_defaults=True, tag="receipt"):
    """A provider's word that a message reached a stage.

    A stage of ACCEPTED or PROCESSING moves nothing; it is kept in the history.
    """

    target: Target
    stage: Stage
    raw: Raw
    at: int | None = None
    """When it happened, as the provider says; None where it does not say."""
    reason: Reason | None = None
    key: str = ""
    """Where the provider gives one: the same key is the same report, and is taken once."""
    units: int | None = None
    went_at: int | None = None
    """Of an echo: when the message went, by the clock of the provider's watermarks."""


class Fragment(Struct, frozen=True, omit_defaults=True):
    """Which part of a longer text an inbound message is; it is told as one message once all parts are there."""

    group: str
    """What all parts of the text have in common."""
    number: int
    """From 1."""
    total: int
    patience: int
    """Milliseconds after which the text is told as far as it came."""
    before: int = 0
    """A half of a surrogate pair (UTF-16) that the part begins with; its other half ends the part before."""
    after: int = 0


class Inbound(Struct, frozen=True, omit_defaults=True, tag="inbound"):
    """Something a person wrote to us."""

    key: str
    """The provider's id of it; the same key is taken once."""
    sender: str
    """The person's address, normalised (phone numbers as E.164 with `+`)."""
    raw: Raw
    reference: str = ""
    """The provider's id of it, where the key is not made of that."""
    to: str = ""
    """Our address it came to."""
    content: Content = Content()
    at: int | None = None
    name: str = ""
    """What the person calls themselves."""
    platform: str = ""
    """The platform, where the channel serves more than one; empty: the channel's."""
    reply_to: Target | None = None
    """The message it answers, where the provider says so."""
    extra: dict[str, Any] = {}
    """Small flat facts for `meta.extraInformation`."""
    conversation: str = ""
    contact_key: str = ""
    """`identifierKey` of the sender where it is not the platform's usual one."""
    fragment: Fragment | None = None
    """Where it is only a part of what was written."""


class Deed(StrEnum):
    """What a person did with a message, in the words of the channels vocabulary."""

    READ = "read"
    OPENED = "opened"
    CLICKED = "clicked"
    REPORTED_AS_SPAM = "reported-as-spam"
    UNSUBSCRIBE_REQUEST = "unsubscribe-request"
    DELETE_REQUEST = "delete-request"
    REACTION = "reaction"


PROVING = frozenset({Deed.READ, Deed.OPENED, Deed.CLICKED, Deed.REACTION})
"""Deeds that nobody can do without having the message; a prefetched one proves nothing all the same."""


class Interaction(Struct, frozen=True, omit_defaults=True, tag="interaction"):
    """Something a person did with a message of ours."""

    key: str
    """The same key is taken once."""
    deed: Deed
    target: Target
    raw: Raw
    at: int | None = None
    url: str = ""
    link_name: str = ""
    payload: str = ""
    """What the tapped button stands for."""
    emoji: str = ""
    action: str = ""
    """Of a reaction: `react` or `unreact`."""
    prefetched: bool = False
    """Done by a machine: told, but no proof that a person acted."""
    user_agent: str = ""
    details: str = ""
    sender: str = ""
    """The person's address, where the report says it."""
    short_url: str = ""
    """The short address that was followed, where it is known."""


class Unknown(Struct, frozen=True, omit_defaults=True, tag="unknown"):
    """A report we have no word for; it is kept and counted, and hinders nothing."""

    raw: Raw
    why: str = ""


Report = Receipt | Inbound | Interaction | Unknown
