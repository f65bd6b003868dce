"""Run the benchmarks: `python -m bench [--quick] [name …]`; prints the results and keeps them in bench/results."""

import argparse
import datetime
import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import scenarios
from support.postgres import serving

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", help="which to run; all where none is named")
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages")
    parser.add_argument("--keep", action="store_true", help="keep the results in bench/results")
    given = parser.parse_args()
    many = 3_000 if given.quick else 30_000
    with serving() as database:
        every: dict[str, Callable[[], dict[str, Any]]] = {
            "sqlite": lambda: scenarios.road("", many, name="sqlite"),
            "postgres": lambda: scenarios.road(database(), many, name="postgres"),
            **{
                f"fan-out-{number}": lambda n=number: scenarios.fan_out(
                    "", max(200, many // 3 // n), n, name=f"fan-out-{n}"
                )
                for number in (1, 10, 100)
            },
            "log-of-1000": lambda: scenarios.long_log(1_000, many // 3, name="log-of-1000"),
            "log-of-a-million": lambda: scenarios.long_log(
                100_000 if given.quick else 1_000_000, many // 3, name="log-of-a-million"
            ),
        }
        results = []
        for name in given.names or every:
            print(f"{name} …", flush=True)
            results.append(every[name]())
            print(json.dumps(results[-1], indent=2), flush=True)
    whole = {"machine": machine(), "results": results}
    if given.keep:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}.json"
        path.write_text(json.dumps(whole, indent=2) + "\n")
        print(f"kept in {path.relative_to(Path.cwd())}")


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
