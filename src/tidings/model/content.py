"""What a message says, in words that no provider and no vocabulary owns."""

from typing import Any

from msgspec import Raw, Struct
from msgspec.structs import replace


class Media(Struct, frozen=True, omit_defaults=True):
    """A picture, sound, film or file: by `url`, or as text in `data`, or by the provider's `reference`."""

    type: str = ""
    """MIME type; empty where nobody told it."""
    url: str = ""
    data: str = ""
    reference: str = ""
    name: str = ""
    caption: str = ""
    size: int | None = None
    """Octets."""
    platforms: tuple[str, ...] = ()
    """The only platforms it is for; empty: all."""


class Action(Struct, frozen=True, omit_defaults=True):
    """Something to tap: a quick reply (`payload` comes back), a link (`url`), a call (`phone`)."""

    label: str
    kind: str = "reply"
    """`reply`, `link`, `call` or `location`."""
    payload: str = ""
    url: str = ""
    phone: str = ""


class Choice(Struct, frozen=True, omit_defaults=True):
    """One row of a list to pick from."""

    id: str
    title: str
    description: str = ""
    section: str = ""


class Listing(Struct, frozen=True, omit_defaults=True):
    """A list to pick one row from, opened by a button."""

    button: str
    choices: tuple[Choice, ...]
    header: str = ""
    footer: str = ""


class Card(Struct, frozen=True, omit_defaults=True):
    """One card of a carousel."""

    title: str = ""
    text: str = ""
    media: Media | None = None
    actions: tuple[Action, ...] = ()


class Location(Struct, frozen=True, omit_defaults=True):
    """A place, in degrees."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


class Template(Struct, frozen=True, omit_defaults=True):
    """A message kept at the provider, or named by its project, with the values to fill in."""

    name: str
    locale: str = ""
    version: str = ""
    variables: dict[str, str] = {}
    project: str = ""


class Content(Struct, frozen=True, omit_defaults=True):
    """Everything a message may say; what stays empty is not said.

    `native` holds bodies written by the client in one platform's own language, by platform; they are sent as they are.
    """

    title: str = ""
    text: str = ""
    html: str = ""
    media: tuple[Media, ...] = ()
    actions: tuple[Action, ...] = ()
    listing: Listing | None = None
    cards: tuple[Card, ...] = ()
    location: Location | None = None
    contacts: tuple[dict[str, Any], ...] = ()
    template: Template | None = None
    headers: dict[str, str] = {}
    """Extra e-mail headers."""
    native: dict[str, Raw] = {}

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of content said, by the field's name; what a connector can send is declared in the same names."""
        return frozenset(name for name in KINDS if getattr(self, name))

    def on(self, platform: str) -> "Content":
        """Give what of it is meant for one platform: no media for others, and HTML beside a text only in e-mail."""
        media = tuple(each for each in self.media if not each.platforms or platform in each.platforms)
        html = "" if self.text and platform != "email" else self.html
        if media == self.media and html == self.html:
            return self
        return replace(self, media=media, html=html)


KINDS = ("text", "html", "media", "actions", "listing", "cards", "location", "contacts", "template", "native")
"""Kinds of content that a connector declares it can send. A title and headers go along with another kind."""
