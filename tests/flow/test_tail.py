"""The log read from a place: together with others, after what other hubs write, and only as long as one may."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from support.flows import Flow, flowing
from support.waiting import until
from tidings.flow import tail
from tidings.flow.tail import NO_SUCH_MESSAGE, Shown, Streams, Tail, Wish
from tidings.model.errors import Refused
from tidings.model.stages import Stage


def reader(flow: Flow, wish: Callable[[], Wish] | None = None, **more: Any) -> Tail:
    """Make a reader; without another wish, of everything in the workspace."""
    return Tail(flow.world.pages, wish or (lambda: Wish(flow.workspace, lambda _: True)), **more)


def counted(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count what is read from the store."""
    reads: list[int] = []
    really = flow.world.store.read

    async def read(transaction: Any) -> Any:
        reads.append(1)
        return await really(transaction)

    monkeypatch.setattr(flow.world.store, "read", read)
    return reads


def positions(entries: Any) -> list[int]:
    return [entry.telling.event.position for entry in entries]


async def test_readers_at_one_place_share_a_page_and_what_is_made_of_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with flowing(database_url) as flow:
        await flow.accepted()
        reads = counted(flow, monkeypatch)
        found = await asyncio.gather(*(reader(flow).read(0, 10) for _ in range(50)))
        assert len(reads) == 1
        entries = {id(entry): entry for each in found for entry in each.entries}
        (entry,) = entries.values()
        made: list[str] = []

        def show(telling: Any) -> Shown:
            made.append(telling.event.id)
            return Shown("accepted", b"{}")

        assert {id(entry.form("", show)) for _ in range(3)} == {id(entry.form("", show))}
        assert entry.form("other", show) == Shown("accepted", b"{}")
        assert len(made) == 2
        # Later readers read again: something may have been redacted.
        assert (await reader(flow).read(0, 10)).entries[0].forms == {}
        assert len(reads) == 2


async def test_who_reads_after_something_new_does_not_share_what_was_read_before(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with flowing(sqlite_url) as flow:
        really, was_read, go_on = flow.world.store.read, asyncio.Event(), asyncio.Event()

        async def slow(transaction: Any) -> Any:
            found = await really(transaction)
            was_read.set()
            await go_on.wait()
            return found

        monkeypatch.setattr(flow.world.store, "read", slow)
        early = asyncio.ensure_future(reader(flow).read(0, 10))
        await was_read.wait()
        monkeypatch.undo()
        await flow.accepted()
        assert positions((await asyncio.wait_for(reader(flow).read(0, 10), 5)).entries) == [1]
        go_on.set()
        assert positions((await early).entries) == []


async def test_who_reads_less_at_once_gets_what_the_others_get_and_goes_on(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        for _ in range(5):
            await flow.accepted()
        few, many = reader(flow, page=2), reader(flow, page=4)
        found = await asyncio.gather(few.read(0, 10), many.read(0, 10))
        assert [positions(each.entries) for each in found] == [[1, 2, 3, 4, 5]] * 2
        assert [each.is_last for each in found] == [True, True]


async def test_who_goes_away_leaves_the_page_to_the_others(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.accepted()
        reads = counted(flow, monkeypatch)
        first, second = (asyncio.ensure_future(reader(flow).read(0, 10)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert positions((await second).entries) == [1]
        assert (len(reads), first.cancelled()) == (1, True)


async def test_everybody_hears_that_a_page_cannot_be_read(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with flowing(sqlite_url) as flow:

        async def read(transaction: Any) -> Any:
            transaction.close()
            raise OSError("the disk is away")

        monkeypatch.setattr(flow.world.store, "read", read)
        readers = [asyncio.ensure_future(reader(flow).read(0, 10)) for _ in range(3)]
        await asyncio.sleep(0)
        readers[0].cancel()
        told = await asyncio.gather(*readers, return_exceptions=True)
        assert [type(each) for each in told] == [asyncio.CancelledError, OSError, OSError]
        alone = asyncio.ensure_future(reader(flow).read(0, 10))
        await asyncio.sleep(0)
        alone.cancel()
        await until(lambda: flow.world.pages._under_way == {})


async def test_a_page_that_is_given_up_is_forgotten(sqlite_url: str) -> None:
    """As everything under way is where the process ends."""
    async with flowing(sqlite_url) as flow:
        reading = asyncio.ensure_future(reader(flow).read(0, 10))
        await asyncio.sleep(0)
        (task,) = flow.world.pages._under_way.values()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert flow.world.pages._under_way == {}


async def test_who_waits_for_what_is_rare_reads_on_until_it_is_there(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "MOST_READ", 4)
    async with flowing(sqlite_url) as flow:
        for _ in range(15):
            await flow.accepted()
        rare = reader(flow, lambda: Wish(flow.workspace, lambda telling: telling.event.position > 14), page=2)
        assert (await rare.read(0, 10)).end == 4
        assert positions((await asyncio.wait_for(rare.wait(0, 10, 60), 5)).entries) == [15]


async def test_who_may_read_no_more_is_told_before_the_next_page(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        for _ in range(5):
            await flow.accepted()
        left = [1, 1]

        def wish() -> Wish:
            if not left:
                raise Refused("no more")
            left.pop()
            return Wish(flow.workspace, lambda _: False)

        with pytest.raises(Refused):
            await reader(flow, wish, page=2).read(0, 10)


async def test_what_is_written_while_one_reads_is_not_waited_for(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a look that finds nothing and the waiting, somebody writes."""
    async with flowing(sqlite_url) as flow:
        really = flow.world.store.read

        async def read(transaction: Any) -> Any:
            found = await really(transaction)
            if transaction.__name__ != "events_after":
                # Others read the store too, whenever they like.
                return found
            monkeypatch.undo()
            await flow.accepted()
            return found

        monkeypatch.setattr(flow.world.store, "read", read)
        found = await asyncio.wait_for(reader(flow).wait(0, 10, 60), 5)
        assert positions(found.entries) == [1]


async def test_what_another_hub_writes_is_read_at_once(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "LOOK_EVERY", 60)
    async with flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        await until(lambda: "w1" in two.world.directory.workspaces)
        after = 0
        for writer, other in ((one, two), (two, one)) * 5:
            waiting = asyncio.ensure_future(reader(other).wait(after, 10, 60))
            await asyncio.sleep(0.01)
            await writer.accepted()
            found = await asyncio.wait_for(waiting, 5)
            assert positions(found.entries) == [after + 1]
            after = found.end


async def test_who_hears_of_no_other_hub_looks_now_and_then(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "LOOK_EVERY", 0.05)
    async with flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        database: Any = two.world.store.database
        database._listening.cancel()
        await database._listener.close()
        waiting = asyncio.ensure_future(reader(two).wait(0, 10, 60))
        await asyncio.sleep(0.01)
        await one.accepted()
        assert positions((await asyncio.wait_for(waiting, 5)).entries) == [1]


async def test_others_news_wakes_nobody(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose log has grown is said: a busy tenant of one hub costs the readers of another in the next nothing."""
    async with flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        await until(lambda: "w1" in two.world.directory.workspaces)
        await asyncio.sleep(0.05)
        theirs, mine = two.world.log.mark("w2"), two.world.log.mark("w1")
        for _ in range(5):
            await one.accepted()
        await until(lambda: two.world.log.mark("w1") > mine)
        await two.accepted()
        assert two.world.log.mark("w2") == theirs


async def test_events_of_one_message(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message = await flow.sent()
        await flow.accepted()
        await flow.reached(message, Stage.READ)

        def about(named: str) -> Tail:
            return reader(flow, lambda: Wish(flow.workspace, lambda telling: telling.event.position != 2, named))

        some, rest = await about(message).read(0, 2), await about(message).read(4, 2)
        assert (positions(some.entries), some.end, some.is_last) == ([1, 4], 4, False)
        assert (positions(rest.entries), rest.end, rest.is_last) == ([5], 5, True)
        assert await about("nobody's").wait(0, 2, 60) is NO_SUCH_MESSAGE


def test_streams_are_counted_by_workspace() -> None:
    streams = Streams(2)
    assert [streams.open("a"), streams.open("a"), streams.open("a"), streams.open("b")] == [True, True, False, True]
    assert len(streams) == 3
    streams.close("a")
    assert [streams.open("a"), streams.open("a")] == [True, False]
    for each in ("a", "a", "b"):
        streams.close(each)
    assert (len(streams), streams._open) == (0, {})
