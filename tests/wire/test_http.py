import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from support.names import LOOPBACK
from support.receiver import Receiver
from tidings.model.errors import NoReply
from tidings.model.exchange import Call, Exchange, Reply
from tidings.rules.networks import read_networks
from tidings.rules.places import Bounds
from tidings.wire.guard import Guard
from tidings.wire.http import Http, Result


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    client = Http(user_agent="Tidings/test", guard=Guard(Bounds(read_networks(LOOPBACK))))
    yield client
    await client.close()


@pytest.fixture
async def base() -> AsyncIterator[str]:
    async def plain(request: web.Request) -> web.Response:
        body = await request.read()
        return web.json_response(
            {"method": request.method, "body": body.decode(), "agent": request.headers["user-agent"]},
            headers={"X-One": "1"},
        )

    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/plain", "X-Early": "yes"})

    async def large(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 100_000)

    async def hang(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async def broken(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    app = web.Application()
    for name, door in (("plain", plain), ("redirect", redirect), ("large", large), ("hang", hang), ("broken", broken)):
        app.router.add_route("*", f"/{name}", door)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_request_is_made_whole_and_its_answer_given_whole(http: Http, base: str) -> None:
    result = await http.fetch("PUT", base + "/plain", {"x-mine": "1"}, b"abc", timeout=5)
    assert (result.status, result.error, result.headers["x-one"]) == (200, "", "1")
    assert result.body == b'{"method": "PUT", "body": "abc", "agent": "Tidings/test"}'


async def test_a_redirect_is_followed_only_where_it_is_asked_for(http: Http, base: str) -> None:
    stays = await http.fetch("GET", base + "/redirect", {}, timeout=5)
    goes = await http.fetch("GET", base + "/redirect", {}, timeout=5, follow=True)
    assert (stays.status, stays.headers["x-early"]) == (302, "yes")
    assert (goes.status, "x-early" in goes.headers) == (200, False)


async def test_no_more_is_kept_than_is_wanted_and_no_more_read_than_is_bounded(http: Http, base: str) -> None:
    async def ask(keep: int, bound: int) -> Result:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        http.request("POST", base + "/large", [], b"", future.set_result, timeout=5, keep=keep, bound=bound)
        return await future

    kept = await ask(8192, 10**6)
    assert (kept.status, len(kept.body)) == (200, 8192)
    refused = await ask(8192, 50_000)
    assert (refused.status, refused.error, refused.sent) == (0, "too-large", True)


@pytest.mark.parametrize(
    ("path", "error", "sent"), [("/hang", "timeout", True), ("/broken", "reset", True)], ids=["hangs", "breaks"]
)
async def test_a_request_without_an_answer_may_have_been_taken(
    http: Http, base: str, path: str, error: str, sent: bool
) -> None:
    result = await http.fetch("POST", base + path, {}, b"{}", timeout=0.3)
    assert (result.status, result.error, result.sent) == (0, error, sent)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:{closed}/", "connect"),
        ("http://no-such-host.invalid/", "dns"),
        ("ftp://127.0.0.1/", "url"),
        ("file:///etc/passwd", "url"),
        ("http://", "url"),
        ("not a url", "url"),
    ],
)
async def test_a_request_that_reached_nobody_was_not_taken(http: Http, url: str, error: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        result = await http.fetch("POST", url.format(closed=closed.getsockname()[1]), {}, b"{}", timeout=5)
    assert (result.status, result.error, result.sent) == (0, error, False)


async def test_a_certificate_that_nobody_vouches_for_is_refused(http: Http, base: str) -> None:
    result = await http.fetch("GET", base.replace("http:", "https:"), {}, timeout=5)
    assert (result.status, result.error, result.sent) == (0, "tls", False)


async def test_an_exchange_is_carried_call_by_call_and_told_of_silence(http: Http, base: str) -> None:
    def exchange() -> Exchange[list[object]]:
        first: Reply = yield Call.get(base + "/plain")
        try:
            yield Call.post(base + "/broken", json={})
        except NoReply as silence:
            return [first.status, silence.taken, silence.error]
        return []

    assert await http.carry(exchange(), timeout=5) == [200, True, "reset"]


async def test_many_at_once_share_connections(http: Http) -> None:
    async with Receiver() as receiver:
        results = await asyncio.gather(
            *(http.fetch("POST", receiver.url + f"/{n}", {}, b"{}", timeout=10) for n in range(300))
        )
    assert {result.status for result in results} == {204}
    assert {got.path for got in receiver.got} == {f"/{n}" for n in range(300)}


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/\0", "http://127.0.0.1:9/\ud800", "http://127.0.0.1:9/a b\r\nx: y"]
)
async def test_a_path_that_cannot_be_sent_is_an_error_also_where_the_origin_is_known(http: Http, url: str) -> None:
    await http.fetch("GET", "http://127.0.0.1:9/", {}, timeout=5)
    result = await http.fetch("GET", url, {}, timeout=5)
    assert (result.status, result.error, result.sent) == (0, "url", False)
