"""The process beside the hub with the people of an app: thousands of sockets that listen, and one server that talks.

It is told what to do by lines of JSON on standard input, and answers each with one on standard output. Its sockets do
no more than a client must, so that what is measured is the hub.
"""

import asyncio
import json
import math
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any, cast

import aiohttp
import jwt
import uvloop

from bench.wire import Load, request

SECRET = "bench-app-messaging-secret-0000001"
SETTINGS = {
    "sender": "TEAM\\Bench",
    "issuer": "https://bench.example/",
    "audience": "https://bench.example/app",
    "secret": SECRET,
}
AT_ONCE = 32
"""Requests, and sockets that are being opened, at once."""


class Listener(asyncio.Protocol):
    """One socket that reads what it is told, and answers pings."""

    def __init__(self, asked: bytes, heard: Callable[[bytes], None]) -> None:
        self._asked = asked
        self._heard = heard
        self._rest = b""
        self.opened = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._asked)

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("the socket was not opened"))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        if not self.opened.done():
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            if not head.startswith(b"HTTP/1.1 101 "):
                self.opened.set_exception(ConnectionError(head.decode("latin-1")))
                return
            self.opened.set_result(None)
        self._rest = self._read(data)

    def _read(self, data: bytes) -> bytes:
        """Read whole frames, none of which has a mask; give what is left."""
        at = 0
        while len(data) - at >= 4:
            kind, size, start = data[at] & 0xF, data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4]), at + 4
            if len(data) < start + size:
                break
            payload = data[start : start + size]
            if kind == 9 and self._transport is not None:
                self._transport.write(bytes((0x8A, 0x80 | size)) + bytes(4) + payload)
            elif kind == 1:
                self._heard(payload)
            at = start + size
        return data[at:]


class People:
    def __init__(self) -> None:
        self._tokens: list[str] = []
        self._listeners: list[Listener] = []
        self._heard: dict[int, list[float]] = {}

    async def serve(self) -> dict[str, int]:
        """There is nothing to listen on."""
        return {}

    async def sign_in(self, hub: int, workspace: str, key: str, number: int, conversations: int) -> int:
        """Begin a session for each of so many people, and a conversation with each of the first of them."""
        gate = asyncio.Semaphore(AT_ONCE)
        base = f"http://127.0.0.1:{hub}/apispaces/{workspace}"
        async with aiohttp.ClientSession() as http:

            async def one(index: int) -> str:
                async with gate:
                    token = await _session(http, base, f"person-{index}")
                    if index < conversations:
                        await _conversation(http, base, key, index)
                    return token

            self._tokens = await asyncio.gather(*(one(index) for index in range(number)))
        return len(self._tokens)

    async def connect(self, hub: int, workspace: str) -> float:
        """Open a socket for each; gives the seconds that it took."""
        gate, loop, begun = asyncio.Semaphore(AT_ONCE), asyncio.get_running_loop(), time.monotonic()

        async def one(token: str) -> Listener:
            asked = (
                f"GET /apispaces/{workspace}/socket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                f"Sec-WebSocket-Protocol: tidings, {token}\r\n\r\n"
            )
            async with gate:
                _, listener = await loop.create_connection(
                    lambda: Listener(asked.encode(), self._hear), "127.0.0.1", hub
                )
                await listener.opened
                return listener

        self._listeners = await asyncio.gather(*map(one, self._tokens))
        return time.monotonic() - begun

    async def talk(
        self, hub: int, workspace: str, key: str, number: int, conversations: int, rate: float, warm_up: float = 0.2
    ) -> dict[str, Any]:
        """Say so many things at a rate; measure when each reaches the socket it is for."""
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        requests = []
        for index in range(number):
            body = {"metadata": {"n": index}, "parts": [{"type": "text/plain", "data": "Your parcel is on its way."}]}
            path = f"/apispaces/{workspace}/conversations/c-{index % conversations}/messages"
            requests.append(request("POST", path, headers, json.dumps(body).encode()))
        self._heard.clear()
        load = Load(hub, AT_ONCE)
        begun = time.monotonic()
        await load.run(requests, rate)
        seconds = time.monotonic() - begun
        end = time.monotonic() + 2
        while len(self._heard) < number and time.monotonic() < end:
            await asyncio.sleep(0.02)
        first = int(number * warm_up)
        delays = sorted(self._heard[index][0] - load.sent_at[index] for index in self._heard if index >= first)
        return {
            "seconds": seconds,
            "failed": load.failed,
            "lost": number - len(self._heard),
            "doubled": sum(len(each) > 1 for each in self._heard.values()),
            "delays_ms": {
                name: round((delays or [math.inf])[min(len(delays) - 1, int(len(delays) * share))] * 1000, 2)
                for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("most", 1.0))
            },
        }

    def _hear(self, frame: bytes) -> None:
        event = json.loads(frame)
        if event["name"] == "conversationMessage.sent":
            self._heard.setdefault(event["payload"]["metadata"]["n"], []).append(time.monotonic())


async def _session(http: aiohttp.ClientSession, base: str, profile: str) -> str:
    async with http.get(f"{base}/sessions/start") as answer:
        begun = await answer.json()
    now = int(time.time())
    claims = {"iss": SETTINGS["issuer"], "aud": SETTINGS["audience"], "sub": profile, "nonce": begun["nonce"]}
    token = jwt.encode({**claims, "iat": now, "exp": now + 600}, SECRET, "HS256")
    asked = {"authenticationId": begun["authenticationId"], "authenticationToken": token, "deviceId": "bench"}
    async with http.post(f"{base}/sessions", json=asked) as answer:
        assert answer.status == 201, await answer.text()
        return str((await answer.json())["token"])


async def _conversation(http: aiohttp.ClientSession, base: str, key: str, index: int) -> None:
    made = {"id": f"c-{index}", "participants": [{"id": f"person-{index}"}]}
    async with http.post(f"{base}/conversations", json=made, headers={"authorization": f"Bearer {key}"}) as answer:
        assert answer.status == 201, await answer.text()


async def main() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    people = People()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        wanted = json.loads(line)
        answer = await getattr(people, wanted.pop("do"))(**wanted)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
