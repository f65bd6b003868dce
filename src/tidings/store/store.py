"""The store: every write of a process in one line, committed together.

Whoever wants something written waits for its own batch. Steps of one kind that come in numbers (facts, attempts) share
their queries: a `Bulk` writes many of them at once.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from tidings.store.database import Database
from tidings.store.statements import Transaction

T = TypeVar("T")
I_contra = TypeVar("I_contra", contravariant=True)
O_co = TypeVar("O_co", covariant=True)

BATCH = 256
"""How many steps a batch takes at most, so that one turn of the event loop stays short."""


class Bulk(Protocol[I_contra, O_co]):
    """Writes many items of one kind with the same few queries."""

    def transaction(self, items: Sequence[I_contra]) -> Transaction[Sequence[O_co]]:
        """Write the items in order; give each one's outcome."""

    def committed(self, outcomes: Sequence[Any]) -> None:
        """Hear that the items with these outcomes are on disk."""

    def news(self, outcomes: Sequence[Any]) -> str:
        """What other processes must be told of them; empty for nothing."""


class _One(Struct, Generic[T]):
    """A step on its own."""

    step: Callable[[], Transaction[T]]
    news: str


class _Job(Struct):
    bulk: Any
    item: Any
    future: "asyncio.Future[Any]"
    outcome: Any = None
    error: BaseException | None = None


class Store:
    """One store over either database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._jobs: list[_Job] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self.unsure: list[Callable[[], None]] = []
        """Called when a batch was lost: whoever follows the log in memory must look into it again."""

    async def open(self) -> None:
        """Open the database and start writing."""
        await self.database.open()
        self._task = asyncio.get_running_loop().create_task(self._write_all(), name="store writer")

    async def close(self) -> None:
        """Write what is still waiting, then close."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        await self.database.close()

    def put(self, bulk: Bulk[Any, Any], item: Any) -> "asyncio.Future[Any]":
        """Have an item written with others of its kind; the future is done when it is on disk."""
        future = asyncio.get_running_loop().create_future()
        self._jobs.append(_Job(bulk, item, future))
        self._wake.set()
        return future

    async def write(self, step: Callable[[], Transaction[T]], *, news: str = "") -> T:
        """Run one step of its own in the next batch; `news` is what other processes are told of it."""
        result: T = await self.put(_ALONE, _One(step, news))
        return result

    async def read(self, transaction: Transaction[T]) -> T:
        """Run a step that only reads."""
        return await self.database.read(transaction)

    async def _write_all(self) -> None:
        while True:
            if not self._jobs:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            batch, self._jobs = self._jobs[:BATCH], self._jobs[BATCH:]
            await self._write_batch(batch)

    async def _write_batch(self, batch: Sequence[_Job]) -> None:
        try:
            await self.database.begin()
            kinds: dict[int, list[_Job]] = {}
            for job in batch:
                kinds.setdefault(id(job.bulk), []).append(job)
            for jobs in kinds.values():
                await self._write_kind(jobs)
            for jobs in kinds.values():
                if text := jobs[0].bulk.news([job.outcome for job in jobs if job.error is None]):
                    await self.database.say(text)
            await self.database.commit()
        except Exception as error:  # noqa: BLE001 - whatever it was, it is handed to everybody who waits for it
            await self._forget(batch, error)
            return
        for jobs in kinds.values():
            jobs[0].bulk.committed([job.outcome for job in jobs if job.error is None])
        for job in batch:
            _resolve(job)

    async def _write_kind(self, jobs: Sequence[_Job]) -> None:
        """Write jobs of one kind together; where one of them breaks, each by itself, so that only it fails."""
        await self.database.mark()
        try:
            outcomes = await self.database.run(jobs[0].bulk.transaction([job.item for job in jobs]))
        except Exception as error:  # noqa: BLE001 - it is handed to whoever waits for it
            await self.database.undo()
            if len(jobs) == 1:
                jobs[0].error = error
                return
            for job in jobs:
                await self._write_kind([job])
            return
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.outcome = outcome

    async def _forget(self, batch: Sequence[_Job], error: Exception) -> None:
        """Nothing of the batch was written: everybody hears why."""
        for job in batch:
            job.error = error
            _resolve(job)
        await self.database.rollback()
        for hear in self.unsure:
            hear()


class _Alone:
    """Writes steps that share nothing, one after the other."""

    def transaction(self, items: Sequence[_One[Any]]) -> Transaction[Sequence[Any]]:
        outcomes = []
        for item in items:
            outcome = yield from item.step()
            outcomes.append(_Told(outcome, item.news))
        return outcomes

    def committed(self, outcomes: Sequence[Any]) -> None:
        pass

    def news(self, outcomes: Sequence["_Told"]) -> str:
        return next((told.news for told in outcomes if told.news), "")


class _Told(Struct):
    value: Any
    news: str


_ALONE = _Alone()


def _resolve(job: _Job) -> None:
    if job.future.done():
        return
    if job.error is not None:
        job.future.set_exception(job.error)
        # Whoever asked may have gone; then there is nobody to be told, and nothing to warn about.
        job.future.exception()
    else:
        job.future.set_result(job.outcome.value if isinstance(job.outcome, _Told) else job.outcome)
