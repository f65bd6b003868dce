"""A database that stands still: what is told meanwhile, and would be told again if we died, stays bounded."""

import asyncio
from typing import Any

import asyncpg
import pytest

from support.flows import flowing
from support.receiver import Receiver
from support.waiting import until
from tidings.flow import journal

CONCURRENCY = 4


async def test_no_more_is_told_while_too_much_waits_for_the_disk(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MOST_UNWRITTEN", 20)
    answering = asyncio.Event()

    class Gated(Receiver):
        async def _take(self, request: Any) -> Any:
            await answering.wait()
            return await super()._take(request)

    async with Gated() as receiver, flowing(postgres_url, webhook_concurrency=CONCURRENCY) as flow:
        await flow.subscribe(receiver.url)
        # Of an endpoint that has answered some is read ahead.
        answering.set()
        await asyncio.gather(*(flow.sent() for _ in range(CONCURRENCY)))
        await flow.quiet()
        answering.clear()
        await asyncio.gather(*(flow.sent() for _ in range(60)))
        await until(lambda: len(flow.notifier()._open) == 60)
        receiver.got.clear()
        beside = await asyncpg.connect(postgres_url)
        async with beside.transaction():
            await beside.execute("SELECT * FROM cursor FOR UPDATE")
            answering.set()
            await receiver.wait_for(20)
            await asyncio.sleep(0.1)
            assert len(receiver.got) <= 20 + CONCURRENCY
            assert flow.notifier().behind
        await receiver.wait_for(60)
        await flow.quiet()
        assert len({each.id for each in receiver.got}) == len(receiver.got) == 60
        assert not flow.notifier().behind
        await beside.close()
