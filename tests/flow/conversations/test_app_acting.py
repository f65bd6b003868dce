"""What clients do beside the doors, and what holds when there is a great deal of everything."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from msgspec.structs import replace

from support.appdoors import Space, space_at
from support.visiting import visiting
from tidings.connectors.app_messaging.words import Request
from tidings.flow.conversations.acting import Marking, Typing, Update, act, read_command
from tidings.flow.conversations.known import Known
from tidings.flow.conversations.paces import Paces
from tidings.flow.conversations.sessions import read_session
from tidings.flow.conversations.setting import setting_of
from tidings.flow.conversations.wire import Spokesman
from tidings.model.conversations import Part, Session
from tidings.model.errors import NoReply, Refused
from tidings.model.exchange import Call
from tidings.rules.conversations.saying import Spoken


@pytest.fixture
async def space(tmp_path: Path) -> AsyncIterator[Space]:
    """A workspace with apps."""
    async with visiting(tmp_path) as visit:
        yield await space_at(visit)


def test_a_frame_says_what_is_to_be_done() -> None:
    typing = b'{"name": "typing", "payload": {"conversationId": "c", "on": false}}'
    assert read_command(typing) == Typing("c", on=False)
    marking = (
        b'{"name": "statusUpdates", "payload": {"conversationId": "c", "updates": [{"upTo": 3, "status": "read"}]}}'
    )
    assert read_command(marking) == Marking("c", (Update("read", up_to=3),))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"name": "dance"}',
        b'{"name": "typing"}',
        b'{"name": "typing", "payload": {"conversationId": 1}}',
        b'{"name": "statusUpdates", "payload": {"conversationId": "c", "updates": [{"status": "seen"}]}}',
    ],
)
def test_a_frame_that_says_nothing_is_refused(frame: bytes) -> None:
    with pytest.raises(Refused):
        read_command(frame)


async def test_a_session_acts_by_the_same_rules_as_at_the_doors(space: Space) -> None:
    world = space.visit.world
    talk = await space.conversation("c1", "ann", "ben")
    message = (await space.say(talk, "Hi"))["id"]
    ann = await read_session(world, await space.token("ann"))
    await act(world, ann, Marking(talk, (Update("read", message_ids=(message,)),)))
    await act(world, ann, Typing(talk, on=True))
    assert (await space.events(talk))[-1]["name"] == "conversationMessage.read"
    mallory = await read_session(world, await space.token("mallory"))
    for command in (Typing(talk, on=True), Marking(talk, (Update("read", up_to=9),))):
        with pytest.raises(Refused) as refused:
            await act(world, mallory, command)
        assert refused.value.status == 403
    for wrong in ("", " c"):
        with pytest.raises(Refused):
            await act(world, ann, Typing(wrong, on=True))
    with pytest.raises(Refused) as gone:
        await act(world, replace(ann, workspace="nowhere"), Typing(talk, on=True))
    assert gone.value.status == 404


async def test_conversations_are_known_with_their_last_numbers(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.flow.conversations.conversations.MANY", 2)
    for index in range(5):
        await space.conversation(f"c{index}", "ann")
    await space.say("c3", "Hi")
    await space("DELETE", "/conversations/c1")
    known = await space.visit.world.conversations.conversations_of(space.workspace, "ann")
    assert known == {"c0": 1, "c2": 1, "c3": 2, "c4": 1}


async def test_who_takes_part_is_remembered_within_bounds(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.flow.conversations.conversations.REMEMBERED", 2)
    conversations = space.visit.world.conversations
    for index in range(3):
        await space.conversation(f"c{index}", "ann")
        await conversations.participants(space.workspace, f"c{index}")
    known = [conversations.known_participants(space.workspace, f"c{index}") for index in range(3)]
    assert known == [None, {"ann"}, {"ann"}]


async def test_what_changes_while_it_is_read_is_not_remembered(space: Space) -> None:
    conversations = space.visit.world.conversations
    await space.conversation("c1", "ann")
    reading = conversations.participants(space.workspace, "c1")
    task = space.visit.world.store.read

    async def read(transaction: Any) -> Any:
        found = await task(transaction)
        conversations.hear(f'app ["{space.workspace}/c1"]')
        return found

    space.visit.world.store.read = read  # type: ignore[method-assign]
    assert await reading == {"ann"}
    assert conversations.known_participants(space.workspace, "c1") is None


async def test_a_listener_that_breaks_hinders_nobody(space: Space) -> None:
    class Broken:
        def happened(self, *_: object) -> None:
            raise ValueError("broken")

        look = ended = happened

    space.visit.world.conversations.listen(Broken())
    with structlog.testing.capture_logs() as logs:
        await space.conversation("c1", "ann")
    assert logs[0]["event"] == "somebody could not be told of a conversation"
    assert len(await space.events("c1")) == 1


async def test_too_many_participants_are_refused(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.flow.conversations.making.MOST_PARTICIPANTS", 2)
    await space.conversation("c1", "ann", "ben")
    more = await space("POST", "/conversations/c1/participants", json=[{"id": "cat"}])
    assert more.status_code == 400
    again = await space("POST", "/conversations/c1/participants", json=[{"id": "ann"}, {"id": "ben"}])
    assert again.status_code == 200
    gone = await space("DELETE", "/conversations/c1/participants?id=nobody")
    assert gone.status_code == 204
    wrong = await space("POST", "/conversations/c1/participants", json=[{"id": " "}])
    assert wrong.json()["validationFailures"][0]["paramName"] == "participants[0].id"


def test_a_pace_is_kept_of_so_many() -> None:
    paces = Paces()
    assert [paces.take("ann", 2, 0) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert paces.take("ben", 2, 0) == 0.0
    assert paces.take("ann", 2, 500) == 0.0
    assert paces.take("ann", 0.5, 501) > 0
    for number in range(20_001):
        paces.take(number, 1, 0)
    assert paces.take("ann", 0.5, 501) == 0.0, "it was forgotten, and begins anew"


def test_sessions_are_remembered_within_bounds_and_not_beyond_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.flow.conversations.known.REMEMBERED", 2)
    known = Known()
    made = [Session(id=each, workspace="w", profile="p", device="d", created_at=0, expires_at=9) for each in "abc"]
    for session in made:
        known.keep(session, known.mark)
    assert [known.get(each) is not None for each in "abc"] == [False, True, True]
    mark = known.mark
    known.ended("w", "b")
    known.keep(made[1], mark)
    assert known.get("b") is None
    known.ended("", "")
    assert known.get("c") is None


async def test_a_channel_whose_settings_do_not_fit_any_more_serves_nobody(space: Space) -> None:
    world = space.visit.world
    channel = world.directory.channels_of(space.workspace)[0]
    broken = replace(channel, settings={"sender": "x"})
    await world.directory.change(lambda: world.directory.put_channel(broken))
    assert setting_of(world, space.workspace) is None
    assert (await space("GET", "/sessions/start", None)).status_code == 404


async def test_a_wire_without_apps_or_a_store_says_so_to_the_connector(space: Space) -> None:
    world = space.visit.world
    channel = world.directory.channels_of(space.workspace)[0]
    spoken = Spoken(parts=(Part(type="text/plain", data="Hi"),))
    call = Call.post("app:messages", json=Request(id="m1", sender="TEAM\\Sales", to="ann", spoken=spoken))

    def exchange() -> Any:
        try:
            reply = yield call
        except NoReply as silence:
            return silence.taken
        return reply

    def unprepared() -> Any:
        return (yield call)

    spokesman = Spokesman(world)
    elsewhere = replace(channel, workspace="nowhere")
    assert await spokesman.carry(elsewhere, exchange(), timeout=1) is False

    async def fail(_: object) -> None:
        raise OSError("the disk is full")

    world.conversations.do = fail  # type: ignore[assignment,method-assign]
    assert await spokesman.carry(channel, exchange(), timeout=1) is True
    with pytest.raises(NoReply):
        await spokesman.carry(elsewhere, unprepared(), timeout=1)
