"""What connectors can do, as documents say it."""

from collections.abc import Iterator
from typing import Any

from tidings.connectors.connector import Capabilities, Connector
from tidings.connectors.registry import connectors
from tidings.model.content import KINDS
from tidings.model.reports import Deed

NO_SUCH_EVENT = "no such event"
ANYWHERE = "custom"
"""The connector that is for every platform, and stands below the others."""

ABOUT_EVENTS = (
    f"*{NO_SUCH_EVENT.capitalize()}* means that the provider tells nothing of the kind, and nothing is made up in its"
    " place. Without receipts `sent` is the last word on a message until what the person does proves more: whoever"
    " opens a message has read it, and whoever taps it, reacts to it or answers it has got it."
)


def ours() -> list[type[Connector[Any]]]:
    """Our own connectors, without those that other packages publish."""
    return [kind for kind in connectors().values() if kind.__module__.startswith("tidings.connectors.")]


def kinds(able: Capabilities) -> str:
    """The kinds of content that can be sent."""
    return ", ".join(kind for kind in KINDS if kind in able.sends)


def deeds(able: Capabilities) -> str:
    """The interactions that are told, and when, where that is not always."""
    told = (deed for deed in Deed if deed in able.interactions)
    return ", ".join(f"`{each}` ({able.only[each]})" if each in able.only else f"`{each}`" for each in told) or (
        NO_SUCH_EVENT
    )


def events(able: Capabilities) -> Iterator[str]:
    """Whether receipts, reads and inbound messages are told, in this order."""
    for name, told in (("receipts", able.receipts), ("reads", able.reads), ("inbound", able.inbound)):
        yield f"only {able.only[name]}" if told and name in able.only else "yes" if told else NO_SUCH_EVENT


def platforms(kind: type[Connector[Any]]) -> str:
    """The platforms of a connector."""
    return "any platform" if kind.name == ANYWHERE else ", ".join(f"`{each}`" for each in kind.platforms)
