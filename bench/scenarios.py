"""What is measured: the road of a callback, the road of a submission, fan-out, latency, and a long log."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.fill import fill
from bench.hub import Cost, Hub, Surroundings
from bench.profile import profile

CONNECTIONS = 64


def road(database_url: str, messages: int, *, name: str) -> dict[str, Any]:
    """Submit messages, then report each delivered: both roads at full speed, then receipts at half of it."""
    with Surroundings() as around, Hub(database_url) as hub:
        workspace, key, channel = hub.set_up(around.ports["provider"])
        hub.subscribe(workspace, around.ports["subscriber"], "sent")
        result: dict[str, Any] = {"name": name, "messages": messages}
        result["submit"] = submit(hub, around, workspace, key, channel, messages)
        hub.subscribe(workspace, around.ports["subscriber"], "delivered")
        ids = ids_of(hub, workspace, messages)
        share = messages // 3
        result["callback"] = receipts(hub, around, channel, ids[:share])
        result["callback"]["profile"] = _profiled(hub, around, channel, ids[share : 2 * share])
        rate = result["callback"]["per_cpu_second"] / 2
        result["half_load"] = paced(hub, around, channel, ids[2 * share :], rate)
        return result


def fan_out(messages: int, subscriptions: int) -> dict[str, Any]:
    """Report each message delivered to so many subscriptions."""
    with Surroundings() as around, Hub() as hub:
        workspace, key, channel = hub.set_up(around.ports["provider"])
        submit(hub, around, workspace, key, channel, messages, hooks=0)
        hub.subscribe(workspace, around.ports["subscriber"], "delivered", subscriptions)
        ids = ids_of(hub, workspace, messages)
        told = receipts(hub, around, channel, ids, times=subscriptions)
        return {"name": f"fan-out to {subscriptions}", **told}


def long_log(events: int, messages: int) -> dict[str, Any]:
    """Report messages delivered on a SQLite file whose log already holds so many events."""
    with tempfile.TemporaryDirectory(prefix="tidings-bench-") as folder, Surroundings() as around:
        data = Path(folder)
        with Hub(data=data) as hub:
            workspace, key, channel = hub.set_up(around.ports["provider"])
        fill(data / "tidings.db", workspace, channel, events)
        with Hub(data=data) as hub:
            submit(hub, around, workspace, key, channel, messages, hooks=0)
            hub.subscribe(workspace, around.ports["subscriber"], "delivered")
            ids = ids_of(hub, workspace, messages)
            told = receipts(hub, around, channel, ids)
            return {"name": f"after a log of {events:,} events", **told}


def submit(
    hub: Hub, around: Surroundings, workspace: str, key: str, channel: str, number: int, hooks: int = 1
) -> dict[str, Any]:
    before = around.do("hooks")
    cost, start = Cost(hub.process), time.monotonic()
    asked = around.do(
        "submit",
        hub=hub.port,
        workspace=workspace,
        channel=channel,
        key=key,
        number=number,
        connections=CONNECTIONS,
    )
    if hooks:
        around.wait_for(before + number * hooks)
    else:
        wait_until_sent(hub)
    return figures(number, time.monotonic() - start, cost, asked)


def receipts(hub: Hub, around: Surroundings, channel: str, ids: list[str], times: int = 1) -> dict[str, Any]:
    before = around.do("hooks")
    with _listed(ids) as path:
        cost, start = Cost(hub.process), time.monotonic()
        asked = around.do("receipts", hub=hub.port, channel=channel, messages=path, connections=CONNECTIONS)
        around.wait_for(before + len(ids) * times)
        # What was told must also be written down.
        time.sleep(0.3)
        return figures(len(ids) * times, time.monotonic() - start - 0.3, cost, asked)


def _profiled(hub: Hub, around: Surroundings, channel: str, ids: list[str]) -> dict[str, float]:
    with _listed(ids) as path, profile(hub.pid) as shares:
        around.do("receipts", hub=hub.port, channel=channel, messages=path, connections=CONNECTIONS)
    return shares


def paced(hub: Hub, around: Surroundings, channel: str, ids: list[str], rate: float, **more: float) -> dict[str, Any]:
    """Report messages delivered at a rate; gives how long it took until the webhooks came."""
    with _listed(ids) as path:
        cost = Cost(hub.process)
        asked = around.do(
            "receipts",
            hub=hub.port,
            channel=channel,
            messages=path,
            connections=CONNECTIONS,
            rate=rate,
            **more,
        )
        used = cost.stop()
    return {
        "rate": round(rate),
        "core_share": round(used["cpu"] / asked["seconds"], 2),
        "missing": asked["missing"],
        "failed": asked["failed"],
        **asked["delays_ms"],
    }


def figures(number: int, seconds: float, cost: Cost, asked: dict[str, Any]) -> dict[str, Any]:
    used = cost.stop()
    return {
        "events": number,
        "per_second": round(number / seconds),
        "per_cpu_second": round(number / used["cpu"]),
        "cpu_microseconds": round(used["cpu"] / number * 1e6, 1),
        "system_share": round(used["system"] / used["cpu"], 2),
        "written_bytes_per_event": round(used["written_bytes"] / number),
        "rss_mb": round(used["rss_mb"]),
        "failed": asked["failed"],
    }


@contextmanager
def _listed(ids: list[str]) -> Iterator[str]:
    """A file that lists message ids, for the other process to read."""
    with tempfile.NamedTemporaryFile("w", suffix=".ids") as file:
        file.write("\n".join(ids))
        file.flush()
        yield file.name


def ids_of(hub: Hub, workspace: str, number: int) -> list[str]:
    """The newest messages, oldest first, through the API."""
    ids: list[str] = []
    after = 0
    newest = hub.ask("GET", f"/workspaces/{workspace}/events?after={after}&limit=1000&types=sent")
    while newest["results"]:
        ids += [event["messageId"] for event in newest["results"]]
        after = newest["results"][-1]["position"]
        newest = hub.ask("GET", f"/workspaces/{workspace}/events?after={after}&limit=1000&types=sent")
    return ids[-number:]


def wait_until_sent(hub: Hub) -> None:
    """Wait until no hop is left to be submitted."""
    end = time.monotonic() + 120
    with sqlite3.connect(f"file:{hub.data / 'tidings.db'}?mode=ro", uri=True) as connection:
        while connection.execute("SELECT count(*) FROM due").fetchone()[0]:
            if time.monotonic() > end:
                raise TimeoutError("the messages were not sent")
            time.sleep(0.1)
    connection.close()
