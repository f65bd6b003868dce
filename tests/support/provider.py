"""A provider that answers what a test wants it to: for raw words that no simulator says."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web


class Provider:
    """An HTTP server that answers every request with what `answer` makes of its JSON or form, and keeps those."""

    def __init__(self, answer: Callable[[dict[str, Any]], Any]) -> None:
        self.asked: list[dict[str, Any]] = []
        self.url = ""
        self._answer = answer
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "Provider":
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        asked = msgspec.json.decode(body) if body[:1] == b"{" else dict(parse_qsl(body.decode()))
        self.asked.append(asked)
        answer = self._answer(asked)
        return answer if isinstance(answer, web.Response) else web.json_response(answer)
