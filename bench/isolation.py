"""One endpoint's trouble is no other's: the delays of a healthy endpoint beside some that are not."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.fill import fill
from bench.hub import Hub, Surroundings
from bench.scenarios import ids_of, paced, receipts

SITUATIONS = (("hanging", 1), ("slow", 1), ("dead", 1000), ("hanging", 1000))
"""What stands beside the healthy endpoint, in the same workspace, and how many of it."""
SHARES = ("undisturbed", "onset", "steady")


def isolation(seconds: float, rounds: int) -> dict[str, Any]:
    """Measure at half of the load that the machine bears, each situation in one run with its own undisturbed time.

    Times are as long as `seconds`: undisturbed, then from the first event that the others are told, then once it is
    known of them how they are. The ratios are of p99.
    """
    with tempfile.TemporaryDirectory(prefix="tidings-bench-") as folder, Surroundings() as around:
        data = Path(folder)
        with Hub(data=data) as hub:
            workspace, _, channel = hub.set_up(around.ports["provider"])
        many = 10_000 + round(3_000 * seconds * len(SHARES) * len(SITUATIONS) * rounds)
        fill(data / "tidings.db", workspace, channel, 2 * many)
        with Hub(data=data) as hub:
            hub.subscribe(workspace, around.ports["subscriber"], "delivered")
            ids = ids_of(hub, workspace, many)
            full = receipts(hub, around, channel, some(ids, 10_000))
            rate = min(3_000, full["per_second"] / 2)
            found: dict[str, list[dict[str, Any]]] = {}
            for _ in range(rounds):
                for kind, number in SITUATIONS:
                    name = f"{number:,} {kind}"
                    place = _Place(hub, around, workspace, channel, ids, rate, seconds)
                    found.setdefault(name, []).append(_beside(place, kind, number))
    return {
        "name": "isolation",
        "rate": round(rate),
        "rounds": rounds,
        "beside": {name: _medians(runs) for name, runs in found.items()},
    }


class _Place(NamedTuple):
    hub: Hub
    around: Surroundings
    workspace: str
    channel: str
    ids: list[str]
    """Messages that nothing was reported of yet."""
    rate: float
    seconds: float

    def load(self, warm_up: float) -> dict[str, Any]:
        """Report messages delivered for the time, and measure how long it took until the healthy endpoint heard."""
        ids = some(self.ids, int(self.rate * self.seconds))
        return paced(self.hub, self.around, self.channel, ids, self.rate, warm_up=warm_up, patience=30.0)


def _beside(place: _Place, kind: str, number: int) -> dict[str, Any]:
    hub, workspace = place.hub, place.workspace
    undisturbed = place.load(0.25)
    made = hub.subscribe(workspace, place.around.ports[kind], "delivered", number)
    time.sleep(1)
    onset = place.load(0.0)
    if kind != "slow":
        _until_stopped(hub, workspace, made)
    steady = place.load(0.25)
    rss = hub.process.memory_info().rss / 2**20
    for subscription in made:
        hub.ask("DELETE", f"/workspaces/{workspace}/subscriptions/{subscription}")
    return {"undisturbed": undisturbed, "onset": onset, "steady": steady, "rss_mb": rss}


def _until_stopped(hub: Hub, workspace: str, made: Sequence[str]) -> None:
    """Wait until it is known of the last of them how it does."""
    end = time.monotonic() + 60
    while hub.standing(workspace, made[-1])["endpoint"]["state"] != "stopped":
        if time.monotonic() > end:
            raise TimeoutError("an endpoint was not given a rest")
        time.sleep(0.2)


def _medians(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {
        share: {
            "p50": median(run[share]["p50"] for run in runs),
            "p99": median(run[share]["p99"] for run in runs),
            "core_share": median(run[share]["core_share"] for run in runs),
            "missing": sum(run[share]["missing"] for run in runs),
        }
        for share in SHARES
    }
    for share in SHARES[1:]:
        told[share]["ratio"] = round(median(run[share]["p99"] / run["undisturbed"]["p99"] for run in runs), 2)
        told[share]["ratios"] = [round(run[share]["p99"] / run["undisturbed"]["p99"], 2) for run in runs]
    told["onset"]["longest"] = max(run["onset"]["most"] for run in runs)
    told["rss_mb"] = round(max(run["rss_mb"] for run in runs))
    return told


def some(ids: list[str], number: int) -> list[str]:
    """Take some messages that nothing was reported of yet."""
    taken = ids[-number:]
    del ids[-number:]
    return taken
