"""Hubs and databases die under load while endpoints fail, hang and are away: every endpoint gets everything in the end.

In the order of each message, and nothing again but what was under way when something died.
"""

import asyncio
import logging
import random
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support.heard import Heard
from support.moody import Away, Moody, failing, hanging, stuck, well
from support.mortal import Client, Mortal
from support.postgres import Server, served
from support.promises import Death, check_log, check_order, check_repeated, check_whole
from support.traffic import Traffic
from support.waiting import until
from tidings.flow.journal import MOST_UNWRITTEN

logger = logging.getLogger(__name__)

CONCURRENCY = 8
GATHERED = 10
AGAIN = 2.0
"""Seconds within which a hub finds that its database is back, and writes down what it could not."""
SETTINGS = {
    "TIDINGS_WEBHOOK_CONCURRENCY": str(CONCURRENCY),
    "TIDINGS_WEBHOOK_TIMEOUT": "2",
}
OUTAGES = [(start, start + 3.0) for start in range(4, 4000, 25)]
"""Seconds from the start between which endpoints fail that have outages."""

HUBS = pytest.mark.parametrize(
    ("kind", "processes"), [("sqlite", 1), ("postgres", 1), ("postgres", 3)], ids=["sqlite", "postgres", "three-hubs"]
)


class Stage:
    """Hubs under load, and endpoints of every mood."""

    def __init__(self, hubs: Sequence[Mortal], traffic: Traffic) -> None:
        chance = random.Random(5)
        self.hubs = hubs
        self.traffic = traffic
        self.endpoints = (
            Moody("healthy", well),
            Moody("failing", failing(chance, share=0.1, outages=OUTAGES)),
            Moody("hanging now and then", hanging(chance, share=0.05)),
            Moody("stuck", stuck),
            Away("away"),
            Moody("gathering", failing(chance, share=0.1, outages=OUTAGES)),
        )
        self.deaths: list[Death] = []
        self._subscriptions: dict[str, str] = {}

    async def subscribe(self) -> None:
        for endpoint in self.endpoints:
            gathers = {"batch": True, "maxBatchSize": GATHERED, "batchTimeout": 1}
            more = gathers if endpoint.name == "gathering" else {}
            self._subscriptions[endpoint.name] = await self.traffic.subscribe(endpoint.url, **more)

    async def kill_some(self, kills: int) -> None:
        """Kill one hub after the other, whichever it is."""
        chance = random.Random(7)
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.1, 0.9))
            hub = chance.choice(self.hubs)
            died_at = time.monotonic()
            await hub.kill()
            self.deaths.append(Death(died_at, time.monotonic()))
            await hub.start()

    async def restart(self, server: Server, times: int) -> None:
        """Stop the database again and again, in a crash or fast, and start it a little later."""
        chance = random.Random(7)
        for number in range(times):
            await asyncio.sleep(chance.uniform(0.3, 1.5))
            died_at = time.monotonic()
            await asyncio.to_thread(server.stop, (signal.SIGQUIT, signal.SIGINT)[number % 2])
            await asyncio.sleep(chance.uniform(0, 2.0))
            await asyncio.to_thread(server.start)
            self.deaths.append(Death(died_at, time.monotonic() + AGAIN))

    async def finish(self) -> dict[str, dict[str, Any]]:
        """End the load, have every endpoint recover and be told everything; gives what the log says, by id."""
        await self.traffic.end()
        heard = Heard(self.endpoints[0])
        accepted = self.traffic.accepted
        await until(lambda: all(map(heard.is_final, accepted)), seconds=60, what="the healthy endpoint hears every end")
        for endpoint in self.endpoints:
            await endpoint.recover()
        log = await self._log()
        end = time.monotonic() + 90
        while missing := [each for each in self.endpoints if not each.taken >= log.keys()]:
            if time.monotonic() > end:
                standing = [(each.name, len(log.keys() - each.taken), await self._standing(each)) for each in missing]
                raise AssertionError(f"not told everything, and of how many events: {standing}")
            for endpoint in missing:
                await self._go_on(endpoint)
            await asyncio.sleep(0.25)
        for endpoint in self.endpoints:
            await self._settled(endpoint)
        return log

    async def _log(self) -> dict[str, dict[str, Any]]:
        log: dict[str, dict[str, Any]] = {}
        after, path = 0, f"/workspaces/{self.traffic.workspace}/events?dialect=omnichannel&limit=1000&after="
        while (page := await self.traffic.client.insist("GET", f"{path}{after}"))["nextAfter"] != after:
            log |= {event["eventId"]: event for event in page["results"] if event["name"] != "message.sentRequest"}
            after = page["nextAfter"]
        return log

    async def _standing(self, endpoint: Moody) -> dict[str, Any]:
        path = f"/workspaces/{self.traffic.workspace}/subscriptions/{self._subscriptions[endpoint.name]}"
        standing: dict[str, Any] = (await self.traffic.client.insist("GET", path))["delivery"]
        return standing

    async def _go_on(self, endpoint: Moody) -> None:
        """Do as an operator does who knows that an endpoint is back: wait for no probe."""
        if (await self._standing(endpoint))["endpoint"]["state"] == "stopped":
            path = f"/workspaces/{self.traffic.workspace}/subscriptions/{self._subscriptions[endpoint.name]}/resume"
            await self.traffic.client.insist("POST", path, {})

    async def _settled(self, endpoint: Moody) -> None:
        """Wait until it is written down that everything was told."""
        end = time.monotonic() + 30
        while (standing := await self._standing(endpoint))["setAside"] or standing["endpoint"]["state"] != "well":
            assert time.monotonic() < end, f"{endpoint.name}: {standing}"
            await asyncio.sleep(0.1)
        assert standing["givenUp"] == 0, f"{endpoint.name}: {standing}"

    def check(self, log: dict[str, dict[str, Any]]) -> None:
        """Check every promise, and say how much each endpoint heard again."""
        assert len(log) > len(self.traffic.accepted) > 50
        assert {event["payload"]["id"] for event in log.values()} >= set(self.traffic.accepted)
        check_log(log)
        repeated = {}
        for endpoint in self.endpoints:
            check_whole(endpoint, log)
            check_order(endpoint, log)
            under_way = 2 * CONCURRENCY * (GATHERED if endpoint.name == "gathering" else 1)
            most = len(self.deaths) * (under_way + MOST_UNWRITTEN)
            repeated[endpoint.name] = check_repeated(endpoint, self.deaths, most)
        logger.info("%d deaths, %d events, heard again: %s", len(self.deaths), len(log), repeated)


@asynccontextmanager
async def staged(data: Path, database_url: str, processes: int) -> AsyncIterator[Stage]:
    """Run hubs under load, and endpoints of every mood."""
    async with AsyncExitStack() as stack:
        hubs = [Mortal(data, database_url, SETTINGS) for _ in range(processes)]
        for hub in hubs:
            await stack.enter_async_context(hub)
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)))
        traffic = Traffic(Client(hubs, http))
        await traffic.set_up()
        stack.push_async_callback(traffic.stop)
        stage = Stage(hubs, traffic)
        for endpoint in stage.endpoints:
            await stack.enter_async_context(endpoint)
        await stage.subscribe()
        traffic.start(workers=8, pause=0.03)
        yield stage
        for hub in hubs:
            assert await hub.stop() == 0


@HUBS
async def test_a_killed_hub_loses_nothing_at_any_endpoint(
    kind: str, processes: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    await _kill_under_load(kind, processes, tmp_path, request, kills=8)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@HUBS
async def test_a_hub_killed_fifty_times_loses_nothing_either(
    kind: str, processes: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    await _kill_under_load(kind, processes, tmp_path, request, kills=50)


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_restarted_database_loses_nothing_at_any_endpoint(processes: int, tmp_path: Path) -> None:
    await _restart_under_load(processes, tmp_path, times=4)


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_a_database_restarted_fifty_times_loses_nothing_either(tmp_path: Path) -> None:
    await _restart_under_load(2, tmp_path, times=50)


async def _restart_under_load(processes: int, tmp_path: Path, *, times: int) -> None:
    with served() as server:
        await asyncio.to_thread(server.sql, "CREATE DATABASE restarted")
        async with staged(tmp_path, server.url("restarted"), processes) as stage:
            await stage.restart(server, times)
            log = await stage.finish()
    stage.check(log)


async def _kill_under_load(
    kind: str, processes: int, tmp_path: Path, request: pytest.FixtureRequest, *, kills: int
) -> None:
    database_url = "" if kind == "sqlite" else str(request.getfixturevalue("postgres_url"))
    async with staged(tmp_path, database_url, processes) as stage:
        await stage.kill_some(kills)
        log = await stage.finish()
    stage.check(log)
