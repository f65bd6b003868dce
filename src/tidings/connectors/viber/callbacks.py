"""The shapes of Viber's callbacks, as far as we read them; every other field stays in the raw words.

Callbacks https://developers.viber.com/docs/api/rest-bot-api/#callbacks
"""

from msgspec import Struct

Token = int | str
"""A number above 2^53; kept as text."""


class Kind(Struct, frozen=True):
    """What a callback says it is."""

    event: str


class Person(Struct, frozen=True):
    """A person, as the bot knows them."""

    id: str
    name: str | None = None
    country: str | None = None
    language: str | None = None
    api_version: int | None = None


class Place(Struct, frozen=True):
    """A place, in degrees."""

    lat: float
    lon: float


class Contact(Struct, frozen=True):
    """Somebody's name and number, passed on."""

    name: str | None = None
    phone_number: str | None = None
    avatar: str | None = None


class Message(Struct, frozen=True):
    """Something a person wrote; which fields are there depends on the type."""

    type: str
    text: str | None = None
    media: str | None = None
    thumbnail: str | None = None
    file_name: str | None = None
    file_size: int | None = None
    size: int | None = None
    duration: int | None = None
    location: Place | None = None
    contact: Contact | None = None
    sticker_id: Token | None = None
    tracking_data: str | None = None


class Event(Struct, frozen=True):
    """Something that happened; who did it stands in one of three places."""

    event: str
    timestamp: float | None = None
    """Milliseconds."""
    message_token: Token | None = None
    user_id: str | None = None
    user: Person | None = None
    sender: Person | None = None
    message: Message | None = None
    desc: str | None = None
    silent: bool = False
    chat_id: str | None = None

    @property
    def token(self) -> str:
        """The message's token; empty where there is none."""
        return str(self.message_token or "")

    @property
    def person(self) -> str:
        """Who it is about."""
        return self.user_id or (self.user.id if self.user else "") or (self.sender.id if self.sender else "")
