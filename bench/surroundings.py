"""The process beside the hub: its clients, providers and subscribers, all in one, pinned to a core of their own.

It is told what to do by lines of JSON on standard input, and answers each with one on standard output.
"""

import asyncio
import base64
import hmac
import json
import math
import os
import socket
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvloop

from bench.wire import Load, Server, request, response

SLOW = 1.0
"""Seconds that the slow endpoint takes to answer."""
ACCOUNT = "AC00112233445566778899aabbccddeeff"
TOKEN = "bench-auth-token"
BROWSER = {
    "user-agent": "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "accept-language": "en-GB,en;q=0.9",
    "accept-encoding": "gzip, deflate, br",
    "sec-fetch-mode": "navigate",
    "upgrade-insecure-requests": "1",
}
"""What a phone's browser sends."""


class Surroundings:
    def __init__(self) -> None:
        self._numbers = count(1)
        self._hooks = 0
        self._arrived: dict[str, float] = {}
        self._keep_times = False
        self._no_content = response("204 No Content").replace(b"content-length: 0\r\n", b"")
        self._dead = socket.socket()
        """Its port is ours, and nobody listens there."""
        self._dead.bind(("127.0.0.1", 0))
        self._drained = 0

    async def serve(self) -> dict[str, Any]:
        """Listen: gives the port of the provider, and those of endpoints of every kind."""
        loop = asyncio.get_running_loop()
        made: dict[str, Callable[[], asyncio.Protocol]] = {
            "provider": lambda: Server(self._provide),
            "subscriber": lambda: Server(self._subscribe),
            "slow": lambda: Server(lambda _path, _body: self._no_content, wait=SLOW),
            # It takes everything and never answers.
            "hanging": asyncio.Protocol,
        }
        ports: dict[str, Any] = {"dead": self._dead.getsockname()[1]}
        for name, protocol in made.items():
            server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=4096)
            ports[name] = server.sockets[0].getsockname()[1]
        return ports

    async def revive(self) -> None:
        """Have the dead endpoint listen from now on, and count what it is told."""
        await asyncio.get_running_loop().create_server(lambda: Server(self._drain), sock=self._dead)

    async def drained(self) -> int:
        """How much the endpoint has been told that was dead."""
        return self._drained

    def _drain(self, path: str, body: bytes) -> bytes:
        self._drained += 1
        return self._no_content

    def _provide(self, path: str, body: bytes) -> bytes:
        """Answer as Twilio does when it takes a message."""
        return response("201 Created", b'{"sid":"SM%032x","status":"queued","num_segments":"1"}' % next(self._numbers))

    def _subscribe(self, path: str, body: bytes) -> bytes:
        self._hooks += 1
        if self._keep_times:
            self._arrived[json.loads(body)["payload"]["id"]] = time.monotonic()
        return self._no_content

    async def submit(self, hub: int, workspace: str, channel: str, key: str, number: int, connections: int) -> Any:
        """Submit messages to a channel."""
        path = f"/workspaces/{workspace}/channels/{channel}/messages"
        requests = []
        for index in range(number):
            contact = {"identifierKey": "phonenumber", "identifierValue": f"+4477{index:08d}"}
            body = {
                "receiver": {"contacts": [contact]},
                "body": {"type": "text", "text": {"text": f"Parcel {index} is ready"}},
                "reference": f"order-{index}",
            }
            headers = {"authorization": f"AccessKey {key}", "content-type": "application/json"}
            requests.append(request("POST", path, headers, json.dumps(body).encode()))
        return await self._load(hub, requests, connections, None)

    async def receipts(
        self,
        hub: int,
        channel: str,
        messages: str,
        connections: int,
        rate: float | None = None,
        warm_up: float = 0.25,
        patience: float = 1.5,
    ) -> Any:
        """Post a signed receipt for each message whose id stands in a file; at a rate, measure when its webhook comes.

        The first share of them, `warm_up`, is not counted: it warms connections and caches up. Webhooks that have not
        come `patience` seconds after the last receipt are missing.
        """
        ids = Path(messages).read_text().split()
        requests = [_receipt(hub, channel, message) for message in ids]
        self._keep_times = rate is not None
        self._arrived.clear()
        told = await self._load(hub, requests, connections, rate)
        if rate is not None:
            end = time.monotonic() + patience
            while len(self._arrived) < len(ids) and time.monotonic() < end:
                await asyncio.sleep(0.05)
            sent = self._last.sent_at
            arrived = [(at, self._arrived.get(message)) for at, message in zip(sent, ids, strict=True)]
            counted = arrived[int(len(arrived) * warm_up) :]
            delays = sorted(end - at for at, end in counted if end is not None) or [math.inf]
            told["missing"] = sum(end is None for _, end in arrived)
            told["delays_ms"] = {
                name: round(delays[min(len(delays) - 1, int(len(delays) * share))] * 1000, 2)
                for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("most", 1.0))
            }
        self._keep_times = False
        return told

    async def clicks(self, hub: int, slugs: str, number: int, connections: int, rate: float | None = None) -> Any:
        """Follow the links whose slugs stand in a file, one after the other, again and again."""
        links = Path(slugs).read_text().split()
        requests = [request("GET", f"/l/{links[index % len(links)]}", BROWSER, b"") for index in range(number)]
        told = await self._load(hub, requests, connections, rate)
        if rate is not None:
            # Answers come in the order of the requests, but for a few that overtake each other.
            waits = sorted(end - at for at, end in zip(self._last.sent_at, self._last.answered_at, strict=True))
            told["waits_ms"] = {
                name: round(waits[min(len(waits) - 1, int(len(waits) * share))] * 1000, 2)
                for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("most", 1.0))
            }
        return told

    async def _load(self, hub: int, requests: list[bytes], connections: int, rate: float | None) -> dict[str, Any]:
        self._last = Load(hub, connections)
        start = time.monotonic()
        await self._last.run(requests, rate)
        return {"seconds": time.monotonic() - start, "failed": self._last.failed}

    async def hooks(self) -> int:
        """How many webhooks have come so far."""
        return self._hooks


def _receipt(hub: int, channel: str, message: str) -> bytes:
    path = f"/callbacks/{channel}/status?m={message}&h=0"
    sid = "SM" + message.replace("-", "")
    fields = {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "From": "+15005550006",
        "MessageSid": sid,
        "MessageStatus": "delivered",
        "RawDlrDoneDate": "2603141509",
        "SmsSid": sid,
        "SmsStatus": "delivered",
        "To": "+447700900123",
    }
    signed = f"http://127.0.0.1:{hub}{path}" + "".join(name + fields[name] for name in sorted(fields))
    signature = base64.b64encode(hmac.digest(TOKEN.encode(), signed.encode(), "sha1")).decode()
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature}
    return request("POST", path, headers, urlencode(fields).encode())


async def main() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    surroundings = Surroundings()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        wanted = json.loads(line)
        answer = await getattr(surroundings, wanted.pop("do"))(**wanted)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
