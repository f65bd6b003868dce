"""Several hubs, one SMSC that grants one bind: the bind is one hub's, whoever takes the messages, until it goes."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from support.hub import Running, running
from support.stories import PACE, RETRY_SECONDS
from support.waiting import until
from tidings.simulators.smpp import Smsc

KEYS = "ZmVybmV0LWtleS1vZi10aGUtdGVzdHMtMzItb2N0ZXQ="
SETTINGS = {"systemId": "hubesme", "password": "s3cretpw", "sender": "Shop", "reconnectSeconds": 0.02}
PERSON = "447700900101"
MANY = 20


async def send(hub: Running, workspace: str, key: str) -> list[str]:
    one = {"to": {"phoneNumber": PERSON}, "rules": ["sms"], "body": "Hi"}
    answer = await hub.ask("POST", f"/apispaces/{workspace}/messages/batch", [one] * MANY, key=key, expect=202)
    return [each["messageId"] for each in answer]


async def delivered(hub: Running, workspace: str, messages: list[str], key: str) -> None:
    """Wait until every one of them is delivered."""
    async with asyncio.timeout(20):
        for message in messages:
            path = f"/apispaces/{workspace}/messages/{message}"
            while (await hub.ask("GET", path, key=key))["status"] != "delivered":
                await asyncio.sleep(0.05)


async def test_one_of_two_hubs_is_bound_and_the_other_takes_over(tmp_path: Path, postgres_url: str) -> None:
    shared: dict[str, Any] = {"database_url": postgres_url, "secret_keys": KEYS, "lease_seconds": 2.0}
    simulator = Smsc(SETTINGS, pace=PACE, retry_seconds=RETRY_SECONDS, most_binds=1)
    await simulator.start()
    async with AsyncExitStack() as staying, AsyncExitStack() as leaving:
        staying.push_async_callback(simulator.stop)
        first = await leaving.enter_async_context(running(tmp_path / "one", **shared))
        workspace, key = await first.workspace()
        await first.channel(workspace, "sms", "smpp", {**SETTINGS, "baseUrl": simulator.smsc_url})
        await until(lambda: simulator.binds == 1)
        second = await staying.enter_async_context(running(tmp_path / "two", **shared))
        sent = [*await send(first, workspace, key), *await send(second, workspace, key)]
        await delivered(second, workspace, sent, key)
        assert (len(simulator.taken), simulator.binds) == (2 * MANY, 1)
        await leaving.aclose()
        more = await send(second, workspace, key)
        await delivered(second, workspace, more, key)
        assert (len(simulator.taken), simulator.binds) == (3 * MANY, 2)
