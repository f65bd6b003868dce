"""Told again: stretches of the log and the dead-letter list, at a rate, through restarts, and called off."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from support.flows import Flow, flowing
from support.receiver import Got, Receiver
from support.waiting import until
from tidings.flow import again, replays
from tidings.flow.positions import find_event, place_before
from tidings.flow.replays import Ordered
from tidings.model.stages import Stage
from tidings.model.subscriptions import Replay
from tidings.store.log import decode_event, last_position

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000


async def order(flow: Flow, number: int = 1, **asked: Any) -> Replay:
    """Have everything up to now told again, or what is asked for."""
    subscription = next(each for each in flow.world.directory.subscriptions.values() if each.serial == number)
    last = await flow.world.store.read(last_position())
    replay = Replay(
        **{"id": flow.world.chance.id(), "created_at": flow.clock.now(), "after": 0, "until": last, **asked}
    )
    await again.order(flow.world, subscription, replay)
    return replay


async def ordered(flow: Flow, replay: Replay) -> Ordered:
    found = await flow.world.store.read(again.replay_of(1, replay.id))
    assert found is not None
    return found


async def ended(flow: Flow, replay: Replay) -> Ordered:
    """Wait until a replay has ended on disk."""
    async with asyncio.timeout(10):
        while not (found := await ordered(flow, replay)).progress.fate:
            await asyncio.sleep(0.01)
    return found


async def two_lives(flow: Flow, receiver: Receiver) -> list[str]:
    messages = [await flow.sent(), await flow.sent()]
    for each in messages:
        await flow.reached(each, Stage.DELIVERED)
    await receiver.wait_for(4)
    await flow.quiet()
    return messages


def names(got: list[Got]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for each in got:
        told.setdefault(each.json["payload"]["id"], []).append(each.json["name"])
    return told


async def test_what_was_told_is_told_again_with_the_same_ids_in_order(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        messages = await two_lives(flow, receiver)
        replay = await order(flow)
        found = await ended(flow, replay)
        assert (found.progress.told, found.progress.set_aside, found.progress.fate) == (4, 0, replays.DONE)
        assert Counter(each.id for each in receiver.got).most_common() == [
            (each, 2) for each in dict.fromkeys(each.id for each in receiver.got)
        ]
        assert names(receiver.got[4:]) == {each: ["message.sent", "message.delivered"] for each in messages}
        assert [each.headers["tidings-attempt"] for each in receiver.got] == ["1"] * 4 + ["2"] * 4
        assert {each.body for each in receiver.got[:4]} == {each.body for each in receiver.got[4:]}


async def test_only_events_of_a_name_or_a_stretch_are_told(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await two_lives(flow, receiver)
        flow.clock.move(HOUR)
        later = flow.clock.now()
        third = await flow.sent()
        await receiver.wait_for(5)
        await flow.quiet()
        assert (await ended(flow, await order(flow, events=("message.delivered",)))).progress.told == 2
        after = await flow.world.store.read(place_before(later))
        assert (await ended(flow, await order(flow, after=after))).progress.told == 1
        assert receiver.got[-1].json["payload"]["id"] == third


async def test_dead_letters_are_told_again_and_leave_the_list(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        poison = await flow.accepted()
        receiver.answer = lambda got: 500 if got.json["payload"]["id"] == poison else 204
        await flow.reached(poison, Stage.DELIVERED)
        for _ in range(40):
            await flow.sent()
            await flow.quiet()
            flow.clock.move(4 * HOUR)
            await flow.quiet()
            if len(await flow.held(dead=True)) == 2:
                break
        assert len(await flow.held(dead=True)) == 2
        receiver.answer = lambda _: 204
        receiver.got.clear()
        found = await ended(flow, await order(flow, dead_letters=True))
        assert found.progress.told == 2
        assert names(receiver.got) == {poison: ["message.sent", "message.delivered"]}
        assert await flow.held(dead=True) == []
        assert int(receiver.got[0].headers["tidings-attempt"]) > 10


async def test_what_fails_while_it_is_told_again_is_retried_like_any_other(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        messages = await two_lives(flow, receiver)
        refused: list[str] = []

        def answer(got: Got) -> int:
            if got.json["payload"]["id"] == messages[0] and not refused:
                refused.append(got.id)
                return 500
            return 204

        receiver.answer = answer
        found = await ended(flow, await order(flow))
        assert (found.progress.told, found.progress.set_aside) == (2, 2)
        assert len(await flow.held()) == 2
        flow.clock.move(5 * SECOND)
        await receiver.wait_for(9)
        await flow.quiet()
        assert names(receiver.got[4:])[messages[0]] == ["message.sent", "message.sent", "message.delivered"]
        assert await flow.held() == []


async def test_it_keeps_to_its_rate(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        for _ in range(10):
            await flow.sent()
        await receiver.wait_for(10)
        await flow.quiet()
        flow.clock.move(HOUR)
        await order(flow, rate=2.0)
        await receiver.wait_for(11)
        await flow.quiet()
        already = len(receiver.got)
        assert already <= 13
        for number in range(1, 4):
            flow.clock.move(500)
            await receiver.wait_for(already + number)
            await flow.quiet()
            assert len(receiver.got) == already + number


async def test_a_restart_goes_on_where_it_was(sqlite_url: str) -> None:
    async with Receiver() as receiver:
        async with flowing(sqlite_url) as flow:
            await flow.subscribe(receiver.url)
            for _ in range(20):
                await flow.sent()
            await receiver.wait_for(20)
            await flow.quiet()
            flow.clock.move(HOUR)
            replay = await order(flow, rate=1.0)
            await receiver.wait_for(21)
            clock = flow.clock
        before = len(receiver.got)
        async with flowing(sqlite_url, clock=clock) as flow:
            for _ in range(25):
                clock.move(SECOND)
                await flow.quiet()
                await asyncio.sleep(0.01)
            found = await ended(flow, replay)
            assert found.progress.told == 20
            assert before < 40
            assert Counter(each.id for each in receiver.got).most_common(1)[0][1] == 2
            assert len(receiver.got) == 40


async def test_it_can_be_called_off(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        made = await flow.subscribe(receiver.url)
        for _ in range(10):
            await flow.sent()
        await receiver.wait_for(10)
        await flow.quiet()
        flow.clock.move(HOUR)
        replay = await order(flow, rate=0.1)
        await receiver.wait_for(11)
        assert await again.call_off(flow.world, made, replay.id)
        assert not await again.call_off(flow.world, made, replay.id)
        await flow.world.settle()
        told = len(receiver.got)
        flow.clock.move(HOUR)
        await flow.quiet()
        assert len(receiver.got) == told
        found = await ordered(flow, replay)
        assert found.progress.fate == replays.CANCELLED


async def test_new_events_go_before_what_is_told_again(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url, webhook_concurrency=1) as flow:
        await flow.subscribe(receiver.url)
        for _ in range(200):
            await flow.sent()
        await receiver.wait_for(200, seconds=20)
        await flow.quiet()
        receiver.got.clear()
        await order(flow)
        await receiver.wait_for(5)
        new = await flow.sent()
        await until(lambda: new in {each.json["payload"]["id"] for each in receiver.got})
        assert len(receiver.got) < 150


async def test_an_endpoint_that_fails_stops_it_too(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        for _ in range(50):
            await flow.sent()
        await receiver.wait_for(50)
        await flow.quiet()
        receiver.answer = lambda _: 500
        receiver.got.clear()
        replay = await order(flow)
        await until(lambda: flow.notifier().endpoint.is_stopped)
        await flow.quiet()
        assert len(receiver.got) < 50
        receiver.answer = lambda _: 204
        flow.clock.move(5 * SECOND)
        found = await ended(flow, replay)
        flow.clock.move(5 * SECOND)
        await flow.quiet()
        assert found.progress.told + found.progress.set_aside == 50
        assert len({each.id for each in receiver.got}) == 50


async def test_a_preview_counts_what_would_be_told(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        made = await flow.subscribe(receiver.url)
        await two_lives(flow, receiver)
        last = await flow.world.store.read(last_position())
        replay = Replay(id="r", created_at=1, after=0, until=last)
        assert await again.preview(flow.world, made, replay) == again.Preview(4, complete=True)
        named = Replay(id="r", created_at=1, after=0, until=last, events=("message.sent",))
        assert await again.preview(flow.world, made, named) == again.Preview(2, complete=True)


# -- places in the log -----------------------------------------------------------------------------------------------


async def test_a_time_and_an_id_are_found_in_the_log(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        times = []
        for _ in range(40):
            flow.clock.move(MINUTE)
            times.append(flow.clock.now())
            await flow.sent()
        events = [decode_event(row) for row in await flow.stored("events_after", workspace="w1", after=0, limit=10**4)]
        for time in times:
            expected = max((event.position for event in events if event.at < time), default=0)
            assert await flow.world.store.read(place_before(time)) == expected
        assert await flow.world.store.read(place_before(0)) == 0
        assert await flow.world.store.read(place_before(times[-1] + 1)) == events[-1].position
        for event in events[::7]:
            found = await flow.world.store.read(find_event("w1", event.id))
            assert found is not None
            assert found[0] == event
            assert await flow.world.store.read(find_event("w2", event.id)) is None


@pytest.mark.parametrize("id_", ["", "0", "ffffffff", "no id at all"])
async def test_what_is_no_id_is_not_found(sqlite_url: str, id_: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.sent()
        assert await flow.world.store.read(find_event("w1", id_)) is None
