"""Bodies: whole, within bounds, unpacked."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Mapping
from typing import Any

import pytest

from tidings.model.errors import Refused
from tidings.web import body as reading
from tidings.web.body import Left, read_body, unpack

LIMIT = 1000


def client(*chunks: bytes, leaves: bool = False) -> Any:
    events: list[dict[str, Any]] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if leaves:
        events.append({"type": "http.disconnect"})
    else:
        events[-1]["more_body"] = False

    async def receive() -> dict[str, Any]:
        if not events:
            await asyncio.Event().wait()
        return events.pop(0)

    return receive


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


WHOLE = b'{"a": 1}' * 100


@pytest.mark.parametrize(
    ("chunks", "headers"),
    [
        ([WHOLE], {}),
        ([WHOLE], {"content-encoding": "identity"}),
        ([WHOLE[:5], b"", WHOLE[5:]], {}),
        ([gzip.compress(WHOLE)], {"content-encoding": "gzip"}),
        ([gzip.compress(WHOLE[:9]) + gzip.compress(WHOLE[9:])], {"content-encoding": "X-Gzip"}),
        ([zlib.compress(WHOLE)], {"content-encoding": "deflate"}),
        ([raw_deflate(WHOLE)], {"content-encoding": "deflate"}),
    ],
)
async def test_body_is_read_whole(chunks: list[bytes], headers: Mapping[str, str]) -> None:
    assert await read_body(client(*chunks), headers, LIMIT) == WHOLE


@pytest.mark.parametrize(
    ("chunks", "headers", "status"),
    [
        ([b""], {"content-length": "1001"}, 413),
        ([b""], {"content-length": "9" * 30}, 413),
        ([b"x" * 1001], {}, 413),
        ([b"x" * 600, b"x" * 600, b"x" * 600], {}, 413),
        ([gzip.compress(b"x" * 10_000_000)], {"content-encoding": "gzip"}, 413),
        ([gzip.compress(b"x" * 600) * 2], {"content-encoding": "gzip"}, 413),
        ([b"not packed"], {"content-encoding": "gzip"}, 400),
        ([gzip.compress(WHOLE)[:-9]], {"content-encoding": "gzip"}, 400),
        ([gzip.compress(WHOLE) + b"and more"], {"content-encoding": "gzip"}, 400),
        ([b"\x1b"], {"content-encoding": "br"}, 415),
        ([gzip.compress(gzip.compress(WHOLE))], {"content-encoding": "gzip, gzip"}, 415),
    ],
)
async def test_body_is_refused(chunks: list[bytes], headers: Mapping[str, str], status: int) -> None:
    with pytest.raises(Refused) as refused:
        await read_body(client(*chunks), headers, LIMIT)
    assert refused.value.status == status


async def test_endless_body_is_not_read_on() -> None:
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    with pytest.raises(Refused):
        await read_body(receive, {}, LIMIT)
    assert read == 11


async def test_slow_body_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PATIENCE", 0.01)
    events = [{"type": "http.request", "body": b"x", "more_body": True}]

    async def receive() -> dict[str, Any]:
        if not events:
            await asyncio.Event().wait()
        return events.pop()

    with pytest.raises(Refused) as refused:
        await read_body(receive, {}, LIMIT)
    assert refused.value.status == 408


@pytest.mark.parametrize("chunks", [[], [b"half of it"]])
async def test_client_that_leaves_is_not_answered(chunks: list[bytes]) -> None:
    with pytest.raises(Left):
        await read_body(client(*chunks, leaves=True), {}, LIMIT)


def test_bomb_is_not_unpacked_to_be_measured() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(50)) + packer.flush()
    tracemalloc.start()
    with pytest.raises(Refused):
        unpack(bomb, "gzip", LIMIT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
