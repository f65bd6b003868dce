"""Devices are cut off again and again, by themselves and by the hub, and have everything once in the end."""

import asyncio
import contextlib
import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from support.app_live import SHARED, App, Person, app
from support.hub import running
from support.waiting import until
from tidings.flow.live.line import End

PEOPLE = {"anna": ("a", "b"), "ben": ("a", "c"), "eve": ("a", "b", "c")}
"""Who is in which conversations."""
MESSAGES = 240
MANY = {"socketsPerProfile": 100}
"""Of some that were cut off the hub does not know yet."""


class Reading:
    """What one client has of each conversation, and how often it was cut off."""

    def __init__(self, person: Person, chance: random.Random) -> None:
        self.person = person
        self.chance = chance
        self.seen: dict[str, list[int]] = {each: [] for each in PEOPLE[person.profile]}
        self.again = 0
        """How many came that it had already."""
        self.cuts = 0
        self._within: dict[str, int] = defaultdict(int)

    def connected(self) -> None:
        """Begin a new connection."""
        self.cuts += 1
        self._within.clear()

    def take(self, event: dict[str, Any], *, live: bool) -> None:
        """Take an event as a client does: what it has is nothing new, and a gap would be a loss."""
        conversation, number = event["conversationId"], event["conversationEventId"]
        if live:
            assert number > self._within[conversation], "one connection tells nothing twice, and nothing late"
            self._within[conversation] = number
        seen = self.seen[conversation]
        last = seen[-1] if seen else 0
        if number <= last:
            self.again += 1
            return
        assert number == last + 1, f"{conversation}: {last} was followed by {number}"
        seen.append(number)

    def has(self, wanted: dict[str, int]) -> bool:
        """Whether it has so many of each."""
        return all(len(mine) >= wanted[each] for each, mine in self.seen.items())


async def follow_by_socket(hubs: list[App], reading: Reading, wanted: dict[str, int]) -> None:
    """Follow over sockets that break, and read what was missed by the conversations' own numbers."""
    while not reading.has(wanted):
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            await read_a_while(reading.chance.choice(hubs), reading, wanted)


async def read_a_while(hub: App, reading: Reading, wanted: dict[str, int]) -> None:
    """Read over one connection, for a moment or until it breaks."""
    chance = reading.chance
    async with hub.connected(reading.person.token) as device:
        reading.connected()
        for name, mine in reading.seen.items():
            # Whatever is committed from here on comes over the socket, and waits there meanwhile.
            for each in await hub.world.conversations.events(hub.workspace, name, mine[-1] if mine else 0, 10_000):
                reading.take({"conversationId": name, "conversationEventId": each.number}, live=False)
        patience = chance.randrange(0, 40)
        try:
            async with asyncio.timeout(chance.random() * 0.15):
                while patience and not reading.has(wanted):
                    reading.take(json.loads(await device.socket.recv()), live=True)
                    patience -= 1
        finally:
            if chance.random() < 0.8:
                device.socket.transport.abort()


async def follow_by_stream(hubs: list[App], reading: Reading, wanted: dict[str, int]) -> None:
    """Follow over streams that break, and are taken up by the id that was seen last."""
    chance, last = reading.chance, 0
    while not reading.has(wanted):
        async with chance.choice(hubs).listening(reading.person.token, last=last) as stream:
            reading.connected()
            if stream.response.status_code == 503:
                continue  # It was let go while it came in.
            patience = chance.randrange(0, 40)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(chance.random() * 0.15):
                    async for event in stream:
                        reading.take(json.loads(event.data), live=True)
                        patience -= 1
                        if patience < 0 or reading.has(wanted):
                            break
            last = stream.place or last


async def cut(hubs: list[App], chance: random.Random) -> None:
    """Let go of somebody every now and then, as of one who reads too slowly."""
    while True:
        await asyncio.sleep(chance.random() * 0.02)
        if lines := chance.choice(hubs).world.live.lines.all():
            chance.choice(lines).let_go(End.SLOW)


async def converse(hubs: list[App], chance: random.Random) -> list[Reading]:
    """Have people follow while others talk and cut; gives what each has in the end."""
    shop = hubs[0]
    for name in "abc":
        await shop.talk(name, *(each for each, theirs in PEOPLE.items() if name in theirs))
    before = {name: len(await shop.happened(name)) for name in "abc"}
    plan = [chance.choice("abc") for _ in range(MESSAGES)]
    wanted = {name: before[name] + plan.count(name) for name in "abc"}
    readings: list[Reading] = []
    following = []
    for profile in PEOPLE:
        for follow in (follow_by_socket, follow_by_socket, follow_by_stream):
            reading = Reading(await shop.person(profile, f"{len(readings)}"), random.Random(chance.random()))
            readings.append(reading)
            following.append(asyncio.create_task(follow(hubs, reading, wanted)))
    cutting = asyncio.create_task(cut(hubs, chance))

    async def talk(mine: list[str]) -> None:
        for name in mine:
            await chance.choice(hubs).write(name, "Hi")
            await asyncio.sleep(chance.random() * 0.03)

    async with asyncio.timeout(120):
        await asyncio.gather(*(talk(plan[start::4]) for start in range(4)))
        await asyncio.gather(*following)
    cutting.cancel()
    for reading in readings:
        assert reading.seen == {name: list(range(1, wanted[name] + 1)) for name in PEOPLE[reading.person.profile]}
    return readings


@pytest.mark.parametrize("seed", range(2))
async def test_devices_that_are_cut_off_again_and_again_have_everything_once(
    tmp_path: Path, database_url: str, seed: int
) -> None:
    async with app(tmp_path, MANY, database_url=database_url, stream_heartbeat=0.05) as shop:
        readings = await converse([shop], random.Random(seed))
        assert sum(each.cuts for each in readings) > 100


async def test_the_same_at_two_hubs_that_both_write(tmp_path: Path, postgres_url: str) -> None:
    shared: dict[str, Any] = {"database_url": postgres_url, **SHARED, "stream_heartbeat": 0.05}
    async with app(tmp_path / "one", MANY, **shared) as shop, running(tmp_path / "two", **shared) as other:
        await until(lambda: shop.workspace in other.world.directory.workspaces)
        await other.world.directory.read()
        readings = await converse([shop, App(other, shop.workspace)], random.Random(7))
        assert sum(each.cuts for each in readings) > 100
