"""Links that are followed through the hub: what a short address stands for, and where a message has them."""

from enum import StrEnum

from msgspec import Struct


class LinkKind(StrEnum):
    """What following a link means."""

    CLICK = "click"
    """A person followed an address in the message."""
    OPEN = "open"
    """A mail program fetched the picture at the end of a mail."""


class Link(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one short address stands for. It never changes: the target is fixed when the message is taken."""

    slug: str
    """The last part of the short address: letters and digits that nobody can guess."""
    kind: LinkKind
    workspace: str
    message: str
    channel: str
    """The channel of the hop that carries it."""
    platform: str
    url: str = ""
    """The target: an absolute http or https URL in printable ASCII; empty of an open."""
    name: str = ""
    """What the client calls it (`data-link-name`)."""
    expires_at: int
    """Until when it works, milliseconds."""


class Tracked(Struct, frozen=True, array_like=True):
    """What gives way in a message's content: an address to a short one; or, without a slug, a mark to nothing."""

    place: str
    """Where it stands, as the content's fields are called: `text`, `html`, `actions.0.url`, `cards.2.text`."""
    start: int
    """Where what gives way begins there, and where it ends, in characters."""
    end: int
    slug: str = ""
    url: str = ""
    """The target: an absolute http or https URL in printable ASCII."""
    name: str = ""


class Tracking(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the hub makes of a message's addresses on one channel: chosen when it is taken, the same at every try."""

    platform: str
    channel: str
    base: str
    """What stands before a slug, with the slash."""
    expires_at: int
    """Until when the links work, milliseconds."""
    links: tuple[Tracked, ...] = ()
    """By place, in the order they stand there."""
    pixel: str = ""
    """The slug of the picture that tells of opens; empty where there is none."""
    pixel_at: int = 0
    """Where the picture goes into the HTML, in characters."""
