"""What a click is worth: links followed as fast as they are answered, at a rate, and until every click is told."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.hub import Cost, Hub, Surroundings
from bench.profile import profile

MESSAGES = 2_000
BATCH = 500
CONNECTIONS = 64
RATE = 2_500
"""Clicks a second, half of what one core is to bear."""


def clicks(number: int) -> dict[str, Any]:
    """Follow links so many times: taken down only, at half the rate, then taken down and told."""
    with Surroundings() as around:
        # Whatever is taken down stays where it is: what is measured is the door.
        with Hub(click_stall="300") as hub, _links(hub, around) as slugs:
            # The first ones of each link are looked up, and make their connections.
            _follow(hub, around, slugs, MESSAGES)
            door = _follow(hub, around, slugs, number)
            with profile(hub.pid) as shares:
                _follow(hub, around, slugs, number)
            cost = Cost(hub.process)
            paced = around.do("clicks", hub=hub.port, slugs=slugs, number=number, connections=CONNECTIONS, rate=RATE)
            used = cost.stop()
            half = {"rate": RATE, "core_share": round(used["cpu"] / paced["seconds"], 2), **paced["waits_ms"]}
        with Hub() as hub, _links(hub, around) as slugs:
            _follow(hub, around, slugs, MESSAGES)
            told = _follow(hub, around, slugs, number, until_told=True)
            with profile(hub.pid) as told_shares:
                _follow(hub, around, slugs, number, until_told=True)
    return {
        "name": "clicks",
        "door": {**door, "profile": shares},
        "door_at_a_rate": half,
        "told": {**told, "profile": told_shares},
    }


@contextmanager
def _links(hub: Hub, around: Surroundings) -> Iterator[str]:
    """Send messages with a link each; gives the path of the file where the links' slugs stand."""
    workspace, _, _ = hub.set_up(around.ports["provider"])
    for first in range(0, MESSAGES, BATCH):
        texts = [
            {
                "to": {"phoneNumber": f"4477{number:08d}"},
                "rules": ["sms"],
                "body": f"Parcel https://shop.example/track/{number}",
                "shortenLinks": "on",
            }
            for number in range(first, first + BATCH)
        ]
        hub.ask("POST", f"/apispaces/{workspace}/messages/batch", texts)
    _wait_until(hub, "SELECT count(*) FROM due")
    # So that none of the clicks is too soon for a person.
    time.sleep(1.2)
    with tempfile.NamedTemporaryFile("w", suffix=".slugs") as file:
        file.write("\n".join(row[0] for row in _rows(hub, "SELECT slug FROM link ORDER BY message")))
        file.flush()
        yield file.name


def _follow(hub: Hub, around: Surroundings, slugs: str, number: int, *, until_told: bool = False) -> dict[str, Any]:
    cost, begun = Cost(hub.process), time.monotonic()
    asked = around.do("clicks", hub=hub.port, slugs=slugs, number=number, connections=CONNECTIONS)
    answered = time.monotonic() - begun
    if until_told:
        _wait_until(hub, "SELECT count(*) FROM click")
    used = cost.stop()
    return {
        "clicks": number,
        "per_second": round(number / answered),
        "told_per_second": round(number / (time.monotonic() - begun)) if until_told else None,
        "per_cpu_second": round(number / used["cpu"]),
        "cpu_microseconds": round(used["cpu"] / number * 1e6, 1),
        "written_bytes_per_click": round(used["written_bytes"] / number),
        "rss_mb": round(used["rss_mb"]),
        "failed": asked["failed"],
    }


def _wait_until(hub: Hub, none: str) -> None:
    """Wait until a query counts none."""
    end = time.monotonic() + 120
    while _rows(hub, none)[0][0]:
        if time.monotonic() > end:
            raise TimeoutError(none)
        time.sleep(0.05)


def _rows(hub: Hub, query: str) -> list[Any]:
    connection = sqlite3.connect(f"file:{hub.data / 'tidings.db'}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
