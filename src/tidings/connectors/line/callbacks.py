"""The shapes of LINE's webhooks, as far as we read them; every other field stays in the raw words.

Webhooks https://developers.line.biz/en/reference/messaging-api/#webhook-event-objects
"""

from msgspec import Raw, Struct


class Notice(Struct, frozen=True):
    """One request of LINE's; the console's trial has no events."""

    events: list[Raw]
    destination: str = ""
    """The user id of the bot that it is for."""


class _Camel(Struct, frozen=True, rename="camel"):
    """Something of LINE's."""


class Source(_Camel, frozen=True):
    """Who did it, and in which chat."""

    user_id: str | None = None
    group_id: str | None = None
    room_id: str | None = None

    @property
    def chat(self) -> str:
        """The group or room; empty where a person is alone with the bot."""
        return self.group_id or self.room_id or ""

    @property
    def address(self) -> str:
        """Where an answer goes: to the person, or to the chat of one who does not say who they are."""
        return self.user_id or self.chat


class ContentProvider(_Camel, frozen=True):
    """Where a file is: with LINE, or at an address."""

    type: str = "line"
    original_content_url: str | None = None


class ImageSet(_Camel, frozen=True):
    """The pictures that one is of, which were sent together."""

    id: str
    index: int | None = None
    total: int | None = None


class Mentionee(_Camel, frozen=True):
    """Somebody mentioned in a text."""

    is_self: bool = False


class Mention(_Camel, frozen=True):
    """Everybody mentioned in a text."""

    mentionees: list[Mentionee] = []


class Message(_Camel, frozen=True):
    """Something a person wrote; which fields are there depends on the type."""

    type: str
    id: str
    text: str | None = None
    mention: Mention | None = None
    quote_token: str | None = None
    quoted_message_id: str | None = None
    mark_as_read_token: str | None = None
    content_provider: ContentProvider = ContentProvider()
    duration: int | None = None
    image_set: ImageSet | None = None
    file_name: str | None = None
    file_size: int | None = None
    title: str | None = None
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    package_id: str | None = None
    sticker_id: str | None = None
    keywords: list[str] = []


class Postback(_Camel, frozen=True):
    """A tapped button: what stands behind it, and what was picked with it."""

    data: str
    params: dict[str, str] | None = None


class Unsend(_Camel, frozen=True):
    """A message that its author took back."""

    message_id: str


class VideoPlayComplete(_Camel, frozen=True):
    """A film that was watched to its end."""

    tracking_id: str


class Delivery(_Camel, frozen=True):
    """A notification message that arrived."""

    data: str


class Event(_Camel, frozen=True):
    """Something that happened; the object named after the type says what."""

    type: str
    webhook_event_id: str
    """The same where the event is delivered again."""
    timestamp: float | None = None
    """Milliseconds."""
    mode: str = ""
    """`standby` where another of the account's bots has the chat."""
    source: Source = Source()
    reply_token: str | None = None
    message: Message | None = None
    postback: Postback | None = None
    unsend: Unsend | None = None
    video_play_complete: VideoPlayComplete | None = None
    delivery: Delivery | None = None
