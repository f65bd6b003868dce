"""What people in an app cost that are connected and silent, and what it takes to talk to them."""

import time
from typing import Any

from bench.hub import Cost, Hub, Surroundings
from bench.people import SETTINGS

RATE = 1_000
"""Messages a second."""
CONVERSATIONS = 1_000
QUIET = 3.0
"""Seconds in which nobody says anything."""


def sockets(people: int, messages: int) -> dict[str, Any]:
    """Connect so many people, be silent for a while, then send them so many messages."""
    with Hub() as hub, Surroundings("bench.people") as beside:
        made = hub.ask("POST", "/workspaces", {"name": "Bench", "accountId": 1})
        workspace, key = made["id"], made["accessKey"]
        channel = {"name": "App", "platform": "app-messaging", "connector": "app-messaging", "settings": SETTINGS}
        hub.ask("POST", f"/workspaces/{workspace}/channels", channel)
        where = {"hub": hub.port, "workspace": workspace}
        talking = min(CONVERSATIONS, people)
        beside.do("sign_in", **where, key=key, number=people, conversations=talking)
        before = hub.process.memory_info().rss
        cost = Cost(hub.process)
        seconds = beside.do("connect", **where)
        opening = cost.stop()
        cost.start()
        time.sleep(QUIET)
        quiet = cost.stop()
        cost.start()
        told = beside.do("talk", **where, key=key, number=messages, conversations=talking, rate=RATE)
        used = cost.stop()
    return {
        "name": "sockets",
        "people": people,
        "rss_before_mb": round(before / 2**20, 1),
        "rss_connected_mb": round(quiet["rss_mb"], 1),
        "kib_each": round((quiet["rss_mb"] - before / 2**20) * 1024 / people, 1),
        "opened_per_second": round(people / seconds),
        "open_cpu_us": round(opening["cpu"] / people * 1e6),
        "quiet_share_of_a_core": max(0.0, round(quiet["cpu"] / QUIET, 3)),
        "messages": messages,
        "messages_per_second": round(messages / told["seconds"]),
        "share_of_a_core": round(used["cpu"] / told["seconds"], 2),
        "cpu_us_per_message": round(used["cpu"] / messages * 1e6),
        "delays_ms": told["delays_ms"],
        "failed": told["failed"],
        "lost": told["lost"],
        "doubled": told["doubled"],
        "rss_mb": round(used["rss_mb"], 1),
    }
