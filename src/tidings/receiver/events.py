"""What every event has, whichever vocabulary it is told in."""

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True):
    """One event, as it was told."""

    id: str
    """The same on every attempt to tell it, and when it is replayed: by it you do an event once."""
    name: str
    """As its vocabulary names it: `message.sent`, `sms.outbound`."""
    raw: bytes
    """The event's own JSON, byte for byte; of a batch only this event's part."""

    @property
    def message_id(self) -> str:
        """The message it is about; empty where nobody can say."""
        return ""


class Unknown(Event, frozen=True, kw_only=True):
    """An event that we have no word for: of a kind that is newer than this code, or not in the shape it should have.

    Answer it as you answer the others: telling it again will not make it better known.
    """

    why: str
    """What was not understood, for a log."""


class Shape(Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of an event. Fields that it does not name are left out here, and stand in the event's `raw`."""
