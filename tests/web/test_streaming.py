"""An answer that goes on, sent to whatever server there is."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import structlog

from tidings.flow.counts import Counts
from tidings.web import streaming
from tidings.web.door import Stream
from tidings.web.streaming import CUT, Sending


class Server:
    """A server of which a test says when it has room for more, and when the client leaves."""

    def __init__(self, method: str = "GET", *, can_cut: bool = True) -> None:
        self.sent: list[dict[str, Any]] = []
        self.room = asyncio.Event()
        self.room.set()
        self.left = asyncio.Event()
        self.cuts = 0
        self.scope: dict[str, Any] = {"method": method, "path": "/"}
        if can_cut:
            self.scope["extensions"] = {CUT: {"cut": self._cut}}
        self._events = iter(({"type": "http.request", "body": b"", "more_body": False},))

    async def receive(self) -> dict[str, Any]:
        if (event := next(self._events, None)) is not None:
            return event
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, event: dict[str, Any]) -> None:
        await self.room.wait()
        self.sent.append(event)

    def _cut(self) -> None:
        self.cuts += 1
        self.left.set()

    @property
    def bodies(self) -> list[bytes]:
        return [event["body"] for event in self.sent[1:]]

    @property
    def is_whole(self) -> bool:
        """Whether the answer has come to its end."""
        return len(self.sent) > 1 and not self.sent[-1].get("more_body", False)


class Pieces:
    """Pieces of a stream, after which it goes on without any, ends, or breaks."""

    def __init__(self, *pieces: bytes, then: str = "wait") -> None:
        self._pieces = pieces
        self._then = then
        self.closed = 0

    async def __call__(self) -> AsyncGenerator[bytes]:
        try:
            for each in self._pieces:
                yield each
            if self._then == "wait":
                await asyncio.Event().wait()
            if self._then == "break":
                raise ValueError("a fault of ours")
        finally:
            self.closed += 1


def sending(server: Server, pieces: Pieces, counts: Counts | None = None) -> Sending:
    stream = Stream(pieces(), lambda: None, "text/event-stream")
    return Sending(stream, counts or Counts(), server.scope, server.receive, server.send)


async def run(one: Sending) -> None:
    await asyncio.wait_for(one.run([(b"content-type", b"text/event-stream")]), 5)


async def test_stream_is_sent_to_its_end() -> None:
    server, pieces = Server(), Pieces(b"one", b"two", then="end")
    await run(sending(server, pieces))
    assert server.sent[0] == {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"text/event-stream")],
    }
    assert (server.bodies, server.is_whole, server.cuts, pieces.closed) == ([b"one", b"two", b""], True, 0, 1)


async def test_head_has_no_pieces() -> None:
    server, pieces = Server("HEAD"), Pieces(b"one")
    await run(sending(server, pieces))
    assert (server.bodies, server.is_whole) == ([b""], True)


async def test_client_that_leaves_ends_it() -> None:
    server, pieces = Server(), Pieces(b"one")
    running = asyncio.ensure_future(run(sending(server, pieces)))
    await asyncio.sleep(0.01)
    server.left.set()
    await running
    assert (server.bodies, server.is_whole, pieces.closed) == ([b"one"], False, 1)


async def test_server_that_gives_up_ends_it() -> None:
    server, pieces = Server(), Pieces(b"one")
    running = asyncio.ensure_future(run(sending(server, pieces)))
    await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (running.cancelled(), pieces.closed) == (True, 1)


@pytest.mark.parametrize("can_cut", [True, False])
async def test_client_that_reads_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch, can_cut: bool) -> None:
    monkeypatch.setattr(streaming, "STALLED", 0.05)
    monkeypatch.setattr(streaming, "STOPPING", 0.01)
    server, pieces, counts = Server(can_cut=can_cut), Pieces(b"one"), Counts()
    server.room.clear()
    await run(sending(server, pieces, counts))
    assert (server.sent, server.cuts, counts.all()) == ([], int(can_cut), {("streams", "stalled"): 1})


@pytest.mark.parametrize("before", [True, False])
async def test_who_reads_nothing_is_not_waited_for_when_the_hub_stops(before: bool) -> None:
    server = Server()
    server.room.clear()
    one = sending(server, Pieces(b"one"))
    if before:
        one.hurry()
    running = asyncio.ensure_future(run(one))
    await asyncio.sleep(0.01)
    one.hurry()
    await asyncio.wait_for(running, 2)
    assert server.cuts == 1


async def test_who_reads_is_not_cut_off_when_the_hub_stops() -> None:
    server = Server()
    one = sending(server, Pieces(b"one", then="end"))
    one.hurry()
    await run(one)
    one.hurry()
    assert (server.is_whole, server.cuts) == (True, 0)


async def test_stream_that_breaks_ends_and_is_logged() -> None:
    server, counts = Server(), Counts()
    with structlog.testing.capture_logs() as logs:
        await run(sending(server, Pieces(b"one", then="break"), counts))
    assert (server.bodies, server.is_whole) == ([b"one", b""], True)
    assert [each["event"] for each in logs] == ["a stream broke"]
    assert counts.all() == {("errors", "ValueError"): 1}


async def test_a_timeout_of_the_streams_own_is_not_the_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    server, counts = Server(), Counts()

    async def pieces() -> AsyncGenerator[bytes]:
        yield b"one"
        raise TimeoutError("the store is slow")

    stream = Stream(pieces(), lambda: None, "text/event-stream")
    with structlog.testing.capture_logs():
        await run(Sending(stream, counts, server.scope, server.receive, server.send))
    assert (server.cuts, counts.all()) == (0, {("errors", "TimeoutError"): 1})
