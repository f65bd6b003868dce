"""A subscriber: an HTTP server that keeps what it is told and answers as it is asked to."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, NamedTuple

from aiohttp import web

from support.waiting import until


class Got(NamedTuple):
    """One webhook, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Receiver:
    """Keeps every webhook in `got`; `answer` decides the status (0: hang) from the webhook."""

    def __init__(self, answer: Callable[[Got], int] | None = None) -> None:
        self.got: list[Got] = []
        self.answer = answer or (lambda _: 204)
        self.answer_headers: dict[str, str] = {}
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "Receiver":
        self._runner = await self._running()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _running(self) -> web.AppRunner:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        return runner

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        got = Got(request.path_qs, headers, await request.read())
        self.got.append(got)
        status = self.answer(got)
        if status == 0:
            await asyncio.sleep(60)
        return web.Response(status=status or 500, headers=self.answer_headers)

    async def wait_for(self, number: int, *, seconds: float = 10.0) -> list[Got]:
        """Wait until so many webhooks have come."""
        await until(lambda: len(self.got) >= number, seconds=seconds, what=f"{number} webhooks, got {len(self.got)}")
        return self.got
