"""What the doctor says of endpoints that are stopped, and of messages that are not sent."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from support.clock import MovedClock
from support.flows import flowing
from support.receiver import Receiver
from support.waiting import until
from tidings.cli import waiting
from tidings.cli.findings import Finding, Level
from tidings.flow.clock import SystemClock
from tidings.settings import Settings

HOUR = 3_600_000


def at(url: str) -> Settings:
    return Settings(database_url=url)


async def test_endpoints_that_are_stopped_are_named_the_longest_first(database_url: str) -> None:
    async with Receiver(lambda _: 500) as receiver, flowing(database_url) as flow:
        for number in range(5):
            await flow.subscribe(receiver.url, id_=f"s{number}")
        paused = await flow.subscribe(receiver.url, id_="paused")
        for _ in range(8):
            await flow.sent()
        await until(lambda: all(each.endpoint.is_stopped for each in flow.hub.readers.notifiers))
        await flow.put(replace(paused, active=False))
    told = await waiting.endpoints(at(database_url), has_tables=True)
    assert told.level is Level.DOUBT
    assert told.text.startswith("5 of 5 are stopped: s")
    assert told.text.endswith("Z, and 2 more")
    assert "paused" not in told.text


async def test_endpoints_that_answer_are_counted(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await flow.sent()
        await receiver.wait_for(1)
    told = await waiting.endpoints(at(sqlite_url), has_tables=True)
    assert told == Finding("Endpoints", Level.GOOD, "none of 1 is stopped")


@pytest.mark.parametrize(("ago", "level"), [(HOUR, Level.DOUBT), (0, Level.GOOD), (-HOUR, Level.GOOD)])
async def test_a_channel_with_messages_that_wait_for_long_is_named(database_url: str, ago: int, level: Level) -> None:
    clock = MovedClock(SystemClock().now() - ago)
    async with flowing(database_url, clock=clock) as flow:
        await flow.accepted("c-slow")
        await flow.accepted("c-slow")
    told = await waiting.channels(at(database_url), has_tables=True)
    assert told.level is level
    assert ("c-slow (2 wait, since 20" in told.text) is (level is Level.DOUBT)


async def test_before_the_first_start_nothing_waits(tmp_path: Path) -> None:
    settings = at(f"sqlite:///{tmp_path / 'none.db'}")
    found = [await check(settings, has_tables=False) for check in (waiting.endpoints, waiting.channels)]
    assert [each.level for each in found] == [Level.GOOD, Level.GOOD]
