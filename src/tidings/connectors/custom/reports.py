"""What a provider outside the hub may report: one typed object for each kind, told apart by its `type`."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from tidings.model.content import Content, Media
from tidings.model.platforms import platform
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report, Target, Unknown
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.addresses import address
from tidings.rules.times import from_iso

STAGES = {
    "accepted": Stage.PROCESSING,
    "processing": Stage.PROCESSING,
    "retrying": Stage.PROCESSING,
    "sent": Stage.SENT,
    "delivered": Stage.DELIVERED,
    "read": Stage.READ,
    "expired": Stage.EXPIRED,
    "failed": Stage.FAILED,
    "filtered": Stage.FAILED,
}
"""Statuses of a receipt; the words of the omnichannel vocabulary."""

CAUSES = {"expired": Cause.EXPIRED, "failed": Cause.UNKNOWN, "filtered": Cause.FILTERED}
"""Why a message stopped, by the status that says it did."""

LAST_TIME = 253_402_300_799_999
"""Milliseconds; the last moment of the year 9999."""

Id = Annotated[str, Meta(min_length=1)]
Time = str | int | None
"""ISO 8601, or milliseconds since 1970."""


class _Named(Struct, frozen=True, rename="camel", kw_only=True):
    """Which message something is about: by our id, by the provider's own, or both."""

    message_id: str = ""
    reference: str = ""
    hop: Annotated[int, Meta(ge=0, lt=2**31)] | None = None
    recipient: str = ""

    def target(self) -> Target:
        """Give the message meant; raises ValueError where none is named."""
        if not (self.message_id or self.reference):
            raise ValueError("it names neither messageId nor reference")
        return Target(message=self.message_id, hop=self.hop, reference=self.reference, recipient=self.recipient)


class _Receipt(_Named, frozen=True, rename="camel", kw_only=True, tag="receipt"):
    status: str
    id: str = ""
    timestamp: Time = None
    failure_reason: str = ""
    failure_code: str = ""
    permanent: bool = True
    segment_count: Annotated[int, Meta(ge=0, lt=2**31)] | None = None
    channel_status: Raw | UnsetType = UNSET

    def report(self, raw: Raw, on: str) -> Report:
        """Read the receipt; its own status object is kept rather than our envelope around it."""
        cause = CAUSES.get(self.status)
        return Receipt(
            target=self.target(),
            stage=_stage(self.status),
            raw=_kept(self.channel_status, raw),
            at=_moment(self.timestamp),
            reason=None if cause is None else Reason(cause, self.failure_reason, self.failure_code, self.permanent),
            key=f"receipt:{self.id}" if self.id else "",
            units=self.segment_count,
        )


class _Part(Struct, frozen=True, rename="camel"):
    type: str = ""
    url: str = ""
    data: str = ""
    name: str = ""
    caption: str = ""
    size: Annotated[int, Meta(ge=0, lt=2**53)] | None = None

    @property
    def is_text(self) -> bool:
        return self.type == "text/plain" and not self.url


class _Inbound(Struct, frozen=True, rename="camel", kw_only=True, tag="inbound"):
    id: Id
    sender: Id = msgspec.field(name="from")
    to: str = ""
    title: str = ""
    body: str = ""
    html: str = ""
    message_parts: tuple[_Part, ...] = ()
    channel_data: Raw | UnsetType = UNSET
    received_on: Time = None
    name: str = ""
    reply_to: _Named | str = ""
    conversation_id: str = ""

    def report(self, raw: Raw, on: str) -> Report:
        """Read what a person wrote; the provider's own object is kept rather than our envelope around it."""
        texts = [part.data for part in self.message_parts if part.is_text]
        answered = _Named(reference=self.reply_to) if isinstance(self.reply_to, str) else self.reply_to
        return Inbound(
            key=f"inbound:{self.id}",
            sender=_normal(self.sender, on),
            raw=_kept(self.channel_data, raw),
            to=_normal(self.to, on),
            content=Content(
                title=self.title,
                text=self.body or "\n".join(texts),
                html=self.html,
                media=tuple(
                    Media(part.type, part.url, part.data, name=part.name, caption=part.caption, size=part.size)
                    for part in self.message_parts
                    if not part.is_text
                ),
            ),
            at=_moment(self.received_on),
            name=self.name,
            reply_to=answered.target() if self.reply_to else None,
            conversation=self.conversation_id,
        )


class _Interaction(_Named, frozen=True, rename="camel", kw_only=True, tag="interaction"):
    id: Id
    interaction: Deed
    timestamp: Time = None
    url: str = ""
    link_name: str = ""
    payload: str = ""
    emoji: str = ""
    action: str = ""
    prefetched: bool = False
    user_agent: str = ""
    details: str = ""
    sender: str = msgspec.field(name="from", default="")

    def report(self, raw: Raw, on: str) -> Report:
        """Read what a person did; that they read it is a stage, as when a receipt says so."""
        key, at = f"interaction:{self.id}", _moment(self.timestamp)
        if self.interaction is Deed.READ:
            return Receipt(target=self.target(), stage=Stage.READ, raw=raw.copy(), at=at, key=key)
        return Interaction(
            key=key,
            deed=self.interaction,
            target=self.target(),
            raw=raw.copy(),
            at=at,
            url=self.url,
            link_name=self.link_name,
            payload=self.payload,
            emoji=self.emoji,
            action=self.action or ("react" if self.interaction is Deed.REACTION else ""),
            prefetched=self.prefetched,
            user_agent=self.user_agent,
            details=self.details,
            sender=_normal(self.sender, on),
        )


_DECODER: msgspec.json.Decoder[_Receipt | _Inbound | _Interaction] = msgspec.json.Decoder(
    _Receipt | _Inbound | _Interaction
)


def read_report(raw: Raw, on: str) -> Report:
    """Read one item of a callback to a channel of the platform `on`; one that is none becomes Unknown."""
    try:
        return _DECODER.decode(raw).report(raw, on)
    except (msgspec.ValidationError, ValueError) as error:
        return Unknown(raw.copy(), str(error))


def _stage(status: str) -> Stage:
    try:
        return STAGES[status]
    except KeyError:
        raise ValueError(f"no such status: {status}") from None


def _kept(own: Raw | UnsetType, whole: Raw) -> Raw:
    """Keep the provider's own object where it came along; copied, so that the callback's body is let go."""
    return whole.copy() if own is UNSET or bytes(own) == b"null" else own.copy()


def _normal(text: str, on: str) -> str:
    """Write an address the one way; one that is no such address, as a short code, stays as it is."""
    try:
        return address(platform(on).identifier, text)
    except ValueError:
        return text


def _moment(given: Time) -> int | None:
    """Read a time into milliseconds; one that cannot be is taken as not told."""
    try:
        at = from_iso(given) if isinstance(given, str) else given
    except (ValueError, OverflowError):
        return None
    return at if at is not None and 0 <= at <= LAST_TIME else None
