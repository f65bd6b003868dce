"""PostgreSQL goes away in the middle of things, and comes back."""

import asyncio
from typing import Any

import asyncpg
import pytest
import structlog

from support.postgres import Server, served
from support.stores import ask, opened, read, write
from support.waiting import until
from tidings.store.database import ANYTHING
from tidings.store.postgres import Postgres
from tidings.store.statements import Statement, Transaction, statement
from tidings.store.store import Store

KILL_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

TROUBLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
SHOW = Statement("show", "", "SELECT current_setting('synchronous_commit')", (), frozenset())
SLEEP = Statement("sleep", "", "SELECT pg_sleep(0.1)", (), frozenset())


def kill(postgres: Server, url: str) -> None:
    """End every connection that anybody has to a database."""
    postgres.sql(KILL_OTHERS, database=url.rpartition("/")[2])


def connection_of(store: Store) -> Any:
    assert isinstance(store.database, Postgres)
    return store.database._open


def pid_of(store: Store) -> int:
    return int(connection_of(store).get_server_pid())


async def test_a_connection_lost_in_mid_batch_is_told_and_the_next_batch_works(
    postgres: Server, postgres_url: str
) -> None:
    async with opened(postgres_url) as store:
        looks: list[int] = []
        store.unsure.append(lambda: looks.append(1))
        before = pid_of(store)

        def cut() -> Transaction[None]:
            yield statement("put_setting")(name="lost", value="v")
            kill(postgres, postgres_url)
            yield statement("put_setting")(name="lost too", value="v")

        asked = [store.write(cut), *(store.write(ask("put_setting", name=f"n{n}", value="v")) for n in range(3))]
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert [isinstance(each, TROUBLE) for each in results] == [True] * 4
        assert looks

        await write(store, "put_setting", name="after", value="v")
        assert pid_of(store) != before
        found = [name for name in ("lost", "n0", "after") if await read(store, "get_setting", name=name)]
        assert found == ["after"]


async def test_a_connection_lost_between_batches_costs_one_batch_at_most(postgres: Server, postgres_url: str) -> None:
    async with opened(postgres_url) as store:
        kill(postgres, postgres_url)
        await asyncio.gather(write(store, "put_setting", name="a", value="v"), return_exceptions=True)
        await write(store, "put_setting", name="b", value="v")
        assert await read(store, "get_setting", name="b") == [("v",)]


async def test_a_commit_whose_answer_is_lost_is_told_as_failed(postgres: Server, postgres_url: str) -> None:
    """It may be on disk all the same: whoever follows the log in memory is told to look."""
    async with opened(postgres_url) as store:
        looks: list[int] = []
        store.unsure.append(lambda: looks.append(1))
        commit = store.database.commit

        async def cut() -> None:
            await commit()
            raise ConnectionResetError("the answer is lost")

        store.database.commit = cut  # type: ignore[method-assign]
        with pytest.raises(ConnectionResetError):
            await write(store, "put_setting", name="a", value="v")
        store.database.commit = commit  # type: ignore[method-assign]
        assert looks == [1]
        assert await read(store, "get_setting", name="a") == [("v",)]


async def test_who_listens_hears_again_after_the_connection_was_lost(postgres: Server, postgres_url: str) -> None:
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        heard: list[str] = []
        await two.database.listen(heard.append)
        kill(postgres, postgres_url)
        # What was said meanwhile is lost, so they are told to look at everything.
        await until(lambda: heard == [ANYTHING], what=f"heard {heard}")
        await asyncio.gather(write(one, "put_setting", name="a", value="v"), return_exceptions=True)
        await one.write(ask("put_setting", name="a", value="v"), news="directory")
        await until(lambda: heard == [ANYTHING, "directory"], what=f"heard {heard}")


async def test_a_server_that_crashes_and_is_started_again_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.store.postgres._AGAIN_AFTER", 0.02)
    with served() as server:
        async with opened(server.url("postgres")) as store:
            heard: list[str] = []
            await store.database.listen(heard.append)
            await write(store, "put_setting", name="before", value="v")
            server.stop()
            with structlog.testing.capture_logs() as logs:
                for _ in range(2):
                    with pytest.raises(TROUBLE):
                        await write(store, "put_setting", name="lost", value="v")
                    with pytest.raises(TROUBLE):
                        await read(store, "get_setting", name="before")
                await until(lambda: logs, what="a word on not hearing others")
            server.start()
            await write(store, "put_setting", name="after", value="v")
            names = ("before", "lost", "after")
            assert [await read(store, "get_setting", name=name) for name in names] == [[("v",)], [], [("v",)]]
            await until(lambda: heard == [ANYTHING], what=f"heard {heard}")


async def test_a_commit_waits_for_the_disk_whatever_the_server_usually_does(
    postgres: Server, postgres_url: str
) -> None:
    name = postgres_url.rpartition("/")[2]
    for usual, ours in (("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")):
        postgres.sql(f"ALTER DATABASE {name} SET synchronous_commit = {usual}")
        async with opened(postgres_url) as store:

            def show() -> Transaction[Any]:
                return (yield SHOW())

            assert await store.write(show) == [(ours,)]


async def test_two_processes_that_wait_for_each_other_in_a_ring_both_get_on(postgres_url: str) -> None:
    """PostgreSQL undoes one of them; that one is tried again, and waits for the other now."""
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        for name in ("a", "b"):
            await write(one, "put_setting", name=name, value="0")
        # Only the second one looks for rings, so that it is the one to be undone.
        await connection_of(one).execute("SET deadlock_timeout = '1h'")
        await connection_of(two).execute("SET deadlock_timeout = '20ms'")
        held, tries = asyncio.Event(), []

        def step() -> Transaction[None]:
            yield statement("put_setting")(name="b", value="two")
            tries.append(1)
            held.set()
            yield statement("put_setting")(name="a", value="two")

        await one.database.begin()
        await one.database.run(ask("put_setting", name="a", value="one")())
        writing = asyncio.ensure_future(two.write(step))
        await held.wait()
        await one.database.run(ask("put_setting", name="b", value="one")())
        await one.database.commit()
        await asyncio.wait_for(writing, 20)
        assert len(tries) == 2
        assert [(await read(one, "get_setting", name=name))[0] for name in "ab"] == [("two",), ("two",)]
