"""A message, and its life: hops, parts, where it stands."""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from tidings.model.content import Content
from tidings.model.links import Tracking
from tidings.model.raw import OptionalRaw
from tidings.model.reports import Receipt
from tidings.model.stages import Reason, Stage


class Direction(StrEnum):
    """Which way a message goes, seen from the workspace."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


class Recipient(Struct, frozen=True, omit_defaults=True):
    """One person a message is for, with every address given for them (by `identifierKey`)."""

    contact: str
    addresses: dict[str, str]
    type: str = "to"
    """`to`, `cc` or `bcc`."""
    country: str = ""
    """ISO 3166 code of the phone number's country, where there is one."""


class Route(Struct, frozen=True, omit_defaults=True):
    """One intended hop: the platform, and the channel where the client or the workspace has chosen one."""

    platform: str
    channel: str = ""
    window: int | None = None
    """Milliseconds after which the next route is tried if no receipt came; None: only the message's own expiry."""


class Correlation(Struct, frozen=True, omit_defaults=True):
    """Which earlier message an inbound one answers."""

    message: str
    metadata: OptionalRaw = None


class Message(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What we took charge of, or received; it never changes, except that redaction empties it."""

    id: str
    workspace: str
    direction: Direction
    created_at: int
    dialect: str = ""
    """The vocabulary it was submitted in."""
    recipients: tuple[Recipient, ...] = ()
    """Whom it is for; of an incoming message, the one person it is from."""
    routes: tuple[Route, ...] = ()
    sender: str = ""
    """The sender asked for; of an incoming message, the address of ours that it came to."""
    sender_name: str = ""
    content: Content = Content()
    reference: str = ""
    metadata: OptionalRaw = None
    tags: tuple[str, ...] = ()
    reply_to: str = ""
    """The message of ours, or the provider's reference, that it answers."""
    conversation: str = ""
    options: dict[str, dict[str, Any]] = {}
    """What the client asks of one platform only, by platform."""
    expires_at: int | None = None
    track_links: str = ""
    """`on`, `marked`, `off`, or empty where the client did not say."""
    tracking: tuple[Tracking, ...] = ()
    """What the hub makes of its addresses, on each channel where the hub tracks them."""
    campaign: bool = False
    transactional: bool = False
    """Whether it may go to those who unsubscribed: an answer, a receipt, an alarm, no advertisement."""
    require_opt_in: bool = False
    """Whether it may only go to those who asked for messages."""
    request: OptionalRaw = None
    """The client's request as it came, to give back."""
    channel: str = ""
    """Of an incoming message: the channel it came by."""
    platform: str = ""
    """Of an incoming message: its platform."""
    platform_reference: str = ""
    """Of an incoming message: the provider's id for it."""
    extra: dict[str, Any] = {}
    """Of an incoming message: what the provider said of it, small and flat (`meta.extraInformation`)."""
    raw: OptionalRaw = None
    """Of an incoming message: the provider's own words."""
    correlation: Correlation | None = None
    redacted: bool = False


class Part(Struct, frozen=True, array_like=True):
    """One provider-side piece of a hop: an SMS segment, one recipient of an e-mail."""

    reference: str
    """The provider's id for it (`platformReference`)."""
    recipient: str = ""
    """The address, where several recipients share one reference."""
    stage: Stage = Stage.SENT
    reason: Reason | None = None


class Plan(Struct, frozen=True, omit_defaults=True):
    """A hop not yet started: what a route came to when the message was taken, with all that starting it needs."""

    platform: str
    channel: str = ""
    """Empty where the workspace has no channel for the platform."""
    address: str = ""
    refusal: Reason | None = None
    """Why it will fail at once."""
    data: OptionalRaw = None
    """What more there is to say of the refusal."""
    expected: int = 1
    window: int | None = None
    last_word: bool = False
    own_receipt: bool = False


class Hop(Struct, frozen=True, omit_defaults=True):
    """One try of a message over one channel."""

    number: int
    """From 0, in the order they were started."""
    platform: str
    channel: str
    address: str
    """Where it goes, as the platform writes addresses."""
    stage: Stage = Stage.PROCESSING
    submitted: bool = False
    """Whether the provider took it."""
    cancelled: bool = False
    tries: int = 0
    parts: tuple[Part, ...] = ()
    expected: int = 1
    """How many recipients it has; more than one makes `sent` its last word."""
    sent_at: int | None = None
    """When the provider took it."""
    sender: str = ""
    """The sender that was used, as the provider names it."""
    units: int | None = None
    """Segments, or what else the provider charges by."""
    reason: Reason | None = None
    data: OptionalRaw = None
    """The provider's own words on why it failed."""
    updated_at: int = 0
    window: int | None = None
    """Milliseconds after submission by which a receipt must have come, else the next plan is tried."""
    window_at: int | None = None
    doubt_at: int | None = None
    """When it is given up as uncertain, if by then nobody has said that the provider has it."""
    receipted: bool = False
    """Whether any receipt has come."""
    early: tuple[Receipt, ...] = ()
    """Receipts of its parts that came before the provider's answer to us has named them; they are taken with it."""
    last_word: bool = False
    """Whether `sent` is the last that will ever be heard (no receipts, or several recipients)."""
    own_receipt: bool = False
    """Whether a failing receipt speaks of the message itself rather than of this hop of it."""

    @property
    def waiting(self) -> bool:
        """Whether it still has to be submitted."""
        return self.stage is Stage.PROCESSING and not self.submitted and not self.cancelled

    @property
    def references(self) -> tuple[str, ...]:
        """The provider's ids of its parts, each once."""
        return tuple(dict.fromkeys(part.reference for part in self.parts if part.reference))


def nobody(workspace: str, subject: str, at: int) -> Message:
    """Stand in for a message where an event is about something else."""
    return Message(
        id=subject,
        workspace=workspace,
        direction=Direction.OUTGOING,
        created_at=at,
        recipients=(),
        routes=(),
        content=Content(),
    )


class Life(Struct, frozen=True, array_like=True):
    """Where a message stands: all that changes about it."""

    message: str
    revision: int = 0
    stage: Stage = Stage.ACCEPTED
    told: tuple[Stage, ...] = ()
    """Stages that subscribers have been told, in the order they were."""
    hops: tuple[Hop, ...] = ()
    plans: tuple[Plan, ...] = ()
    """The hops not yet started, in fallback order."""
    reason: Reason | None = None
    late_failure: Reason | None = None
    """A failure reported after delivery, which changes nothing but is worth knowing."""
    updated_at: int = 0
    expires_at: int | None = None
    due_at: int | None = None
    """When a timer of this message is due (expiry, a hop's window, the grace of an uncertain one)."""
    redacted: bool = False
    """Whether the message was emptied, so that whoever remembers it as it was reads it again."""
    names: tuple[tuple[str, str], ...] = ()
    """References that a channel's provider has used for it beside those of its parts: channel, reference."""
