"""Names as this machine looks them up."""

import asyncio
import socket
import threading
from typing import Any

import pytest

from tidings.wire import resolver
from tidings.wire.resolver import SystemResolver


async def test_this_machine_knows_its_own_name() -> None:
    assert "127.0.0.1" in await SystemResolver()("localhost", 80)


@pytest.mark.parametrize("name", ["no-such-host.invalid", "a" * 64 + ".example", "", "ex\0ample"])
async def test_a_name_that_is_none_has_no_address(name: str) -> None:
    with pytest.raises(OSError):
        assert await SystemResolver()(name, 80) == ["nothing"]


async def test_only_so_many_names_are_looked_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    let, at_once = threading.Event(), []
    ask = socket.getaddrinfo

    def slow(host: str, port: int, **more: Any) -> Any:
        at_once.append(threading.active_count())
        let.wait(10)
        return ask("127.0.0.1", port, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    monkeypatch.setattr(resolver, "MOST_AT_ONCE", 3)
    look_up, before = SystemResolver(), threading.active_count()
    asked = [asyncio.create_task(look_up(f"{n}.example.com", 80)) for n in range(5)]
    while len(at_once) < 3:
        await asyncio.sleep(0.001)
    # One that nobody waits for any more keeps its place until the system has answered.
    asked[0].cancel()
    await asyncio.sleep(0.01)
    assert len(at_once) == 3
    let.set()
    assert await asyncio.gather(*asked[1:]) == [["127.0.0.1"]] * 4
    assert max(at_once) <= before + 3


async def test_without_a_thread_a_name_cannot_be_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    look_up = SystemResolver()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        for _ in range(resolver.MOST_AT_ONCE + 1):
            with pytest.raises(OSError, match="thread"):
                await asyncio.wait_for(look_up("localhost", 80), 5)
    async with asyncio.timeout(5):
        assert await look_up("127.0.0.1", 80) == ["127.0.0.1"]


def test_an_answer_that_comes_when_the_loop_has_ended_is_nobody_s(monkeypatch: pytest.MonkeyPatch) -> None:
    let, answered = threading.Event(), threading.Event()

    def slow(*_: Any, **__: Any) -> Any:
        let.wait(10)
        answered.set()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)

    async def ask() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(SystemResolver()("example.com", 80), 0.01)

    asyncio.run(ask())
    threads = [each for each in threading.enumerate() if each.name == "look-up"]
    let.set()
    for each in threads:
        each.join(5)
    assert answered.is_set()
    assert not any(each.is_alive() for each in threads)
