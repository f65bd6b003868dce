"""Receiving: a provider's callback is proven, read, and written down before it is answered."""

from collections.abc import Iterable, Iterator
from typing import Any

import structlog
from msgspec.structs import replace

from tidings.connectors.connector import Connector
from tidings.flow.facts import Outcome, Told, Unread
from tidings.flow.joining import join
from tidings.flow.world import World
from tidings.model.errors import BadSignature, NoReply, SendDeferred, SendFailed, Unreadable
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
    proven = await _proven(world, channel, connector, callback)
    if isinstance(proven, Answer):
        return proven
    callback = await _completed(world, connector, proven)
    reports = _read(channel, connector, callback)
    if isinstance(reports, str):
        _count(world, channel, "unreadable")
        await world.record(Unread(channel, callback, reports))
        world.unreadable.heard(channel, reports)
        return connector.answer(callback)
    _count(world, channel, "taken")
    since = world.traces.moment()
    written = [(each, world.store.put(world.pen, Told(channel, each))) for each in _sound(world, reports)]
    for report, future in written:
        outcome: Outcome = await future
        if world.traces.is_on:
            world.traces.reported(channel, report, outcome.messages, since)
        if isinstance(report, Inbound) and report.fragment is not None:
            world.spawn(join(world, channel, report.fragment.group))
    if type(connector).acknowledge is not Connector.acknowledge:
        # A task costs as much as half a callback: only those pay for it that have something to say.
        world.spawn(_acknowledge(world, connector, callback))
    return connector.answer(callback)


async def _proven(world: World, channel: Channel, connector: Connector[Any], callback: Callback) -> Callback | Answer:
    """Prove a callback; an answer where it is none, or is not proven."""
    try:
        greeting = connector.handshake(callback)
        if greeting is not None:
            return greeting
        if (call := connector.evidence(callback)) is not None:
            callback = replace(callback, evidence=await world.evidence.get(call))
        connector.verify(callback)
    except BadSignature as error:
        _count(world, channel, "refused")
        log.warning("callback refused", channel=channel.id, why=str(error))
        return connector.refusal(callback)
    return callback


def _count(world: World, channel: Channel, fate: str) -> None:
    world.counts.add("callbacks", fate)
    world.measured.channels[channel.id].callbacks[fate] += 1


def _read(channel: Channel, connector: Connector[Any], callback: Callback) -> list[Report] | str:
    """Read what a callback says; why, where it cannot be read."""
    try:
        if is_too_deep(callback.body):
            raise Unreadable("It is nested too deeply.")
        return connector.parse(callback)
    except Exception as error:
        if not isinstance(error, Unreadable):
            log.exception("connector broke", connector=connector.name, channel=channel.id)
        return str(error).replace("\0", "")


def _sound(world: World, reports: Iterable[Report]) -> Iterator[Report]:
    """Give the reports that can be looked for; of the others it is only known that they came."""
    for each in reports:
        report = Unknown(each.raw, "a NUL in what would be looked for") if _has_nul(each) else each
        if isinstance(report, Unknown):
            world.counts.add("reports", "unknown")
        yield report


async def _completed(world: World, connector: Connector[Any], callback: Callback) -> Callback:
    """Get what a proven callback only points to; it stays as it is where that cannot be got."""
    timeout = world.settings.provider_timeout
    try:
        exchange = connector.complete(callback)
        return callback if exchange is None else await world.http.carry(exchange, timeout=timeout)
    except Exception:
        log.exception("connector broke", connector=connector.name)
        return callback


async def _acknowledge(world: World, connector: Connector[Any], callback: Callback) -> None:
    """Tell the provider that its callback was taken, where it wants to hear it from us."""
    if (exchange := connector.acknowledge(callback)) is None:
        return
    try:
        await world.http.carry(exchange, timeout=world.settings.provider_timeout)
    except (NoReply, SendFailed, SendDeferred) as error:
        log.warning("a callback was not acknowledged", connector=connector.name, why=str(error))


def _has_nul(report: Report) -> bool:
    """Tell whether a report cannot be found again by its texts: no database keeps or compares NUL faithfully."""
    match report:
        case Unknown(why=why):
            return "\0" in why
        case Inbound(key=key, sender=sender, reply_to=target, fragment=fragment):
            texts = [key, sender, fragment.group if fragment else ""]
        case _:
            texts, target = [report.key, getattr(report, "sender", "")], report.target
    if target is not None:
        texts += (target.message, target.reference, target.address)
    return any("\0" in text for text in texts)
