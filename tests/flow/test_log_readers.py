"""The log as one process sees it: who is offered what, and who has to look."""

import asyncio
from collections.abc import Sequence

import structlog

from tidings.flow.log import Log, is_of_log, named_in, news_of
from tidings.model.events import Event, Kind
from tidings.model.messages import Direction, Message
from tidings.store.database import ANYTHING

Pair = tuple[Event, Message]


def pair(position: int, workspace: str = "w1") -> Pair:
    message = Message(id=f"m{position}", workspace=workspace, direction=Direction.OUTGOING, created_at=1)
    event = Event(
        position=position,
        id=f"e{position}",
        workspace=workspace,
        message=message.id,
        revision=1,
        kind=Kind.SENT,
        platform="sms",
        channel="c1",
        at=1,
        told_at=1,
    )
    return event, message


class Reading:
    def __init__(self, *, broken: bool = False) -> None:
        self.heard: list[object] = []
        self._broken = broken
        self.wants_more = True

    def offer(self, told: Sequence[Pair], last: int) -> bool:
        if self._broken:
            raise KeyError("a fault of ours")
        self.heard.append(([event.position for event, _ in told], last))
        return self.wants_more

    def look(self) -> None:
        self.heard.append("look")


def test_events_are_offered_to_their_workspaces_readers() -> None:
    log, mine, theirs = Log(), Reading(), Reading()
    log.add("w1", mine)
    log.add("w2", theirs)
    log.tell([pair(1), pair(2, "w2"), pair(3)])
    log.tell([pair(4, "w2")])
    assert mine.heard == [([1, 3], 3)]
    assert theirs.heard == [([2], 2), ([4], 4)]
    log.remove("w1", mine)
    log.tell([pair(5)])
    assert mine.heard == [([1, 3], 3)]


def test_a_reader_that_wants_no_more_is_offered_none_until_it_listens_again() -> None:
    log, mine, other = Log(), Reading(), Reading()
    log.add("w1", mine)
    log.add("w1", other)
    mine.wants_more = False
    log.tell([pair(1)])
    log.tell([pair(2)])
    mine.wants_more = True
    log.listen("w1", mine)
    log.tell([pair(3)])
    log.tell([pair(4)])
    assert mine.heard == [([1], 1), ([3], 3), ([4], 4)]
    assert other.heard == [([1], 1), ([2], 2), ([3], 3), ([4], 4)]


def test_a_reader_that_has_gone_does_not_listen_again() -> None:
    log, mine = Log(), Reading()
    log.add("w1", mine)
    log.remove("w1", mine)
    log.listen("w1", mine)
    log.tell([pair(1)])
    assert mine.heard == []


def test_where_another_process_wrote_in_between_everybody_looks() -> None:
    log, mine, theirs = Log(), Reading(), Reading()
    log.add("w1", mine)
    log.add("w2", theirs)
    log.tell([pair(1)])
    log.tell([pair(3)])
    log.tell([pair(4)])
    assert mine.heard == [([1], 1), "look", ([4], 4)]
    assert theirs.heard == ["look"]


def test_a_reader_that_breaks_looks_and_the_others_go_on() -> None:
    log, broken, whole = Log(), Reading(broken=True), Reading()
    log.add("w1", broken)
    log.add("w1", whole)
    with structlog.testing.capture_logs() as logs:
        log.tell([pair(1)])
    assert (broken.heard, whole.heard) == (["look"], [([1], 1)])
    assert [each["event"] for each in logs] == ["a reader could not take what was offered"]


async def test_where_another_process_wrote_in_between_nobody_is_woken_for_nothing() -> None:
    """Who waits reads the log anyhow, and the other process says whose log it wrote to."""
    log = Log()
    log.tell([pair(1)])
    mark, theirs = log.mark("w1"), log.mark("w2")
    log.tell([pair(3)])
    assert (log.mark("w1") == mark, log.mark("w2") == theirs) == (False, True)


async def test_who_waits_is_woken_by_what_is_new() -> None:
    log = Log()
    waiting = [asyncio.ensure_future(log.wait_since(each, log.mark(each), 5)) for each in ("w1", "w1", "w2")]
    await asyncio.sleep(0)
    mark = log.mark("w1")
    log.tell([pair(1)])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [each.done() for each in waiting] == [True, True, False]
    log.look()
    await asyncio.wait_for(waiting[2], 1)
    await log.wait_since("w1", mark, 5)
    assert log._waiting == {}


async def test_who_waits_no_longer_leaves_nothing_behind() -> None:
    log = Log()
    mark = log.mark("w1")
    gone = [asyncio.ensure_future(log.wait_since("w1", mark, 5)) for _ in range(2)]
    await log.wait_since("w1", mark, 0.01)
    for each in gone:
        each.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    assert log._waiting == {}


async def test_nobody_waits_when_the_hub_stops() -> None:
    log = Log()
    waiting = asyncio.ensure_future(log.wait_since("w1", log.mark("w1"), 5))
    await asyncio.sleep(0)
    log.close()
    await asyncio.wait_for(waiting, 1)
    await asyncio.wait_for(log.wait_since("w1", log.mark("w1"), 5), 1)
    assert log.closed


def test_word_of_the_log_names_whose_it_is() -> None:
    log, mine, theirs = Log(), Reading(), Reading()
    log.add("w1", mine)
    log.add("w2", theirs)
    marks = [log.mark(each) for each in ("w1", "w2")]
    log.look(named_in(news_of(["w1", "w1", "w7"])))
    assert (mine.heard, theirs.heard) == (["look"], [])
    assert [log.mark(each) for each in ("w1", "w2")] == [marks[0] + 1, marks[1]]
    log.look(named_in(news_of([])))
    assert (mine.heard, theirs.heard) == (["look"], [])
    log.look(named_in(ANYTHING))
    assert (mine.heard, theirs.heard) == (["look", "look"], ["look"])


def test_word_of_the_log_never_grows_longer_than_can_be_said() -> None:
    many = news_of(f"workspace {number}" for number in range(1000))
    assert (many, named_in(many), is_of_log(many)) == ("log", None, True)
    few = news_of(["b", "a"])
    assert (few, named_in(few), is_of_log(few)) == ("log a,b", {"a", "b"}, True)
    assert not is_of_log("logistics")
    assert not is_of_log(ANYTHING)
