"""What happens in conversations reaches every device that is connected, in order and whole, whoever wrote it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from msgspec import Raw
from msgspec.json import decode

from support.waiting import until
from tidings.flow.clock import SystemClock
from tidings.flow.live import spreading
from tidings.flow.live.line import MOST_FRAMES, MOST_OCTETS, End, Frame, Line
from tidings.flow.live.lines import Bounds, Lines
from tidings.flow.live.live import Live
from tidings.model.conversations import EventName, Happening, Session

AMPLE = Bounds(lines=100, octets=10 * 2**20)


def happening(
    position: int, *, conversation: str = "c", number: int = 0, name: str = EventName.SENT, **payload: object
) -> Happening:
    text = "{" + ", ".join(f'"{key}": "{value}"' for key, value in payload.items()) + "}"
    return Happening(
        workspace="w",
        conversation=conversation,
        number=number or position,
        position=position,
        id=f"e{position}",
        name=name,
        payload=Raw(text.encode()),
        published_at=0,
        created_by="anna",
    )


def session(profile: str = "anna", id_: str = "s1", *, workspace: str = "w", expires_in: int = 60_000) -> Session:
    now = SystemClock().now()
    return Session(
        id=id_, workspace=workspace, profile=profile, device="d", created_at=now, expires_at=now + expires_in
    )


def nothing() -> None:
    """There is nobody to wake."""


class Rooms:
    """Who takes part, found out about at a pace that a test sets; and what was written, by whichever process."""

    def __init__(self) -> None:
        self.people: dict[tuple[str, str], frozenset[str]] = {("w", "c"): frozenset({"anna", "ben"})}
        self.deleted: dict[tuple[str, str], frozenset[str]] = {}
        self.known: dict[tuple[str, str], frozenset[str]] = {}
        """What is remembered of it, as it was when the store was asked."""
        self.rows: list[Happening] = []
        self.asked = 0
        self.reads = 0
        self.broken = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.ended: set[str] = set()

    def write(self, *happenings: Happening) -> Sequence[Happening]:
        self.rows += happenings
        return happenings

    async def participants(self, workspace: str, conversation: str) -> frozenset[str]:
        self.asked += 1
        await self.gate.wait()
        if self.broken:
            self.broken -= 1
            raise ConnectionError
        found = self.known[workspace, conversation] = self.people.get((workspace, conversation), frozenset())
        return found

    async def members(self, workspace: str, conversation: str) -> frozenset[str]:
        return self.deleted.get((workspace, conversation), frozenset())

    def forget(self, workspace: str, conversation: str) -> None:
        self.known.pop((workspace, conversation), None)

    def known_participants(self, workspace: str, conversation: str) -> frozenset[str] | None:
        return self.known.get((workspace, conversation))

    async def last(self) -> int:
        await self.gate.wait()
        return self.rows[-1].position if self.rows else 0

    async def after(self, position: int, limit: int) -> Sequence[Happening]:
        self.reads += 1
        await asyncio.sleep(0)
        return [each for each in self.rows if each.position > position][:limit]

    async def is_alive(self, id_: str) -> bool:
        if self.broken:
            self.broken -= 1
            raise ConnectionError
        return id_ not in self.ended


class Heard:
    """A device that keeps what it is told."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.frames: list[Frame] = []

    def look(self) -> list[int]:
        self.frames += self.line.take(2**30)
        self.line.sent()
        return [each.happening.position for each in self.frames]

    async def wait_for(self, positions: list[int]) -> None:
        await until(lambda: self.look() == positions, seconds=3, what=f"{self.look()} is not {positions}")


class Hub:
    def __init__(self, live: Live, rooms: Rooms) -> None:
        self.live = live
        self.rooms = rooms

    async def device(self, profile: str = "anna", id_: str = "s1", most: int = 5) -> Heard:
        line = await self.live.open(session(profile, id_), most, nothing)
        assert isinstance(line, Line)
        return Heard(line)

    def commit(self, *happenings: Happening) -> None:
        """Write things down here, and tell of them conversation by conversation as a batch does."""
        self.rooms.write(*happenings)
        self.tell(*happenings)

    def tell(self, *happenings: Happening) -> None:
        for name in dict.fromkeys(each.conversation for each in happenings):
            self.live.happened("w", name, [each for each in happenings if each.conversation == name])


@asynccontextmanager
async def hubs(bounds: Bounds = AMPLE, *, alone: bool = False) -> AsyncIterator[Hub]:
    rooms = Rooms()
    live = Live(bounds, SystemClock())
    live.start(rooms, rooms, is_alive=rooms.is_alive, alone=alone)
    yield Hub(live, rooms)
    await live.stop()


async def test_whoever_takes_part_is_told_and_nobody_else() -> None:
    async with hubs() as hub:
        anna, ben, eve = [await hub.device(each) for each in ("anna", "ben", "eve")]
        hub.commit(happening(1), happening(2))
        await anna.wait_for([1, 2])
        assert ben.look() == [1, 2]
        assert eve.look() == []
        assert anna.frames[0] is ben.frames[0], "it is put into words once"


async def test_people_of_another_workspace_with_the_same_name_hear_nothing() -> None:
    async with hubs() as hub:
        line = await hub.live.open(session("anna", "s9", workspace="other"), 5, nothing)
        anna = await hub.device()
        hub.commit(happening(1))
        await anna.wait_for([1])
        assert isinstance(line, Line)
        assert line.take(1000) == []


async def test_what_is_known_to_follow_is_told_at_once() -> None:
    async with hubs() as hub:
        anna = await hub.device()
        hub.commit(happening(1))
        await anna.wait_for([1])
        hub.commit(happening(2))
        assert anna.look() == [1, 2]
        assert hub.rooms.reads == 0


async def test_a_batch_over_several_conversations_is_told_in_order_without_reading_it_again() -> None:
    async with hubs() as hub:
        hub.rooms.people["w", "d"] = frozenset({"anna"})
        anna = await hub.device()
        hub.commit(*(happening(each, conversation="cd"[each % 2]) for each in range(1, 9)))
        await anna.wait_for(list(range(1, 9)))
        assert hub.rooms.reads == 0


async def test_what_another_process_wrote_in_between_is_read_and_told_in_its_place() -> None:
    async with hubs() as hub:
        anna = await hub.device()
        hub.commit(happening(1))
        await anna.wait_for([1])
        hub.rooms.write(happening(2))
        hub.commit(happening(3))
        await anna.wait_for([1, 2, 3])


async def test_who_takes_part_may_be_forgotten_while_others_are_asked_for() -> None:
    async with hubs() as hub:
        hub.rooms.people["w", "d"] = frozenset({"ben"})
        anna = await hub.device()
        hub.commit(happening(1))
        await anna.wait_for([1])
        hub.rooms.gate.clear()
        hub.rooms.write(happening(2), happening(3, conversation="d"))
        asked = hub.rooms.asked
        hub.live.look("w", "c")
        await until(lambda: hub.rooms.asked > asked)
        # Another process has written in the conversation that was known.
        hub.rooms.forget("w", "c")
        hub.rooms.gate.set()
        await anna.wait_for([1, 2])


async def test_word_of_another_process_has_the_store_read() -> None:
    async with hubs() as hub:
        anna = await hub.device()
        hub.rooms.write(*(happening(each) for each in range(1, 2 * spreading.PAGE + 2)))
        hub.live.look("w", "c")
        await anna.wait_for(list(range(1, 2 * spreading.PAGE + 2)))


async def test_word_that_was_lost_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading, "LOOK_EVERY", 0.02)
    async with hubs() as hub:
        anna = await hub.device()
        hub.rooms.write(happening(1))
        await anna.wait_for([1])


async def test_alone_nothing_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading, "LOOK_EVERY", 0.01)
    async with hubs(alone=True) as hub:
        anna = await hub.device()
        await asyncio.sleep(0.05)
        assert hub.rooms.reads == 0
        hub.commit(happening(1))
        await anna.wait_for([1])


async def test_what_is_committed_while_the_store_is_asked_is_neither_lost_nor_told_twice() -> None:
    async with hubs() as hub:
        anna = await hub.device()
        hub.rooms.gate.clear()
        hub.commit(happening(1))
        await until(lambda: hub.rooms.asked)
        hub.commit(happening(2), happening(3))
        hub.rooms.gate.set()
        await anna.wait_for([1, 2, 3])


async def test_what_is_being_read_is_not_told_before_when_word_of_it_comes_from_here_too() -> None:
    async with hubs() as hub:
        hub.rooms.people["w", "d"] = frozenset({"anna"})
        anna = await hub.device()
        hub.commit(happening(1))
        await anna.wait_for([1])
        hub.rooms.gate.clear()
        hub.rooms.write(happening(2), happening(3, conversation="d"))
        hub.live.look("w", "c")
        await until(lambda: hub.rooms.asked == 2)
        hub.tell(happening(2))
        hub.rooms.gate.set()
        await until(lambda: 3 in anna.look())
        assert anna.look() == [1, 2, 3]


async def test_a_store_that_fails_for_a_moment_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading, "PATIENCE", 0.01)
    async with hubs() as hub:
        anna = await hub.device()
        hub.rooms.broken = 2
        hub.commit(happening(1), happening(2))
        await anna.wait_for([1, 2])


async def test_more_than_is_kept_in_memory_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading, "MOST_AHEAD", 3)
    async with hubs() as hub:
        anna = await hub.device()
        hub.rooms.gate.clear()
        hub.commit(*(happening(each) for each in range(1, 11)))
        hub.rooms.gate.set()
        await anna.wait_for(list(range(1, 11)))


async def test_a_device_is_told_of_everything_that_is_committed_once_it_is_in() -> None:
    async with hubs() as hub:
        hub.rooms.write(happening(1))
        hub.rooms.gate.clear()
        opening = asyncio.create_task(hub.device())
        await until(lambda: len(hub.live.lines))
        hub.commit(happening(2))
        hub.rooms.gate.set()
        anna = await opening
        hub.commit(happening(3))
        await until(lambda: 3 in anna.look())
        assert anna.look() == [3]
        assert hub.live.position == 3


async def test_when_the_last_device_has_left_nothing_is_followed_and_the_next_one_begins_anew() -> None:
    async with hubs() as hub:
        first = await hub.device()
        hub.live.close(first.line)
        hub.commit(happening(1), happening(2))
        hub.live.look("w", "c")
        await asyncio.sleep(0.01)
        assert hub.rooms.reads == 0
        second = await hub.device()
        hub.commit(happening(3))
        await second.wait_for([3])


async def test_who_waits_for_the_first_place_and_leaves_holds_nobody_up() -> None:
    async with hubs() as hub:
        hub.rooms.gate.clear()
        leaving, staying = asyncio.create_task(hub.device()), asyncio.create_task(hub.device("ben", "s2"))
        await until(lambda: len(hub.live.lines) == 2)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        assert len(hub.live.lines) == 1
        hub.rooms.gate.set()
        ben = await staying
        hub.commit(happening(1))
        await ben.wait_for([1])


async def test_whoever_is_added_or_removed_hears_of_it() -> None:
    async with hubs() as hub:
        eve = await hub.device("eve")
        hub.commit(
            happening(1, name=EventName.ADDED, profileId="eve"), happening(2, name=EventName.REMOVED, profileId="eve")
        )
        await eve.wait_for([1, 2])


async def test_whoever_is_added_by_another_process_hears_what_is_said_next_though_word_of_it_is_late() -> None:
    async with hubs() as hub:
        anna, eve = await hub.device(), await hub.device("eve")
        hub.commit(happening(1))
        await anna.wait_for([1])
        # Elsewhere; nobody has told us that the people we remember are no longer all of them.
        hub.rooms.write(happening(2, name=EventName.ADDED, profileId="eve"), happening(3))
        hub.rooms.people["w", "c"] |= {"eve"}
        assert "eve" not in (hub.rooms.known_participants("w", "c") or ())
        hub.commit(happening(4))
        await eve.wait_for([2, 3, 4])


async def test_that_a_conversation_is_deleted_is_told_to_those_who_were_in_it() -> None:
    async with hubs() as hub:
        anna = await hub.device()
        hub.commit(happening(1))
        await anna.wait_for([1])
        hub.rooms.deleted["w", "c"] = hub.rooms.people.pop(("w", "c"))
        hub.rooms.forget("w", "c")
        hub.commit(happening(2, name=EventName.DELETED))
        await anna.wait_for([1, 2])


async def test_what_is_said_of_somebody_is_no_reason_to_tell_them_the_rest() -> None:
    async with hubs() as hub:
        eve, anna = await hub.device("eve"), await hub.device()
        hub.commit(happening(1, profileId="eve"))
        await anna.wait_for([1])
        assert eve.look() == []


async def test_that_somebody_types_is_told_though_it_is_not_kept() -> None:
    async with hubs() as hub:
        anna = await hub.device()
        hub.live.happened("w", "c", [happening(0, name=EventName.TYPING)])
        await anna.wait_for([0])
        hub.live.happened("w", "c", [happening(0, name=EventName.TYPING)])
        assert anna.look() == [0, 0]


async def test_a_changed_profile_is_told_to_its_own_devices() -> None:
    async with hubs() as hub:
        anna, ben = await hub.device(), await hub.device("ben")
        hub.live.happened("w", "", [happening(0, conversation="", name=EventName.PROFILE, profileId="ben")])
        await ben.wait_for([0])
        assert anna.look() == []


async def test_what_names_nobody_is_told_to_nobody() -> None:
    async with hubs() as hub:
        anna = await hub.device()
        odd = Happening(
            workspace="w",
            conversation="",
            number=0,
            id="e",
            name=EventName.PROFILE,
            payload=Raw(b"[]"),
            published_at=0,
            created_by="x",
        )
        hub.live.happened("w", "", [odd])
        hub.commit(happening(1))
        await anna.wait_for([1])


async def test_one_that_cannot_be_told_keeps_nobody_from_the_next() -> None:
    async with hubs() as hub:
        anna = await hub.device()
        hub.commit(happening(1, name=object()), happening(2))  # type: ignore[arg-type]
        await anna.wait_for([2])


async def test_an_ended_session_ends_its_devices_and_no_others() -> None:
    async with hubs() as hub:
        one, two, other = await hub.device(), await hub.device(), await hub.device(id_="s2")
        hub.live.ended("w", "s1")
        assert [each.line.end for each in (one, two, other)] == [End.SESSION_ENDED, End.SESSION_ENDED, None]


async def test_where_any_session_may_have_ended_each_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.flow.live.live.PATIENCE", 0.01)
    async with hubs() as hub:
        one, other = await hub.device(), await hub.device(id_="s2")
        hub.rooms.ended.add("s1")
        hub.rooms.broken = 1
        hub.live.ended("w", "")
        await until(lambda: one.line.end is End.SESSION_ENDED)
        assert other.line.end is None


async def test_a_session_that_ended_while_the_device_came_in_lets_nobody_in() -> None:
    async with hubs() as hub:
        hub.rooms.ended.add("s1")
        assert await hub.live.open(session(), 5, nothing) is End.SESSION_ENDED
        assert len(hub.live.lines) == 0


async def test_a_session_that_expires_is_let_go() -> None:
    async with hubs() as hub:
        line = await hub.live.open(session(expires_in=30), 5, nothing)
        assert isinstance(line, Line)
        await until(lambda: line.end is End.UNAUTHORISED)


async def test_a_hub_that_stops_lets_everybody_go() -> None:
    async with hubs() as hub:
        anna = await hub.device()
    assert anna.line.end is End.STOPPING


async def test_a_profile_has_so_many_devices_and_no_more() -> None:
    async with hubs() as hub:
        first = await hub.device(most=2)
        await hub.device(most=2)
        assert await hub.live.open(session(), 2, nothing) is End.TOO_MANY
        hub.live.close(first.line)
        await hub.device(most=2)


async def test_a_process_has_so_many_devices_and_no_more() -> None:
    async with hubs(Bounds(lines=1, octets=1000)) as hub:
        await hub.device()
        assert hub.live.lines.is_full
        assert await hub.live.open(session("ben"), 5, nothing) is End.FULL


# -- what waits ------------------------------------------------------------------------------------------------------


def lines_with(*sessions: Session, octets: int = 10 * 2**20) -> tuple[Lines, list[Line]]:
    lines = Lines(Bounds(lines=100, octets=octets))
    made = [lines.open(each, 5, nothing) for each in sessions]
    assert all(isinstance(each, Line) for each in made)
    return lines, [each for each in made if isinstance(each, Line)]


def frame(size: int) -> Frame:
    empty = Frame(happening(1, text="")).size
    return Frame(happening(1, text="x" * (size - empty)))


def test_a_device_with_too_many_events_waiting_is_let_go_and_nothing_is_kept_for_it() -> None:
    lines, (line,) = lines_with(session())
    for _ in range(MOST_FRAMES):
        line.put(Frame(happening(1)))
    ends = [line.end]
    line.put(Frame(happening(1)))
    assert [*ends, line.end] == [None, End.SLOW]
    line.put(Frame(happening(2)))
    assert (lines.waiting, line.take(1000)) == (0, [])


def test_a_device_with_too_much_waiting_is_let_go() -> None:
    _, (line,) = lines_with(session())
    line.put(frame(MOST_OCTETS))
    ends = [line.end]
    line.put(frame(300))
    assert [*ends, line.end] == [None, End.SLOW]


def test_an_event_however_large_reaches_whoever_has_read_everything() -> None:
    _, (line,) = lines_with(session())
    line.put(frame(MOST_OCTETS + 1))
    assert len(line.take(100)) == 1


def test_what_is_on_its_way_counts_until_it_is_there() -> None:
    lines, (line,) = lines_with(session())
    for _ in range(3):
        line.put(frame(400))
    assert len(line.take(800)) == 2
    assert (lines.waiting, line.waiting) == (1200, 1200)
    line.sent()
    assert (lines.waiting, line.waiting) == (400, 400)
    lines.close(line)
    assert lines.waiting == 0


def test_where_too_much_waits_in_all_whoever_is_furthest_behind_is_let_go() -> None:
    lines, (one, two, three) = lines_with(session(), session("ben"), session("eve"), octets=2_000)
    one.put(frame(900))
    two.put(frame(600))
    three.put(frame(400))
    assert [each.end for each in (one, two, three)] == [None, None, None]
    three.put(frame(400))
    assert [each.end for each in (one, two, three)] == [End.SLOW, None, None]
    assert lines.waiting == 1_400


def test_what_is_on_its_way_to_those_let_go_cannot_be_freed_and_lets_nobody_else_go_in_vain() -> None:
    lines, (one,) = lines_with(session(), octets=1_000)
    one.put(frame(900))
    one.take(2_000)
    one.put(frame(400))
    assert one.end is End.SLOW
    assert lines.waiting == 900
    lines.close(one)
    assert lines.waiting == 0


def test_an_event_that_is_no_text_is_told_as_far_as_it_is() -> None:
    broken = Frame(
        Happening(
            workspace="w",
            conversation="c",
            number=1,
            id="e",
            name="n",
            payload=Raw(b'{"a": "\xff"}'),
            published_at=0,
            created_by="x",
        )
    )
    assert decode(broken.text)["payload"] == {"a": "\ufffd"}
