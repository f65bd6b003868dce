"""Credentials that are used up are renewed before they are needed, and kept in the channel's settings.

So they are sealed like all secrets, survive restarts, and every process hears of them.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from msgspec.structs import replace

from tidings.connectors.connector import Connector
from tidings.flow.world import World

log = structlog.get_logger()


async def renew(world: World, channel: str, connector: Connector[Any], *, refused: bool) -> Connector[Any]:
    """Give a channel's connector with credentials that will do; the same one where they do already.

    Those of a channel are renewed once, however many wait for them. Raises what the provider's refusal raises:
    SendFailed, SendDeferred, or NoReply where nothing is heard.
    """
    if connector.renewal(world.clock.now(), refused=refused) is None:
        return connector
    async with world.lock(f"credentials:{channel}"):
        known = world.directory.channels.get(channel)
        if known is None:
            return connector
        current = world.connector(known)
        # Who waited finds what the one before has got: only the very credentials that were refused are renewed.
        exchange = current.renewal(world.clock.now(), refused=refused and current.settings == connector.settings)
        if exchange is None:
            return current
        changed = await world.http.carry(exchange, timeout=world.settings.provider_timeout)
        await _keep(world, channel, changed)
        log.info("credentials renewed", channel=channel)
        return world.connector(world.directory.channels[channel])


async def _keep(world: World, channel: str, changed: Mapping[str, Any]) -> None:
    directory = world.directory
    known = directory.channels[channel]
    renewed = replace(known, settings={**known.settings, **changed})
    await directory.change(lambda: directory.put_channel(renewed))
