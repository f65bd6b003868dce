"""The shapes of TikTok's webhooks, as far as we read them; every other field stays in the raw words.

Webhooks https://business-api.tiktok.com/portal/docs?id=1832190670631937
"""

from msgspec import Raw, Struct, field


class Envelope(Struct, frozen=True):
    """One request of TikTok's; `content` is JSON within a string."""

    event: str = ""
    content: str = ""
    create_time: int | None = None
    """Unix seconds."""
    user_openid: str = ""
    """The business account that it is about."""


class Party(Struct, frozen=True):
    """One side of a conversation."""

    id: str = ""
    role: str = ""


class Text(Struct, frozen=True):
    """The words of a text message."""

    body: str


class File(Struct, frozen=True):
    """An image or a video."""

    media_id: str


class Picture(Struct, frozen=True):
    """A sticker, or an emoji that is one."""

    url: str = ""


class SharedPost(Struct, frozen=True):
    """A post that was passed on."""

    embed_url: str = ""
    video_id: str = ""


class Referenced(Struct, frozen=True):
    """The message that is answered."""

    referenced_message_id: str = ""


class ReplySource(Struct, frozen=True):
    """The button that was tapped, and the message it stands in."""

    reply_source_msg_id: str = ""
    reply_source_unique_id: str = ""


class Tag(Struct, frozen=True):
    """Where a message was written."""

    source: str = ""


class Read(Struct, frozen=True):
    """How far a conversation was read."""

    last_read_timestamp: int
    """When the newest message was sent that was seen, milliseconds."""


class Reaction(Struct, frozen=True):
    """An emoji put on a message, or taken back."""

    operation: str
    original_msg_id: str
    type: str = ""
    emoji: str = ""
    ai_emoji_url: str = ""
    timestamp: int | None = None


class Content(Struct, frozen=True):
    """What happened in a conversation."""

    type: str = ""
    message_id: str = ""
    conversation_id: str = ""
    timestamp: int | None = None
    """Milliseconds."""
    from_: str = field(name="from", default="")
    to: str = ""
    """Names that people have chosen, which may change."""
    from_user: Party = Party()
    to_user: Party = Party()
    unique_identifier: str = ""
    is_follower: bool | None = None
    auto_message_type: str = ""
    message_tag: Tag = Tag()
    text: Text | None = None
    image: File | None = None
    video: File | None = None
    sticker: Picture | None = None
    emoji: Picture | None = None
    share_post: SharedPost | None = None
    reaction: list[Raw] = []
    referenced_message_info: Referenced = Referenced()
    reply_source_payload: ReplySource = ReplySource()
    read: Read | None = None
