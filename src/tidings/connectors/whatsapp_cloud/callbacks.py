"""The shapes of Meta's webhooks, as far as we read them; every other field stays in the raw words.

Webhooks https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
"""

from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from tidings.connectors.meta.moments import Time

T = TypeVar("T")


class Notice(Struct, frozen=True):
    """One request of Meta's."""

    object: str = ""
    entry: list[Raw] = []


class Entry(Struct, frozen=True):
    """News of one business account."""

    changes: list[Raw] = []


class Metadata(Struct, frozen=True):
    """The number of ours that it is about."""

    display_phone_number: str = ""
    phone_number_id: str = ""


class Value(Struct, frozen=True):
    """What a change holds, item by item."""

    metadata: Metadata = Metadata()
    contacts: list[Raw] = []
    statuses: list[Raw] = []
    messages: list[Raw] = []
    errors: list[Raw] = []
    message_echoes: list[Raw] = []
    user_preferences: list[Raw] = []


class Change(Struct, frozen=True):
    """One kind of news; `value` is read only where `field` is one of ours."""

    field: str = ""
    value: Raw = Raw(b"{}")


class Profile(Struct, frozen=True):
    """What a person calls themselves."""

    name: str | None = None
    username: str | None = None


class Contact(Struct, frozen=True):
    """A person, by the number and the id they are known by."""

    wa_id: str | None = None
    user_id: str | None = None
    profile: Profile = Profile()


class Status(Struct, frozen=True):
    """Word on a message of ours."""

    id: str
    status: str
    timestamp: Time = None
    recipient_id: str | None = None
    recipient_user_id: str | None = None
    recipient_type: str | None = None
    recipient_participant_id: str | None = None
    recipient_participant_user_id: str | None = None
    biz_opaque_callback_data: str | None = None
    errors: list[Raw] = []

    @property
    def participant(self) -> str:
        """Which member of a group it is about; empty where there is no group."""
        if self.recipient_type != "group":
            return ""
        return self.recipient_participant_id or self.recipient_participant_user_id or ""


class Text(Struct, frozen=True):
    """The words of a text message."""

    body: str


class File(Struct, frozen=True):
    """A picture, film, sound, sticker or file."""

    id: str = ""
    mime_type: str = ""
    caption: str | None = None
    filename: str | None = None
    url: str | None = None
    voice: bool = False
    animated: bool = False


class Place(Struct, frozen=True):
    """A place, in degrees."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


class Button(Struct, frozen=True):
    """A template's quick reply that was tapped."""

    text: str = ""
    payload: str | None = None


class Reply(Struct, frozen=True):
    """A button that was tapped, or a row that was picked."""

    id: str
    title: str = ""
    description: str | None = None


class FlowReply(Struct, frozen=True):
    """A form that was filled in."""

    response_json: str
    """JSON within a string."""
    name: str = ""
    body: str = ""


class Interactive(Struct, frozen=True):
    """What a person did with an interactive message."""

    button_reply: Reply | None = None
    list_reply: Reply | None = None
    nfm_reply: FlowReply | None = None


class Reaction(Struct, frozen=True):
    """An emoji put on a message; without one it was taken back."""

    message_id: str
    emoji: str | None = None


class Order(Struct, frozen=True):
    """A basket from the catalogue."""

    catalog_id: str = ""
    text: str | None = None


class Edit(Struct, frozen=True):
    """An earlier message in its new form."""

    original_message_id: str
    message: Raw


class Revoke(Struct, frozen=True):
    """An earlier message taken back by its author."""

    original_message_id: str


class System(Struct, frozen=True):
    """Something about a person that changed."""

    type: str = ""
    body: str = ""


class Context(Struct, frozen=True):
    """What a message answers, and whether it was passed on."""

    id: str | None = None
    forwarded: bool = False
    frequently_forwarded: bool = False


class Referral(Struct, frozen=True):
    """The advertisement that a conversation came from."""

    source_id: str | None = None
    source_type: str | None = None
    source_url: str | None = None
    ctwa_clid: str | None = None


class Message(Struct, frozen=True):
    """Something a person wrote or did; one of the type objects is there, by the name of the type."""

    id: str = ""
    type: str = ""
    from_: str | None = field(name="from", default=None)
    from_user_id: str | None = None
    timestamp: Time = None
    group_id: str | None = None
    context: Context | None = None
    referral: Referral | None = None
    errors: list[Raw] = []
    text: Text | None = None
    image: File | None = None
    video: File | None = None
    audio: File | None = None
    voice: File | None = None
    document: File | None = None
    sticker: File | None = None
    location: Place | None = None
    contacts: list[dict[str, Any]] | None = None
    button: Button | None = None
    interactive: Interactive | None = None
    reaction: Reaction | None = None
    order: Order | None = None
    edit: Edit | None = None
    revoke: Revoke | None = None
    system: System | None = None


class Preference(Struct, frozen=True):
    """A person's wish about marketing messages."""

    value: str
    wa_id: str | None = None
    user_id: str | None = None
    timestamp: Time = None
    detail: str | None = None


def read(raw: Raw | bytes, kind: type[T]) -> T | None:
    """Read one object; None where it is not of its shape."""
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
