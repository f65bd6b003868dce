"""Parts of texts: joined wherever they met, and told as far as they came."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import Raw

from support.stories import Story, telling
from tidings.flow import joining
from tidings.flow.facts import Told
from tidings.flow.joining import join, join_waiting, joined
from tidings.flow.parked import replay
from tidings.model.content import Content
from tidings.model.reports import Fragment, Inbound
from tidings.model.workspaces import Channel

PATIENCE = 600_000
SETTINGS = {"baseUrl": "smpp://127.0.0.1:1", "systemId": "hubesme", "password": "s3cretpw"}


def part(number: int, text: str, total: int = 2, **more: Any) -> Inbound:
    return Inbound(
        key=f"part:{number}:{text}",
        sender="+447700900123",
        raw=Raw(b"{}"),
        content=Content(text=text),
        fragment=Fragment("parts:x", number, total, PATIENCE, more.pop("before", 0), more.pop("after", 0)),
        **more,
    )


@asynccontextmanager
async def channel(tmp_path: Path) -> AsyncIterator[tuple[Story, Channel]]:
    async with telling(tmp_path, "sms") as story:
        made = await story.at_work.channel(story.workspace, "sms", "smpp", SETTINGS)
        yield story, story.at_work.world.directory.channels[made["id"]]


async def test_parts_that_two_processes_parked_unseen_are_found_by_the_sweep(tmp_path: Path) -> None:
    async with channel(tmp_path) as (story, where):
        world = story.at_work.world
        for each in (part(2, "there"), part(1, "Hello ")):
            await world.record(Told(where, each))
        assert story.subscriber.bodies("message.inbound") == []
        await asyncio.gather(join_waiting(world), join_waiting(world), join(world, where, "parts:x"))
        await story.hears({"omnichannel": ["message.inbound"], "sms.inbound": ["delivered"]})
        assert story.subscriber.bodies("message.inbound")[0]["payload"]["body"] == "Hello there"


async def test_part_waits_for_the_others_and_cannot_be_told_alone(tmp_path: Path) -> None:
    async with channel(tmp_path) as (story, where):
        world = story.at_work.world
        await world.record(Told(where, part(1, "Hello ", at=world.clock.now())))
        await join_waiting(world)
        (waiting,) = (await story.ask("GET", f"/workspaces/{story.workspace}/parked"))["results"]
        replayed = await replay(world, story.workspace, waiting["id"])
        assert replayed is not None
        assert (replayed.found, replayed.why) == (False, "fragment")
        assert story.subscriber.bodies("message.inbound") == []
        story.clock.skip(PATIENCE / 1000 + 1)
        await join_waiting(world)
        told = await story.hears_of("sms.inbound")
        assert told["payload"]["meta"]["extraInformation"] == {"partial": True, "parts": "1 of 2"}


async def test_parts_of_a_channel_that_is_no_more_are_dropped(tmp_path: Path) -> None:
    async with channel(tmp_path) as (story, where):
        world = story.at_work.world
        await world.record(Told(where, part(1, "Hello ")))
        await story.at_work.ask("DELETE", f"/workspaces/{story.workspace}/channels/{where.id}")
        await join_waiting(world)
        assert (await story.ask("GET", f"/workspaces/{story.workspace}/parked"))["results"] == []


async def test_more_parts_than_a_page_are_read(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(joining, "PAGE", 2)
    async with channel(tmp_path) as (story, where):
        world = story.at_work.world
        for number in range(1, 6):
            await world.record(Told(where, part(number, f"{number} ", total=5)))
        await join_waiting(world)
        assert (await story.hears_of("message.inbound"))["payload"]["body"] == "1 2 3 4 5 "


def test_halves_of_a_character_become_one() -> None:
    halves = [part(1, "Ж", after=0xD83D), part(2, " там", before=0xDE00)]
    assert joined(halves, "key").content.text == "Ж😀 там"
    assert joined(halves[1:], "key").content.text == "\ufffd там"
