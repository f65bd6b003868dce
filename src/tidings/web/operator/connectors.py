"""The connectors there are: what they speak, what they can do, what an operator sets."""

from typing import Any

from msgspec import Struct

from tidings.connectors.connector import Capabilities, Connector, secret_settings, settings_schema
from tidings.web.door import Page, Visit, json_page, route


class ShownCapabilities(Struct, frozen=True, rename="camel"):
    """What a connector can do on one platform."""

    sends: list[str]
    receipts: bool
    reads: bool
    interactions: list[str]
    inbound: bool
    deduplicates: bool
    tracks_links: bool
    several_recipients: bool
    signature: str
    rate_per_second: float | None
    per_recipient_seconds: float | None


class ShownConnector(Struct, frozen=True, rename="camel"):
    """A connector."""

    name: str
    label: str
    documentation: str
    platforms: list[str]
    capabilities: dict[str, ShownCapabilities]
    """By platform."""
    settings: dict[str, Any]
    """JSON Schema; secrets are `writeOnly`."""
    secrets: list[str]
    """Settings that are never shown."""


class ShownConnectors(Struct, frozen=True, rename="camel"):
    """Every connector."""

    results: list[ShownConnector]


@route(
    "GET",
    "/connectors",
    auth="any",
    scope=None,
    group="operator",
    summary="List the connectors: platforms, capabilities, and the JSON Schema of their settings",
    gives={200: ShownConnectors},
)
async def list_connectors(visit: Visit) -> Page:
    """List the connectors."""
    return json_page(200, ShownConnectors([show_connector(each) for each in visit.world.connectors.values()]))


def show_connector(kind: type[Connector[Any]]) -> ShownConnector:
    """Show a connector."""
    return ShownConnector(
        name=kind.name,
        label=kind.label,
        documentation=kind.documentation,
        platforms=list(kind.platforms),
        capabilities={name: _show(kind.capabilities[name]) for name in kind.platforms},
        settings=settings_schema(kind),
        secrets=sorted(secret_settings(kind)),
    )


def _show(able: Capabilities) -> ShownCapabilities:
    return ShownCapabilities(
        sends=sorted(able.sends),
        receipts=able.receipts,
        reads=able.reads,
        interactions=sorted(able.interactions),
        inbound=able.inbound,
        deduplicates=able.deduplicates,
        tracks_links=able.tracks_links,
        several_recipients=able.several_recipients,
        signature=able.signature,
        rate_per_second=able.rate_per_second,
        per_recipient_seconds=able.per_recipient_seconds,
    )
