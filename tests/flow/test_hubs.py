"""Several hubs on one PostgreSQL database: each event is told once, and one takes over from another."""

import asyncio
from collections import Counter
from typing import Any

import structlog
from msgspec.structs import replace

from support.flows import Flow, flowing
from support.postgres import Server
from support.receiver import Receiver
from support.waiting import until
from tidings.model.stages import Stage
from tidings.store.log import decode_life

KILL_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def holders(*flows: Flow) -> list[int]:
    """How many notifiers run in each hub."""
    return [len(each.hub.readers.notifiers) for each in flows]


async def settled(one: Flow, two: Flow) -> tuple[Flow, Flow]:
    """Wait until both know of the subscription; give the hub that tells it first."""
    hubs = (one, two)
    await until(lambda: all("s1" in each.world.directory.subscriptions for each in hubs))
    for each in hubs:
        await each.hub.readers.settled()
    await until(lambda: sorted(holders(one, two)) == [0, 1])
    return (one, two) if holders(one) == [1] else (two, one)


def ids(receiver: Receiver) -> list[str]:
    return [got.id for got in receiver.got]


async def test_two_hubs_tell_each_event_once_and_in_order(postgres_url: str) -> None:
    async with Receiver() as receiver, flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        await one.subscribe(receiver.url)
        holder, _ = await settled(one, two)

        async def live(flow: Flow, other: Flow) -> str:
            """One life of a message, written down by both hubs in turns."""
            message = await flow.sent()
            await other.reached(message, Stage.DELIVERED)
            await flow.reached(message, Stage.READ)
            return message

        pairs = [(one, two), (two, one)] * 15
        messages = await asyncio.gather(*(live(*pair) for pair in pairs))
        await receiver.wait_for(90)
        await holder.quiet()
        told: dict[str, list[str]] = {each: [] for each in messages}
        for got in receiver.got:
            told[got.json["payload"]["id"]].append(got.json["name"])
        assert told == {each: ["message.sent", "message.delivered", "message.read"] for each in messages}
        await until(lambda: not holder.notifier().behind)
        assert await holder.cursor() == (await holder.stored("last_position"))[0][0]


async def test_what_another_hub_wrote_first_is_not_skipped(postgres_url: str) -> None:
    """Its word arrives later than our own next batch; that batch's position tells that something is missing."""
    async with Receiver() as receiver, flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        await one.subscribe(receiver.url)
        holder, other = await settled(one, two)
        await holder.sent()
        await receiver.wait_for(1)
        await deaf(holder)
        missed = await other.sent()
        own = await holder.sent()
        await receiver.wait_for(3)
        assert {got.json["payload"]["id"] for got in receiver.got[1:]} == {missed, own}


async def deaf(flow: Flow) -> None:
    """Hear no other process any more."""
    database: Any = flow.world.store.database
    database._listening.cancel()
    await database._listener.close()


async def test_a_hub_that_closes_is_followed_by_another_at_once(postgres_url: str) -> None:
    async with (
        Receiver() as receiver,
        Receiver() as provider,
        flowing(postgres_url) as one,
        flowing(postgres_url, clock=one.clock) as two,
    ):
        await one.channel(provider.url)
        await one.subscribe(receiver.url)
        first, second = await settled(one, two)
        await one.sent()
        await receiver.wait_for(1)
        await first.hub.readers.stop()
        first.hub.readers.stop = _nothing  # type: ignore[method-assign]
        await until(lambda: holders(second) == [1], seconds=3)
        await until(lambda: "c1" in second.hub.readers._senders, seconds=3)
        message = await first.accepted("c1")
        await provider.wait_for(1)
        await receiver.wait_for(2)
        await second.quiet()
        rows = await second.stored("with_lives", messages=[message])
        assert decode_life(rows[0][2]).stage is Stage.SENT
        assert Counter(ids(receiver)).most_common(1)[0][1] == 1


async def _nothing() -> None:
    """There is nothing to stop any more."""


async def test_a_hub_that_falls_silent_is_followed_when_its_lease_runs_out(postgres_url: str) -> None:
    settings: dict[str, Any] = {"lease_seconds": 0.3}
    async with Receiver() as receiver, flowing(postgres_url, **settings) as silent:
        await silent.subscribe(receiver.url)
        await silent.sent()
        await receiver.wait_for(1)
        await silent.quiet()
        for task in silent.hub.readers._tasks:
            task.cancel()
        await deaf(silent)
        async with flowing(postgres_url, clock=silent.clock, **settings) as other:
            assert holders(other) == [0]
            silent.clock.move(299)
            await asyncio.sleep(0.15)
            assert holders(other) == [0]
            silent.clock.move(1)
            await until(lambda: holders(other) == [1], seconds=3)
            await other.sent()
            await receiver.wait_for(2)
            await other.quiet()
            assert len(set(ids(receiver))) == len(receiver.got) == 2


async def test_leases_are_kept_while_a_reader_takes_its_time_to_stop(postgres_url: str) -> None:
    """A hanging endpoint is taken away: until its answer is given up, everything else stays where it is."""
    settings: dict[str, Any] = {"lease_seconds": 0.3, "webhook_timeout": 1.0}
    async with Receiver(lambda _: 0) as hanging, Receiver() as receiver, flowing(postgres_url, **settings) as one:
        made = await one.subscribe(hanging.url)
        await one.subscribe(receiver.url, id_="s2")
        async with flowing(postgres_url, clock=one.clock, **settings) as two:
            await one.sent()
            await hanging.wait_for(1)
            directory = one.world.directory
            await directory.change(lambda: directory.put_subscription(replace(made, active=False)))
            for _ in range(8):
                one.clock.move(100)
                await asyncio.sleep(0.11)
                assert holders(two) == [0]
            await one.hub.readers.settled()
            assert holders(one) == [1]


async def test_what_one_hub_accepts_another_sends(postgres_url: str) -> None:
    async with Receiver() as provider, flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        await one.channel(provider.url)
        hubs = [one, two]
        await until(lambda: sum("c1" in each.hub.readers._senders for each in hubs) == 1)
        messages = await asyncio.gather(*(flow.accepted("c1") for flow in hubs * 10))
        await provider.wait_for(20)
        (sender,) = (each.sender() for each in hubs if "c1" in each.hub.readers._senders)
        await until(lambda: not sender._known)
        assert sorted(got.json["tag"] for got in provider.got) == sorted(f"{each}:0" for each in messages)


async def test_everything_goes_on_after_the_connections_were_lost(postgres: Server, postgres_url: str) -> None:
    async with Receiver() as receiver, flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        await one.subscribe(receiver.url)
        _, other = await settled(one, two)
        with structlog.testing.capture_logs():
            postgres.sql(KILL_OTHERS, database=postgres_url.rpartition("/")[2])
            messages: set[str] = set()
            while len(messages) < 3:
                try:
                    messages.add(await other.sent())
                except Exception:  # noqa: BLE001 - whoever asks while the connection is lost hears so, and asks again
                    await asyncio.sleep(0.02)

            def told() -> bool:
                one.clock.move(50)
                return messages <= {got.json["payload"]["id"] for got in receiver.got}

            await until(told)


async def test_a_change_in_one_hub_is_followed_by_the_other(postgres_url: str) -> None:
    async with flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        await one.channel(id_="c7")
        await until(lambda: "c7" in two.world.directory.channels)
        directory = two.world.directory
        await directory.change(lambda: directory.drop_channel("w1", "c7"))
        hubs = (one, two)
        await until(lambda: not any("c7" in each.world.directory.channels for each in hubs))
        await until(lambda: not any("c7" in each.hub.readers._senders for each in hubs))
