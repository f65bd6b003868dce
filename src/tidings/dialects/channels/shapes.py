"""The vocabulary's body types as they stand on the wire, as far as we have words for what they say."""

from typing import Annotated

from msgspec import Meta, Struct


class Wire(Struct, frozen=True, rename="camel"):
    """Something of the vocabulary; fields that only decorate it on one platform are read over."""


class Text(Wire, frozen=True):
    """A label."""

    text: str = ""


class Postback(Text, frozen=True):
    """A label, and what comes back when it is tapped."""

    payload: str = ""


class Link(Text, frozen=True):
    """A label, and where it leads."""

    url: str = ""


class Call(Text, frozen=True):
    """A label, and whom it calls."""

    phone_number: str = ""


class Action(Wire, frozen=True):
    """Something to tap: its type, and under the type's name what it does."""

    type: str
    reply: Text | None = None
    postback: Postback | None = None
    link: Link | None = None
    call: Call | None = None
    location: Text | None = None


class Media(Wire, frozen=True):
    """A picture or file."""

    media_url: str
    alt_text: str = ""
    content_type: str = ""
    filename: str = ""


class Letterhead(Wire, frozen=True):
    """What an e-mail says above its text."""

    subject: str = ""
    headers: dict[str, str] = {}


class TextBody(Wire, frozen=True):
    """A text, with things to tap or, on email, files."""

    text: Annotated[str, Meta(min_length=1)]
    actions: tuple[Action, ...] = ()
    attachments: tuple[Media, ...] = ()
    metadata: Letterhead = Letterhead()


class HtmlBody(Wire, frozen=True):
    """A page, and the text for those who cannot see it."""

    html: Annotated[str, Meta(min_length=1)]
    text: str = ""
    attachments: tuple[Media, ...] = ()
    metadata: Letterhead = Letterhead()


class ImageBody(Wire, frozen=True):
    """Pictures."""

    images: Annotated[tuple[Media, ...], Meta(min_length=1)]
    text: str = ""
    actions: tuple[Action, ...] = ()


class FileBody(Wire, frozen=True):
    """Files of any kind."""

    files: Annotated[tuple[Media, ...], Meta(min_length=1)]
    text: str = ""
    actions: tuple[Action, ...] = ()
    metadata: Letterhead = Letterhead()


class Section(Wire, frozen=True):
    """A part of a list, of postbacks to pick from."""

    actions: Annotated[tuple[Action, ...], Meta(min_length=1)]
    title: str = ""


class Button(Wire, frozen=True):
    """What opens a list."""

    label: str = ""


class ListMetadata(Wire, frozen=True):
    """What stands beside a list."""

    button: Button = Button()


class ListBody(Wire, frozen=True):
    """A list to pick from."""

    items: Annotated[tuple[Section, ...], Meta(min_length=1)]
    text: str = ""
    title: str = ""
    metadata: ListMetadata = ListMetadata()


class CarouselItem(Wire, frozen=True):
    """One card of a carousel."""

    title: str = ""
    description: str = ""
    media_url: str = ""
    alt_text: str = ""
    actions: tuple[Action, ...] = ()


class CarouselBody(Wire, frozen=True):
    """Cards beside each other."""

    items: Annotated[tuple[CarouselItem, ...], Meta(min_length=1)]
    text: str = ""


class Coordinates(Wire, frozen=True):
    """A point, in degrees."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]


class Place(Wire, frozen=True):
    """What a point is called."""

    label: str = ""
    address: str = ""


class LocationBody(Wire, frozen=True):
    """A place."""

    coordinates: Coordinates
    location: Place = Place()


class TemplateBody(Wire, frozen=True, forbid_unknown_fields=True):
    """A template of a project, or of the provider by its name."""

    project_id: str = ""
    name: str = ""
    version: str = ""
    locale: str = ""
    variables: dict[str, str] = {}


class Kind(Struct, frozen=True):
    """What type a body says it is."""

    type: Annotated[str, Meta(min_length=1)]
