"""The log as one process sees it: who is offered what, and who has to look."""

import asyncio
from collections.abc import Sequence

import structlog

from tidings.flow.log import Log
from tidings.model.events import Event, Kind
from tidings.model.messages import Direction, Message

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

    def offer(self, told: Sequence[Pair], last: int) -> None:
        if self._broken:
            raise KeyError("a fault of ours")
        self.heard.append(([event.position for event, _ in told], last))

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


async def test_who_waits_is_woken_by_what_is_new() -> None:
    log = Log()
    waiting = [asyncio.ensure_future(log.wait_after(workspace, 0, 5)) for workspace in ("w1", "w1", "w2")]
    await asyncio.sleep(0)
    log.tell([pair(1)])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [each.done() for each in waiting] == [True, True, False]
    log.look()
    await asyncio.wait_for(waiting[2], 1)
    await log.wait_after("w1", 0, 5)
    await log.wait_after("w1", 1, 0.01)
    gone = asyncio.ensure_future(log.wait_after("w1", 1, 5))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert log._waiting == {"w1": []}
