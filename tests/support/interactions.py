"""Interactions as the channels vocabulary publishes them, written down once, and every one that samples hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

import tidings.connectors
from tidings.connectors.connector import Connector
from tidings.connectors.proving.samples import Folder
from tidings.connectors.registry import connectors
from tidings.model.reports import Report

SAMPLES = Path(tidings.connectors.__file__).parent / "samples"

Time = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
Filled = Annotated[str, Meta(min_length=1)]
Type = Literal[
    "read", "opened", "clicked", "reported-as-spam", "unsubscribe-request", "delete-request", "reaction", "invalid"
]


class Shape(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Nothing but what is published."""


class Contact(Shape, frozen=True):
    """One person."""

    id: Filled
    identifier_key: Filled
    identifier_value: Filled


class Annotations(Shape, frozen=True):
    """What our side calls itself."""

    name: str


class OurSide(Shape, frozen=True):
    """Our connector."""

    id: Filled
    identifier_value: str
    types: tuple[Filled, ...]
    annotations: Annotations | UnsetType = UNSET


class Receiver(Shape, frozen=True):
    """Who had received the message: people, or our connector."""

    contacts: Annotated[tuple[Contact, ...], Meta(min_length=1)] | UnsetType = UNSET
    connector: OurSide | UnsetType = UNSET


class Context(Shape, frozen=True):
    """What the message was part of, as its sender said."""

    id: str
    type: str
    tags: tuple[str, ...]


class Nothing(Shape, frozen=True):
    """An object with nothing in it."""


class Link(Shape, frozen=True):
    """A link that was followed."""

    name: str
    url: str


class Button(Shape, frozen=True):
    """A button that was tapped."""

    payload: Filled


class Reaction(Shape, frozen=True):
    """An emoji, put or taken back."""

    emoji: str
    action: Literal["react", "unreact"]


class Metadata(Shape, frozen=True):
    """What exactly was done."""

    link: Link | UnsetType = UNSET
    button: Button | UnsetType = UNSET
    reaction: Reaction | UnsetType = UNSET
    prefetched: bool | UnsetType = UNSET


class Always(Shape, frozen=True):
    """What is there in a webhook and in a list."""

    id: Filled
    message_id: Filled
    channel_id: Filled
    platform_id: str
    type: Type
    message_reference: str
    message_parts_count: Annotated[int, Meta(ge=0)]
    receiver: Receiver
    created_at: Time


class Told(Always, frozen=True):
    """A `<channel>.interaction` webhook's payload: of the rest, what is known."""

    message_tags: Annotated[tuple[str, ...], Meta(min_length=1)] | UnsetType = UNSET
    details: Filled | UnsetType = UNSET
    context: Context | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET


class Listed(Always, frozen=True):
    """An entry of the list, `ChannelMessageInteraction`: everything is there."""

    message_tags: tuple[str, ...]
    details: str
    context: dict[str, Any]
    metadata: Metadata


class Webhook(Shape, frozen=True):
    """A webhook."""

    service: Literal["channels"]
    event: Annotated[str, Meta(pattern=r"^[a-z-]+\.interaction$")]
    payload: Told


class Deed(Shape, frozen=True):
    """An entry of the list in the omnichannel vocabulary, which is ours."""

    id: Filled
    message_id: Filled
    type: Type
    channel: Filled
    occurred_on: Time
    prefetched: bool
    url: Filled | UnsetType = UNSET
    short_url: Filled | UnsetType = UNSET
    link_name: Filled | UnsetType = UNSET
    user_agent: Filled | UnsetType = UNSET
    details: Filled | UnsetType = UNSET
    button: Button | UnsetType = UNSET
    reaction: Reaction | UnsetType = UNSET


class Sampled(NamedTuple):
    """A report that a sample holds."""

    sample: str
    platform: str
    report: Report


def sampled(kind: type[Connector[Any]]) -> Iterator[Sampled]:
    """Give every report of a connector's samples."""
    for sample in Folder(kind, SAMPLES / kind.name).samples():
        if sample.kind == "callback":
            connector, callback = sample.received()
            for report in connector.parse(callback):
                yield Sampled(sample.path.stem, connector.platform, report)


def with_samples() -> list[type[Connector[Any]]]:
    """The connectors that have samples here."""
    return [kind for name, kind in sorted(connectors().items()) if (SAMPLES / name).is_dir()]


def misfits(shown: Always) -> list[str]:
    """Say what does not fit between the fields of an interaction: which metadata goes with which type."""
    receiver = shown.receiver
    metadata = getattr(shown, "metadata", UNSET)
    said = msgspec.to_builtins(metadata) if metadata is not UNSET else {}
    mine = {
        "clicked": {"link", "button", "prefetched"},
        "opened": {"prefetched"},
        "reaction": {"reaction"},
    }.get(shown.type, set())
    wrong = [f"{name} with {shown.type}" for name in said.keys() - mine]
    if (receiver.contacts is UNSET) == (receiver.connector is UNSET):
        wrong.append("the receiver is either people or our connector")
    if shown.type == "clicked" and not ({"link", "button"} & said.keys()):
        wrong.append("neither a link nor a button was clicked")
    if shown.type in ("clicked", "opened") and "prefetched" not in said:
        wrong.append("nobody says whether it was a machine")
    if shown.type == "reaction" and "reaction" not in said:
        wrong.append("a reaction without one")
    return wrong
