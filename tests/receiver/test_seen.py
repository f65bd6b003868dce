"""Doing an event once, whatever remembers it."""

import multiprocessing
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tidings.receiver import MemorySeen, Seen, SqliteSeen, UnderWay

DAY = 86_400.0


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


Make = Callable[..., MemorySeen | SqliteSeen]


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture(params=["memory", "sqlite"])
def make(request: pytest.FixtureRequest, tmp_path: Path, hands: Hands) -> Iterator[Make]:
    made: list[SqliteSeen] = []

    def memory(**more: float) -> MemorySeen:
        return MemorySeen(now=hands, **more)  # type: ignore[arg-type]

    def sqlite(**more: float) -> SqliteSeen:
        made.append(SqliteSeen(tmp_path / "seen.db", now=hands, **more))  # type: ignore[arg-type]
        return made[-1]

    yield memory if request.param == "memory" else sqlite
    for each in made:
        each.close()


def attempt(seen: Seen, event: str) -> str:
    """Take an event as an endpoint does."""
    try:
        with seen.once(event) as first:
            return "done" if first else "known"
    except UnderWay:
        return "under way"


def test_an_event_is_done_once(make: Make) -> None:
    seen = make()
    assert [attempt(seen, each) for each in ("a", "b", "a", "a", "b")] == ["done", "done", "known", "known", "known"]
    assert len(seen) == 2


def test_what_fails_is_done_again(make: Make) -> None:
    seen = make()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="the database is away"), seen.once("a") as first:
            assert first
            raise RuntimeError("the database is away")
    assert len(seen) == 0
    assert attempt(seen, "a") == "done"


def test_a_block_that_is_left_early_has_done_its_work(make: Make) -> None:
    seen = make()

    def leave() -> None:
        for _ in range(2):
            with seen.once("a"):
                return

    leave()
    assert attempt(seen, "a") == "known"


def test_a_failure_in_what_was_done_before_forgets_nothing(make: Make) -> None:
    seen = make()
    attempt(seen, "a")
    with pytest.raises(RuntimeError), seen.once("a") as first:
        assert not first
        raise RuntimeError
    assert attempt(seen, "a") == "known"


def test_what_is_being_worked_on_is_not_begun_again(make: Make) -> None:
    seen = make()
    with seen.once("a"):
        assert attempt(seen, "a") == "under way"
        assert attempt(seen, "b") == "done"
    assert attempt(seen, "a") == "known"


def test_work_that_nobody_ended_is_taken_over_after_a_while(make: Make, hands: Hands) -> None:
    seen = make(claimed=60)
    dead = seen.claim("a")
    assert dead is not None
    hands.now += 59.9
    assert attempt(seen, "a") == "under way"
    hands.now += 0.1
    with seen.once("a") as first:
        assert first
        seen.release("a", dead)
        assert attempt(seen, "a") == "under way", "the one who took it over has it still"
    assert attempt(seen, "a") == "known"


def test_work_that_took_long_is_done_all_the_same(make: Make, hands: Hands) -> None:
    seen = make(claimed=60, seconds=100)
    with seen.once("slow"):
        hands.now += 200
        assert attempt(seen, "another") == "done"
    assert attempt(seen, "slow") == "known"


def test_an_event_is_remembered_from_when_it_was_done(make: Make, hands: Hands) -> None:
    seen = make(seconds=100, claimed=1000)
    with seen.once("slow"):
        hands.now += 50
        attempt(seen, "quick")
        hands.now += 40
    hands.now += 60
    assert [attempt(seen, each) for each in ("slow", "quick")] == ["known", "done"]


def test_an_event_is_forgotten_in_time(make: Make, hands: Hands) -> None:
    seen = make(seconds=7 * DAY)
    attempt(seen, "a")
    hands.now += 7 * DAY - 1
    assert attempt(seen, "a") == "known"
    attempt(seen, "b")
    hands.now += 1
    assert attempt(seen, "a") == "done"
    assert len(seen) == 2


def test_only_so_many_events_are_remembered_the_newest(make: Make) -> None:
    seen = make(most=3)
    for number in range(10):
        attempt(seen, f"{number}")
    assert len(seen) == 3
    assert [attempt(seen, each) for each in ("9", "8", "7")] == ["known"] * 3
    assert attempt(seen, "6") == "done"


@pytest.mark.parametrize("event", ["", "a\0b", "é" * 10_000, "'; DROP TABLE seen; --"])
def test_an_id_may_be_any_text(make: Make, event: str) -> None:
    seen = make()
    assert [attempt(seen, event), attempt(seen, event), attempt(seen, event + "x")] == ["done", "known", "done"]


def test_of_many_threads_one_does_an_event(make: Make) -> None:
    seen = make()
    start = threading.Barrier(8)

    def race(_: int) -> list[str]:
        start.wait()
        return [attempt(seen, f"{number}") for number in range(50)]

    with ThreadPoolExecutor(8) as threads:
        fates = list(threads.map(race, range(8)))
    assert [sum(each[number] == "done" for each in fates) for number in range(50)] == [1] * 50


# -- in a file -------------------------------------------------------------------------------------------------------


def test_a_file_outlives_the_process(tmp_path: Path) -> None:
    first = SqliteSeen(tmp_path / "seen.db")
    attempt(first, "a")
    first.close()
    again = SqliteSeen(str(tmp_path / "seen.db"))
    assert attempt(again, "a") == "known"
    again.close()
    assert attempt(again, "a") == "known", "it is opened again when it is needed"
    again.close()


CRASHING = """
import os, sys
from tidings.receiver import SqliteSeen
seen = SqliteSeen(sys.argv[1])
with seen.once("done"):
    pass
with seen.once("half done"):
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_had_begun_is_done_again_and_what_it_had_done_is_not(tmp_path: Path) -> None:
    path = tmp_path / "seen.db"
    killed = subprocess.run([sys.executable, "-c", CRASHING, str(path)], timeout=60, check=False)
    assert killed.returncode == -9
    now = SqliteSeen(path, claimed=0)
    assert [attempt(now, each) for each in ("done", "half done")] == ["known", "done"]
    now.close()


def _race(path: str, fates: "multiprocessing.Queue[list[str]]") -> None:
    seen = SqliteSeen(path)
    fates.put([attempt(seen, f"{number}") for number in range(100)])
    seen.close()


def test_of_many_processes_one_does_an_event(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    fates: multiprocessing.Queue[list[str]] = context.Queue()
    processes = [context.Process(target=_race, args=(str(tmp_path / "seen.db"), fates)) for _ in range(4)]
    for each in processes:
        each.start()
    told = [fates.get(timeout=60) for _ in processes]
    for each in processes:
        each.join(60)
        assert each.exitcode == 0
    assert [sum(each[number] == "done" for each in told) for number in range(100)] == [1] * 100


FORKING = """
import os, signal, sys
from tidings.receiver import SqliteSeen, UnderWay

seen = SqliteSeen(sys.argv[1])

def attempt(event):
    try:
        with seen.once(event) as first:
            return "done" if first else "known"
    except UnderWay:
        return "under way"

attempt("before")
with seen.once("under way"):
    with seen._file._lock:
        # As when the child is born while another thread is at it.
        child = os.fork()
        if not child:
            signal.alarm(20)
            fates = [attempt(each) for each in ("before", "under way", "by the child")]
            os._exit(fates != ["known", "under way", "done"])
    assert os.waitpid(child, 0)[1] == 0
"""


def test_a_process_that_was_forked_shares_the_file_and_not_the_connection(tmp_path: Path) -> None:
    path = tmp_path / "seen.db"
    subprocess.run([sys.executable, "-c", FORKING, str(path)], timeout=60, check=True)
    seen = SqliteSeen(path)
    assert [attempt(seen, each) for each in ("under way", "by the child")] == ["known", "known"]
    seen.close()


def test_a_file_that_another_has_is_waited_for_also_while_it_is_new(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "seen.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, other.execute, ("COMMIT",))
    timer.start()
    seen = SqliteSeen(tmp_path / "seen.db")
    assert attempt(seen, "a") == "done"
    timer.join()
    other.close()
    seen.close()


def test_a_file_that_cannot_be_written_does_nothing(tmp_path: Path) -> None:
    seen = SqliteSeen(tmp_path / "no such folder" / "seen.db")
    with pytest.raises(sqlite3.OperationalError):
        attempt(seen, "a")
    (tmp_path / "seen.db").write_text("this is no database, and longer than the header of one would be " * 10)
    with pytest.raises(sqlite3.DatabaseError):
        attempt(SqliteSeen(tmp_path / "seen.db"), "a")
    seen.close()


def test_a_memory_that_breaks_while_it_keeps_leaves_the_claim(tmp_path: Path, hands: Hands) -> None:
    seen = SqliteSeen(tmp_path / "seen.db", now=hands)
    with (
        pytest.raises(sqlite3.OperationalError),
        seen.once("a"),
        sqlite3.connect(seen_path := tmp_path / "seen.db") as other,
    ):
        other.execute("ALTER TABLE seen RENAME TO away")
    with sqlite3.connect(seen_path) as other:
        other.execute("ALTER TABLE away RENAME TO seen")
    other.close()
    assert attempt(seen, "a") == "under way"
    hands.now += 60
    assert attempt(seen, "a") == "done"
    with suppress(sqlite3.Error):
        seen.close()
