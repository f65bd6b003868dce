"""One endpoint's trouble is no other's: little is read ahead for it, and its backlog waits for what is new."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from support.flows import flowing
from support.receiver import Receiver
from support.waiting import until
from tidings.flow import log, notify
from tidings.flow.endpoint import FIRST
from tidings.flow.lanes import Bundle


async def test_little_is_read_for_an_endpoint_that_nobody_has_heard_from(sqlite_url: str) -> None:
    settings: dict[str, Any] = {"webhook_timeout": 2.0}
    async with Receiver(lambda _: 0) as hanging, Receiver() as healthy, flowing(sqlite_url, **settings) as flow:
        await flow.subscribe(hanging.url)
        await flow.subscribe(healthy.url, id_="s2")
        for _ in range(10):
            await asyncio.gather(*(flow.sent() for _ in range(40)))
        await healthy.wait_for(400)
        silent = next(each for each in flow.hub.readers.notifiers if each.subscription.id == "s1")
        assert FIRST * notify.AHEAD <= len(silent._open) < FIRST * notify.AHEAD + 100
        assert silent.behind


async def test_more_is_read_the_more_it_answers(sqlite_url: str) -> None:
    async with Receiver(lambda _: 0) as receiver, flowing(sqlite_url, webhook_timeout=0.2) as flow:
        await flow.subscribe(receiver.url)
        await asyncio.gather(*(flow.sent() for _ in range(100)))
        notifier = flow.notifier()
        before = notifier._window
        receiver.answer = lambda _: 204
        while notifier.behind:
            flow.clock.move(5000)
            await asyncio.sleep(0.01)
        assert notifier._window > before
        assert len({each.id for each in receiver.got}) == 100


async def test_what_is_late_goes_in_small_turns_while_something_new_is_told(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "A_MOMENT", 60)
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await asyncio.gather(*(flow.sent() for _ in range(60)))
        await until(lambda: flow.notifier().endpoint.is_stopped)
        receiver.answer = lambda _: 204
        posts, told = _turns(flow.notifier()), len(receiver.got)
        flow.clock.move(notify.LATE + 1000)
        await receiver.wait_for(told + 60)
        await flow.quiet()
        assert max(posts.values()) <= notify.A_TURN
        assert not flow.notifier().behind


async def test_what_is_late_goes_at_once_where_nothing_else_is_told(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "A_MOMENT", 0)
    async with Receiver(lambda _: 500) as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await asyncio.gather(*(flow.sent() for _ in range(60)))
        await until(lambda: flow.notifier().endpoint.is_stopped)
        receiver.answer = lambda _: 204
        posts, told = _turns(flow.notifier()), len(receiver.got)
        flow.clock.move(notify.LATE + 1000)
        await receiver.wait_for(told + 60)
        assert max(posts.values()) > notify.A_TURN


def _turns(notifier: notify.Notifier) -> Counter[int]:
    """Count the posts of each turn of the event loop, by its number."""
    posts: Counter[int] = Counter()
    turn = 0
    loop = asyncio.get_running_loop()
    post = notifier._post

    def tick() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(tick)

    def counted(bundle: Bundle) -> None:
        posts[turn] += 1
        post(bundle)

    notifier._post = counted  # type: ignore[method-assign]
    tick()
    return posts
