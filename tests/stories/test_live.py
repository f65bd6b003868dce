"""A client that follows live, is cut off again and again, and misses nothing."""

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest

from support.hub import running
from support.live import Live, living
from support.lives import PERSON

KEYS = "ZmVybmV0LWtleS1vZi10aGUtdGVzdHMtMzItb2N0ZXQ="
"""One secret key for hubs that share a database."""


async def follow(
    live: Live, number: int, chance: random.Random, path: str, *, urls: tuple[str, ...] = ("",)
) -> list[dict[str, Any]]:
    """Follow until so many events have come, over connections that are cut after a few events or a moment."""
    seen: list[dict[str, Any]] = []
    last = None
    while len(seen) < number:
        query: dict[str, Any] = {} if last else {"after": 0}
        async with live.listening(path, last=last, url=chance.choice(urls), **query) as stream:
            cut = asyncio.get_running_loop().time() + chance.random() * 0.2
            patience = chance.randrange(0, 60)
            try:
                async with asyncio.timeout_at(cut):
                    async for event in stream:
                        seen.append({**json.loads(event.data), "place": int(event.id)})
                        last = int(event.id)
                        patience -= 1
                        if patience < 0:
                            break
            except TimeoutError:
                pass
            last = last or stream.place
    return seen


async def write(asks: list[Any], number: int, chance: random.Random) -> None:
    """Send messages in small batches, by any of several hubs, several at once."""
    sent = 0
    while sent < number:
        size = min(chance.randrange(1, 8), number - sent)
        await chance.choice(asks)(size)
        sent += size
        if chance.random() < 0.3:
            await asyncio.sleep(chance.random() * 0.03)


@pytest.mark.parametrize("seed", range(2))
async def test_a_client_that_is_cut_off_again_and_again_misses_nothing(
    tmp_path: Path, database_url: str, seed: int
) -> None:
    chance = random.Random(seed)
    async with living(tmp_path, database_url=database_url, stream_heartbeat=0.05) as live:
        mine = await live.subscription(active=False)
        writers = [asyncio.create_task(write([live.send], 150, chance)) for _ in range(2)]
        whole, subscribed = await asyncio.gather(
            follow(live, 300, chance, "/events/stream"),
            follow(live, 300, chance, f"/subscriptions/{mine}/events/stream"),
        )
        await asyncio.gather(*writers)
        assert [each["place"] for each in whole] == list(range(1, 301))
        assert [each["position"] for each in subscribed] == list(range(1, 301))
        assert [each["webhookId"] for each in subscribed] == [
            event["id"] for event in (await live.ask("GET", "/events?limit=1000"))["results"]
        ]


async def test_two_hubs_on_one_database_tell_the_same_story(tmp_path: Path, postgres_url: str) -> None:
    """Two write at once, and the client comes back to either of them."""
    chance = random.Random(7)
    shared: dict[str, Any] = {"database_url": postgres_url, "secret_keys": KEYS}
    async with living(tmp_path / "one", **shared) as live, running(tmp_path / "two", **shared) as other:
        await other.world.directory.read()
        one = {"to": {"phoneNumber": PERSON}, "rules": ["sms"], "body": "Hi"}

        async def send_there(number: int) -> None:
            await other.ask("POST", f"/apispaces/{live.workspace}/messages/batch", [one] * number, key=live.key)

        writers = [asyncio.create_task(write([live.send, send_there], 100, chance)) for _ in range(3)]
        urls = (live.url, other.base_url + live.path)
        seen = await follow(live, 300, chance, "/events/stream", urls=urls)
        await asyncio.gather(*writers)
        assert [each["place"] for each in seen] == list(range(1, 301))


async def test_what_one_hub_writes_another_streams_without_delay(tmp_path: Path, postgres_url: str) -> None:
    shared: dict[str, Any] = {"database_url": postgres_url, "secret_keys": KEYS}
    async with living(tmp_path / "one", **shared) as live, running(tmp_path / "two", **shared) as other:
        await other.world.directory.read()
        async with live.listening(url=other.base_url + live.path) as stream:
            for _ in range(10):
                await live.send()
                async with asyncio.timeout(2):
                    await stream.next()
        assert stream.place == 10
