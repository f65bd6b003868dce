"""The pages on the connectors: one for each, and the index with the support matrix, made from what they declare."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from support.abilities import ABOUT_EVENTS, ANYWHERE, NO_SUCH_EVENT, deeds, events, kinds, ours, platforms
from support.connector_page import MADE, connector_page, joined, wrapped
from support.documents import ROOT, table
from tidings.connectors.connector import Capabilities, Connector
from tidings.connectors.registry import connectors
from tidings.model.platforms import PLATFORMS
from tidings.model.reports import Deed

FOLDER = ROOT / "docs" / "connectors"


def pages() -> Mapping[Path, str]:
    """Every page, by its file."""
    return {FOLDER / "index.md": _index()} | {FOLDER / f"{each.name}.md": connector_page(each) for each in ours()}


def support() -> str:
    """The platforms and who serves each, for a first look."""
    rows = [(name, _link(kind, "docs/connectors/"), *events(able)) for name, kind, able in _served()]
    return table(("Platform", "Connector", "Receipts", "Reads", "Inbound"), rows)


def listed() -> str:
    """The connectors, with their pages and platforms."""
    return "".join(f"* {_link(kind, 'connectors/')}: {platforms(kind)}.\n" for kind in ours())


def _served() -> Iterator[tuple[str, type[Connector[Any]], Capabilities]]:
    """Each platform with each of its connectors; the one that is for all stands once, at the end."""
    for name in PLATFORMS:
        for kind in ours():
            if name in kind.platforms and kind.name != ANYWHERE:
                yield f"`{name}`", kind, kind.capabilities[name]
    anywhere = connectors()[ANYWHERE]
    yield "any, also your own", anywhere, anywhere.capabilities["sms"]


PUBLISHED = {
    Deed.READ: ("whatsapp", "facebook", "instagram", "line"),
    Deed.OPENED: ("email",),
    Deed.CLICKED: ("email", "whatsapp", "facebook", "instagram", "line"),
    Deed.REPORTED_AS_SPAM: ("email",),
    Deed.UNSUBSCRIBE_REQUEST: ("email",),
    Deed.DELETE_REQUEST: (),
    Deed.REACTION: ("whatsapp", "facebook", "instagram"),
}
"""The platforms that the published list of interactions names for each."""


def interactions() -> str:
    """Which interaction is told on which platform, and by which connectors."""
    rows = [(f"`{name}`", *(_tellers(name, deed) for deed in Deed)) for name in PLATFORMS]
    return table(("Platform", *(f"`{deed}`" for deed in Deed)), rows)


def _tellers(name: str, deed: Deed) -> str:
    """Name the connectors that tell of a deed on a platform, without the custom one, which may tell of every one."""
    told = [
        f"`{kind.name}`"
        for kind in ours()
        if kind.name != ANYWHERE and name in kind.platforms and _tells(kind.capabilities[name], deed)
    ]
    return ", ".join(told) or (NO_SUCH_EVENT if name in PUBLISHED[deed] else "–")


def _tells(able: Capabilities, deed: Deed) -> bool:
    return able.reads if deed is Deed.READ else deed in able.interactions


def _link(kind: type[Connector[Any]], folder: str = "") -> str:
    return f"[{kind.label}]({folder}{kind.name}.md)"


def _index() -> str:
    titles = ("Platform", "Connector", "Sends", "Receipts", "Reads", "Interactions", "Inbound", "Signature")
    return joined(
        "# Connectors",
        MADE,
        wrapped(
            "A connector speaks one provider's language. Each has a page of its own, which says what it can do, what an"
            " operator sets, and what the provider wants. All can be tried without an account: `tidings demo --list`"
            " names what can be shown, and `tidings simulate` runs a provider's stand-in."
        ),
        "## Who can do what",
        table(titles, _matrix()).rstrip("\n"),
        wrapped(ABOUT_EVENTS),
        wrapped(
            "What a connector cannot send is refused before anything is sent. *Native* is a body in the provider's own"
            " language, which is handed over as it is. [Adding a connector](../adding-a-connector.md) shows how another"
            " one is made."
        ),
    )


def _matrix() -> Iterator[tuple[str, ...]]:
    for name, kind, able in _served():
        receipts, reads, inbound = events(able)
        yield name, _link(kind), kinds(able), receipts, reads, deeds(able), inbound, able.signature
