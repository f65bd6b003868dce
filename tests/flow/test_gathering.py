"""Several events in one webhook: as many and as long as is asked, in order, and in halves where one is the trouble."""

import asyncio
from typing import Any

from support.flows import Flow, flowing
from support.receiver import Got, Receiver
from support.waiting import until
from tidings.model.stages import Stage
from tidings.model.subscriptions import Subscription
from tidings.rules.endpoint import STOPS_AFTER

SECOND = 1000


async def gathered(flow: Flow, url: str, most: int = 10, seconds: int = 5) -> Subscription:
    """Subscribe to gathered events."""
    return await flow.subscribe(url, options={"batch": True, "maxBatchSize": most, "batchTimeout": seconds})


def names(got: list[Got]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for each in got:
        for envelope in each.json:
            told.setdefault(envelope["payload"]["id"], []).append(envelope["name"])
    return told


async def test_a_full_bundle_goes_at_once_and_the_rest_when_it_has_waited(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await gathered(flow, receiver.url, most=4)
        messages = await asyncio.gather(*(flow.sent() for _ in range(6)))
        await receiver.wait_for(1)
        await flow.quiet()
        assert [len(each.json) for each in receiver.got] == [4]
        flow.clock.move(5 * SECOND - 1)
        await flow.quiet()
        assert len(receiver.got) == 1
        flow.clock.move(1)
        await receiver.wait_for(2)
        await flow.quiet()
        assert [len(each.json) for each in receiver.got] == [4, 2]
        assert names(receiver.got) == {each: ["message.sent"] for each in messages}
        assert not flow.notifier().behind


async def test_one_event_alone_is_an_array_too(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await gathered(flow, receiver.url, seconds=1)
        await flow.sent()
        await until(lambda: flow.notifier()._gathering._timer)
        flow.clock.move(SECOND)
        (got,) = await receiver.wait_for(1)
        assert [each["name"] for each in got.json] == ["message.sent"]
        assert got.id == got.json[0]["eventId"]


async def test_each_message_is_told_in_order_within_and_across_bundles(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await gathered(flow, receiver.url, most=7)
        messages = await asyncio.gather(*(flow.sent() for _ in range(12)))
        for stage in (Stage.DELIVERED, Stage.READ):
            await asyncio.gather(*(flow.reached(each, stage) for each in messages))
        for _ in range(10):
            await flow.quiet()
            flow.clock.move(5 * SECOND)
        await flow.quiet()
        whole = ["message.sent", "message.delivered", "message.read"]
        assert names(receiver.got) == dict.fromkeys(messages, whole)
        assert max(len(each.json) for each in receiver.got) == 7
        assert len({each.id for each in receiver.got}) == len(receiver.got)


async def test_a_bundle_that_one_event_spoils_is_told_in_halves(sqlite_url: str) -> None:
    """Neither a 400 nor a 500 loses the others: only the one that is the trouble is refused, or set aside."""
    for status in (400, 500):
        async with Receiver() as receiver, flowing(f"{sqlite_url}.{status}") as flow:
            poison: list[str] = []

            def answer(got: Got, status: int = status, poison: list[str] = poison) -> int:
                return status if any(each["payload"]["id"] in poison for each in got.json) else 204

            receiver.answer = answer
            await gathered(flow, receiver.url, most=8)
            messages = [await flow.accepted() for _ in range(8)]
            poison.append(messages[5])
            await asyncio.gather(*(flow.reached(each, Stage.SENT) for each in messages))
            for _ in range(20):
                await flow.quiet()
                flow.clock.move(5 * SECOND)
            await flow.quiet()
            taken = [each for each in receiver.got if answer(each) == 204]
            assert set(names(taken)) == set(messages) - set(poison), status
            assert all(each == ["message.sent"] for each in names(taken).values())
            assert len(await flow.held()) == (status == 500)
            sizes = [len(each.json) for each in receiver.got]
            assert sizes[0] == 8
            assert 1 in sizes


async def test_a_dead_endpoint_costs_no_more_rows_than_without_bundles(sqlite_url: str) -> None:
    async with Receiver(lambda _: 503) as receiver, flowing(sqlite_url) as flow:
        await gathered(flow, receiver.url, most=50)
        messages = await asyncio.gather(*(flow.sent() for _ in range(200)))
        for _ in range(60):
            await flow.quiet()
            flow.clock.move(SECOND)
        assert flow.notifier().endpoint.is_stopped
        assert len(await flow.held()) < STOPS_AFTER
        receiver.answer = lambda _: 204
        failed = len(receiver.got)
        for _ in range(400):
            flow.clock.move(5 * SECOND)
            await flow.quiet()
            if not flow.notifier().behind:
                break
        assert set(names(receiver.got[failed:])) == set(messages)
        assert max(len(each.json) for each in receiver.got[failed:]) == 50


async def test_the_answer_to_a_bundle_is_kept_once_and_each_event_has_its_attempt(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        receiver.answer_headers = {"x-kept": "once"}
        await gathered(flow, receiver.url, most=3)
        await asyncio.gather(*(flow.sent() for _ in range(3)))
        await receiver.wait_for(1)
        await flow.quiet()
        rows: list[Any] = await flow.stored("attempts_of", subscription=1, position=2**62, number=0, limit=9)
        assert [(row[1], row[4]) for row in rows] == [(1, 204)] * 3
        assert sum(b"x-kept" in row[8] for row in rows) == 1
