"""Doing something once, however often it is asked with the same idempotency key."""

from collections.abc import Callable
from typing import TypeVar

from tidings.flow.facts import Promise
from tidings.flow.page import promise_row
from tidings.store.statements import Transaction, statement

T = TypeVar("T")


def once(
    promise: Promise | None, now: int, step: Callable[[], Transaction[T]]
) -> Callable[[], Transaction[T | Promise]]:
    """Make a step that gives what was promised before instead of being done again, and keeps its promise with it."""

    def transaction() -> Transaction[T | Promise]:
        if promise is not None:
            rows = yield statement("answered_before")(workspace=promise.workspace, key=promise.key)
            if rows:
                return Promise(promise.workspace, promise.key, *rows[0])
        result = yield from step()
        if promise is not None:
            yield statement("put_answered").many([promise_row(promise, now)])
        return result

    return transaction
