"""The shapes of webhooks on conversations, as far as we read them; every other field stays in the raw words.

Webhooks https://developers.facebook.com/docs/messenger-platform/reference/webhook-events
"""

from typing import Any

from msgspec import Raw, Struct

from tidings.connectors.meta.moments import Time
from tidings.model.raw import OptionalRaw

Id = str | int
"""Ids are digits in a text; numbers have been seen."""


class Notice(Struct, frozen=True):
    """One request of Meta's."""

    object: str = ""
    entry: list[Raw] = []


class Entry(Struct, frozen=True, omit_defaults=True):
    """News of one page or account: of its conversations, or of something that changed.

    A change stands in `changes`, or with its field and value in the entry itself.
    """

    id: Id = ""
    time: Time = None
    messaging: list[Raw] = []
    standby: list[Raw] = []
    changes: list[Raw] = []
    field: str = ""
    value: OptionalRaw = None


class Change(Struct, frozen=True):
    """Something that changed; `value` is read by who knows the field."""

    field: str = ""
    value: Raw = Raw(b"{}")


class Party(Struct, frozen=True):
    """One side of a conversation."""

    id: Id = ""
    user_ref: str = ""


class QuickReply(Struct, frozen=True):
    """A quick reply that was tapped."""

    payload: str = ""


class Story(Struct, frozen=True):
    """A story that was answered."""

    id: Id = ""
    url: str | None = None


class ReplyTo(Struct, frozen=True):
    """What a message answers."""

    mid: str | None = None
    story: Story | None = None


class Coordinates(Struct, frozen=True):
    """A place, in degrees."""

    lat: float
    long: float


class Payload(Struct, frozen=True):
    """What an attachment holds."""

    url: str | None = None
    title: str | None = None
    sticker_id: Id | None = None
    coordinates: Coordinates | None = None


class Attachment(Struct, frozen=True):
    """A picture, film, sound, file, place, or something that was shared."""

    type: str = ""
    title: str | None = None
    url: str | None = None
    payload: Payload | None = None


class Referral(Struct, frozen=True):
    """What led a person into the conversation: a link, an advertisement."""

    ref: str | None = None
    source: str | None = None
    type: str | None = None
    ad_id: Id | None = None


class Message(Struct, frozen=True):
    """Something that was written, by a person or (an echo) by our own side."""

    mid: str = ""
    text: str | None = None
    is_echo: bool = False
    is_deleted: bool = False
    is_unsupported: bool = False
    metadata: str | None = None
    quick_reply: QuickReply | None = None
    reply_to: ReplyTo | None = None
    attachments: list[Attachment] = []
    sticker_id: Id | None = None
    referral: Referral | None = None


class Edit(Struct, frozen=True):
    """A message in its new form."""

    mid: str
    text: str = ""
    num_edit: Id = 0


class Delivery(Struct, frozen=True):
    """Messages of ours that arrived: some by their ids, and all that went up to a time."""

    mids: list[str] = []
    watermark: Time = None


class Read(Struct, frozen=True):
    """Messages of ours that were seen: all that went up to a time, or up to a message."""

    watermark: Time = None
    mid: str | None = None


class Reaction(Struct, frozen=True):
    """An emoji put on a message, or taken back."""

    mid: str
    action: str = "react"
    reaction: str | None = None
    emoji: str | None = None


class Postback(Struct, frozen=True):
    """A button that was tapped."""

    mid: str | None = None
    title: str | None = None
    payload: str | None = None
    referral: Referral | None = None


class OptIn(Struct, frozen=True):
    """A person's wish to hear of us, or to hear no more."""

    type: str = ""
    notification_messages_status: str | None = None


class Event(Struct, frozen=True):
    """One thing that happened in a conversation; one of the fields below the time is there."""

    sender: Party = Party()
    recipient: Party = Party()
    timestamp: Time = None
    message: Message | None = None
    message_edit: Edit | None = None
    delivery: Delivery | None = None
    read: Read | None = None
    reaction: Reaction | None = None
    postback: Postback | None = None
    optin: OptIn | None = None
    referral: Referral | None = None
    policy_enforcement: dict[str, Any] | None = None
