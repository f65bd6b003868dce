"""The hub is killed again and again under load: nothing it accepted may be lost, no story told backwards."""

import asyncio
import random
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from support.heard import Heard
from support.mortal import Client, Mortal
from support.receiver import Receiver
from support.traffic import Traffic
from support.waiting import until


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_killed_twenty_times_under_load_it_loses_nothing_and_keeps_order(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    await _kill_under_load(_database_url(kind, request), tmp_path, kills=20)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_killed_two_hundred_times_it_loses_nothing_either(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    await _kill_under_load(_database_url(kind, request), tmp_path, kills=200)


def _database_url(kind: str, request: pytest.FixtureRequest) -> str:
    return "" if kind == "sqlite" else str(request.getfixturevalue("postgres_url"))


async def _kill_under_load(database_url: str, tmp_path: Path, *, kills: int) -> None:
    chance = random.Random(7)
    async with (
        Receiver() as receiver,
        Mortal(tmp_path, database_url) as hub,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as http,
    ):
        traffic = Traffic(Client([hub], http))
        await traffic.set_up()
        await traffic.subscribe(receiver.url + "/all")
        traffic.start(workers=8, pause=0.01)
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.05, 0.7))
            await hub.kill()
            await hub.start()
        await asyncio.sleep(0.3)
        await traffic.end()

        accepted = traffic.accepted
        told = Heard(receiver)
        await until(
            lambda: all(told.is_final(message) for message in accepted), seconds=60, what="every message is told final"
        )
        await until(lambda: set(traffic.written) <= told.inbounds(), seconds=30, what="every inbound is told")
        assert await hub.stop() == 0
        await traffic.stop()

    assert len(set(accepted)) == len(accepted) > 100
    handed = traffic.handed()
    assert max(handed.values()) == 1, "a message was handed to the provider twice"
    for message in accepted:
        told.check_order(message)
        if handed[message]:
            assert "message.delivered" in told.names(message), f"{message} was taken and reported delivered"
    texts = Counter(told.inbound_ids())
    assert max(texts.values()) == 1, "an inbound became two messages"
