"""Following a link: what a visitor's request shows is judged and written down, and only then they are sent on.

Of who asks not to be tracked nothing is written. Where the disk cannot be had, they are sent on all the same.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog
from msgspec import Struct

from tidings.flow.clicks.telling import DEEDS
from tidings.flow.links import find_link
from tidings.flow.world import World
from tidings.model.clicks import Click
from tidings.model.links import Link, LinkKind
from tidings.model.workspaces import Workspace
from tidings.rules.prefetch import Request, found_in
from tidings.rules.visitors import network_of

log = structlog.get_logger()

PATIENCE: Final = 3.0
"""Seconds that a visitor waits for the disk at the most."""
LONGEST_AGENT: Final = 500
"""Characters of a user agent that are kept."""
HONOUR: Final = "honour"
"""The word of a workspace that tracks nobody who asks not to be."""


class Visitor(Struct, frozen=True):
    """Who follows a link."""

    method: str
    headers: Mapping[str, str]
    """Names in lower case."""
    address: str


async def look_for(world: World, slug: str) -> Link | None:
    """Find a link; where it cannot be read now, as it was when it was followed last. Raises what the store raises."""
    try:
        return await find_link(world, slug)
    except Exception:
        known = world.links.last(slug)
        if known is None:
            raise
        return known


async def take(world: World, link: Link, short_url: str, visitor: Visitor) -> None:
    """Write down that a link was followed, or a picture loaded; when this returns it is on disk, or cannot be."""
    workspace = world.directory.workspaces.get(link.workspace)
    if workspace is None:
        world.counts.add("clicks", "gone")
        return
    if workspace.do_not_track == HONOUR and _asks_not_to_be_tracked(visitor.headers):
        world.counts.add("clicks", "untracked")
        return
    try:
        async with asyncio.timeout(PATIENCE):
            await world.store.put(world.clicks, _click(world, workspace, link, short_url, visitor))
    except Exception as error:  # noqa: BLE001 - whatever it is, the visitor is sent on
        world.counts.add("clicks", "unrecorded")
        log.warning("a click could not be written down", message=link.message, why=repr(error))


def _asks_not_to_be_tracked(headers: Mapping[str, str]) -> bool:
    """Say whether a visitor asks for it: Tracking Preference Expression (DNT), Global Privacy Control (Sec-GPC)."""
    return headers.get("dnt") == "1" or headers.get("sec-gpc") == "1"


def _click(world: World, workspace: Workspace, link: Link, short_url: str, visitor: Visitor) -> Click:
    now, settings = world.clock.now(), world.settings
    seconds = settings.mail_click_stall if link.platform == "email" else settings.click_stall
    network = network_of(visitor.address) if link.kind is LinkKind.CLICK else ""
    crowd = bool(network) and world.crowd.joins(network, link.message, now)
    # Judged at once: where the workspace keeps nothing of its visitors, only the rules that hold are written down.
    found = found_in(Request(DEEDS[link.kind], visitor.method, visitor.headers, crowd))
    return Click(
        world.chance.id(),
        link,
        short_url,
        now,
        now + round(seconds * 1000),
        found,
        visitor.headers.get("user-agent", "")[:LONGEST_AGENT] if workspace.keep_clients else "",
        visitor.address if workspace.keep_clients else "",
    )
