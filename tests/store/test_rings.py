"""Two processes on one PostgreSQL database write the same rows at once, and never wait for each other in a ring."""

import asyncio
from collections.abc import Sequence
from typing import Any

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


async def test_kinds_are_written_in_one_order_whichever_came_first(postgres_url: str) -> None:
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        first, second = Bulk(0, "log"), Bulk(1, "subscription")
        asked = [one.put(first, 1), one.put(second, 2), two.put(second, 3), two.put(first, 4)]
        async with asyncio.timeout(5):
            assert await asyncio.gather(*asked) == [1, 2, 3, 4]
        assert await deadlocks(one) == 0


async def test_a_step_of_its_own_comes_after_every_bulk(postgres_url: str) -> None:
    """A lease is taken in such a step, the head of the log in a bulk."""
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
        assert await deadlocks(one) == 0


async def deadlocks(store: Store) -> int:
    """How many rings PostgreSQL has had to break in this database."""
    asked = Statement(
        "deadlocks", "", "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()", (), frozenset()
    )

    def step() -> Transaction[int]:
        return int((yield asked())[0][0])

    await asyncio.sleep(0.1)
    return await store.read(step())
