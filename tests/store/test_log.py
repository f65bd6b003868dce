"""The log: positions without gaps in the order of commits, and reading after one."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from support.stores import opened, read, write
from tidings.model.events import Event, Fact, Kind
from tidings.model.messages import Direction, Message
from tidings.store.log import event_row, events_after, events_at, events_of, last_position
from tidings.store.statements import Transaction, statement
from tidings.store.store import Store


def message(id_: str, workspace: str = "w1") -> Message:
    return Message(id=id_, workspace=workspace, direction=Direction.OUTGOING, created_at=1)


def event(position: int, about: Message) -> Event:
    return Event(
        position=position,
        id=f"e{position}",
        workspace=about.workspace,
        message=about.id,
        revision=1,
        kind=Kind.SENT,
        platform="sms",
        channel="c1",
        at=5,
        told_at=4,
        fact=Fact(references=(f"r{position}",)),
    )


class Writer:
    """Writes an event about a message for every item, as the pen does: the positions last."""

    rank = 0

    def transaction(self, items: Sequence[Message]) -> Transaction[Sequence[int]]:
        rows = yield statement("take_positions")(count=len(items))
        first = rows[0][0] - len(items) + 1
        events = [event(position, about) for position, about in enumerate(items, first)]
        yield statement("put_event").many([event_row(each) for each in events])
        return [each.position for each in events]

    def committed(self, outcomes: Sequence[int]) -> None:
        pass

    def news(self, outcomes: Sequence[int]) -> str:
        return "log"


async def put_messages(store: Store, *messages: Message) -> None:
    rows = [(each.id, each.workspace, False, "", msgspec.json.encode(each)) for each in messages]

    def step() -> Transaction[None]:
        yield statement("put_message").many(rows)

    await store.write(step)


async def test_events_are_read_back_as_they_were_written(store: Store) -> None:
    about, other = message("m1"), message("m2")
    await put_messages(store, about, other)
    writer = Writer()
    positions = await asyncio.gather(*(store.put(writer, each) for each in (about, other, about)))
    assert positions == [1, 2, 3]
    assert await store.read(events_after("w1", 0, 10)) == [
        (event(1, about), about),
        (event(2, other), other),
        (event(3, about), about),
    ]
    assert await store.read(events_at([3, 1])) == [(event(1, about), about), (event(3, about), about)]
    assert await store.read(events_at([])) == []
    assert await store.read(events_of("m1")) == [event(1, about), event(3, about)]
    assert await store.read(last_position()) == 3


async def test_an_empty_log_has_no_events(store: Store) -> None:
    assert await store.read(events_after("w1", 0, 10)) == []
    assert await store.read(last_position()) == 0


async def test_a_log_is_read_in_pages_of_one_tenant(store: Store) -> None:
    mine, theirs = message("m1"), message("m2", "w2")
    await put_messages(store, mine, theirs)
    writer = Writer()
    await asyncio.gather(*(store.put(writer, each) for each in [mine, theirs] * 25))
    pages, after = [], 0
    while page := await store.read(events_after("w1", after, 10)):
        pages.append([found.position for found, _ in page])
        after = pages[-1][-1]
    assert pages == [list(range(1, 20, 2)), list(range(21, 40, 2)), list(range(41, 50, 2))]


async def test_a_batch_that_is_undone_leaves_no_gap(store: Store) -> None:
    about = message("m1")
    await put_messages(store, about)
    writer = Writer()

    def broken() -> Transaction[None]:
        yield statement("take_positions")(count=7)
        raise ValueError("after all not")

    results = await asyncio.gather(
        store.put(writer, about), store.write(broken), store.put(writer, about), return_exceptions=True
    )
    assert [each for each in results if isinstance(each, int)] == [1, 2]
    commit = store.database.commit

    async def failing() -> None:
        raise OSError("the disk is full")

    store.database.commit = failing  # type: ignore[method-assign]
    await asyncio.gather(store.put(writer, about), return_exceptions=True)
    store.database.commit = commit  # type: ignore[method-assign]
    assert await store.put(writer, about) == 3


async def test_positions_of_two_processes_are_gap_free_in_the_order_of_commits(postgres_url: str) -> None:
    """Whoever reads up to a position never sees an event appear before it later."""
    each_writes, writers = 150, 2
    about = message("m1")
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        await put_messages(one, about)
        seen: list[int] = []
        writing = True

        async def follow() -> None:
            after = 0
            while True:
                done = not writing
                page = await one.read(events_after("w1", after, 40))
                seen.extend(found.position for found, _ in page)
                after = seen[-1] if seen else 0
                if done and not page:
                    return

        async def work(store: Store) -> None:
            writer = Writer()
            for _ in range(each_writes // 5):
                await asyncio.gather(*(store.put(writer, about) for _ in range(5)))

        following = asyncio.ensure_future(follow())
        await asyncio.gather(work(one), work(two))
        writing = False
        await asyncio.wait_for(following, 10)
        assert seen == list(range(1, each_writes * writers + 1))
        assert await two.read(last_position()) == each_writes * writers


async def test_another_process_hears_what_was_committed_and_not_its_own_words(postgres_url: str) -> None:
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        heard: dict[str, list[str]] = {"one": [], "two": []}
        await one.database.listen(heard["one"].append)
        await two.database.listen(heard["two"].append)
        about = message("m1")
        await put_messages(one, about)
        await one.put(Writer(), about)

        def step() -> Transaction[None]:
            yield statement("put_setting")(name="a", value="b")

        await two.write(step, news="directory")

        async def both() -> None:
            while heard != {"one": ["directory"], "two": ["log"]}:
                await asyncio.sleep(0.005)

        await asyncio.wait_for(both(), 5)


async def test_what_was_not_committed_is_not_heard(postgres_url: str) -> None:
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        heard: list[str] = []
        await two.database.listen(heard.append)
        await one.database.begin()
        await one.database.say("never")
        await one.database.rollback()
        await one.database.begin()
        await one.database.say("now")
        await one.database.commit()

        async def something() -> None:
            while not heard:
                await asyncio.sleep(0.005)

        await asyncio.wait_for(something(), 5)
        assert heard == ["now"]


async def test_sqlite_has_nobody_to_talk_to(sqlite_url: str) -> None:
    async with opened(sqlite_url) as store:
        heard: list[Any] = []
        await store.database.listen(heard.append)
        await store.write(start_another, news="directory")
        assert heard == []
        assert await read(store, "get_setting", name="x") == []
        assert await write(store, "put_setting", name="x", value="y") == []


def start_another() -> Transaction[None]:
    yield statement("start_head")(name="another")
