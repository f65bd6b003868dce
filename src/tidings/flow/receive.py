"""Receiving: a provider's callback is proven, read, and written down before it is answered."""

import structlog

from tidings.flow.facts import Told, Unread
from tidings.flow.world import World
from tidings.model.errors import BadSignature, Unreadable
from tidings.model.exchange import Answer, Callback
from tidings.model.reports import Unknown
from tidings.model.workspaces import Channel

log = structlog.get_logger()


async def receive(world: World, channel: Channel, callback: Callback) -> Answer:
    """Take a callback of a channel's provider; the answer is given once all it says is on disk.

    What is not proven to be the provider's changes nothing. What cannot be read is kept, and answered like the rest:
    a provider that repeats it for a week makes it no more readable.
    """
    connector = world.connector(channel)
    try:
        greeting = connector.handshake(callback)
        if greeting is not None:
            return greeting
        connector.verify(callback)
    except BadSignature as error:
        world.counts.add("callbacks", "refused")
        log.warning("callback refused", channel=channel.id, why=str(error))
        return connector.refusal(callback)
    try:
        reports = connector.parse(callback)
    except Exception as error:
        if not isinstance(error, Unreadable):
            log.exception("connector broke", connector=connector.name, channel=channel.id)
        world.counts.add("callbacks", "unreadable")
        await world.record(Unread(channel, callback, str(error)))
        return connector.answer(callback)
    world.counts.add("callbacks", "taken")
    written = []
    for report in reports:
        if isinstance(report, Unknown):
            world.counts.add("reports", "unknown")
        written.append(world.store.put(world.pen, Told(channel, report)))
    for future in written:
        await future
    return connector.answer(callback)
