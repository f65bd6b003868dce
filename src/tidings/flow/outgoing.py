"""Handing out: the messages of a channel whose provider fetches them itself.

A hop that was fetched is put off, and handed out again after a while, until the provider reports what became of it: an
answer of ours that got lost on the way loses no message. Its id tells the provider that it has it already.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

from msgspec import Raw

from tidings.connectors.connector import Outgoing
from tidings.flow.facts import NotSubmitted, PutOff, Start
from tidings.flow.handover import outgoing_of
from tidings.flow.sparing import refusal_for_all, spared
from tidings.flow.world import World
from tidings.model.workspaces import Channel
from tidings.store.log import decode_life, decode_message
from tidings.store.statements import Transaction, statement

AGAIN_AFTER: Final = 60_000
"""Milliseconds of silence after which a fetched hop is handed out again."""


@runtime_checkable
class HandsOver(Protocol):
    """A connector whose provider may fetch its messages itself."""

    def hand_over(self, outgoing: Outgoing, *, report_to: str) -> bytes:
        """Write a message as the provider gets it."""


async def hand_out(world: World, channel: Channel, limit: int) -> list[Raw] | None:
    """Give the hops that a channel's provider should have, as they would be posted to it; None if it fetches nothing.

    Raises Misconfigured.
    """
    connector = world.connector(channel)
    if not connector.polled or not isinstance(connector, HandsOver):
        return None
    now = world.clock.now()
    starts = await _screened(world, await world.store.write(lambda: _take(channel.id, now, limit)))
    again_at = now + AGAIN_AFTER
    await asyncio.gather(*(world.record(PutOff(each.message.id, each.hop.number, again_at)) for each in starts))
    world.counts.add("submissions", "fetched", len(starts))
    world.measured.channels[channel.id].submissions["fetched"] += len(starts)
    report_to = world.callback_url(channel.id)
    return [Raw(connector.hand_over(outgoing_of(each.message, each.hop, now), report_to=report_to)) for each in starts]


async def _screened(world: World, starts: Sequence[Start]) -> list[Start]:
    """Refuse the hops that go to somebody whom we do not write to any more; what was fetched before is out already."""
    left = []
    for each in starts:
        withheld = {} if each.hop.tries else await spared(world, each.message, each.hop)
        refusal = refusal_for_all(each.message, each.hop, withheld) if withheld else None
        if refusal is None:
            left.append(each)
        else:
            await world.record(NotSubmitted(each.message.id, each.hop.number, refusal))
    return left


def _take(channel: str, now: int, limit: int) -> Transaction[list[Start]]:
    due = yield statement("due_hops")(channel=channel, now=now, limit=limit)
    rows = yield statement("with_lives")(messages=[row[0] for row in due])
    known = {row[0]: (decode_message(row[1]), decode_life(row[2])) for row in rows}
    starts = []
    for message, number, *_ in due:
        about, life = known[message]
        hop = life.hops[number]
        if not hop.waiting:
            # The provider had it, and said so before we put it off.
            yield statement("drop_due")(message=message, hop=number)
            continue
        starts.append(Start(about, hop))
        yield statement("hand_out")(due_at=now + AGAIN_AFTER, message=message, hop=number)
        yield statement("put_reach")(channel=channel, message=message, address=hop.address, incoming=False, at=now)
    return starts
