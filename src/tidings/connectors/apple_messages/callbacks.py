"""The shapes of what Apple posts, as far as we read them; every other field stays in the raw words.

Incoming https://register.apple.com/resources/messages/msp-rest-api/messages-received
"""

from typing import Any

from msgspec import Raw, Struct, field

NOTHING = Raw(b"null")


class Incoming(Struct, frozen=True, rename="camel"):
    """One message, or a sign that one is being written."""

    type: str
    id: str = ""
    source_id: str = ""
    destination_id: str = ""
    locale: str | None = None
    intent: str | None = None
    group: str | None = None
    body: str | None = None
    attachments: list[Raw] | None = None
    interactive_data: Raw = NOTHING
    interactive_data_ref: Raw = NOTHING


class Attachment(Struct, frozen=True):
    """A file at Apple; older documents name its fields otherwise."""

    name: str = ""
    mime_type: str = field(name="mimeType", default="")
    old_mime_type: str = field(name="mime-type", default="")
    size: int | str | None = None
    file_size: int | str | None = field(name="file-size", default=None)
    url: str = ""
    mmcs_url: str = field(name="mmcs-url", default="")
    owner: str = ""
    mmcs_owner: str = field(name="mmcs-owner", default="")
    signature: str = ""
    """In hex."""
    signature_base64: str = field(name="signature-base64", default="")
    key: str = ""
    decryption_key: str = field(name="decryption-key", default="")


class DataRef(Struct, frozen=True):
    """Interactive data that are too large to stand in the message."""

    url: str
    owner: str
    key: str
    bid: str
    signature: str = ""
    signature_base64: str = field(name="signature-base64", default="")
    title: str | None = None


class Bubble(Struct, frozen=True):
    """What the person's answer shows."""

    title: str | None = None
    subtitle: str | None = None


class Item(Struct, frozen=True):
    """Something that could be picked."""

    identifier: str = ""
    title: str = ""


class Section(Struct, frozen=True):
    """Rows of a list."""

    title: str | None = None
    items: list[Item] = []


class ListPicker(Struct, frozen=True):
    """An answered list: what was picked, or all of it with the picked ones in a section of their own."""

    sections: list[Section] = []


class QuickReply(Struct, frozen=True, rename="camel"):
    """Answered quick replies."""

    selected_index: int | None = None
    selected_identifier: str | None = None
    items: list[Item] = []


class Timeslot(Struct, frozen=True, rename="camel"):
    """A time that was picked."""

    identifier: str = ""
    start_time: str = ""
    duration: float | None = None


class Event(Struct, frozen=True):
    """An answered time picker."""

    title: str | None = None
    timeslots: list[Timeslot] = []


class Form(Struct, frozen=True):
    """A form that was filled in."""

    selections: list[Any] = []


class Data(Struct, frozen=True, rename="camel"):
    """An answer, by the name of what it answers."""

    request_identifier: str = ""
    reply_message: Bubble | None = None
    quick_reply: QuickReply | None = field(name="quick-reply", default=None)
    list_picker: ListPicker | None = None
    event: Event | None = None
    dynamic: Form | None = None


class InteractiveData(Struct, frozen=True, rename="camel"):
    """An interactive message of a person's."""

    bid: str = ""
    data: Data = Data()
    session_identifier: str | None = None
    reply_message: Bubble | None = None
