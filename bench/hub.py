"""A hub as its own process, set up over its own API, and what it costs."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from bench.surroundings import ACCOUNT, TOKEN

ROOT_KEY = "tdg_root_for_benchmarks"


class Cost:
    """What a process used between two moments."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.start()

    def start(self) -> None:
        times = self._process.cpu_times()
        self._user, self._system = times.user, times.system
        self._written = self._process.io_counters().write_bytes

    def stop(self) -> dict[str, float]:
        times = self._process.cpu_times()
        return {
            "user": times.user - self._user,
            "system": times.system - self._system,
            "cpu": times.user + times.system - self._user - self._system,
            "written_bytes": self._process.io_counters().write_bytes - self._written,
            "rss_mb": self._process.memory_info().rss / 2**20,
        }


class Hub:
    """`tidings serve`, pinned to one core."""

    def __init__(self, database_url: str = "", data: Path | None = None, **settings: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tidings-bench-", dir=os.environ.get("BENCH_DIR"))
        self.data = data or Path(self._folder.name)
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "TIDINGS_DATA_DIR": str(self.data),
            "TIDINGS_DATABASE_URL": database_url,
            "TIDINGS_PORT": str(self.port),
            "TIDINGS_ROOT_KEY": ROOT_KEY,
            "TIDINGS_ALLOW_NETWORKS": "127.0.0.0/8",
            "TIDINGS_LOG_LEVEL": "warning",
            **{f"TIDINGS_{name.upper()}": value for name, value in settings.items()},
        }

    def __enter__(self) -> "Hub":
        command = [sys.executable, "-m", "tidings", "serve"]
        self._process = subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL)
        self.process = psutil.Process(self._process.pid)
        self.process.cpu_affinity([min(os.sched_getaffinity(0))])
        for _ in range(200):
            if self._process.poll() is not None:
                raise RuntimeError("the hub did not start")
            try:
                self.ask("GET", "/readyz")
                break
            except OSError:
                time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask something of the hub's API."""
        headers = {"authorization": f"AccessKey {ROOT_KEY}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(asked, timeout=20) as answer:
            text = answer.read()
        return json.loads(text) if text[:1] in (b"{", b"[") else text

    def set_up(self, provider: int) -> tuple[str, str, str]:
        """Make a workspace with a Twilio channel; gives the workspace, its key and the channel."""
        made = self.ask("POST", "/workspaces", {"name": "Bench", "accountId": 1})
        settings = {
            "accountSid": ACCOUNT,
            "authToken": TOKEN,
            "sender": "+15005550006",
            "baseUrl": f"http://127.0.0.1:{provider}",
        }
        body = {
            "name": "Sms",
            "platform": "sms",
            "connector": "twilio",
            "settings": settings,
            "limits": {"ratePerSecond": 1_000_000},
        }
        channel = self.ask("POST", f"/workspaces/{made['id']}/channels", body)
        return made["id"], made["accessKey"], channel["id"]

    def subscribe(self, workspace: str, subscriber: int, status: str, number: int = 1) -> list[str]:
        """Subscribe so many endpoints to one status of outgoing sms, or to what none claims; gives their ids."""
        filters = [{"key": "messageStatus", "value": status}] if status else []
        made = []
        for index in range(number):
            body = {
                "service": "channels",
                "event": "sms.outbound",
                "url": f"http://127.0.0.1:{subscriber}/hook/{index}",
                "signingKey": "bench-signing-key",
                "eventFilters": filters,
            }
            made.append(self.ask("POST", f"/workspaces/{workspace}/webhook-subscriptions", body)["id"])
        return made

    def standing(self, workspace: str, subscription: str) -> dict[str, Any]:
        """Ask how telling a subscription stands."""
        told: dict[str, Any] = self.ask("GET", f"/workspaces/{workspace}/subscriptions/{subscription}")["delivery"]
        return told


class Surroundings:
    """The process with clients, providers and subscribers, or another one that is told what to do as it is."""

    def __init__(self, module: str = "bench.surroundings") -> None:
        self._module = module

    def __enter__(self) -> "Surroundings":
        command = [sys.executable, "-m", self._module]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ports: dict[str, int] = self.do("serve")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def do(self, what: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def wait_for(self, hooks: int, seconds: float = 120) -> int:
        """Wait until so many webhooks have come in all."""
        end = time.monotonic() + seconds
        while (come := self.do("hooks")) < hooks:
            if time.monotonic() > end:
                raise TimeoutError(f"{come} of {hooks} webhooks came")
            time.sleep(0.02)
        return int(come)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
