"""Two processes on one PostgreSQL database write the same rows at once, and never wait for each other in a ring."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from support.postgres import Server
from support.stores import ask, opened
from tidings.store.statements import Statement, Transaction, statement
from tidings.store.store import Store

A_MOMENT = Statement("a_moment", "", "SELECT pg_sleep(0.2)", (), frozenset())


class Bulk:
    """Takes a row's lock, and a moment later the next kind takes its own."""

    def __init__(self, rank: int, head: str) -> None:
        self.rank = rank
        self._head = head

    def transaction(self, items: Sequence[Any]) -> Transaction[Sequence[Any]]:
        yield statement("start_head")(name=self._head)
        if self._head == "log":
            yield statement("take_positions")(count=1)
        else:
            yield statement("next_serial")()
        yield A_MOMENT()
        return items

    def committed(self, outcomes: Sequence[Any]) -> None:
        pass

    def news(self, outcomes: Sequence[Any]) -> str:
        return ""


async def test_kinds_are_written_in_one_order_whichever_came_first(postgres: Server, postgres_url: str) -> None:
    before = rings(postgres)
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        first, second = Bulk(0, "log"), Bulk(1, "subscription")
        asked = [one.put(first, 1), one.put(second, 2), two.put(second, 3), two.put(first, 4)]
        async with asyncio.timeout(5):
            assert await asyncio.gather(*asked) == [1, 2, 3, 4]
    assert rings(postgres) == before


async def test_a_step_of_its_own_comes_after_every_bulk(postgres: Server, postgres_url: str) -> None:
    """A lease is taken in such a step, the head of the log in a bulk."""
    before = rings(postgres)
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        lease = ask("take_lease", name="sweep", holder="x", until=2, now=1)

        def waiting() -> Transaction[list[Any]]:
            rows = yield from lease()
            yield A_MOMENT()
            return rows

        bulk = Bulk(0, "log")

        async def written(store: Store) -> None:
            await store.put(bulk, 1)

        async with asyncio.timeout(5):
            await asyncio.gather(two.write(waiting), written(two), written(one), one.write(waiting))
    assert rings(postgres) == before


async def test_a_ring_would_be_seen(postgres: Server, postgres_url: str) -> None:
    before = rings(postgres)
    async with connected(postgres_url) as one, connected(postgres_url) as two:
        await one.execute("CREATE TABLE taken (name TEXT PRIMARY KEY); INSERT INTO taken VALUES ('a'), ('b')")
        for each in (one, two):
            await each.execute("SET deadlock_timeout = '20ms'; BEGIN")
        take = "SELECT FROM taken WHERE name = $1 FOR UPDATE"
        await one.execute(take, "a")
        await two.execute(take, "b")
        ended = await asyncio.gather(one.execute(take, "b"), two.execute(take, "a"), return_exceptions=True)
    assert [type(each) for each in ended].count(asyncpg.DeadlockDetectedError) == 1
    assert rings(postgres) == before + 1


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def rings(server: Server) -> int:
    """How many rings PostgreSQL has had to break, by its own log; its statistics come seconds late."""
    return (server.folder / "log").read_text().count("deadlock detected")
