"""The store: every write of a process in one line, committed together.

Whoever wants something written waits for its own batch. Steps of one kind that come in numbers (facts, attempts) share
their queries: a `Bulk` writes many of them at once.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Any, Generic, Protocol, TypeVar

import structlog
from msgspec import Struct

from tidings.store.database import Database
from tidings.store.statements import Transaction
from tidings.store.timing import Timing

log = structlog.get_logger()

T = TypeVar("T")
I_contra = TypeVar("I_contra", contravariant=True)
O_co = TypeVar("O_co", covariant=True)

BATCH = 256
"""How many steps a batch takes at most, so that one turn of the event loop stays short."""

SEVERAL = 4
"""A batch of so many steps means that more are on their way: the next one lingers for them."""
LINGER = 0.002
"""Seconds. Fewer commits at a moderate load save a tenth of all processor time, and cost two milliseconds."""
ENOUGH = 64
"""So many steps are not made to wait for more."""


class Bulk(Protocol[I_contra, O_co]):
    """Writes many items of one kind with the same few queries."""

    rank: int
    """Kinds are written in the order of their ranks: if one process locked the head of the log before a cursor or a
    lease, and another the other way round, they would wait for each other in a ring."""

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
        self.timing = Timing()

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
        job = _Job(bulk, item, future)
        if self._task is None or self._task.done():
            job.error = RuntimeError("the store is closed")
            _resolve(job)
            return future
        self._jobs.append(job)
        self._wake.set()
        return future

    async def write(self, step: Callable[[], Transaction[T]], *, news: str = "") -> T:
        """Run one step of its own in the next batch; `news` is what other processes are told of it."""
        result: T = await self.put(_ALONE, _One(step, news))
        return result

    async def read(self, transaction: Transaction[T]) -> T:
        """Run a step that only reads."""
        begun = perf_counter()
        result = await self.database.read(transaction)
        self.timing.reads.add(perf_counter() - begun)
        return result

    @property
    def waiting(self) -> int:
        """How many steps wait for the next batch."""
        return len(self._jobs)

    async def _write_all(self) -> None:
        several = False
        while True:
            if not self._jobs:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            if several and len(self._jobs) < ENOUGH:
                await asyncio.sleep(LINGER)
            batch, self._jobs = self._jobs[:BATCH], self._jobs[BATCH:]
            several = len(batch) >= SEVERAL
            await self._write_batch(batch)

    async def _write_batch(self, batch: Sequence[_Job]) -> None:
        kinds = _by_kind(batch)
        begun = perf_counter()
        try:
            await self.database.begin()
            for jobs in kinds.values():
                await self._write_kind(jobs)
            for jobs in kinds.values():
                if text := jobs[0].bulk.news(_outcomes(jobs)):
                    await self.database.say(text)
            await self.database.commit()
        except Exception as error:  # noqa: BLE001 - whatever it was, it is handed to everybody who waits for it
            await self._forget(kinds.values(), error)
            return
        self.timing.commits.add(perf_counter() - begun)
        self.timing.steps.add(len(batch))
        for jobs in kinds.values():
            self._hand_on(jobs)
        for job in batch:
            _resolve(job)

    async def _write_kind(self, jobs: Sequence[_Job], *, alone: bool = False) -> None:
        """Write jobs of one kind together; where one of them breaks, each by itself, so that only it fails.

        One that was alone from the start gets a second try too: what broke it may be another process that was a
        moment faster, and what that wrote is seen now.
        """
        await self.database.mark()
        try:
            outcomes = await self.database.run(jobs[0].bulk.transaction([job.item for job in jobs]))
        except Exception as error:  # noqa: BLE001 - it is handed to whoever waits for it
            await self.database.undo()
            if alone:
                jobs[0].error = error
                return
            for job in jobs:
                await self._write_kind([job], alone=True)
            return
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.outcome = outcome

    def _hand_on(self, jobs: Sequence[_Job]) -> None:
        try:
            jobs[0].bulk.committed(_outcomes(jobs))
        except Exception:
            # It is on disk all the same, and the next batch must not wait for whoever broke.
            log.exception("what was written could not be handed on")
            self._look_again()

    async def _forget(self, kinds: Iterable[Sequence[_Job]], error: Exception) -> None:
        """Nothing of the batch may be on disk: everybody hears why."""
        for jobs in kinds:
            for job in jobs:
                job.error = job.error or error
                _resolve(job)
        try:
            await self.database.rollback()
        except Exception:
            # The next batch finds out whether there is a database.
            log.exception("a batch could not be rolled back")
        self._look_again()

    def _look_again(self) -> None:
        for hear in self.unsure:
            hear()


class _Alone:
    """Writes steps that share nothing, one after the other."""

    rank = 2

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


def _by_kind(batch: Sequence[_Job]) -> dict[int, list[_Job]]:
    """Put jobs of one kind together, and the kinds in the order of their ranks, whichever came first."""
    kinds: dict[int, list[_Job]] = {}
    for job in sorted(batch, key=lambda job: job.bulk.rank):
        kinds.setdefault(id(job.bulk), []).append(job)
    return kinds


def _outcomes(jobs: Sequence[_Job]) -> list[Any]:
    return [job.outcome for job in jobs if job.error is None]


def _resolve(job: _Job) -> None:
    if job.future.done():
        return
    if job.error is not None:
        job.future.set_exception(job.error)
        # Whoever asked may have gone; then there is nobody to be told, and nothing to warn about.
        job.future.exception()
    else:
        job.future.set_result(job.outcome.value if isinstance(job.outcome, _Told) else job.outcome)
