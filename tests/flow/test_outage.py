"""An endpoint that is down stops the cursor, is probed, and is not buried when it comes back."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from support.flows import Flow, flowing
from support.receiver import Got, Receiver
from support.waiting import until
from tidings.flow.endpoint import FIRST
from tidings.model.events import Kind
from tidings.model.stages import Stage
from tidings.rules.endpoint import STOPS_AFTER
from tidings.rules.times import to_iso
from tidings.store.log import decode_event

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


async def notices(flow: Flow) -> list[tuple[str, dict[str, Any]]]:
    """What the operators were told, in order."""
    await flow.world.settle()
    rows = await flow.stored("events_after", workspace="w1", after=0, limit=10**5)
    found = [event.fact.notice for event in map(decode_event, rows) if event.kind is Kind.NOTICE]
    return [(each.name, each.data) for each in found if each is not None]


async def rows_of(flow: Flow) -> tuple[int, int]:
    """How many rows the first subscription has: set aside, and attempts."""
    held = await flow.held()
    attempts = await flow.stored("attempts_after", subscription=1, after=0, since=0)
    return len(held), len(attempts)


async def send_many(flow: Flow, number: int) -> list[str]:
    return list(await asyncio.gather(*(flow.sent() for _ in range(number))))


async def stopped(flow: Flow) -> None:
    await until(lambda: flow.notifier().endpoint.is_stopped)
    await flow.quiet()


@pytest.mark.parametrize("number", [10, 400])
async def test_undelivered_events_cost_no_rows_however_many_they_are(sqlite_url: str, number: int) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await send_many(flow, number)
        await stopped(flow)
        held, attempts = await rows_of(flow)
        assert held < STOPS_AFTER
        assert attempts < STOPS_AFTER + FIRST
        # The cursor stands before everything else that is not told: nothing is lost when this process dies.
        rows = await flow.stored("events_after", workspace="w1", after=await flow.cursor(), limit=10**5)
        left = [event for event in map(decode_event, rows) if event.kind is Kind.SENT]
        assert len(left) == number - held


async def test_a_stopped_endpoint_is_probed_with_one_event_at_a_time_on_the_schedule(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await send_many(flow, 50)
        await stopped(flow)
        for wait in (5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE):
            before = len(receiver.got)
            flow.clock.move(wait - 1)
            await flow.quiet()
            assert len(receiver.got) == before
            flow.clock.move(1)
            await receiver.wait_for(before + 1)
            await flow.quiet()
            assert len(receiver.got) == before + 1


async def test_everything_is_told_in_order_once_it_answers_again(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        messages = await send_many(flow, 60)
        await stopped(flow)
        for stage in (Stage.DELIVERED, Stage.READ):
            await asyncio.gather(*(flow.reached(each, stage) for each in messages))
        failed = len(receiver.got)
        receiver.answer = lambda _: 204
        flow.clock.move(5 * SECOND)
        await until(lambda: not flow.notifier().endpoint.is_stopped)
        await receiver.wait_for(failed + 180)
        await flow.quiet()
        told: dict[str, list[str]] = {}
        for each in receiver.got[failed:]:
            told.setdefault(each.json["payload"]["id"], []).append(each.json["name"])
        assert told == {each: ["message.sent", "message.delivered", "message.read"] for each in messages}
        assert await flow.held() == []
        assert not flow.notifier().behind


async def test_it_starts_slowly_when_it_answers_again(sqlite_url: str) -> None:
    """One webhook at first, and one more with each answer."""
    under_way = most = 0
    seen: list[int] = []

    class Counting(Receiver):
        async def _take(self, request: Any) -> Any:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            seen.append(under_way)
            await asyncio.sleep(0.01)
            under_way -= 1
            return await super()._take(request)

    async with Counting(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await send_many(flow, 100)
        await stopped(flow)
        seen.clear()
        receiver.answer = lambda _: 204
        flow.clock.move(5 * SECOND)
        await receiver.wait_for(100 + STOPS_AFTER)
        assert seen[:2] == [1, 1]
        assert max(seen[:5]) <= 4
        assert most > 5


async def test_one_event_that_it_cannot_take_does_not_keep_it_stopped(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        messages = await send_many(flow, 20)
        await stopped(flow)
        poison = messages[0]
        receiver.answer = lambda got: 500 if got.json["payload"]["id"] == poison else 204
        for _ in range(6):
            flow.clock.move(5 * MINUTE)
            await flow.quiet()
        assert not flow.notifier().endpoint.is_stopped
        taken = {each.json["payload"]["id"] for each in receiver.got}
        assert taken == set(messages)
        assert {row[0] for row in await flow.held()} == {
            row[0] for row in await flow.stored("events_of", message=poison) if decode_event(row).kind is Kind.SENT
        }


async def test_how_it_does_survives_a_restart(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver:
        async with flowing(sqlite_url) as flow:
            await flow.subscribe(receiver.url)
            await send_many(flow, 30)
            await stopped(flow)
            condition, clock = flow.notifier().endpoint.condition, flow.clock
            tried = len(receiver.got)
        async with flowing(sqlite_url, clock=clock) as flow:
            await flow.quiet()
            assert flow.notifier().endpoint.condition == condition
            assert len(receiver.got) == tried
            receiver.answer = lambda _: 204
            clock.move(5 * SECOND)
            await until(lambda: not flow.notifier().behind)
            await flow.quiet()
            assert len({each.id for each in receiver.got}) == 30
            repeated = [each.headers["tidings-attempt"] for each in receiver.got[tried:]]
            assert repeated.count("2") == tried


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_busy_endpoint_is_left_alone_as_a_whole(sqlite_url: str, status: int) -> None:
    async with Receiver(lambda _: status) as receiver, flowing(sqlite_url, webhook_concurrency=1) as flow:
        receiver.answer_headers = {"retry-after": "120"}
        await flow.subscribe(receiver.url)
        await flow.sent()
        await receiver.wait_for(1)
        await flow.quiet()
        receiver.answer = lambda _: 204
        other = await flow.sent()
        flow.clock.move(119 * SECOND)
        await flow.quiet()
        assert len(receiver.got) == 1
        flow.clock.move(SECOND)
        await receiver.wait_for(3)
        assert {each.json["payload"]["id"] for each in receiver.got[1:]} >= {other}


async def test_its_operators_hear_of_it_and_of_its_return(sqlite_url: str) -> None:
    async with Receiver(lambda _: 503) as receiver, Receiver() as operator, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        wanted = ("subscription.failing", "subscription.recovered")
        await flow.subscribe(operator.url, *wanted, dialect="operations", id_="s2")
        await send_many(flow, 10)
        for _ in range(10):
            await flow.quiet()
            flow.clock.move(MINUTE)
        await operator.wait_for(1)
        receiver.answer = lambda _: 204
        flow.clock.move(HOUR)
        await operator.wait_for(2)
        failing, recovered = (each.json for each in operator.got)
        assert [failing["type"], recovered["type"]] == ["subscription.failing", "subscription.recovered"]
        assert failing["data"]["subscriptionId"] == "s1"
        assert failing["data"]["status"] == 503
        assert failing["data"]["stopped"] is True


async def test_after_five_days_of_nothing_but_failure_it_is_disabled_without_a_hole(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        made = await flow.subscribe(receiver.url)
        await send_many(flow, 10)
        await stopped(flow)
        for _ in range(5 * 24 + 5):
            flow.clock.move(HOUR)
            await flow.quiet() if flow.hub.readers.notifiers else await asyncio.sleep(0)
            if not flow.world.directory.subscriptions["s1"].active:
                break
        await flow.world.settle()
        off = flow.world.directory.subscriptions["s1"]
        assert (off.active, off.stopped) == (False, "failing")
        told = [(name, data) for name, data in await notices(flow) if name != "subscription.behind"]
        assert [name for name, _ in told] == ["subscription.failing", "subscription.disabled"]
        announced = told[0][1]
        assert announced["disabledAt"] > announced["failingSince"]
        receiver.answer = lambda _: 204
        await flow.hub.readers.settled()
        before = len(receiver.got)
        await flow.put(replace(off, active=True, stopped="", epoch=made.epoch))
        flow.clock.move(5 * HOUR)
        await receiver.wait_for(before + 10)
        await flow.quiet()
        assert not flow.notifier().behind


async def test_a_success_in_between_starts_the_five_days_anew(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await send_many(flow, 10)
        await stopped(flow)
        flow.clock.move(4 * DAY)
        await flow.quiet()
        receiver.answer = lambda _: 204
        flow.clock.move(5 * HOUR)
        await until(lambda: not flow.notifier().behind)
        receiver.answer = lambda _: 500
        await send_many(flow, 10)
        await stopped(flow)
        flow.clock.move(2 * DAY)
        await flow.quiet()
        assert flow.world.directory.subscriptions["s1"].active


async def test_a_subscription_that_falls_behind_is_told_of_once_until_it_has_caught_up(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url, behind_minutes=10) as flow:
        await flow.subscribe(receiver.url)
        written = flow.clock.now()
        await flow.sent()
        await receiver.wait_for(1)

        async def behind() -> list[str]:
            return [data["oldestUndeliveredAt"] for name, data in await notices(flow) if name == "subscription.behind"]

        flow.clock.move(9 * MINUTE)
        await flow.quiet()
        assert await behind() == []
        for _ in range(10):
            flow.clock.move(MINUTE)
            await flow.quiet()
            await asyncio.sleep(0.01)
        assert await behind() == [to_iso(written)]
        receiver.answer = lambda _: 204
        flow.clock.move(HOUR)
        await until(lambda: not flow.notifier().behind)
        flow.clock.move(MINUTE)
        await asyncio.sleep(0.01)
        receiver.answer = lambda _: 500
        await flow.sent()
        for _ in range(12):
            flow.clock.move(MINUTE)
            await flow.quiet()
            await asyncio.sleep(0.01)
        assert len(await behind()) == 2


async def test_given_up_events_are_announced(sqlite_url: str) -> None:
    def answer(got: Got) -> int:
        return 500 if got.json["payload"]["id"] == poison else 204

    async with Receiver(answer) as receiver, flowing(sqlite_url) as flow:
        poison = ""
        await flow.subscribe(receiver.url)
        poison = await flow.accepted()
        await flow.reached(poison, Stage.DELIVERED)
        for _ in range(30):
            await flow.sent()
            await flow.quiet()
            flow.clock.move(4 * HOUR)
            await flow.quiet()
        told = [(name, data) for name, data in await notices(flow) if name != "subscription.behind"]
        assert {name for name, _ in told} == {"delivery.exhausted"}
        assert {data["messageId"] for _, data in told} == {poison}
        assert len(await flow.held(dead=True)) == len(told)
