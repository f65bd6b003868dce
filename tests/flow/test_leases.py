"""Several hubs, one of which cannot renew its leases: it tells nothing and writes nothing that is another's by now."""

import asyncio
from typing import Any

from support.flows import Flow, flowing
from support.receiver import Receiver
from support.waiting import until
from tidings.flow.leases import Leases

SETTINGS: dict[str, Any] = {"lease_seconds": 0.3}


def leases_of(flow: Flow) -> Leases:
    return flow.hub.readers._leases


async def fall_silent(flow: Flow) -> None:
    """Renew nothing any more, as a process that is stopped, or has lost its database."""
    for task in flow.hub.readers._tasks:
        task.cancel()
    await asyncio.gather(*flow.hub.readers._tasks, return_exceptions=True)


async def run_out(flow: Flow) -> None:
    await until(lambda: not flow.notifier().lease.holds)


async def test_a_hub_whose_lease_has_run_out_tells_nothing_until_it_is_renewed(postgres_url: str) -> None:
    async with Receiver() as receiver, flowing(postgres_url, **SETTINGS) as flow:
        await flow.subscribe(receiver.url)
        await fall_silent(flow)
        await run_out(flow)
        message = await flow.sent()
        await flow.quiet()
        assert receiver.got == []
        assert flow.notifier().behind
        assert await leases_of(flow).keep()
        await receiver.wait_for(1)
        assert receiver.got[0].json["payload"]["id"] == message


async def test_nothing_set_aside_is_tried_either_while_it_has_run_out(postgres_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(postgres_url, **SETTINGS) as flow:
        await flow.subscribe(receiver.url)
        await flow.sent()
        await receiver.wait_for(1)
        await flow.quiet()
        receiver.answer = lambda _: 204
        await fall_silent(flow)
        await run_out(flow)
        flow.clock.move(5000)
        await flow.quiet()
        assert len(receiver.got) == 1
        assert await leases_of(flow).keep()
        await receiver.wait_for(2)


async def test_what_becomes_of_an_attempt_is_not_written_down_over_another_hubs_word(postgres_url: str) -> None:
    """An endpoint hangs; before it is given up, another hub has told the event, and nothing of it is set aside."""
    settings = {**SETTINGS, "webhook_timeout": 1.0}
    async with Receiver(lambda _: 0) as receiver, flowing(postgres_url, **settings) as silent:
        await silent.subscribe(receiver.url)
        await silent.sent()
        await receiver.wait_for(1)
        receiver.answer = lambda _: 204
        await fall_silent(silent)
        async with flowing(postgres_url, clock=silent.clock, **settings) as other:
            silent.clock.move(300)
            await until(lambda: len(other.hub.readers.notifiers) == 1)
            await receiver.wait_for(2)
            await until(lambda: not other.notifier().behind)
            await other.quiet()
            # The first hub hears now that its attempt came to nothing.
            await until(lambda: len(silent.notifier()._aside) == 1)
            await silent.quiet()
            attempts = await other.stored("attempts_after", subscription=1, after=0, since=0)
            assert [(row[1], row[2]) for row in attempts] == [(1, "done")]
            assert await other.held() == []


async def test_a_reader_whose_lease_another_hub_had_begins_anew(postgres_url: str) -> None:
    async with Receiver() as receiver, flowing(postgres_url, **SETTINGS) as flow:
        await flow.subscribe(receiver.url)
        before = flow.notifier()
        await fall_silent(flow)
        flow.clock.move(300)
        names = sorted(leases_of(flow)._ours)
        other = Leases(flow.world, lambda: None)
        await other.take(names)
        assert all(other.holds(name) for name in names)
        await other.drop()
        assert not await leases_of(flow).keep()
        assert not before.lease.holds
        await flow.hub.readers._settle()
        assert flow.notifier() is not before
        await flow.sent()
        await receiver.wait_for(1)


async def test_a_hub_that_stops_writes_down_what_its_slow_endpoints_still_answer(postgres_url: str) -> None:
    """It holds its leases until then, however long that takes."""
    answering = asyncio.Event()

    class Slow(Receiver):
        async def _take(self, request: Any) -> Any:
            answering.set()
            await asyncio.sleep(1)
            return await super()._take(request)

    async with Slow() as receiver:
        async with flowing(postgres_url, **SETTINGS) as flow:
            await flow.subscribe(receiver.url)
            await flow.sent()
            await answering.wait()
        async with flowing(postgres_url, clock=flow.clock, **SETTINGS) as again:
            await until(lambda: len(again.hub.readers.notifiers) == 1)
            attempts = await again.stored("attempts_after", subscription=1, after=0, since=0)
            assert [(row[1], row[2]) for row in attempts] == [(1, "done")]
            assert len(receiver.got) == 1
