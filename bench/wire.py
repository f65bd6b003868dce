"""The cheapest HTTP/1.1 that is still true, so that what is measured is the hub and not its surroundings."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

import httptools


class Client(asyncio.Protocol):
    """One kept-alive connection: sends a prepared request, and says when the answer was whole."""

    def __init__(self, done: Callable[["Client", int], None]) -> None:
        self._done = done
        self._parser = httptools.HttpResponseParser(self)
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes) -> None:
        assert self.transport is not None
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        self._parser = httptools.HttpResponseParser(self)
        self._done(self, status)


class Load:
    """Sends prepared requests over so many connections, as fast as they are answered or at a fixed rate."""

    def __init__(self, port: int, connections: int) -> None:
        self._port = port
        self._connections = connections
        self._idle: deque[Client] = deque()
        self._waiting: deque[bytes] = deque()
        self._left = 0
        self._end: asyncio.Future[None] | None = None
        self.failed = 0
        self.sent_at: list[float] = []
        self.answered_at: list[float] = []

    async def run(self, requests: Sequence[bytes], rate: float | None = None) -> None:
        """Send them all; at `rate` a second each goes at its own time, whether earlier ones are answered or not."""
        loop = asyncio.get_running_loop()
        self._end = loop.create_future()
        self._left = len(requests)
        for _ in range(self._connections - len(self._idle)):
            _, client = await loop.create_connection(lambda: Client(self._answered), "127.0.0.1", self._port)
            self._idle.append(client)
        if rate is None:
            self._waiting.extend(requests)
            while self._idle and self._waiting:
                self._send(self._idle.popleft())
        else:
            await self._paced(requests, rate)
        await self._end

    async def _paced(self, requests: Sequence[bytes], rate: float) -> None:
        start = time.monotonic()
        for index, request in enumerate(requests):
            due = start + index / rate
            while (ahead := due - time.monotonic()) > 0:
                await asyncio.sleep(ahead)
            self.sent_at.append(time.monotonic())
            self._waiting.append(request)
            if self._idle:
                self._send(self._idle.popleft())

    def _send(self, client: Client) -> None:
        client.send(self._waiting.popleft())

    def _answered(self, client: Client, status: int) -> None:
        self.failed += not 200 <= status < 400
        self._left -= 1
        self.answered_at.append(time.monotonic())
        if self._waiting:
            self._send(client)
        else:
            self._idle.append(client)
        if self._left == 0 and self._end is not None and not self._end.done():
            self._end.set_result(None)


class Server(asyncio.Protocol):
    """Answers every request with what `answer` gives for its path and body, after so many seconds."""

    def __init__(self, answer: Callable[[str, bytes], bytes], wait: float = 0) -> None:
        self._answer = answer
        self._wait = wait
        self._parser = httptools.HttpRequestParser(self)
        self._body: list[bytes] = []
        self._url = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        body, self._body = b"".join(self._body), []
        assert self._transport is not None
        answer = self._answer(self._url.decode(), body)
        if self._wait:
            asyncio.get_running_loop().call_later(self._wait, self._transport.write, answer)
        else:
            self._transport.write(answer)


def request(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """Write a request."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def response(status: str, body: bytes = b"") -> bytes:
    """Write a response."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body
