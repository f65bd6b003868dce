"""Tracking links: which addresses of a message that is being taken give way to short ones, and on which channel."""

import asyncio
from collections.abc import Iterable
from typing import Final, Literal

from msgspec.structs import replace

from tidings.flow.world import World
from tidings.model.errors import Misconfigured, Refused
from tidings.model.links import Tracking
from tidings.model.messages import Message
from tidings.model.platforms import HOUR
from tidings.model.workspaces import Channel, Workspace
from tidings.rules.links import OCTETS, Choice, Doors, Wish, choose, lay_out, slug_of

DAY: Final = 24 * HOUR
ASKED: Final = frozenset({"on", "marked"})
"""What clients say who want links tracked."""


async def tracked(world: World, workspace: Workspace, message: Message, channels: Iterable[Channel]) -> Message:
    """Choose what is tracked of a message on the channels it may go over, and give it its short addresses.

    On a channel whose provider tracks links itself it is left to do so, unless the operator wishes otherwise; marked
    links are always ours, for no provider knows marks. Raises Refused where a link that would be tracked leads nowhere
    that a short address may lead.
    """
    asked: Literal["on", "marked"] = "marked" if message.track_links == "marked" else "on"
    doors = Doors(f"{world.settings.public_url}/u/", world.link_base)
    chosen: dict[Wish, Choice] = {}
    trackings: dict[str, Tracking] = {}
    for channel in channels:
        if channel.id in trackings or not (asked == "marked" or is_ours(world, channel)):
            continue
        # What the client wrote for one platform in its own language is sent as it is, in place of all else.
        wish = None if channel.platform in message.content.native else _wish(asked, channel)
        if wish is not None and wish not in chosen:
            # Reading HTML takes a while; in a thread nobody else waits for it.
            aside = wish.email and message.content.html
            chosen[wish] = (
                await asyncio.to_thread(choose, message.content, wish, doors)
                if aside
                else choose(message.content, wish, doors)
            )
        choice = chosen[wish] if wish is not None else Choice()
        if choice.errors:
            raise Refused("The message has links that cannot be tracked.", errors=choice.errors)
        trackings[channel.id] = _laid_out(world, workspace, message, channel, choice)
    return replace(message, tracking=tuple(trackings.values()))


def is_ours(world: World, channel: Channel) -> bool:
    """Whether the hub tracks a channel's links, where that is asked for, rather than the provider."""
    if channel.links:
        return channel.links == "hub"
    try:
        return not world.connector(channel).tracks_links
    except Misconfigured:
        # Nothing goes over it.
        return False


def _wish(asked: Literal["on", "marked"], channel: Channel) -> Wish:
    # Of RCS every tap on a button is told by the provider.
    return Wish(asked, email=channel.platform == "email", buttons=channel.platform != "rcs")


def _laid_out(world: World, workspace: Workspace, message: Message, channel: Channel, choice: Choice) -> Tracking:
    settings = world.settings
    days = settings.mail_link_days if channel.platform == "email" else settings.link_days
    return lay_out(
        choice,
        channel.platform,
        channel.id,
        base=world.link_base,
        expires_at=message.created_at + round(days * DAY),
        opens=workspace.track_opens,
        slug=lambda: slug_of(world.chance.key(OCTETS)),
    )
