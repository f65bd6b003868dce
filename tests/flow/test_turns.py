"""Taking turns: in the order in which they asked, a few at a time while something new is told."""

import asyncio
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
import structlog

from support.waiting import until
from tidings.flow import log as logs
from tidings.flow import turns as turning
from tidings.flow.log import Log
from tidings.flow.turns import Turns


class Patient:
    """Has so many things to do, and notes when it did each."""

    def __init__(self, name: str, things: int, note: Callable[[str], None]) -> None:
        self._name = name
        self._left = things
        self._note = note

    def take_turn(self) -> bool:
        self._left -= 1
        self._note(self._name)
        return self._left > 0


class Faulty:
    def take_turn(self) -> bool:
        raise KeyError("a fault of ours")


def lively_log(monkeypatch: pytest.MonkeyPatch) -> Log:
    monkeypatch.setattr(logs, "A_MOMENT", 60)
    log = Log()
    log.look()
    return log


async def test_they_go_in_the_order_they_asked_and_who_has_more_to_do_goes_to_the_end() -> None:
    taken: list[str] = []
    turns = Turns(Log())
    for name, things in (("a", 3), ("b", 1), ("c", 2)):
        turns.ask(Patient(name, things, taken.append), known=False)
    await until(lambda: len(taken) == 6)
    assert taken == ["a", "b", "c", "a", "c", "a"]


async def test_to_ask_twice_is_one_turn() -> None:
    taken: list[str] = []
    turns = Turns(Log())
    mine = Patient("a", 1, taken.append)
    turns.ask(mine, known=False)
    turns.ask(mine, known=False)
    assert mine in turns
    await until(lambda: taken)
    await asyncio.sleep(0)
    assert (taken, mine in turns) == (["a"], False)


async def test_who_asks_again_in_its_turn_has_another_one() -> None:
    taken: list[str] = []
    turns = Turns(Log())

    def note(name: str) -> None:
        taken.append(name)
        if len(taken) < 3:
            turns.ask(mine, known=False)

    mine = Patient("a", 1, note)
    turns.ask(mine, known=False)
    await until(lambda: len(taken) == 3)


async def test_while_something_new_is_told_rounds_are_short_and_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turning, "EVERY", 0.05)
    monkeypatch.setattr(turning, "LASTING", 0.0)
    taken: list[float] = []
    turns = Turns(lively_log(monkeypatch))
    for _ in range(3):
        turns.ask(Patient("", 1, lambda _: taken.append(time.monotonic())), known=False)
    await until(lambda: len(taken) == 3)
    # A timer may go off a millisecond early.
    assert all(later - earlier > 0.045 for earlier, later in pairwise(taken))


async def test_a_round_goes_on_as_long_as_it_may_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turning, "EVERY", 60)
    monkeypatch.setattr(turning, "LASTING", 30)
    taken: list[str] = []
    turns = Turns(lively_log(monkeypatch))
    for name in ("a", "b", "c"):
        turns.ask(Patient(name, 2, taken.append), known=False)
    await until(lambda: taken)
    assert taken == ["a", "b", "c"] * 2


async def test_the_first_that_asks_need_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turning, "EVERY", 60)
    taken: list[str] = []
    Turns(lively_log(monkeypatch)).ask(Patient("a", 1, taken.append), known=False)
    await until(lambda: taken == ["a"])


async def test_where_nothing_new_is_told_all_of_them_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turning, "EVERY", 60)
    monkeypatch.setattr(turning, "LASTING", 0.0)
    taken: list[str] = []
    turns = Turns(Log())
    for _ in range(3 * turning.MANY):
        turns.ask(Patient("a", 1, taken.append), known=False)
    await until(lambda: len(taken) == 3 * turning.MANY)


async def test_one_that_breaks_takes_no_others_turn() -> None:
    taken: list[str] = []
    turns = Turns(Log())
    with structlog.testing.capture_logs() as said:
        turns.ask(Faulty(), known=False)
        turns.ask(Patient("a", 1, taken.append), known=False)
        await until(lambda: taken)
    assert [each["event"] for each in said] == ["somebody could not take a turn"]


async def test_those_that_have_answered_never_wait_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turning, "EVERY", 60)
    monkeypatch.setattr(turning, "LASTING", 0.0)
    taken: list[str] = []
    turns = Turns(lively_log(monkeypatch))
    for _ in range(100):
        turns.ask(Patient("hangs", 2, taken.append), known=False)
    turns.ask(Patient("late", 3, taken.append), known=True)
    await until(lambda: taken.count("late") == 3)
    # It has its turns whenever there is time, and they have theirs at theirs.
    assert taken[:3] == ["late", "late", "hangs"]
    assert taken[:5].count("late") == 3


async def test_who_has_answered_meanwhile_waits_with_those_that_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turning, "EVERY", 60)
    monkeypatch.setattr(turning, "LASTING", 0.0)
    taken: list[str] = []
    turns = Turns(lively_log(monkeypatch))
    mine = Patient("mine", 1, taken.append)
    for each in (Patient("first", 1, taken.append), mine):
        turns.ask(each, known=False)
    turns.ask(mine, known=True)
    turns.ask(mine, known=False)
    await until(lambda: len(taken) == 2)
    assert (taken, mine in turns) == (["mine", "first"], False)
