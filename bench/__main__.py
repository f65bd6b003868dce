"""Run the benchmarks: `python -m bench [--quick] [name …]`; prints the results and keeps them in bench/results."""

import argparse
import datetime as dt
import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench import scenarios, smpp
from bench.clicks import clicks
from bench.drain import drain
from bench.isolation import isolation
from bench.sockets import sockets
from support.postgres import Server, served

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", help="which to run; all where none is named")
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages")
    parser.add_argument("--keep", action="store_true", help="keep the results in bench/results")
    parser.add_argument("--events", type=int, default=100_000, help="how many wait for a dead endpoint in `drain`")
    given = parser.parse_args()
    with served() as server:
        every = scenarios_of(server, 3_000 if given.quick else 30_000, 100_000 if given.quick else 1_000_000)
        every["clicks"] = partial(clicks, 2_000 if given.quick else 20_000)
        every["isolation"] = partial(isolation, 2.0 if given.quick else 5.0, 1 if given.quick else 3)
        every["sockets"] = partial(sockets, 1_000 if given.quick else 5_000, 2_000 if given.quick else 10_000)
        every["drain"] = partial(drain, given.events)
        results = []
        for name in given.names or every:
            print(f"{name} …", flush=True)
            results.append(every[name]())
            print(json.dumps(results[-1], indent=2), flush=True)
    whole = {"machine": machine(), "results": results}
    if given.keep:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{dt.datetime.now(dt.UTC):%Y-%m-%d}-python-{platform.python_version()}.json"
        path.write_text(json.dumps(whole, indent=2) + "\n")
        print(f"kept in {path.relative_to(Path.cwd())}")


def scenarios_of(server: Server, many: int, long: int) -> dict[str, Callable[[], dict[str, Any]]]:
    """Every scenario by its name, with so many messages and so long a log."""

    def postgres() -> dict[str, Any]:
        server.sql("CREATE DATABASE bench")
        return scenarios.road(server.url("bench"), many, name="postgres")

    fan_outs = {
        f"fan-out-{number}": partial(scenarios.fan_out, max(1000, many // 3 // number), number)
        for number in (1, 10, 100)
    }
    return {
        "sqlite": partial(scenarios.road, "", many, name="sqlite"),
        "postgres": postgres,
        **fan_outs,
        "smpp": partial(smpp.bind, many // 3),
        "short-log": partial(scenarios.long_log, 1_000, many // 3),
        "long-log": partial(scenarios.long_log, long, many // 3),
    }


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = Path("/proc/meminfo").read_text().split()[1]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory) / 2**20),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "commit": commit.stdout.strip(),
    }


main()
