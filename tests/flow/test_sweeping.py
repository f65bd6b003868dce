"""What time alone does: messages expire, silent hops are followed by others, old rows go."""

import asyncio
from typing import Any

import pytest
import structlog

from support.flows import Flow, flowing
from support.receiver import Receiver
from support.waiting import until
from tidings.flow import sweep
from tidings.flow.facts import Due
from tidings.flow.sweep import sweep_old, sweep_timers
from tidings.model.stages import Stage
from tidings.store.log import decode_life

HOUR = 3_600_000


async def stages(flow: Flow, *messages: str) -> list[Stage]:
    rows = {row[0]: decode_life(row[2]).stage for row in await flow.stored("with_lives", messages=list(messages))}
    return [rows[each] for each in messages]


async def test_a_message_expires_when_its_time_has_come(database_url: str) -> None:
    async with Receiver() as receiver, flowing(database_url) as flow:
        await flow.subscribe(receiver.url, "message.expired")
        now = flow.clock.now()
        first, second = await flow.accepted(expires_in=1000), await flow.accepted(expires_in=5000)
        assert await sweep_timers(flow.world) == now + 1000
        flow.clock.move(1000)
        assert await sweep_timers(flow.world) == now + 5000
        assert await stages(flow, first, second) == [Stage.EXPIRED, Stage.ACCEPTED]
        (got,) = await receiver.wait_for(1)
        assert got.json["payload"]["id"] == first
        flow.clock.move(4000)
        assert await sweep_timers(flow.world) is None
        assert await flow.stored("waiting_by_channel") == []


async def test_the_hub_sweeps_by_itself(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url, "message.expired")
        await flow.accepted(expires_in=500)
        flow.clock.move(1000)
        await receiver.wait_for(1)


async def test_many_timers_are_swept_in_pages(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PAGE", 7)
    async with flowing(sqlite_url) as flow:
        messages = [await flow.accepted(expires_in=1000 + number) for number in range(30)]
        flow.clock.move(2000)
        assert await sweep_timers(flow.world) is None
        assert set(await stages(flow, *messages)) == {Stage.EXPIRED}


async def test_a_timer_that_breaks_hinders_no_other_and_ends_the_round(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        # Before the hub looks by itself, a second later.
        bad, good = await flow.accepted(expires_in=100), await flow.accepted(expires_in=101)
        flow.clock.move(200)
        pen = flow.world.pen
        apply = pen._apply

        def breaking(page: Any, index: int, fact: Any) -> Any:
            if fact == Due(bad):
                raise ZeroDivisionError("a fault of ours")
            return apply(page, index, fact)

        pen._apply = breaking  # type: ignore[method-assign]
        with structlog.testing.capture_logs() as logs:
            await asyncio.wait_for(sweep_timers(flow.world), 5)
        assert [(each["event"], each["message"]) for each in logs] == [("a timer broke", bad)]
        assert await stages(flow, bad, good) == [Stage.ACCEPTED, Stage.EXPIRED]
        pen._apply = apply  # type: ignore[method-assign]
        assert await sweep_timers(flow.world) is None
        assert await stages(flow, bad) == [Stage.EXPIRED]


async def test_a_timer_that_does_nothing_ends_the_round(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message = await flow.accepted(expires_in=100)
        flow.clock.move(200)
        pen = flow.world.pen
        apply = pen._apply
        rounds: list[Any] = []

        def nothing(page: Any, index: int, fact: Any) -> Any:
            rounds.append(fact)
            yield from ()

        pen._apply = nothing  # type: ignore[method-assign]
        now = flow.clock.now()
        assert await asyncio.wait_for(sweep_timers(flow.world), 5) == now - 100
        assert rounds == [Due(message)]
        pen._apply = apply  # type: ignore[method-assign]


async def test_a_round_that_breaks_is_followed_by_the_next(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url, "message.expired")
        await flow.accepted(expires_in=500)
        database = flow.world.store.database
        read, broken = database.read, asyncio.Event()

        async def failing(transaction: Any) -> Any:
            broken.set()
            raise OSError("no database")

        with structlog.testing.capture_logs() as logs:
            database.read = failing  # type: ignore[method-assign]
            flow.clock.move(1000)
            await broken.wait()
            await until(lambda: logs)
            database.read = read  # type: ignore[method-assign]
            await until(lambda: flow.clock.next_at == flow.clock.now() + 1000, what="the next round")
        # Whoever else reads the store finds it away too, and says so.
        broke = [each["what"] for each in logs if each["event"] == "what is done every so often broke"]
        assert broke == ["timers"]
        flow.clock.move(1000)
        await receiver.wait_for(1)


async def test_keys_are_forgotten_in_time(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.inbound("k1")
        flow.clock.move(30 * 24 * HOUR)
        await sweep_old(flow.world)
        assert await flow.stored("seen_of", channel="nobody's", keys=["k1"]) == [("k1",)]
        flow.clock.move(1)
        await sweep_old(flow.world)
        assert await flow.stored("seen_of", channel="nobody's", keys=["k1"]) == []
