"""The hub is killed while people click: whoever was sent on is told of exactly once, whoever was not at most once."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest

from support.mortal import Client, Mortal
from support.receiver import Receiver
from support.traffic import Traffic
from support.waiting import until

LINKS = 4
"""In each message, so that each link is followed by one click."""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_no_click_that_was_answered_is_lost_or_told_twice(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    await _kill_under_clicks(_database_url(kind, request), tmp_path, messages=100, kills=4)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_nor_is_one_of_many_more(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    await _kill_under_clicks(_database_url(kind, request), tmp_path, messages=2_500, kills=60)


def _database_url(kind: str, request: pytest.FixtureRequest) -> str:
    return "" if kind == "sqlite" else str(request.getfixturevalue("postgres_url"))


class Clickers:
    """People who follow each link once, and try none of them again."""

    def __init__(self, links: Sequence[str], http: aiohttp.ClientSession) -> None:
        self._links = list(links)
        self._http = http
        self.answered: set[str] = set()
        self.unanswered: set[str] = set()
        self.may_click = asyncio.Event()
        """Not set while there is nobody to answer."""
        self.may_click.set()

    @property
    def left(self) -> int:
        return len(self._links)

    async def click(self) -> None:
        """Follow links until none is left."""
        while self._links:
            await self.may_click.wait()
            if not self._links:
                return
            link = self._links.pop()
            try:
                async with self._http.get(link, allow_redirects=False) as answer:
                    assert answer.status == 302, f"{link}: {answer.status}"
                self.answered.add(link)
            except (aiohttp.ClientError, TimeoutError):
                self.unanswered.add(link)
            await asyncio.sleep(0.02)


async def _kill_under_clicks(database_url: str, tmp_path: Path, *, messages: int, kills: int) -> None:
    chance = random.Random(5)
    # They stall for a moment, so that at any time some are on disk and not told, and others are being told.
    settings = {"TIDINGS_CLICK_STALL": "0.05"}
    async with (
        Receiver() as receiver,
        Mortal(tmp_path, database_url, settings) as hub,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as http,
    ):
        traffic = Traffic(Client([hub], http))
        await traffic.set_up()
        await traffic.subscribe(receiver.url + "/clicks", subscriptions=[{"type": "interaction.click"}])
        people = Clickers(await _links(traffic, messages), http)
        every = people.left
        clicking = [asyncio.create_task(people.click()) for _ in range(16)]
        for number in range(kills):
            await until(lambda: people.left < every * (kills - number) / (kills + 1), seconds=60)  # noqa: B023
            await asyncio.sleep(chance.uniform(0, 0.05))
            assert people.left, "nobody was clicking when the hub was killed"
            people.may_click.clear()
            await hub.kill()
            await hub.start()
            people.may_click.set()
        await asyncio.gather(*clicking)

        def told() -> dict[str, set[str]]:
            """The events by which each click was told."""
            events: dict[str, set[str]] = {}
            for got in receiver.got:
                events.setdefault(got.json["payload"]["shortUrl"], set()).add(got.json["eventId"])
            return events

        await until(lambda: people.answered <= told().keys(), seconds=30, what="every click that was answered is told")
        assert await hub.stop() == 0
        await traffic.stop()
    assert len(people.answered) > every / 2
    assert people.answered | people.unanswered >= told().keys()
    often = Counter({link: len(events) for link, events in told().items()})
    assert often.most_common(1)[0][1] == 1, often.most_common(3)


async def _links(traffic: Traffic, messages: int) -> list[str]:
    """Send messages with links, and give the short ones."""
    space = f"/apispaces/{traffic.workspace}/messages"
    links = []
    for number in range(messages):
        text = " ".join(f"https://shop.example/{number}/{each}" for each in range(LINKS))
        draft = {"to": {"phoneNumber": f"+44770090{number:04d}"}, "rules": ["sms"], "body": text, "shortenLinks": "on"}
        made = await traffic.client.insist("POST", space, draft)
        shown = await traffic.client.insist("GET", f"{space}/{made['messageId']}")
        links += [each["shortUrl"] for each in shown["links"]]
    await traffic.simulator.settle()
    random.Random(3).shuffle(links)
    return links
