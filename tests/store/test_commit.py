"""Group commit: what is asked at once is written together, and everybody hears what became of their own."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import pytest
import structlog

from support.postgres import Server
from support.stores import ask, database_at, put, read, write
from tidings.store.statements import Transaction, statement
from tidings.store.store import BATCH, Store

PUT = statement("put_setting")


class Notes:
    """Writes settings in bulk, and remembers how it was called."""

    rank = 0

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.told: list[list[str]] = []
        self.trouble: Callable[[str], None] = lambda _: None

    def transaction(self, items: Sequence[str]) -> Transaction[Sequence[str]]:
        self.batches.append(list(items))
        for item in items:
            yield PUT(name=item, value="written")
            self.trouble(item)
        return [item.upper() for item in items]

    def committed(self, outcomes: Sequence[str]) -> None:
        self.told.append(list(outcomes))

    def news(self, outcomes: Sequence[str]) -> str:
        return ""


class Poisoned(Exception):
    pass


def break_at(*names: str) -> Callable[[str], None]:
    def trouble(item: str) -> None:
        if item in names:
            raise Poisoned(item)

    return trouble


async def settings(store: Store) -> set[str]:
    names = [f"n{number:04}" for number in range(BATCH + 50)]
    found = set()
    for name in [*names, "good", "bad", "first", "second", "alone"]:
        if await read(store, "get_setting", name=name):
            found.add(name)
    return found


async def test_what_is_asked_at_once_is_committed_together(store: Store) -> None:
    notes = Notes()
    asked = ["a", "b", "c"]
    outcomes = await asyncio.gather(*(store.put(notes, each) for each in asked))
    assert outcomes == ["A", "B", "C"]
    assert (notes.batches, notes.told) == ([asked], [["A", "B", "C"]])


async def test_a_batch_is_bounded_and_the_order_kept(store: Store) -> None:
    notes = Notes()
    asked = [f"n{number:04}" for number in range(BATCH + 50)]
    done: list[str] = []
    futures = [store.put(notes, each) for each in asked]
    for future in futures:
        future.add_done_callback(lambda done_one: done.append(done_one.result()))
    await asyncio.gather(*futures)
    assert notes.batches == [asked[:BATCH], asked[BATCH:]]
    assert done == [each.upper() for each in asked]


async def test_what_comes_while_a_batch_is_written_is_the_next_batch(store: Store) -> None:
    first, second = Notes(), Notes()
    commit = store.database.commit

    async def slow_commit() -> None:
        if not second.batches:
            later.extend(store.put(second, each) for each in ("x", "y", "z"))
        await commit()

    later: list[asyncio.Future[Any]] = []
    store.database.commit = slow_commit  # type: ignore[method-assign]
    await store.put(first, "a")
    await asyncio.gather(*later)
    assert second.batches == [["x", "y", "z"]]


async def test_one_poisoned_item_fails_alone(store: Store) -> None:
    notes = Notes()
    notes.trouble = break_at("bad")
    results = await asyncio.gather(
        *(store.put(notes, each) for each in ("first", "bad", "second")),
        store.write(ask("put_setting", name="alone", value="v")),
        return_exceptions=True,
    )
    assert [type(each) for each in results] == [str, Poisoned, str, list]
    assert await settings(store) == {"first", "second", "alone"}
    assert notes.told == [["FIRST", "SECOND"]]


async def test_a_query_that_the_database_refuses_fails_alone(store: Store) -> None:
    steps = [put("put_setting", (name, value)) for name, value in (("first", "v"), ("bad", None), ("second", "v"))]
    results = await asyncio.gather(*(store.write(step) for step in steps), return_exceptions=True)
    assert [isinstance(each, Exception) for each in results] == [False, True, False]
    assert await settings(store) == {"first", "second"}


async def test_a_poisoned_kind_does_not_touch_the_others(store: Store) -> None:
    good, bad = Notes(), Notes()
    bad.trouble = break_at("bad")
    results = await asyncio.gather(
        store.put(good, "first"), store.put(bad, "bad"), store.put(good, "second"), return_exceptions=True
    )
    assert [type(each) for each in results] == [str, Poisoned, str]
    assert (good.batches, good.told) == ([["first", "second"]], [["FIRST", "SECOND"]])
    assert await settings(store) == {"first", "second"}


async def test_what_broke_only_once_is_written_after_all(store: Store) -> None:
    """Another process may have been a moment faster with the same key; its row is seen at the second look."""
    notes = Notes()
    broken: list[str] = []

    def once(item: str) -> None:
        if not broken:
            broken.append(item)
            raise Poisoned(item)

    notes.trouble = once
    assert await store.put(notes, "good") == "GOOD"
    assert notes.batches == [["good"], ["good"]]
    assert await settings(store) == {"good"}


async def test_a_commit_that_fails_is_told_to_everybody(store: Store) -> None:
    notes, commit, looks = Notes(), store.database.commit, []
    store.unsure.append(lambda: looks.append(1))

    async def failing() -> None:
        raise OSError("the disk is full")

    store.database.commit = failing  # type: ignore[method-assign]
    asked = [store.put(notes, each) for each in ("first", "second")]
    results = await asyncio.gather(*asked, store.write(ask("start_head", name="x")), return_exceptions=True)
    assert [str(each) for each in results] == ["the disk is full"] * 3
    assert notes.told == []
    assert looks

    store.database.commit = commit  # type: ignore[method-assign]
    assert await settings(store) == set()
    assert await store.put(notes, "good") == "GOOD"
    assert await settings(store) == {"good"}


async def test_a_transaction_that_cannot_begin_is_told_to_everybody(store: Store) -> None:
    begin, rollback = store.database.begin, store.database.rollback

    async def failing() -> None:
        raise OSError("no database")

    store.database.begin = failing  # type: ignore[method-assign]
    store.database.rollback = failing  # type: ignore[method-assign]
    with structlog.testing.capture_logs() as logs, pytest.raises(OSError, match="no database"):
        await write(store, "put_setting", name="bad", value="v")
    assert [each["event"] for each in logs] == ["a batch could not be rolled back"]
    store.database.begin, store.database.rollback = begin, rollback  # type: ignore[method-assign]
    await write(store, "put_setting", name="good", value="v")
    assert await settings(store) == {"good"}


async def test_whoever_breaks_on_hearing_of_a_commit_stops_nobody(store: Store) -> None:
    notes, looks = Notes(), []
    store.unsure.append(lambda: looks.append(1))

    def broken(_: Sequence[str]) -> None:
        raise KeyError("a reader's fault")

    notes.committed = broken  # type: ignore[method-assign, assignment]
    with structlog.testing.capture_logs() as logs:
        assert await store.put(notes, "good") == "GOOD"
    assert [each["event"] for each in logs] == ["what was written could not be handed on"]
    assert looks == [1]
    await write(store, "put_setting", name="alone", value="v")
    assert await settings(store) == {"good", "alone"}


async def test_whoever_asks_and_goes_away_is_written_all_the_same(store: Store) -> None:
    notes = Notes()
    gone = store.put(notes, "good")
    gone.cancel()
    await store.put(notes, "second")
    assert await settings(store) == {"good", "second"}


async def test_closing_writes_what_still_waits(database_url: str) -> None:
    store = Store(database_at(database_url))
    await store.open()
    waiting = [store.put(Notes(), "good"), store.write(ask("put_setting", name="alone", value="v"))]
    writing = asyncio.gather(*waiting)
    await asyncio.sleep(0)
    await store.close()
    await writing
    with pytest.raises(RuntimeError, match="the store is closed"):
        await store.put(Notes(), "bad")
    again = Store(database_at(database_url))
    await again.open()
    assert await settings(again) == {"good", "alone"}
    await again.close()


async def test_a_step_sees_what_it_wrote_and_a_reader_only_what_is_committed(store: Store) -> None:
    seen: list[Any] = []

    def step() -> Transaction[str]:
        yield PUT(name="good", value="v")
        rows = yield statement("get_setting")(name="good")
        seen.append(rows[0][0])
        return "done"

    commit = store.database.commit

    async def looking() -> None:
        seen.append(await read(store, "get_setting", name="good"))
        await commit()

    store.database.commit = looking  # type: ignore[method-assign]
    assert await store.write(step) == "done"
    seen.append(await read(store, "get_setting", name="good"))
    assert seen == ["v", [], [("v",)]]


async def test_a_read_is_one_snapshot(store: Store, database_url: str, postgres: Server) -> None:
    """Between the queries of one read nothing changes, whatever somebody else commits meanwhile."""
    await write(store, "put_setting", name="a", value="old")

    def step() -> Transaction[tuple[str, str]]:
        first = yield statement("get_setting")(name="a")
        change = "UPDATE setting SET value = 'new'"
        if database_url.startswith("sqlite"):
            with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as other:
                other.execute(change)
                other.commit()
        else:
            postgres.sql(change, database=database_url.rpartition("/")[2])
        second = yield statement("get_setting")(name="a")
        return first[0][0], second[0][0]

    assert await store.read(step()) == ("old", "old")
    assert await read(store, "get_setting", name="a") == [("new",)]
