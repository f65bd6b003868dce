"""What waits for a dead endpoint costs nothing but the log; and when it is back, it is told without hurting others."""

import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.fill import fill
from bench.hub import Cost, Hub, Surroundings
from bench.isolation import some
from bench.scenarios import ids_of, paced, receipts

SECONDS = 5.0
"""How long the load lasts while nothing drains; beside the drain it is repeated until that has ended."""
FULL = 10_000
"""How many receipts show what the machine bears."""


def drain(events: int) -> dict[str, Any]:
    """Have so many events wait for a dead endpoint, and a tenth of them for comparison; then let it be told."""
    few, many = _waiting(events // 10, drains=False), _waiting(events, drains=True)
    beside = [each for each in many["drain"]["beside"] if not each["missing"]]
    # What was not told in the end has no delay: then there is no ratio to be proud of.
    ratios = [round(each["p99"] / many["undisturbed"]["p99"], 2) for each in beside]
    return {"name": f"drain of {events:,}", "few": few, "many": many, "ratios": ratios}


def _waiting(events: int, *, drains: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tidings-bench-") as folder, Surroundings() as around:
        data = Path(folder)
        with Hub(data=data) as hub:
            workspace, _, channel = hub.set_up(around.ports["provider"])
            (healthy,) = hub.subscribe(workspace, around.ports["subscriber"], "delivered")
            (dead,) = hub.subscribe(workspace, around.ports["dead"], "")
        empty = _size(data)
        fill(data / "tidings.db", workspace, channel, events)
        log = _size(data) - empty
        with Hub(data=data) as hub:
            _until(lambda: hub.standing(workspace, dead)["endpoint"]["state"] == "stopped", "the dead one rests")
            _until(lambda: hub.standing(workspace, healthy)["cursor"] >= events, "the healthy one is at the end")
            rss = hub.process.memory_info().rss / 2**20
        told: dict[str, Any] = {
            "events": events,
            "log_bytes": log,
            "other_bytes": _size(data) - empty - log,
            "rows": _rows(data),
            "rss_mb": round(rss),
        }
        if drains:
            with Hub(data=data) as hub:
                ids = ids_of(hub, workspace, events)
                full = receipts(hub, around, channel, some(ids, FULL))
                rate = full["per_second"] / 2
                told["rate"] = round(rate)
                share = some(ids, int(rate * SECONDS))
                told["undisturbed"] = paced(hub, around, channel, share, rate, patience=30.0)
                told["drain"] = _drained(hub, around, (workspace, channel, dead), ids, rate)
        return told


def _drained(
    hub: Hub, around: Surroundings, names: tuple[str, str, str], ids: list[str], rate: float
) -> dict[str, Any]:
    """Let the endpoint be told: under load as long as there are messages to report on, and then alone."""
    workspace, channel, dead = names
    waiting = hub.standing(workspace, dead)
    assert waiting["endpoint"]["state"] == "stopped", waiting
    around.do("revive")
    cost, begun = Cost(hub.process), time.monotonic()
    hub.ask("POST", f"/workspaces/{workspace}/subscriptions/{dead}/resume", {})
    beside = []
    while hub.standing(workspace, dead)["undeliveredSince"] is not None and len(ids) > rate * SECONDS:
        share = some(ids, int(rate * SECONDS))
        beside.append(paced(hub, around, channel, share, rate, warm_up=0.0, patience=30.0))
    under_load = {"drained": around.do("drained"), "seconds": time.monotonic() - begun, **cost.stop()}
    cost, begun, first = Cost(hub.process), time.monotonic(), around.do("drained")
    _until(lambda: hub.standing(workspace, dead)["undeliveredSince"] is None, "everything is told")
    used, seconds, number = cost.stop(), time.monotonic() - begun, around.do("drained") - first
    return {
        "beside": beside,
        "under_load": {
            "drained": under_load["drained"],
            "drained_per_second": round(under_load["drained"] / under_load["seconds"]),
            "core_share": round(under_load["cpu"] / under_load["seconds"], 2),
        },
        "alone": {
            "drained": number,
            "per_second": round(number / seconds),
            "per_cpu_second": round(number / used["cpu"]),
        },
        "rows_set_aside": _rows(hub.data)["held"],
    }


def _rows(data: Path) -> dict[str, int]:
    """How many rows there are that only subscriptions have."""
    with sqlite3.connect(f"file:{data / 'tidings.db'}?mode=ro", uri=True) as connection:
        tables = ("cursor", "held", "attempt")
        found = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
    connection.close()
    return found


def _size(data: Path) -> int:
    """Octets of the whole database."""
    return sum(file.stat().st_size for file in data.glob("tidings.db*"))


def _until(true: Callable[[], bool], what: str, seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.1)
