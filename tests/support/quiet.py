"""Waiting until notifiers have nothing more to do, so that a test may move the clock without moving it under them."""

from collections.abc import Iterable

from support.waiting import until
from tidings.flow.notify import Notifier


async def quiet(notifiers: Iterable[Notifier]) -> None:
    """Wait until every one has told what it can for now, has judged the answers, and has written everything down."""
    every = list(notifiers)
    await until(lambda: not any(_is_busy(each) for each in every))
    await until(lambda: not any(each._journal._written for each in every))


def _is_busy(notifier: Notifier) -> bool:
    return bool(
        notifier in notifier._world.turns
        or notifier._under_way
        or notifier._aside.retrying
        or notifier._following.reading
    )
