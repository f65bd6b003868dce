"""Several hubs on one PostgreSQL database have the same conversations."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from support.appdoors import Space, space_at, words
from support.apps import integrators_token
from support.visiting import visiting
from support.waiting import until


class Ear:
    """Hears what a hub hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []

    def happened(self, _workspace: str, conversation: str, happenings: Any) -> None:
        self.heard += [("happened", conversation, str(each.number)) for each in happenings]

    def look(self, _workspace: str, conversation: str) -> None:
        self.heard.append(("look", conversation))

    def has_looked_at(self, talks: list[str]) -> bool:
        return {("look", talk) for talk in talks} <= set(self.heard)

    def ended(self, _workspace: str, session: str) -> None:
        self.heard.append(("ended", session))


@asynccontextmanager
async def both(tmp_path: Path, url: str) -> AsyncIterator[tuple[Space, Space]]:
    """Open two hubs with one workspace that has apps."""
    async with visiting(tmp_path, database_url=url) as one, visiting(tmp_path, database_url=url) as two:
        first = await space_at(one)
        await until(lambda: first.workspace in two.world.directory.workspaces)
        await until(lambda: bool(two.world.directory.channels_of(first.workspace)))
        yield first, Space(two, first.workspace, first.key)


async def test_messages_said_at_both_are_numbered_without_a_gap_and_heard_of_at_both(
    tmp_path: Path, postgres_url: str
) -> None:
    async with both(tmp_path, postgres_url) as (one, two):
        ears = [Ear(), Ear()]
        talks = [await one.conversation(name, "ann") for name in ("c1", "c2", "c3")]
        for space, ear in zip((one, two), ears, strict=True):
            space.visit.world.conversations.listen(ear)
        spaces = [one, two] * 30
        said = await asyncio.gather(*(space.say(talks[index % 3], str(index)) for index, space in enumerate(spaces)))
        assert len({each["id"] for each in said}) == 60
        for talk in talks:
            events = await two.events(talk)
            assert [event["conversationEventId"] for event in events] == list(range(1, len(events) + 1))
        for ear in ears:
            await until(partial(ear.has_looked_at, talks))
            own = [each for each in ear.heard if each[0] == "happened"]
            assert len(own) == 30


async def test_a_nonce_counts_once_wherever_it_is_shown(tmp_path: Path, postgres_url: str) -> None:
    async with both(tmp_path, postgres_url) as (one, two):
        for turn in range(5):
            started = await one.start()
            token = integrators_token(started["nonce"], "anon_1", now=one.now)
            answers = await asyncio.gather(*(each.begin(started, token, f"d{turn}") for each in (one, two)))
            assert sorted(answer.status_code for answer in answers) == [201, 401]


async def test_a_conversation_is_made_once_wherever_it_is_asked_for(tmp_path: Path, postgres_url: str) -> None:
    async with both(tmp_path, postgres_url) as (one, two):
        token = await one.token("ann")
        answers = await asyncio.gather(*(each("POST", "/conversations", token, json={}) for each in (one, two)))
        assert sorted(answer.status_code for answer in answers) == [200, 201]
        asked = [each("POST", "/conversations", json={"id": "c9"}) for each in (one, two)]
        assert sorted(answer.status_code for answer in await asyncio.gather(*asked)) == [201, 409]


async def test_a_session_that_is_ended_at_one_opens_nothing_at_the_other(tmp_path: Path, postgres_url: str) -> None:
    async with both(tmp_path, postgres_url) as (one, two):
        begun = await one.session("ann")
        token, ear = begun["token"], Ear()
        two.visit.world.conversations.listen(ear)
        assert (await two("GET", "/conversations", token)).status_code == 200
        await one("DELETE", f"/sessions/{begun['session']['id']}", token)
        await until(lambda: ("ended", begun["session"]["id"]) in ear.heard)
        assert (await two("GET", "/conversations", token)).status_code == 401


async def test_who_takes_part_and_who_types_is_known_at_the_other(tmp_path: Path, postgres_url: str) -> None:
    async with both(tmp_path, postgres_url) as (one, two):
        ann = await one.token("ann")
        talk = await one.conversation("c1", "ann")
        world, ear = two.visit.world, Ear()
        world.conversations.listen(ear)
        assert (await two("POST", f"/conversations/{talk}/messages", ann, json=words("Hi"))).status_code == 201
        assert await world.conversations.participants(two.workspace, talk) == {"ann"}
        await one("POST", f"/conversations/{talk}/typing", ann)
        await until(lambda: ("happened", talk, "0") in ear.heard)
        await one("DELETE", f"/conversations/{talk}/participants?id=ann")
        await until(lambda: world.conversations.known_participants(two.workspace, talk) is None)
        assert await world.conversations.participants(two.workspace, talk) == frozenset()
        assert (await two("GET", f"/conversations/{talk}/events", ann)).status_code == 403


async def test_after_a_silence_anything_may_have_happened(tmp_path: Path, postgres_url: str) -> None:
    async with both(tmp_path, postgres_url) as (one, _):
        ear = Ear()
        conversations = one.visit.world.conversations
        conversations.listen(ear)
        for news in ("", "app", "app-ended", "app-passing", "log x", "directory"):
            conversations.hear(news)
        assert ear.heard == [("look", ""), ("ended", ""), ("look", ""), ("ended", "")]
