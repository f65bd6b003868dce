"""Every retry of both vocabularies, on a moved clock, until nothing is left to try."""

from typing import Any

import pytest

from support.flows import flowing
from support.receiver import Receiver
from support.waiting import until
from tidings.model.stages import Stage

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000

OMNICHANNEL = (
    *(5 * SECOND, 10 * SECOND, 30 * SECOND),
    *(MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR),
)
CHANNELS = (
    *(5 * SECOND, 30 * SECOND),
    *(2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(HOUR, 2 * HOUR, 4 * HOUR),
)
SCHEDULES = {"omnichannel": ("message.*", OMNICHANNEL, 24.0), "channels": ("sms.outbound", CHANNELS, 8.0)}
"""By vocabulary: an event, the waits, and about how many hours that is in all."""


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("dialect", SCHEDULES)
async def test_every_wait_is_kept_to_the_last_and_then_it_is_given_up(
    sqlite_url: str, dialect: str, share: float
) -> None:
    event, waits, hours = SCHEDULES[dialect]
    assert sum(waits) / HOUR == pytest.approx(hours, rel=0.02)
    stretch = 0.8 + 0.4 * share
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url, share=share) as flow:
        await flow.subscribe(receiver.url, event, dialect=dialect)
        # Of the channels vocabulary, the accepted event is one too: it is told first, and everything waits behind it.
        message = await flow.sent()
        begun = flow.clock.now()
        for number, wait in enumerate(waits, 1):
            await receiver.wait_for(number)
            await flow.quiet()
            tried = [row for row in await flow.held() if row[1]]
            due = round(wait * stretch)
            assert [row[1:] for row in tried] == [(number, flow.clock.now() + due)]
            flow.clock.move(due - 1)
            await flow.quiet()
            assert len(receiver.got) == number
            flow.clock.move(1)
        await receiver.wait_for(len(waits) + 1)
        await flow.quiet()
        first = receiver.got[0].id
        assert [each.headers["tidings-attempt"] for each in receiver.got if each.id == first] == [
            str(number) for number in range(1, len(waits) + 2)
        ]
        assert len({each.body for each in receiver.got if each.id == first}) == 1
        assert flow.clock.now() - begun == sum(round(wait * stretch) for wait in waits)
        dead = await flow.held(dead=True)
        assert [row[1:] for row in dead] == [(len(waits) + 1, None)]
        assert flow.world.counts.all()["deliveries", "exhausted"] == 1
        assert message == receiver.got[0].json["payload"]["id"]


async def test_after_what_was_given_up_the_next_of_the_message_is_told(sqlite_url: str) -> None:
    async with Receiver(lambda got: 500 if got.json["name"] == "message.sent" else 204) as receiver:
        async with flowing(sqlite_url) as flow:
            await flow.subscribe(receiver.url)
            message = await flow.sent()
            await receiver.wait_for(1)
            await flow.reached(message, Stage.DELIVERED)
            for number in range(len(OMNICHANNEL)):
                await receiver.wait_for(number + 1)
                await flow.quiet()
                flow.clock.move(OMNICHANNEL[number])
            await receiver.wait_for(len(OMNICHANNEL) + 2)
            await flow.quiet()
            assert [each.json["name"] for each in receiver.got[-2:]] == ["message.sent", "message.delivered"]
            assert await flow.held() == []
            assert not flow.notifier().behind
        told = len(receiver.got)
        # What was given up is not tried again by the next reader either.
        async with flowing(sqlite_url, clock=flow.clock) as flow:
            await flow.quiet()
            flow.clock.move(HOUR)
            await flow.quiet()
            assert len(receiver.got) == told
            assert len(await flow.held(dead=True)) == 1


async def test_a_wait_of_a_stopped_hub_goes_on_where_it_was(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver:
        async with flowing(sqlite_url) as flow:
            await flow.subscribe(receiver.url)
            await flow.sent()
            await until(lambda: flow.notifier()._aside)
            due = (await _written(flow))[2]
        clock = flow.clock
        clock.move(1000)
        async with flowing(sqlite_url, clock=clock) as flow:
            await flow.quiet()
            clock.move(due - clock.now() - 1)
            await flow.quiet()
            assert len(receiver.got) == 1
            clock.move(1)
            await receiver.wait_for(2)
            await flow.quiet()
            assert receiver.got[1].headers["tidings-attempt"] == "2"


async def test_what_fell_due_while_the_hub_was_away_is_told_at_once(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver:
        async with flowing(sqlite_url) as flow:
            await flow.subscribe(receiver.url)
            await flow.sent()
            await until(lambda: flow.notifier()._aside)
        flow.clock.move(HOUR)
        receiver.answer = lambda _: 204
        async with flowing(sqlite_url, clock=flow.clock) as flow:
            await receiver.wait_for(2)
            await flow.quiet()
            assert await flow.held() == []


async def _written(flow: Any) -> tuple[Any, ...]:
    await flow.quiet()
    (held,) = await flow.held()
    return tuple(held)
