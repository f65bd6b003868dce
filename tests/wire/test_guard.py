"""The address guard at work: what somebody's URL, name server or redirect would have the hub call, it does not."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from support.names import Names
from tidings.rules.networks import read_networks
from tidings.rules.places import Bounds
from tidings.wire import guard as guarding
from tidings.wire.guard import FAILED_FOR, GOOD_FOR, STALE_FOR, Guard, Passage
from tidings.wire.http import Http, Result
from wire.attacks import ATTACKS, NAMES

NAME = "hooks.example.com"


class Trap:
    """Listens on this machine by both protocols, and knows whether anybody has come."""

    def __init__(self) -> None:
        self._listeners = [socket.create_server(("127.0.0.1", 0))]
        self.port: int = self._listeners[0].getsockname()[1]
        self._listeners.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for each in self._listeners:
            each.setblocking(False)

    def has_heard(self) -> bool:
        # The system takes connections by itself, so whoever came is found here.
        heard = False
        for each in self._listeners:
            try:
                each.accept()[0].close()
            except BlockingIOError:
                continue
            heard = True
        return heard

    def close(self) -> None:
        for each in self._listeners:
            each.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    trap = Trap()
    yield trap
    trap.close()


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def calling(
    networks: str = "", *, http: bool = False, names: Names | None = None, clock: Hands | None = None
) -> AsyncIterator[Http]:
    bounds = Bounds(read_networks(networks), http)
    client = Http(user_agent="Tidings/test", guard=Guard(bounds, names or Names({}), clock=clock or Hands()))
    yield client
    await client.close()


class Site:
    """A web server on one of this machine's addresses that closes each connection, and keeps what came."""

    def __init__(self) -> None:
        self.heard: list[web.BaseRequest] = []
        self.port = 0
        self.redirect_to = ""

    @asynccontextmanager
    async def open(self, address: str = "127.0.0.1", port: int = 0) -> AsyncIterator["Site"]:
        runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, address, port).start()
        self.port = runner.addresses[0][1]
        yield self
        await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        self.heard.append(request)
        headers = {"connection": "close"}
        if self.redirect_to:
            return web.Response(status=302, headers={**headers, "location": self.redirect_to.format(port=self.port)})
        return web.Response(text="here", headers=headers)


def outcome(result: Result) -> tuple[int, str, bool]:
    return result.status, result.error, result.sent


REFUSED = (0, "refused-address", False)


@pytest.mark.parametrize("url", ATTACKS, ids=ATTACKS.values())
async def test_nothing_is_sent_where_an_attack_leads(url: str, trap: Trap) -> None:
    # Plain http is allowed, so that it is not the reason.
    async with calling(http=True, names=Names(NAMES)) as client:
        result = await client.fetch("POST", url.format(port=trap.port), {}, b"{}", timeout=5)
    assert (result.status, result.sent) == (0, False)
    assert result.error in {"refused-address", "url"}
    assert result.why
    assert not trap.has_heard()


async def test_the_trap_would_have_heard_it(trap: Trap) -> None:
    async with calling("127.0.0.1, ::1", names=Names(NAMES)) as client:
        for host in ("127.0.0.1", "[::1]", "localhost", "loop.example.com"):
            await client.fetch("POST", f"http://{host}:{trap.port}/", {}, b"{}", timeout=0.1)
            assert trap.has_heard()


async def test_what_is_allowed_opens_nothing_else() -> None:
    names = Names({"one.example.com": ["127.0.0.1"], "two.example.com": ["127.0.0.2"]})
    async with (
        Site().open() as one,
        Site().open("127.0.0.2", one.port) as two,
        calling("127.0.0.1", names=names) as http,
    ):
        port = one.port
        for host in ("127.0.0.1", "one.example.com", "[::ffff:127.0.0.1]"):
            assert (await http.fetch("GET", f"http://{host}:{port}/", {}, timeout=5)).body == b"here"
        for host in ("127.0.0.2", "two.example.com", "[::1]", "[::ffff:127.0.0.2]", "10.0.0.1"):
            assert outcome(await http.fetch("GET", f"http://{host}:{port}/", {}, timeout=5)) == REFUSED
        assert (len(one.heard), len(two.heard)) == (3, 0)


@pytest.mark.parametrize(
    ("networks", "http", "url", "is_refused"),
    [
        ("", False, "https://8.8.8.8/", False),
        ("", False, "http://8.8.8.8/", True),
        ("", True, "http://8.8.8.8/", False),
        ("10.0.0.0/8", False, "http://8.8.8.8/", True),
        ("10.0.0.0/8", False, "http://10.1.1.1/", False),
        ("", False, f"http://{NAME}/", True),
        ("10.0.0.0/8", False, f"http://{NAME}/", True),
        ("", True, f"http://{NAME}/", False),
        ("", False, f"https://{NAME}/", False),
        ("", False, "https://nobody.example.com/", False),
        ("10.0.0.0/8", False, "http://router/", False),
        ("10.0.0.0/8", False, "http://out.internal/", True),
        ("10.0.0.0/8", False, "https://half.example.com/", False),
        ("10.0.0.0/8", False, "http://half.example.com/", True),
        ("169.254.0.0/16, fc00::/7", False, "http://169.254.169.254/", True),
        ("169.254.0.0/16, fc00::/7", False, "http://[fd00:ec2::254]/", True),
        ("169.254.169.254/32", False, "http://169.254.169.254/", False),
    ],
)
async def test_what_may_be_gone_to(networks: str, http: bool, url: str, is_refused: bool) -> None:
    known = {NAME: ["8.8.8.8"], "router": ["10.0.0.1"], "out.internal": ["8.8.8.8"]}
    names = Names({**known, "half.example.com": ["10.0.0.1", "8.8.8.8"]})
    async with calling(networks, http=http, names=names) as client:
        assert bool(await client.why_refused(url, timeout=1)) is is_refused


async def test_nobody_is_asked_for_a_name_that_is_refused_anyhow() -> None:
    names = Names(NAMES)
    async with calling(names=names) as client:
        for url in (f"http://{NAME}/", "https://localhost/", "https://vault.internal/", f"https://{NAME}:25/"):
            assert await client.why_refused(url, timeout=1)
    assert names.asked == []


async def test_a_reason_does_not_tell_what_only_the_hub_can_find_out() -> None:
    async with calling(names=Names(NAMES)) as client:
        why = await client.why_refused("https://inside.example.com/", timeout=1)
    assert why.startswith("inside.example.com leads to a private address; ")
    assert "10.1" not in why


# -- names that change what they lead to -----------------------------------------------------------------------------


async def test_a_name_is_looked_up_once_and_what_was_judged_is_called() -> None:
    """A name server that answers well first, and badly from then on, is not asked a second time."""

    class Rebinding(Names):
        async def __call__(self, host: str, port: int) -> list[str]:
            await super().__call__(host, port)
            return ["127.0.0.1"] if len(self.asked) == 1 else ["127.0.0.2"]

    names, clock = Rebinding({NAME: []}), Hands()
    async with Site().open() as good, Site().open("127.0.0.2", good.port) as bad:
        url = f"http://{NAME}:{good.port}/"
        async with calling("127.0.0.1", names=names, clock=clock) as client:
            # Each on a connection of its own; the second is made when libcurl has heard the addresses before.
            for _ in range(3):
                assert outcome(await client.fetch("GET", url, {}, timeout=5)) == (200, "", True)
            assert names.asked == [NAME]
            # It is told once only, for that costs something with every request.
            assert (known := client._guard.known(url)) is not None
            assert known.is_pinned
            clock.now += GOOD_FOR + 1
            assert outcome(await client.fetch("GET", url, {}, timeout=5)) == REFUSED
            assert names.asked == [NAME, NAME]
        assert (len(good.heard), len(bad.heard)) == (3, 0)


async def test_a_name_that_moves_is_followed() -> None:
    names, clock = Names({NAME: ["127.0.0.1"]}), Hands()
    async with Site().open() as old, Site().open("127.0.0.2", old.port) as new:
        async with calling("127.0.0.0/8", names=names, clock=clock) as client:
            url = f"http://{NAME}:{old.port}/"
            await client.fetch("GET", url, {}, timeout=5)
            names.known[NAME] = ["127.0.0.2"]
            await client.fetch("GET", url, {}, timeout=5)
            clock.now += GOOD_FOR + 1
            # At once, so that each brings the new address along.
            await asyncio.gather(*(client.fetch("GET", url, {}, timeout=5) for _ in range(5)))
            await client.fetch("GET", url, {}, timeout=5)
        assert (len(old.heard), len(new.heard)) == (2, 6)


async def test_what_slips_through_is_stopped_at_the_socket(trap: Trap) -> None:
    """Were a URL or a name read otherwise by libcurl than by us, it would still get no socket."""

    class Blind(Guard):
        async def find(self, url: str, *, timeout: float) -> Passage:
            return Passage(until=1e9, is_pinned=True)

    client = Http(user_agent="Tidings/test", guard=Blind())
    for host in ("127.0.0.1", "[::1]", "localhost", "2130706433", "127.1", "0"):
        result = await client.fetch("POST", f"http://{host}:{trap.port}/", {}, b"{}", timeout=5)
        assert outcome(result) == REFUSED
    await client.close()
    assert not trap.has_heard()


def test_no_socket_is_given_for_what_is_no_address() -> None:
    guard = Guard()
    assert [guard.lets_connect(each) for each in ("8.8.8.8", "2a00::1", "", "/run/docker.sock")] == [
        True,
        True,
        False,
        False,
    ]


# -- names that cannot be looked up ----------------------------------------------------------------------------------


async def test_the_last_addresses_serve_while_a_name_cannot_be_looked_up() -> None:
    names, clock = Names({NAME: ["127.0.0.1"]}), Hands()
    async with Site().open() as site, calling("127.0.0.1", names=names, clock=clock) as client:
        url = f"http://{NAME}:{site.port}/"
        await client.fetch("GET", url, {}, timeout=5)
        del names.known[NAME]
        clock.now += GOOD_FOR + 1
        assert outcome(await client.fetch("GET", url, {}, timeout=5)) == (200, "", True)
        clock.now += STALE_FOR
        assert outcome(await client.fetch("GET", url, {}, timeout=5)) == (0, "dns", False)


async def test_a_name_that_nobody_knows_is_asked_for_again_a_little_later() -> None:
    names, clock = Names({"empty.example.com": []}), Hands()
    async with calling(names=names, clock=clock) as client:
        for host in (NAME, NAME, "empty.example.com"):
            result = await client.fetch("GET", f"https://{host}/", {}, timeout=5)
            assert outcome(result) == (0, "dns", False)
        assert names.asked == [NAME, "empty.example.com"]
        assert await client.why_refused(f"https://{NAME}/", timeout=1) == ""
        clock.now += FAILED_FOR + 1
        names.known[NAME] = ["10.0.0.1"]
        assert outcome(await client.fetch("GET", f"https://{NAME}/", {}, timeout=5)) == REFUSED


class Silent(Names):
    """A name server that does not answer until it is let."""

    def __init__(self) -> None:
        super().__init__({NAME: ["127.0.0.1"]})
        self.let = asyncio.Event()

    async def __call__(self, host: str, port: int) -> list[str]:
        found = await super().__call__(host, port)
        await self.let.wait()
        return list(found)


async def test_many_wait_for_one_answer() -> None:
    names = Silent()
    async with Site().open() as site, calling("127.0.0.1", names=names) as client:
        url = f"http://{NAME}:{site.port}/"
        waiting = [asyncio.create_task(client.fetch("GET", f"{url}{n}", {}, timeout=5)) for n in range(20)]
        late = await client.fetch("GET", url, {}, timeout=0.01)
        assert (outcome(late), late.took_ms >= 10) == ((0, "dns", False), True)
        names.let.set()
        assert {result.status for result in await asyncio.gather(*waiting)} == {200}
        assert names.asked == [NAME]
        assert sorted(request.path for request in site.heard) == sorted(f"/{n}" for n in range(20))


async def test_the_last_addresses_serve_while_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "PATIENCE", 0.05)
    names, clock = Silent(), Hands()
    names.let.set()
    async with (
        Site().open() as old,
        Site().open("127.0.0.2", old.port) as new,
        calling("127.0.0.0/8", names=names, clock=clock) as client,
    ):
        url = f"http://{NAME}:{old.port}/"
        await client.fetch("GET", url, {}, timeout=5)
        names.let.clear()
        names.known[NAME] = ["127.0.0.2"]
        clock.now += GOOD_FOR + 1
        for _ in range(2):
            assert outcome(await client.fetch("GET", url, {}, timeout=5)) == (200, "", True)
        assert (names.asked, len(old.heard)) == ([NAME, NAME], 3)
        names.let.set()
        while len(new.heard) < 1:
            await client.fetch("GET", url, {}, timeout=5)


async def test_the_wait_for_a_name_counts_as_time_of_the_request() -> None:
    names = Silent()
    silent = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    async with silent, calling("127.0.0.1", names=names) as client:
        asyncio.get_running_loop().call_later(0.2, names.let.set)
        url = f"http://{NAME}:{silent.sockets[0].getsockname()[1]}/"
        result = await client.fetch("GET", url, {}, timeout=0.4)
        assert (result.error, 350 <= result.took_ms < 600) == ("timeout", True)


async def test_it_can_be_closed_while_a_name_is_looked_up() -> None:
    names = Silent()
    async with calling("127.0.0.1", names=names) as client:
        asked: list[Result] = []
        client.request("GET", f"http://{NAME}/", [], b"", asked.append, timeout=5)
        while not names.asked:
            await asyncio.sleep(0)
    names.let.set()
    await asyncio.sleep(0)
    assert asked == []


async def test_only_so_many_origins_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "MOST_KNOWN", 2)
    guard = Guard(Bounds(http=True), Names({NAME: ["8.8.8.8"]}), clock=Hands())
    urls = [f"https://{NAME}/a/b", f"http://{NAME}?q=/", f"https://{NAME}:444/"]
    for url in urls:
        assert (await guard.find(url, timeout=1)).error == ""
    assert [guard.known(url) is not None for url in urls] == [False, True, True]
    assert guard.known(f"http://{NAME}/another") is guard.known(f"http://{NAME}")


@pytest.mark.parametrize(
    "rest", ["@127.0.0.1/", ".evil.example/", ":81/", "\\@127.0.0.1/", "#@127.0.0.1/", "%2f/", "x"]
)
async def test_what_is_known_of_one_origin_says_nothing_of_another(rest: str) -> None:
    guard = Guard(guarding.CLOSED, Names({NAME: ["8.8.8.8"]}))
    assert (await guard.find(f"https://{NAME}/", timeout=1)).error == ""
    assert guard.known(f"https://{NAME}/") is not None
    assert guard.known(f"https://{NAME}{rest}") is None


# -- redirects, proxies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", ["http://127.0.0.2:{port}/", "http://both.example.com:{port}/", "//127.0.0.2:{port}/", "http://8.8.8.8/"]
)
async def test_a_redirect_leads_only_where_a_url_may(target: str) -> None:
    names = Names({"both.example.com": ["127.0.0.1", "127.0.0.2"]})
    async with (
        Site().open() as site,
        Site().open("127.0.0.2", site.port) as bad,
        calling("127.0.0.1", names=names) as http,
    ):
        site.redirect_to = target
        result = await http.fetch("GET", f"http://127.0.0.1:{site.port}/", {}, timeout=5, follow=True)
        assert outcome(result) == REFUSED
        assert (len(site.heard), len(bad.heard)) == (1, 0)


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:1/"])
async def test_a_redirect_to_another_protocol_is_not_followed(target: str) -> None:
    async with Site().open() as site, calling("127.0.0.1") as http:
        site.redirect_to = target
        result = await http.fetch("GET", f"http://127.0.0.1:{site.port}/", {}, timeout=5, follow=True)
        assert (result.status, result.error, len(site.heard)) == (0, "url", 1)


async def test_what_is_secret_stays_with_the_first_origin() -> None:
    secret = {"authorization": "Bearer x", "x-api-key": "y"}
    async with Site().open() as site, Site().open() as other, calling("127.0.0.1") as http:
        site.redirect_to = f"http://127.0.0.1:{other.port}/there"
        url = f"http://127.0.0.1:{site.port}/here"
        assert (await http.fetch("GET", url, secret, timeout=5, follow=True)).body == b"here"
        assert [request.headers.get("x-api-key") for request in (*site.heard, *other.heard)] == ["y", None]
        assert "authorization" not in other.heard[0].headers
        assert (await http.fetch("POST", url, secret, b"{}", timeout=5, follow=True)).status == 302


async def test_redirects_come_to_an_end() -> None:
    async with Site().open() as site, calling("127.0.0.1") as http:
        site.redirect_to = "/again"
        result = await http.fetch("GET", f"http://127.0.0.1:{site.port}/", {"x": "1"}, timeout=5, follow=True)
        assert (result.status, result.error) == (0, "redirects")
        assert [(request.path, request.headers["x"]) for request in site.heard] == [("/", "1"), *[("/again", "1")] * 5]


async def test_a_proxy_of_the_environment_is_not_used(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
    async with Site().open() as site, calling("127.0.0.1") as http:
        assert (await http.fetch("GET", f"http://127.0.0.1:{site.port}/", {}, timeout=5)).body == b"here"
    assert not trap.has_heard()
