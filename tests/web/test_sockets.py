"""A client over a socket cannot break the hub, nor fill its memory, whatever it sends and however little it reads."""

import asyncio
import contextlib
import gc
import json
import os
import socket as sockets
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.asyncio.client import connect

from support.app_live import App, app
from support.waiting import until
from tidings.cli.sockets import LARGEST, MOST_FRAGMENTS, OPTIONS
from tidings.flow.conversations.acting import TooFast
from tidings.flow.live.line import MOST_OCTETS, End
from tidings.web import sockets as web_sockets
from tidings.web.door import ROUTES, Page, Route, Visit
from tidings.web.live import device as web_device
from tidings.web.live import spoken
from tidings.web.sockets import Socket
from tidings.web.streaming import CUT
from tidings.web.table import Table

TEXT, BINARY, CONTINUED, CLOSE, PING = 0x1, 0x2, 0x0, 0x8, 0x9


def frame(opcode: int, payload: bytes = b"", *, final: bool = True) -> bytes:
    """Write a client's frame (RFC 6455 5.2), masked with nothing."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", (final << 7) | opcode, 0x80 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", (final << 7) | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", (final << 7) | opcode, 0x80 | 127, size)
    return head + bytes(4) + payload


class Raw:
    """A connection on which anything may be written, and nothing is read unless asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> bytes:
        """Read everything until the hub hangs up."""
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionError):
                return await self.reader.read()
        return b""

    async def next(self, opcode: int = TEXT) -> bytes:
        """Read until the next frame of a kind; gives what it holds."""
        async with asyncio.timeout(10):
            while True:
                first, size = await self.reader.readexactly(2)
                if size == 126:
                    size = int.from_bytes(await self.reader.readexactly(2))
                payload = await self.reader.readexactly(size)
                if first & 0xF == opcode:
                    return payload

    async def code(self) -> int:
        """Read until the hub closes the socket; gives the code."""
        return int.from_bytes((await self.next(CLOSE))[:2])


@asynccontextmanager
async def raw(shop: App, token: str = "", *, path: str = "", head: str = "", receive: int = 0) -> AsyncIterator[Raw]:
    """Ask for a socket by hand; `receive`: octets that the system may keep for us unread."""
    sock = sockets.socket()
    if receive:
        sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, receive)
    sock.setblocking(False)
    host, port = shop.hub.base_url.removeprefix("http://").split(":")
    await asyncio.get_running_loop().sock_connect(sock, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=sock, limit=4096)
    protocol = f"Sec-WebSocket-Protocol: tidings, {token}\r\n" if token else ""
    asked = (
        f"GET {path or f'/apispaces/{shop.workspace}/socket'} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"{protocol}{head}\r\n"
    )
    writer.write(asked.encode("latin-1"))
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


async def opened(client: Raw) -> None:
    """Read the answer to the request."""
    async with asyncio.timeout(10):
        assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")


async def is_well(shop: App) -> None:
    """Fail unless the hub still serves others, and nothing broke in it."""
    ben = await shop.person("well")
    async with shop.connected(ben.token) as device:
        await device.say("echo", {"n": 1}, "7")
        answer = await device.next()
        assert (answer["name"], answer["id"], answer["payload"]) == ("echo", "7", {"n": 1})
    assert not [each for each in shop.world.counts.all() if each[0] == "errors"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(frame(BINARY, b"{}"), 1003, id="what is no text"),
        pytest.param(frame(TEXT, b"x" * (LARGEST + 1)), 1009, id="a message that is too large"),
        pytest.param(
            frame(TEXT, b"x" * 40_000, final=False) + frame(CONTINUED, b"x" * 40_000), 1009, id="in two pieces"
        ),
        pytest.param(frame(TEXT, b"\xff\xfe"), 1007, id="what is no UTF-8"),
        pytest.param(
            frame(TEXT, b"", final=False) + frame(CONTINUED, b"", final=False) * (MOST_FRAGMENTS + 1), 1008, id="crumbs"
        ),
        pytest.param(frame(CONTINUED, b"x"), 1002, id="a continuation of nothing"),
        pytest.param(b"\x91\x00", 1002, id="a bit that means nothing"),
        pytest.param(b"\x81\x02{}", 1002, id="a frame without a mask"),
    ],
)
async def test_what_is_no_message_ends_the_socket(tmp_path: Path, sent: bytes, code: int) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        async with raw(shop, anna.token) as client:
            await opened(client)
            await client.send(sent)
            assert await client.code() == code
        await until(lambda: len(shop.world.live.lines) == 0)
        await is_well(shop)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "nonsense",
        "[]",
        "null",
        "{",
        '{"name": 7}',
        '{"name": "typing", "id": "' + "x" * 65 + '"}',
        '{"name": "typing", "payload": []}',
        '{"name": "statusUpdates", "payload": {"conversationId": "c", "updates": 7}}',
        '{"name": "typing", "payload": {"conversationId": "\\u0000"}}',
        '{"name": "typing", "payload": {"conversationId": "\\ud800"}}',
        '{"name": "\\ud800"}',
        "[" * 60_000,
        '{"name": "typing", "payload": ' + "[" * 60_000,
        '{"name": "typing", "payload": ' + '{"a":' * 9_000 + "1" + "}" * 9_000 + "}",
    ],
)
async def test_what_is_no_frame_is_refused_and_the_socket_goes_on(tmp_path: Path, said: str) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        async with shop.connected(anna.token) as device:
            await device.socket.send(said)
            assert (await device.next())["name"] == "socket.refused"
            await device.say("echo", {"is": "well"})
            assert (await device.next())["payload"] == {"is": "well"}
        await is_well(shop)


async def test_only_so_much_is_echoed(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        async with shop.connected(anna.token) as device:
            await device.say("echo", {"much": "x" * 2_000})
            assert (await device.next())["payload"] == {}


async def test_who_says_too_much_is_let_go(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        async with shop.connected(anna.token) as device:
            for _ in range(web_device.AT_ONCE + 20):
                with contextlib.suppress(Exception):
                    await device.say("echo", {})
            assert await device.ended() == End.TOO_MANY
        await is_well(shop)


@pytest.mark.parametrize(
    ("path", "head", "status"),
    [
        ("/apispaces/\xe9/socket", "", 404),
        ("/apispaces/%ff/socket", "", 404),
        ("/apispaces/%00/socket", "", 404),
        ("/" + "a" * 9_000, "", 414),
        ("", "X: " + "a" * 9_000 + "\r\n", 431),
        ("", "X: a\r\n" * 200, 431),
        ("", "Sec-WebSocket-Key: twice\r\n", 400),
        ("", "Sec-WebSocket-Protocol: \xff\r\n", 400),
        ("?token=%ff%00&a", "", 404),
        ("", "Sec-WebSocket-Version: 7\r\n", 400),
    ],
)
async def test_odd_requests_are_answered_and_cut_off(tmp_path: Path, path: str, head: str, status: int) -> None:
    async with app(tmp_path) as shop:
        async with raw(shop, path=path, head=head) as client:
            answer = await client.answer()
            assert answer.startswith((f"HTTP/1.1 {status} ".encode(), b"HTTP/1.1 400 ")), answer[:200]
        await is_well(shop)


async def test_who_does_not_read_is_let_go_and_little_is_kept_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_sockets, "UNREAD", 1.0)
    async with app(tmp_path) as shop:
        people = [await shop.person(f"p{number}") for number in range(8)]
        anna = await shop.person()
        await shop.talk("c", "anna", *(each.profile for each in people))
        async with contextlib.AsyncExitStack() as stack:
            reading = await stack.enter_async_context(shop.connected(anna.token))
            slow = [await stack.enter_async_context(raw(shop, each.token, receive=4096)) for each in people]
            for each in slow:
                await opened(each)
            gc.collect()
            before = psutil.Process(os.getpid()).memory_info().rss
            most = 0
            for _ in range(300):
                await shop.write("c", "x" * 30_000)
                assert (await reading.next())["name"] == "conversationMessage.sent"
                most = max(most, shop.world.live.lines.waiting)
            assert most <= len(slow) * 2 * MOST_OCTETS
            await until(lambda: len(shop.world.live.lines) == 1)
            assert psutil.Process(os.getpid()).memory_info().rss - before < 40 * 2**20
            assert shop.world.live.lines.waiting == 0
            assert shop.world.counts.all()["sockets", "slow"] == len(slow)
        await is_well(shop)


async def test_who_reads_again_in_time_has_everything_and_is_heard_again(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        await shop.talk("c", "anna")
        async with raw(shop, anna.token, receive=4096) as client:
            await opened(client)
            numbers: list[int] = []
            for _ in range(1_000):
                await shop.write("c", "x" * 30_000)
                with contextlib.suppress(AssertionError):
                    await until(lambda: not shop.world.live.lines.waiting, seconds=0.1)
                if shop.world.live.lines.waiting:
                    break
            await client.send(frame(TEXT, b'{"name": "echo"}'))
            async with asyncio.timeout(20):
                while (event := json.loads(await client.next()))["name"] != "echo":
                    numbers += [event["conversationEventId"]] if "conversationEventId" in event else []
            sent = (await shop.happened("c"))[-len(numbers) :]
            assert numbers == sent
            await client.send(frame(TEXT, b'{"name": "echo"}'))
            assert json.loads(await client.next())["name"] == "echo"


async def test_who_asks_without_reading_fills_nothing(tmp_path: Path) -> None:
    """Every ping is answered (RFC 6455 5.5.2), so that whoever reads no answer is asked nothing more."""
    async with app(tmp_path) as shop:
        anna = await shop.person()
        async with raw(shop, anna.token, receive=4096) as client:
            await opened(client)
            gc.collect()
            before = psutil.Process(os.getpid()).memory_info().rss
            many = frame(PING, b"x" * 125) * 1_000
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(3):
                    for _ in range(400):
                        await client.send(many)
            assert psutil.Process(os.getpid()).memory_info().rss - before < 25 * 2**20
        await until(lambda: len(shop.world.live.lines) == 0)
        await is_well(shop)


async def test_who_answers_no_pings_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIONS, "ws_ping_interval", 0.05)
    monkeypatch.setitem(OPTIONS, "ws_ping_timeout", 0.1)
    async with app(tmp_path) as shop:
        anna = await shop.person()
        async with raw(shop, anna.token) as client, shop.connected(anna.token) as well:
            await opened(client)
            await until(lambda: len(shop.world.live.lines) == 1)
            await well.say("echo", {})
            assert (await well.next())["name"] == "echo"


async def test_a_hub_that_stops_waits_for_nobody_who_does_not_read(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        await shop.talk("c", "anna")
        async with raw(shop, anna.token, receive=4096) as client:
            await opened(client)
            lines = shop.world.live.lines
            for _ in range(1_000):
                await shop.write("c", "x" * 30_000)
                with contextlib.suppress(AssertionError):
                    await until(lambda: not lines.waiting, seconds=0.2)
                if lines.waiting:
                    break
            assert lines.waiting, "the system has taken as much as it can"
            shop.hub.server.should_exit = True
            await asyncio.wait_for(shop.hub.serving, 4)


async def test_what_the_system_has_not_taken_is_not_written_yet() -> None:
    taken, server = asyncio.Event(), Server()
    writing = asyncio.create_task(server.socket(**{CUT: {"written": taken.wait}}).write(["a", "b"]))
    await until(lambda: len(server.sent) == 2)
    assert not writing.done()
    taken.set()
    await writing


class Server:
    """A server that has no extensions; what it is sent may fail."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.fails: BaseException | None = None
        self.hangs = False

    async def send(self, event: Any) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails is not None:
            raise self.fails
        self.sent.append(event)

    def socket(self, **extensions: Any) -> Socket:
        world: Any = None
        scope = {"headers": [], "query_string": b"", "subprotocols": [], "extensions": extensions}
        return Socket(world, scope, None, self.send)


async def test_a_server_that_can_do_less_is_asked_for_less() -> None:
    server = Server()
    socket = server.socket()
    await socket.refuse(Page(404))
    assert server.sent == [{"type": "websocket.close"}]
    await socket.accept()
    await socket.write(["x"])
    socket.cut()
    assert len(server.sent) == 3


async def test_a_socket_that_has_ended_is_closed_by_nobody_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_sockets, "STOPPING", 0.01)
    cuts: list[int] = []
    server = Server()
    socket = server.socket(**{CUT: {"cut": lambda: cuts.append(1)}})
    for error in (OSError(), RuntimeError()):
        server.fails = error
        await socket.close(1000, "")
    with pytest.raises(web_sockets.Gone):
        server.fails = OSError()
        await socket.write(["x"])
    assert not cuts
    server.hangs = True
    await socket.close(1000, "")
    assert cuts


def test_who_goes_too_fast_hears_when_to_come_again() -> None:
    told = json.loads(spoken.refused(TooFast(1.2), "7", 0))
    assert (told["id"], told["payload"]["status"], told["payload"]["retryAfter"]) == ("7", 429, 2)


async def test_a_door_that_breaks_says_so_and_no_more(tmp_path: Path) -> None:
    async def early(_socket: Socket) -> None:
        raise ZeroDivisionError

    async def late(socket: Socket) -> None:
        await socket.accept()
        raise ZeroDivisionError

    def made(path: str, door: Any) -> Route:
        async def nothing(_visit: Visit) -> Page:
            return Page(200)

        return Route(
            method="GET",
            path=path,
            door=nothing,
            summary="",
            group="app",
            scope=None,
            auth="none",
            limit="body",
            takes=None,
            gives={},
            query=(),
            socket=door,
        )

    async with app(tmp_path) as shop:
        hub: Any = shop.hub.hub.app
        hub._table = Table([*ROUTES, made("/early", early), made("/late", late)])
        async with raw(shop, path="/early") as client:
            assert (await client.answer()).startswith(b"HTTP/1.1 500 ")
        async with raw(shop, path="/late") as client:
            await opened(client)
            assert await client.code() == 1011
        assert shop.world.counts.all()["errors", "ZeroDivisionError"] == 2


async def test_a_token_is_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with app(tmp_path) as shop:
        anna = await shop.person()
        async with shop.connected(query=f"?token={anna.token}"):
            pass
        async with connect(shop.url("socket").replace("http", "ws", 1) + "?token=secret-token") as device:
            with contextlib.suppress(Exception):
                await device.recv()
    ours = [each for each in caplog.records if not each.name.startswith("websockets.client")]
    told = json.dumps([each.getMessage() for each in ours])
    assert "secret-token" not in told
    assert anna.token not in told
