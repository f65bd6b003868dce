"""The shapes of LinkedIn's notifications and events, as far as we read them; the rest stays in the raw words."""

from typing import Any

from msgspec import Raw, Struct


class Notice(Struct, frozen=True):
    """One request of LinkedIn's: at most ten notifications of one type."""

    type: str
    notifications: list[Raw] = []


class Notification(Struct, frozen=True, rename="camel"):
    """Something that was done to a page or its posts; what the decorations hold is documented by examples only."""

    notification_id: int | str
    action: str
    organizational_entity: str = ""
    source_post: str = ""
    generated_activity: str = ""
    last_modified_at: int | None = None
    decorated_source_post: Any = None
    decorated_generated_activity: Any = None


class Link(Struct, frozen=True):
    """Another page of the same."""

    rel: str = ""


class Paging(Struct, frozen=True):
    """How much more there is; not every answer says it."""

    total: int | None = None
    links: list[Link] = []


class Page(Struct, frozen=True):
    """Events of a regulated member."""

    elements: list[Raw]
    paging: Raw = Raw(b"{}")


class Event(Struct, frozen=True, rename="camel"):
    """One thing that a regulated member did, or that was done to them."""

    owner: str = ""
    actor: str = ""
    resource_name: str = ""
    resource_id: str = ""
    method: str = ""
    captured_at: int | None = None
    processed_at: int | None = None
    activity: Raw = Raw(b"{}")


class Message(Struct, frozen=True, rename="camel"):
    """The activity of an event that is a message."""

    id: str = ""
    author: str = ""
    """The mailbox: the member's own, or one of Recruiter or Sales Navigator."""
    thread: str = ""
    created_at: int | None = None
    subject: str | None = None
    content: Any = None
    attachments: list[Any] | None = None
