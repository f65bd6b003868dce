"""Hub processes that are killed and started again, and a client that asks them until it is answered."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

ROOT_KEY = "tdg_root_for_tests"


class Mortal:
    """A hub process that is killed and started again on the same port and the same data."""

    def __init__(self, data: Path, database_url: str, settings: Mapping[str, str] | None = None) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "TIDINGS_DATA_DIR": str(data),
            "TIDINGS_DATABASE_URL": database_url,
            "TIDINGS_PORT": str(self.port),
            "TIDINGS_ROOT_KEY": ROOT_KEY,
            "TIDINGS_ALLOW_NETWORKS": "127.0.0.0/8",
            "TIDINGS_UNCERTAIN_GRACE": "3",
            "TIDINGS_LEASE_SECONDS": "1",
            "TIDINGS_PROVIDER_TIMEOUT": "1.5",
            "TIDINGS_LOG_LEVEL": "error",
            **(settings or {}),
        }
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "Mortal":
        try:
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.kill()

    async def start(self) -> None:
        command = (sys.executable, "-m", "tidings", "serve")
        self._process = await asyncio.create_subprocess_exec(*command, env=self._environment, stdout=-3)
        said = ""
        async with aiohttp.ClientSession() as http:
            for _ in range(600):
                with contextlib.suppress(aiohttp.ClientError):
                    async with http.get(self.url + "/readyz") as answer:
                        if answer.status == 200:
                            return
                        said = await answer.text()
                assert self._process.returncode is None, "the hub did not start"
                await asyncio.sleep(0.02)
        raise AssertionError(f"the hub did not become ready: {said}")

    async def kill(self) -> None:
        """Kill it with SIGKILL; that it was still alive is asserted."""
        assert self._process is not None
        assert self._process.returncode is None, "the hub had ended by itself"
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        return await asyncio.wait_for(self._process.wait(), 20)


class Client:
    """Asks until it is answered, one hub or another, as a client with idempotency keys may."""

    def __init__(self, hubs: Sequence[Mortal], http: aiohttp.ClientSession) -> None:
        self._hubs = hubs
        self._http = http
        self._chance = random.Random(11)

    async def known_everywhere(self, path: str) -> None:
        """Wait until every hub knows of something that was set up at one of them."""
        for hub in self._hubs:
            await Client([hub], self._http)._found(path)

    async def _found(self, path: str) -> None:
        sent = {"authorization": f"Bearer {ROOT_KEY}"}
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self._http.get(self._hubs[0].url + path, headers=sent) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.02)

    async def insist(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"authorization": f"Bearer {ROOT_KEY}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        while True:
            url = self._chance.choice(self._hubs).url + path
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self._http.request(method, url, json=body, headers=sent) as answer:
                    if answer.status < 500:
                        assert answer.status < 300, f"{path}: {answer.status} {await answer.text()}"
                        return await answer.json(content_type=None)
            await asyncio.sleep(0.02)
