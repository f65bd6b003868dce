"""Sweeping: what time alone makes due, and what nobody will ask for any more."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec
import structlog

from tidings.flow.facts import Due, Told
from tidings.flow.page import Waiting
from tidings.flow.parked import drop
from tidings.flow.stride import Stride
from tidings.flow.watermarks import BACK
from tidings.flow.world import World
from tidings.model.platforms import HOUR
from tidings.store.statements import Row, Transaction, statement

log = structlog.get_logger()

PAGE = 500
"""How many rows one round of a sweep takes."""

DAY: Final = 24 * HOUR
KEYS_KEPT: Final = 30 * DAY
"""How long a report is known that was taken. No provider repeats one for longer."""
EXPIRED_KEPT: Final = 30 * DAY
"""How long a short address that has expired is told from one that never was."""


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
    """Forget what is past its time and hangs on no message, a little at a time.

    These are parked reports, keys of reports, answers to idempotency keys, watermarks, replays, leases, and
    suppressions that stand no longer; one that stands is never forgotten.
    """
    now, settings = world.clock.now(), world.settings
    stride = Stride(world.store)
    await _forget_parked(world, stride, now - round(settings.parked_hours * HOUR))
    for name, before in (
        ("forget_unread", now - round(settings.keep_unread_days * DAY)),
        ("forget_answered", now - round(settings.idempotency_hours * HOUR)),
        ("forget_seen", now - KEYS_KEPT),
        ("forget_watermarks", now - BACK),
        ("forget_replays", now - round(settings.keep_days * DAY)),
        ("forget_leases", now - DAY),
        ("forget_lifted", now - max(round(settings.keep_days * DAY), KEYS_KEPT)),
        ("forget_links", now - EXPIRED_KEPT),
        ("forget_happenings", now),
        ("forget_said", now),
        ("forget_uploads", now),
        ("forget_nonces", now),
        ("forget_app_sessions", now - DAY),
    ):
        while await stride.write(partial(_forget, name, before, stride.size)):
            pass


async def _forget_parked(world: World, stride: Stride, before: int) -> None:
    """Forget reports whose message never came; what else is parked is kept for longer, and stands between them."""
    while ids := await world.store.read(_parked_before(before, stride.size)):
        await stride.write(partial(_drop_parked, ids))


def _lives_due(now: int) -> Transaction[list[str]]:
    rows = yield statement("lives_due")(now=now, limit=PAGE)
    return [row[0] for row in rows]


def _next_due() -> Transaction[int | None]:
    rows = yield statement("next_life_due")()
    due: int | None = rows[0][0]
    return due


def _parked_found(since: int) -> Transaction[list[Row]]:
    return (yield statement("parked_found")(since=since, limit=PAGE))


def _parked_before(before: int, limit: int) -> Transaction[list[str]]:
    rows = yield statement("parked_before")(before=before, limit=limit)
    return [row[0] for row in rows]


def _drop_parked(ids: Sequence[str]) -> Transaction[None]:
    yield statement("drop_parked").many([(id_,) for id_ in ids])


def _forget(name: str, before: int, limit: int) -> Transaction[bool]:
    """Forget up to so many rows from before a time; say whether there may be more."""
    rows = yield statement(name)(before=before, limit=limit)
    return len(rows) == limit
