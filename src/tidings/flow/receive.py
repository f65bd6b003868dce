"""Receiving: a provider's callback is proven, read, and written down before it is answered."""

import structlog

from tidings.flow.facts import Told, Unread
from tidings.flow.world import World
from tidings.model.errors import BadSignature, Unreadable
from tidings.model.exchange import Answer, Callback
from tidings.model.reports import Inbound, Report, Unknown
from tidings.model.workspaces import Channel
from tidings.rules.nesting import is_too_deep

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
        if is_too_deep(callback.body):
            raise Unreadable("It is nested too deeply.")
        reports = connector.parse(callback)
    except Exception as error:
        if not isinstance(error, Unreadable):
            log.exception("connector broke", connector=connector.name, channel=channel.id)
        world.counts.add("callbacks", "unreadable")
        await world.record(Unread(channel, callback, str(error).replace("\0", "")))
        return connector.answer(callback)
    world.counts.add("callbacks", "taken")
    written = []
    for each in reports:
        report = Unknown(each.raw, "a NUL in what would be looked for") if _has_nul(each) else each
        if isinstance(report, Unknown):
            world.counts.add("reports", "unknown")
        written.append(world.store.put(world.pen, Told(channel, report)))
    for future in written:
        await future
    return connector.answer(callback)


def _has_nul(report: Report) -> bool:
    """Tell whether a report cannot be found again by its texts: no database keeps or compares NUL faithfully."""
    match report:
        case Unknown(why=why):
            return "\0" in why
        case Inbound(key=key, sender=sender, reply_to=target):
            texts = [key, sender]
        case _:
            texts, target = [report.key, getattr(report, "sender", "")], report.target
    if target is not None:
        texts += (target.message, target.reference, target.address)
    return any("\0" in text for text in texts)
