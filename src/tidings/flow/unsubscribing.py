"""Unsubscribing: the link in a mail, whichever provider it goes by, and what following it comes to."""

from msgspec import Struct
from msgspec.structs import replace

from tidings.connectors.connector import Outgoing
from tidings.flow.facts import Told
from tidings.flow.world import World
from tidings.model.exchange import encode_raw
from tidings.model.reports import Deed, Interaction, Target
from tidings.model.workspaces import Channel
from tidings.rules.unsubscribing import (
    LINK_HEADER,
    Unsubscribing,
    is_sealed_with_one_of,
    read_token,
    unsubscribe_headers,
    write_token,
)

MAIL = "email"


class Follower(Struct, frozen=True):
    """Who followed a link, as far as the workspace keeps that."""

    agent: str = ""
    address: str = ""


def with_link(world: World, channel: Channel, outgoing: Outgoing) -> Outgoing:
    """Give a mail the link to unsubscribe by, where its channel has them and it is for one person alone.

    A link says who unsubscribes, so mail to several has none. A client that writes such a header has its own.
    """
    addresses = {address for _, address in outgoing.recipients} or {outgoing.to}
    if not channel.list_unsubscribe or outgoing.platform != MAIL or len(addresses) > 1 or _has_own(outgoing):
        return outgoing
    url = url_of(world, Unsubscribing(outgoing.workspace, outgoing.message, addresses.pop(), channel.id))
    if not url:
        return outgoing
    headers = {**unsubscribe_headers(url), **outgoing.content.headers}
    return replace(outgoing, content=replace(outgoing.content, headers=headers))


def url_of(world: World, whose: Unsubscribing) -> str:
    """Write the link that unsubscribes somebody; empty where it would be too long for mail programs."""
    keys = world.directory.unsubscribe_keys
    try:
        return f"{world.settings.public_url}/u/{write_token(whose, keys[0].reveal())}" if keys else ""
    except ValueError:
        return ""


def proven(world: World, token: str) -> Unsubscribing | None:
    """Read a token of ours; None where it is none, or not sealed by us."""
    whose = read_token(token)
    if whose is None or not is_sealed_with_one_of(token, (key.reveal() for key in world.directory.unsubscribe_keys)):
        return None
    return whose


async def unsubscribe(world: World, whose: Unsubscribing, follower: Follower) -> None:
    """Write down that somebody unsubscribed; it is on disk when this returns.

    The message may be forgotten long since: whom it went to counts all the same.
    """
    channel = _channel(world, whose)
    if channel is None:
        return
    said = {"link": "one-click", "userAgent": follower.agent, "address": follower.address}
    interaction = Interaction(
        f"unsubscribe:{whose.message}:{whose.address.lower()}",
        Deed.UNSUBSCRIBE_REQUEST,
        Target(message=whose.message, recipient=whose.address),
        encode_raw({name: value for name, value in said.items() if value}),
        at=world.clock.now(),
        details="one-click",
        user_agent=follower.agent,
        sender=whose.address,
    )
    await world.record(Told(channel, interaction))


def _has_own(outgoing: Outgoing) -> bool:
    """Whether the client writes the header, or wants none."""
    options = outgoing.options
    asked = options.get("headers")
    names = [*outgoing.content.headers, *(asked if isinstance(asked, dict) else ())]
    return options.get("unsubscribe") is False or any(each.lower() == LINK_HEADER.lower() for each in names)


def _channel(world: World, whose: Unsubscribing) -> Channel | None:
    """Find the channel that the mail went by; where that is gone, any of the workspace's for mail."""
    channels = world.directory.channels_of(whose.workspace)
    mail = [each for each in channels if each.platform == MAIL]
    return next((each for each in channels if each.id == whose.channel), mail[0] if mail else None)
