"""What a bind is worth: texts over one SMPP bind to a simulated SMSC, and their receipts back."""

import asyncio
import time
from typing import Any

from bench.hub import Cost, Hub
from tidings.simulators.smpp import Smsc

SETTINGS = {"systemId": "hubesme", "password": "s3cretpw", "sender": "Bench"}
BATCH = 1000


def bind(messages: int) -> dict[str, Any]:
    """Send texts by a window of 50, as fast as that goes, until every one of them is reported as delivered."""
    with Hub() as hub:
        return asyncio.run(_bind(hub, messages))


async def _bind(hub: Hub, messages: int) -> dict[str, Any]:
    simulator = Smsc(SETTINGS, pace=0.0)
    url = await simulator.start()
    ask = asyncio.to_thread
    made = await ask(hub.ask, "POST", "/workspaces", {"name": "Bench", "accountId": 1})
    settings = {**SETTINGS, "baseUrl": url, "window": 50, "perSecond": 10_000}
    channel = {"name": "Sms", "platform": "sms", "connector": "smpp", "settings": settings}
    await ask(hub.ask, "POST", f"/workspaces/{made['id']}/channels", channel)
    cost, began = Cost(hub.process), time.perf_counter()
    for first in range(0, messages, BATCH):
        texts = [
            # The last digits say what becomes of it: these are delivered.
            {"to": {"phoneNumber": f"4477{number:06d}00"}, "rules": ["sms"], "body": "Hello"}
            for number in range(first, min(messages, first + BATCH))
        ]
        await ask(hub.ask, "POST", f"/apispaces/{made['id']}/messages/batch", texts)
    accepted = time.perf_counter() - began
    while len(simulator.taken) < messages:
        await asyncio.sleep(0.01)
    taken = time.perf_counter() - began
    while len(simulator.answers) < messages:
        await asyncio.sleep(0.01)
    reported = time.perf_counter() - began
    used = cost.stop()
    await simulator.stop()
    return {
        "name": "smpp",
        "messages": messages,
        "accepted_seconds": round(accepted, 2),
        "submits_per_second": round(messages / taken),
        "through_per_second": round(messages / reported),
        "messages_per_cpu_second": round(messages / used["cpu"]),
        "submitted_twice": len(simulator.taken) - len({each["to"] for each in simulator.taken}),
        "answers_not_ok": sum(answer != 200 for answer in simulator.answers),
        **used,
    }
