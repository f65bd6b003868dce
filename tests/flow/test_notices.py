"""What the operators of a workspace hear of its channels and callbacks."""

from typing import Any

from support.flows import Flow, flowing
from support.receiver import Receiver
from support.waiting import until
from tidings.flow.receive import receive
from tidings.flow.watch import FAILS_AFTER
from tidings.model.events import Kind
from tidings.model.exchange import Callback
from tidings.store.log import decode_event

MINUTE, HOUR = 60_000, 3_600_000


async def told(flow: Flow) -> list[tuple[str, dict[str, Any]]]:
    await flow.world.settle()
    rows = await flow.stored("events_after", workspace="w1", after=0, limit=10**5)
    found = [event.fact.notice for event in map(decode_event, rows) if event.kind is Kind.NOTICE]
    return [(each.name, each.data) for each in found if each is not None]


async def test_a_channel_that_takes_nothing_is_told_of_once_and_when_it_works_again(sqlite_url: str) -> None:
    async with Receiver(lambda _: 503) as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url)
        for _ in range(FAILS_AFTER + 2):
            await flow.accepted("c1")
        await provider.wait_for(FAILS_AFTER + 2)
        await until(lambda: not flow.sender()._under_way)
        ((name, data),) = await told(flow)
        assert (name, data["channelId"], data["detail"]) == ("channel.failing", "c1", "HTTP 503")
        provider.answer = lambda _: 200
        flow.clock.move(MINUTE)
        await until(lambda: not flow.sender()._under_way)
        await provider.wait_for(FAILS_AFTER + 3)
        await until(lambda: flow.world.counts.all().get(("submissions", "sent")))
        assert [each for each, _ in await told(flow)] == ["channel.failing", "channel.recovered"]


async def test_a_message_that_is_refused_says_nothing_of_its_channel(sqlite_url: str) -> None:
    async with Receiver(lambda _: 422) as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url)
        for _ in range(FAILS_AFTER + 2):
            await flow.accepted("c1")
        await provider.wait_for(FAILS_AFTER + 2)
        await until(lambda: not flow.sender()._under_way)
        assert await told(flow) == []


async def test_unreadable_callbacks_are_told_of_now_and_then(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        channel = await flow.channel()

        async def call() -> None:
            callback = Callback(
                method="POST",
                url="http://hub/callbacks/c1",
                headers={"password": "right"},
                body=b"{",
                received_at=flow.clock.now(),
            )
            await receive(flow.world, channel, callback)

        for _ in range(4):
            await call()
        flow.clock.move(HOUR)
        await call()
        first, second = await told(flow)
        assert first[0] == second[0] == "callback.unreadable"
        assert (first[1]["moreSinceLast"], second[1]["moreSinceLast"]) == (0, 3)


async def test_notices_are_no_messages_events_to_anybody_else(sqlite_url: str) -> None:
    async with Receiver() as messages, Receiver() as operator, flowing(sqlite_url) as flow:
        await flow.subscribe(messages.url)
        await flow.subscribe(messages.url, "sms.outbound", dialect="channels", id_="s2")
        await flow.subscribe(operator.url, "callback.unreadable", dialect="operations", id_="s3")
        channel = await flow.channel()
        callback = Callback(
            method="POST", url="http://hub/", headers={"password": "right"}, body=b"{", received_at=flow.clock.now()
        )
        await receive(flow.world, channel, callback)
        await operator.wait_for(1)
        await flow.sent()
        await messages.wait_for(3)
        assert operator.got[0].json["data"]["channelId"] == "c1"
        assert len(operator.got) == 1
        assert [each.path for each in messages.got] == ["/"] * 3
