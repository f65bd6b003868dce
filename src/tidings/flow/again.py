"""Ordering something to be told again: what it would come to, the order itself, and calling it off."""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from tidings.dialects.dialect import Telling
from tidings.flow.look import message_in
from tidings.flow.replays import NEWS, Ordered, cancel_replay, ordered, page_of, put_replay
from tidings.flow.world import World
from tidings.model.events import Event
from tidings.model.messages import Message
from tidings.model.subscriptions import Replay, Subscription
from tidings.store.log import events_of
from tidings.store.statements import Transaction, statement

MOST_COUNTED = 100_000
"""As far as a replay is counted beforehand."""


class Preview(Struct, frozen=True, rename="camel"):
    """What a replay would tell."""

    events: int
    complete: bool
    """Whether that is all; else there are at least so many."""


async def preview(world: World, subscription: Subscription, replay: Replay) -> Preview:
    """Count what a replay would tell, a page at a time, so that nobody waits for it."""
    dialect = world.dialects[subscription.dialect]
    siblings = world.directory.siblings(subscription.workspace, dialect.name)
    workspace = world.directory.workspaces[subscription.workspace]
    number = seen = 0
    place = replay.after
    while place < replay.until and seen < MOST_COUNTED:
        page = await world.store.read(page_of(subscription, replay, place))
        tellings = (Telling(event, message, workspace) for event, message in page.told)
        number += sum(
            dialect.wants(subscription, siblings, each)
            and (not replay.events or dialect.name_of(each) in replay.events)
            for each in tellings
        )
        seen += len(page.told)
        place = page.end
        await asyncio.sleep(0)
    return Preview(number, place >= replay.until)


async def order(world: World, subscription: Subscription, replay: Replay) -> None:
    """Have something told again; it is done when this returns, as far as the order goes."""
    await world.store.write(lambda: put_replay(subscription.serial, replay), news=NEWS)
    world.replays_changed()


async def call_off(world: World, subscription: Subscription, replay: str) -> bool:
    """Have something not told again any further; False where it has ended, or never was."""
    now = world.clock.now()
    ended = await world.store.write(lambda: cancel_replay(subscription.serial, replay, now), news=NEWS)
    world.replays_changed()
    return ended


def events_about(workspace: str, message: str) -> Transaction[list[tuple[Event, Message]] | None]:
    """Read every event of a message of a tenant; None where it has no such message."""
    standing = yield from message_in(workspace, message)
    if standing is None:
        return None
    return [(event, standing.message) for event in (yield from events_of(message))]


def replays_of(serial: int, *, before: str, limit: int) -> Transaction[Sequence[Ordered]]:
    """Read a subscription's replays before one, newest first."""
    rows = yield statement("replays_of")(subscription=serial, before=before, limit=limit)
    return [ordered(row) for row in rows]


def replay_of(serial: int, replay: str) -> Transaction[Ordered | None]:
    """Read one replay of a subscription; None where there is none."""
    rows = yield statement("get_replay")(subscription=serial, id=replay)
    return ordered(rows[0]) if rows else None
