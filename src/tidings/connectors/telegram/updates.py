"""The shapes of Telegram's updates, as far as we read them; every other field stays in the raw words.

Update https://core.telegram.org/bots/api#update
"""

from msgspec import Raw, Struct, field

from tidings.connectors.decoding import moment


class User(Struct, frozen=True):
    """A person, or a bot."""

    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class Chat(Struct, frozen=True):
    """Where messages stand: a person's own chat with the bot, a group, a channel."""

    id: int
    type: str = ""
    title: str | None = None
    username: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class File(Struct, frozen=True):
    """A file that came; one size of a photo is one too."""

    file_id: str
    file_size: int | None = None
    mime_type: str | None = None
    file_name: str | None = None
    width: int | None = None
    emoji: str | None = None
    set_name: str | None = None
    is_animated: bool = False
    is_video: bool = False


class Place(Struct, frozen=True):
    """A place, in degrees."""

    latitude: float
    longitude: float
    live_period: int | None = None


class Venue(Struct, frozen=True):
    """A place with a name."""

    location: Place
    title: str = ""
    address: str = ""


class Contact(Struct, frozen=True):
    """Somebody's number."""

    phone_number: str
    first_name: str
    last_name: str | None = None
    user_id: int | None = None
    vcard: str | None = None


class Poll(Struct, frozen=True):
    """A question to vote on."""

    question: str


class Dice(Struct, frozen=True):
    """A throw."""

    emoji: str
    value: int


class WebAppData(Struct, frozen=True):
    """What a web app that was opened by a button gave back."""

    data: str
    button_text: str = ""


class Story(Struct, frozen=True):
    """A story, of which nothing but its place is told."""

    chat: Chat
    id: int


class Where(Struct, frozen=True):
    """A message, by its place."""

    message_id: int
    chat: Chat
    date: int | None = None
    business_connection_id: str | None = None


class Origin(Struct, frozen=True):
    """Where a message was passed on from."""

    type: str = ""


class Message(Struct, frozen=True):
    """Something that was written; one of the contents is there."""

    message_id: int
    chat: Chat
    date: int | None = None
    edit_date: int | None = None
    from_: User | None = field(name="from", default=None)
    sender_chat: Chat | None = None
    sender_business_bot: User | None = None
    business_connection_id: str | None = None
    message_thread_id: int | None = None
    media_group_id: str | None = None
    forward_origin: Origin | None = None
    reply_to_message: Where | None = None
    reply_to_story: Story | None = None
    text: str | None = None
    caption: str | None = None
    photo: list[File] | None = None
    video: File | None = None
    audio: File | None = None
    voice: File | None = None
    video_note: File | None = None
    animation: File | None = None
    document: File | None = None
    sticker: File | None = None
    location: Place | None = None
    venue: Venue | None = None
    contact: Contact | None = None
    poll: Poll | None = None
    dice: Dice | None = None
    web_app_data: WebAppData | None = None


class Query(Struct, frozen=True):
    """A button that was tapped."""

    id: str
    from_: User = field(name="from")
    message: Where | None = None
    data: str = ""


class ReactionType(Struct, frozen=True):
    """An emoji, a custom one (by its id), or a star that was paid for."""

    type: str
    emoji: str = ""
    custom_emoji_id: str = ""


class Reaction(Struct, frozen=True):
    """What somebody thinks of a message now, and what they thought before."""

    chat: Chat
    message_id: int
    old_reaction: list[ReactionType]
    new_reaction: list[ReactionType]
    date: int | None = None
    user: User | None = None


class Member(Struct, frozen=True):
    """How somebody stands to a chat."""

    status: str


class Membership(Struct, frozen=True):
    """How the bot stands to a chat now; in a private one the person decides."""

    chat: Chat
    new_chat_member: Member
    date: int | None = None


class Deletion(Struct, frozen=True):
    """Messages of a business chat that were deleted."""

    chat: Chat
    message_ids: list[Raw]
    business_connection_id: str = ""


def at(date: int | None) -> int | None:
    """Give a time of Telegram's, which are Unix seconds, in milliseconds; None where it is none."""
    return None if date is None else moment(date * 1000)
