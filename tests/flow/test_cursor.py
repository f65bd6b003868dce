"""A reader that was away, far behind or killed goes on from what is on disk: no hole, and no order lost."""

import asyncio
import shutil
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from support.flows import RAW, Flow, flowing
from support.receiver import Got, Receiver
from support.waiting import until
from tidings.flow import ahead, following, notify
from tidings.flow.attempts import Changes, Ledger
from tidings.flow.facts import Accepted, Submitted
from tidings.model.exchange import Piece, Sent
from tidings.model.stages import Stage
from tidings.model.subscriptions import Attempt, Held, Progress, Verdict
from tidings.rules.endpoint import Condition
from tidings.store.statements import Query


def ids(got: Sequence[Got]) -> list[str]:
    return [each.id for each in got]


async def write_many(flow: Flow, number: int) -> list[str]:
    """Take and send many messages at once: two events each, one of which the omnichannel vocabulary tells."""
    takings = [flow.taking("nobody's") for _ in range(number)]
    await flow.world.record(Accepted(tuple(takings)))
    messages = [taking.message.id for taking in takings]
    sent = [Submitted(each, 0, Sent(pieces=(Piece(f"ref {each}"),), answer=RAW)) for each in messages]
    await asyncio.gather(*(flow.world.record(each) for each in sent))
    return messages


async def test_a_reader_far_behind_catches_up_in_pages(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 events that were written while the endpoint was off; memory holds a window of them."""
    monkeypatch.setattr(ahead, "WINDOW", 200)
    monkeypatch.setattr(following, "PAGE", 100)
    most = 0
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        made = await flow.subscribe(receiver.url, active=False)
        messages = [each for _ in range(4) for each in await write_many(flow, 250)]
        for stage in (Stage.DELIVERED,):
            await asyncio.gather(*(flow.reached(each, stage) for each in messages))

        def answer(_: Got) -> int:
            nonlocal most
            most = max(most, len(flow.notifier()._open))
            return 204

        receiver.answer = answer
        await flow.put(replace(made, active=True))
        await receiver.wait_for(2000, seconds=30)
        await flow.quiet()
        assert Counter(ids(receiver.got)).most_common(1)[0][1] == 1
        told = defaultdict(list)
        for each in receiver.got:
            told[each.json["payload"]["id"]].append(each.json["name"])
        assert dict(told) == {each: ["message.sent", "message.delivered"] for each in messages}
        assert most <= 300
        assert await flow.cursor() == 3000
        assert not flow.notifier().behind


async def test_events_written_while_a_reader_catches_up_are_told_once(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PAGE", 20)
    monkeypatch.setattr(ahead, "WINDOW", 40)
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        made = await flow.subscribe(receiver.url, active=False)
        await write_many(flow, 100)
        await flow.put(replace(made, active=True))
        for _ in range(20):
            await write_many(flow, 5)
            await asyncio.sleep(0)
        await receiver.wait_for(200)
        await flow.quiet()
        assert Counter(ids(receiver.got)).most_common(1)[0][1] == 1
        assert len(receiver.got) == 200


async def test_a_killed_reader_loses_nothing_and_repeats_only_what_was_under_way(
    sqlite_url: str, tmp_path: Path
) -> None:
    """What is on disk at the moment of the kill is copied away, and another hub goes on from the copy."""
    copy = tmp_path / "copy.db"
    answers: dict[str, int] = {}
    async with Receiver(lambda got: answers.get(got.json["payload"]["id"], 204)) as receiver:
        async with flowing(sqlite_url, webhook_timeout=0.5) as flow:
            await flow.subscribe(receiver.url)
            takings = [flow.taking("nobody's") for _ in range(3)]
            failing, hanging, told = (each.message.id for each in takings)
            answers.update({failing: 500, hanging: 0})
            await flow.world.record(Accepted(tuple(takings)))
            for message in (failing, hanging, told):
                await flow.world.record(Submitted(message, 0, Sent(pieces=(Piece(f"ref {message}"),), answer=RAW)))
            await flow.reached(failing, Stage.DELIVERED)
            await flow.reached(told, Stage.DELIVERED)
            await receiver.wait_for(4)
            await until(lambda: flow.notifier()._journal._written is None and len(flow.notifier()._open) == 1)
            # The hanging one is under way: the cursor stands before it, and what came after it is finished.
            (position,) = (row[0] for row in await flow.stored("events_of", message=hanging) if b'"sent"' in row[1])
            assert await flow.cursor() == position - 1
            flow.world.store.database._open.execute("PRAGMA wal_checkpoint(FULL)")  # type: ignore[attr-defined]
            shutil.copy(sqlite_url.removeprefix("sqlite:///"), copy)
        receiver.got.clear()
        answers.clear()
        async with flowing(f"sqlite:///{copy}", clock=flow.clock) as again:
            await receiver.wait_for(1)
            again.clock.move(5000)
            await receiver.wait_for(3)
            await again.quiet()
            got = [(each.json["payload"]["id"], each.json["name"]) for each in receiver.got]
            assert got == [(hanging, "message.sent"), (failing, "message.sent"), (failing, "message.delivered")]
            assert await again.held() == []
            assert await again.cursor() == (await again.stored("last_position"))[0][0]


async def test_a_hub_that_is_closed_and_opened_tells_nothing_twice(sqlite_url: str) -> None:
    async with Receiver() as receiver:
        clock = None
        for number in range(3):
            async with flowing(sqlite_url, clock=clock) as flow:
                clock = flow.clock
                if not number:
                    await flow.subscribe(receiver.url)
                await write_many(flow, 20)
        async with flowing(sqlite_url, clock=clock) as flow:
            await receiver.wait_for(60)
            await flow.quiet()
        assert len(receiver.got) == len(set(ids(receiver.got))) == 60


async def test_what_could_not_be_written_is_written_later(sqlite_url: str) -> None:
    """The batch with the attempts is lost: they are kept, and go out with the next."""
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        message = await flow.sent()
        await receiver.wait_for(1)
        await flow.quiet()
        database = flow.world.store.database
        commit = database.commit

        async def failing() -> None:
            raise OSError("the disk is full")

        database.commit = failing  # type: ignore[method-assign]
        flow.clock.move(5000)
        await receiver.wait_for(2)
        await until(lambda: flow.notifier()._journal._changes.attempts)
        database.commit = commit  # type: ignore[method-assign]
        flow.clock.move(1000)
        await flow.quiet()
        (position,) = (row[0] for row in (await flow.held()))
        found = await flow.stored("attempts_at", subscriptions=[1], positions=[position])
        assert [row[2] for row in found] == [1, 2]
        assert [row[1] for row in await flow.held()] == [2]
        assert message == receiver.got[0].json["payload"]["id"]


async def test_a_log_that_cannot_be_read_is_read_later(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        database = flow.world.store.database
        read = database.read

        async def failing(transaction: Any) -> Any:
            raise OSError("no database")

        database.read = failing  # type: ignore[method-assign]
        flow.world.log.look()
        await flow.sent()
        await until(lambda: not flow.notifier()._following.reading)
        database.read = read  # type: ignore[method-assign]
        assert receiver.got == []
        flow.clock.move(1000)
        await receiver.wait_for(1)


async def test_a_held_event_that_cannot_be_read_is_tried_later(sqlite_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await flow.sent()
        await until(lambda: flow.notifier()._aside)
        await flow.quiet()
        database = flow.world.store.database
        read = database.read

        async def failing(transaction: Any) -> Any:
            raise OSError("no database")

        database.read = failing  # type: ignore[method-assign]
        flow.clock.move(5000)
        await until(lambda: flow.notifier()._aside._due)
        database.read = read  # type: ignore[method-assign]
        flow.clock.move(1000)
        await receiver.wait_for(2)


async def test_no_more_is_set_aside_than_memory_bears(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "MOST_HELD", 20)
    turns = cycle((500, 500, 204))
    async with Receiver(lambda _: next(turns)) as receiver, flowing(sqlite_url, webhook_concurrency=4) as flow:
        await flow.subscribe(receiver.url)
        for _ in range(10):
            await write_many(flow, 10)
        await until(lambda: len(flow.notifier()._aside) >= 20)
        await flow.quiet()
        for _ in range(10):
            await write_many(flow, 10)
        await flow.quiet()
        assert len(flow.notifier()._aside) < 20 + 100
        receiver.answer = lambda _: 204
        for _ in range(300):
            flow.clock.move(60_000)
            await flow.quiet()
            if not flow.notifier().behind:
                break
        assert len(set(ids(receiver.got))) == 200
        assert await flow.cursor() == (await flow.stored("last_position"))[0][0]


# -- the ledger -------------------------------------------------------------------------------------------------------


def held(position: int, tries: int = 1) -> Held:
    return Held(subscription=1, position=position, message="m", tries=tries, first_at=1, due_at=2)


def attempt(position: int, number: int = 1) -> Attempt:
    return Attempt(subscription=1, position=position, number=number, at=1, took_ms=1, status=500, verdict=Verdict.RETRY)


class Going:
    """A notifier that goes on while its changes are on the way to the database."""

    serial = 1
    epoch = 0

    def __init__(self) -> None:
        self.cursor = 7

    def take_changes(self) -> Changes:
        return Changes([attempt(8)], {8: held(8)}, {3}, cursor=self.cursor)


def test_the_cursor_is_written_as_it_stood_when_the_changes_were_taken() -> None:
    """Later it may stand behind an event that these changes say nothing of."""
    going = Going()
    writing = Ledger().transaction([going])
    query: Query = next(writing)
    asked: dict[str, Any] = {}
    try:
        while True:
            asked[query.statement.name] = query.rows
            going.cursor = 99
            query = writing.send([])
    except StopIteration:
        pass
    assert list(asked) == ["put_attempt", "put_held", "drop_held", "move_cursor"]
    assert asked["move_cursor"] == [(7, b"", 1, 0)]


def test_newer_changes_go_on_top_of_older_ones() -> None:
    failing = Condition(failing_since=1, streak=1)
    older = Changes(
        [attempt(1)], {1: held(1), 2: held(2), 3: held(3)}, {4, 5}, {"r1": Progress(3), "r2": Progress(1)}, 6, failing
    )
    newer = Changes([attempt(2)], {2: held(2, 2), 4: held(4)}, {1}, {"r1": Progress(5)}, 9)
    assert newer.over(older) == Changes(
        [attempt(1), attempt(2)],
        {2: held(2, 2), 3: held(3), 4: held(4)},
        {1, 5},
        {"r1": Progress(5), "r2": Progress(1)},
        9,
    )
