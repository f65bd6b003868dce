"""One endpoint's trouble is no other's: who answers goes before those that fail, are late, or were never heard from."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from support.flows import Flow, flowing
from support.receiver import Receiver
from support.waiting import until
from tidings.flow import ahead, following, log, notify, turns
from tidings.flow.endpoint import FIRST
from tidings.flow.lanes import Bundle
from tidings.flow.notify import Notifier
from tidings.store.log import events_after


@pytest.fixture
def lively(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something new is being told all the time, and a round is one turn."""
    monkeypatch.setattr(log, "A_MOMENT", 60)
    monkeypatch.setattr(turns, "LASTING", 0.0)


def notifier_of(flow: Flow, id_: str) -> Notifier:
    return next(each for each in flow.hub.readers.notifiers if each.subscription.id == id_)


def listens(flow: Flow, notifier: Notifier) -> bool:
    return notifier in flow.world.log._listening["w1"]


async def test_little_is_read_for_an_endpoint_that_nobody_has_heard_from(sqlite_url: str) -> None:
    settings: dict[str, Any] = {"webhook_timeout": 2.0}
    async with Receiver(lambda _: 0) as hanging, Receiver() as healthy, flowing(sqlite_url, **settings) as flow:
        await flow.subscribe(hanging.url)
        await flow.subscribe(healthy.url, id_="s2")
        for _ in range(10):
            await asyncio.gather(*(flow.sent() for _ in range(40)))
        await healthy.wait_for(400)
        silent = notifier_of(flow, "s1")
        assert silent._under_way == FIRST
        # Half of the log is wanted, so a second page may be twice as long.
        assert len(silent._open) < ahead.LEAST + 2 * following.LEAST
        assert silent.behind
        assert not listens(flow, silent)
        assert listens(flow, notifier_of(flow, "s2"))


async def test_more_is_read_the_more_it_answers(sqlite_url: str) -> None:
    async with Receiver(lambda _: 0) as receiver, flowing(sqlite_url, webhook_timeout=0.2) as flow:
        await flow.subscribe(receiver.url)
        await asyncio.gather(*(flow.sent() for _ in range(100)))
        notifier = flow.notifier()
        before = notifier._window
        receiver.answer = lambda _: 204
        while notifier.behind:
            flow.clock.move(5000)
            await flow.quiet()
        assert notifier._window > before
        assert len({each.id for each in receiver.got}) == 100
        assert listens(flow, notifier)


async def test_more_is_read_at_once_where_little_is_wanted(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pages: list[int] = []

    def counted(workspace: str, after: int, limit: int) -> Any:
        pages.append(limit)
        return events_after(workspace, after, limit)

    monkeypatch.setattr("tidings.flow.following.events_after", counted)
    async with flowing(sqlite_url) as flow:
        made = await flow.subscribe("http://127.0.0.1:9/", "interaction.click", active=False)
        await asyncio.gather(*(flow.sent() for _ in range(150)))
        await flow.put(replace(made, active=True))
        await until(lambda: not flow.notifier().behind)
        assert flow.notifier().cursor == 300
    assert pages == [8, 16, 32, 64, 100, 100]


async def test_endpoints_that_nobody_has_heard_from_are_tried_one_after_the_other(
    sqlite_url: str, lively: None
) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        for number in range(20):
            await flow.subscribe(receiver.url, id_=f"s{number}")
        posts = _turns(flow.hub.readers.notifiers)
        await flow.sent()
        await receiver.wait_for(20)
        assert max(posts.values()) == 1
        await flow.quiet()
        posts.clear()
        # They have answered: nobody waits for a turn any more.
        await flow.sent()
        await receiver.wait_for(40)
        assert max(posts.values()) == 20


async def test_what_is_set_aside_is_tried_in_turns_while_the_endpoint_fails(sqlite_url: str, lively: None) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await asyncio.gather(*(flow.sent() for _ in range(3)))
        await until(lambda: len(flow.notifier()._aside) == 3)
        await flow.quiet()
        reads: list[int] = []
        tell = flow.notifier()._retrying._tell

        async def counted(positions: list[int]) -> None:
            reads.append(len(positions))
            await tell(positions)

        flow.notifier()._retrying._tell = counted  # type: ignore[method-assign]
        flow.clock.move(6000)
        await receiver.wait_for(6)
        assert reads == [1, 1, 1]


async def test_what_is_late_goes_in_turns_while_something_new_is_told(sqlite_url: str, lively: None) -> None:
    posts = await _late(sqlite_url)
    assert max(posts.values()) == turns.A_FEW


async def test_what_is_late_goes_at_once_where_nothing_else_is_told(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "A_MOMENT", 0)
    posts = await _late(sqlite_url)
    assert max(posts.values()) > turns.A_FEW


async def _late(sqlite_url: str) -> Counter[int]:
    """Have 60 events wait for an endpoint that fails, then let it answer; gives the posts of each turn of the loop."""
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await asyncio.gather(*(flow.sent() for _ in range(60)))
        await until(lambda: flow.notifier().endpoint.is_stopped)
        await flow.quiet()
        receiver.answer = lambda _: 204
        posts, told = _turns([flow.notifier()]), len(receiver.got)
        flow.clock.move(notify.LATE + 1000)
        await receiver.wait_for(told + 60)
        await flow.quiet()
        assert not flow.notifier().behind
        return posts


def _turns(notifiers: Sequence[Notifier]) -> Counter[int]:
    """Count the posts of each turn of the event loop, by its number."""
    posts: Counter[int] = Counter()
    turn = 0
    loop = asyncio.get_running_loop()

    def tick() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(tick)

    def count(notifier: Notifier) -> None:
        post = notifier._post

        def counted(bundle: Bundle) -> None:
            posts[turn] += 1
            post(bundle)

        notifier._post = counted  # type: ignore[method-assign]

    for each in notifiers:
        count(each)
    tick()
    return posts
