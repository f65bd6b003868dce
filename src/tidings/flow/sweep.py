"""Sweeping: what time alone makes due, and what nobody will ask for any more."""

import asyncio
from functools import partial

import msgspec
import structlog

from tidings.flow.facts import Due, Told
from tidings.flow.page import Waiting
from tidings.flow.parked import drop
from tidings.flow.world import World
from tidings.model.platforms import HOUR
from tidings.store.statements import Row, Transaction, statement

log = structlog.get_logger()

PAGE = 500
"""How many rows one round of a sweep takes."""


async def sweep_timers(world: World) -> int | None:
    """Act on the messages whose timers are due; give when the next one is, None where there is none."""
    done: set[str] = set()
    while True:
        # What still is due after its turn is left for the next round, so that this one ends.
        due = [each for each in await world.store.read(_lives_due(world.clock.now())) if each not in done]
        if not due:
            return await world.store.read(_next_due())
        done.update(due)
        told = await asyncio.gather(*(world.store.put(world.pen, Due(each)) for each in due), return_exceptions=True)
        for message, error in zip(due, told, strict=True):
            if isinstance(error, Exception):
                log.error("a timer broke", message=message, exc_info=error)


async def sweep_parked(world: World, *, lately: int | None = None) -> int:
    """Apply parked reports whose message has appeared since, written by another process perhaps; give how many.

    `lately` leaves out those that were parked more milliseconds ago.
    """
    since = 0 if lately is None else world.clock.now() - lately
    found = await world.store.read(_parked_found(since))
    for id_, channel_id, body in found:
        channel = world.directory.channels.get(channel_id)
        report = msgspec.json.decode(body, type=Waiting).report
        try:
            if channel is not None and report is not None:
                await world.record(Told(channel, report, parked=id_))
            else:
                await world.store.write(partial(drop, id_))
        except Exception:
            log.exception("a parked report could not be applied", parked=id_)
    return len(found)


async def sweep_old(world: World) -> None:
    """Forget what is past its time: parked reports, keys of reports, answers to idempotency keys."""
    now = world.clock.now()
    settings = world.settings
    await world.store.write(
        lambda: _forget(
            parked=now - round(settings.parked_hours * HOUR),
            unread=now - round(settings.keep_unread_days * 24 * HOUR),
            answered=now - round(settings.idempotency_hours * HOUR),
            seen=now - 30 * 24 * HOUR,
        )
    )


def _lives_due(now: int) -> Transaction[list[str]]:
    rows = yield statement("lives_due")(now=now, limit=PAGE)
    return [row[0] for row in rows]


def _next_due() -> Transaction[int | None]:
    rows = yield statement("next_life_due")()
    due: int | None = rows[0][0]
    return due


def _parked_found(since: int) -> Transaction[list[Row]]:
    return (yield statement("parked_found")(since=since, limit=PAGE))


def _forget(*, parked: int, unread: int, answered: int, seen: int) -> Transaction[None]:
    yield statement("forget_parked")(before=parked)
    yield statement("forget_unread")(before=unread)
    yield statement("forget_answered")(before=answered)
    yield statement("forget_seen")(before=seen)
