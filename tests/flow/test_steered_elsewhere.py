"""Two hubs on one PostgreSQL database: what one is asked to do, the other one does that has the reader."""

from collections import Counter

from support.flows import Flow, flowing
from support.receiver import Receiver
from support.waiting import until
from tidings.flow import again
from tidings.flow.explain import explain
from tidings.flow.resuming import Resumption
from tidings.flow.standing import standing_of
from tidings.flow.steering import pause, resume
from tidings.model.subscriptions import Replay, Subscription
from tidings.store.log import events_at, last_position

SECOND = 1000


def subscription(flow: Flow) -> Subscription:
    return flow.world.directory.subscriptions["s1"]


async def holder_and_other(one: Flow, two: Flow) -> tuple[Flow, Flow]:
    """Wait until one of them has the reader; give it first."""
    await until(lambda: "s1" in two.world.directory.subscriptions)
    for each in (one, two):
        await each.hub.readers.settled()
    await until(lambda: len(one.hub.readers.notifiers) + len(two.hub.readers.notifiers) == 1)
    return (one, two) if one.hub.readers.notifiers else (two, one)


async def test_a_pause_and_a_resumption_from_a_time_reach_whoever_reads(postgres_url: str) -> None:
    async with Receiver() as receiver, flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        await one.subscribe(receiver.url)
        holder, other = await holder_and_other(one, two)
        messages = [await other.sent() for _ in range(3)]
        await receiver.wait_for(3)
        await holder.quiet()
        await pause(other.world, subscription(other))
        await until(lambda: not (one.hub.readers.notifiers or two.hub.readers.notifiers))
        one.clock.move(SECOND)
        messages.append(await other.sent())
        await resume(other.world, subscription(other), Resumption.AGAIN, since=0)
        await receiver.wait_for(7)
        told = [got.json["payload"]["id"] for got in receiver.got]
        assert told[:3] == messages[:3]
        assert Counter(told[3:]) == Counter(messages)


async def test_a_reader_that_was_set_elsewhere_moves_nothing_any_more(postgres_url: str) -> None:
    """The old one still reads when the new place is written: its own place is of an earlier epoch."""
    async with Receiver() as receiver, flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        await one.subscribe(receiver.url)
        holder, other = await holder_and_other(one, two)
        first = await other.sent()
        await receiver.wait_for(1)
        await holder.quiet()
        one.clock.move(SECOND)
        await resume(other.world, subscription(other), Resumption.AGAIN, since=0)
        await receiver.wait_for(2)
        assert [got.json["payload"]["id"] for got in receiver.got] == [first, first]
        await until(lambda: len(one.hub.readers.notifiers) + len(two.hub.readers.notifiers) == 1)
        now = one if one.hub.readers.notifiers else two
        await until(lambda: not now.notifier().behind)
        await now.quiet()
        assert (await now.stored("get_cursor", subscription=1))[0][1] == 1


async def test_a_replay_ordered_at_one_is_told_by_the_other(postgres_url: str) -> None:
    async with Receiver() as receiver, flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        await one.subscribe(receiver.url)
        holder, other = await holder_and_other(one, two)
        for _ in range(3):
            await other.sent()
        await receiver.wait_for(3)
        await holder.quiet()
        last = await other.world.store.read(last_position())
        replay = Replay(id=other.world.chance.id(), created_at=1, after=0, until=last)
        await again.order(other.world, subscription(other), replay)
        await receiver.wait_for(6)
        assert set(Counter(got.id for got in receiver.got).values()) == {2}


async def test_how_an_endpoint_does_is_the_same_at_both_and_survives_whoever_reads(postgres_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver:
        async with flowing(postgres_url) as one:
            await one.subscribe(receiver.url)
            for _ in range(10):
                await one.sent()
            await until(lambda: one.notifier().endpoint.is_stopped)
            await one.quiet()
            condition = one.notifier().endpoint.condition
            async with flowing(postgres_url, clock=one.clock) as two:
                seen = await two.world.store.read(standing_of(subscription(two)))
                assert seen.condition == condition
                last = await two.world.store.read(last_position())
                ((event, message),) = await two.world.store.read(events_at([last - 1]))
                fate = await explain(two.world, subscription(two), event, message)
                assert fate.condition == condition
        async with flowing(postgres_url, clock=one.clock) as three:
            await until(lambda: three.hub.readers.notifiers)
            assert three.notifier().endpoint.condition == condition
