"""One hub, one simulated provider and one subscriber for all tests of the command line, each a real server."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from support.terminal import Server, Terminal
from tidings.cli.simulation import sample


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A hub at its first start, asked with its root key."""
    server = Server(["serve", "--port", "0"], tmp_path_factory.mktemp("hub"))
    key = server.wait_for(r"Root key\s+(tdg_root_\w+)")
    url = server.wait_for(r'"url": "(http://[^"]+)"')
    yield Terminal(url, key)
    assert server.stop(15) == 0, server.said


@pytest.fixture(scope="session")
def twilio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The settings of a channel whose provider is simulated."""
    server = Server(["simulate", "twilio", "--port", "0", "--pace", "0.01"], tmp_path_factory.mktemp("twilio"))
    url = server.wait_for(r"is simulated at (http://\S+)\. ")
    yield {**sample("twilio")[1], "baseUrl": url}
    assert server.stop(2) == 0, server.said


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The URL of a subscriber that takes everything."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hooks"
        server.shutdown()
        thread.join()


@pytest.fixture
def acme(hub: Terminal) -> Iterator[Terminal]:
    """A new workspace called Acme; it and all others are gone afterwards."""
    made = hub.client.ask("POST", "/workspaces", {"name": "Acme", "accountId": 1234})
    yield Terminal(hub.client.url, hub.client.key, made["id"])
    for each in hub.client.ask("GET", "/workspaces")["results"]:
        hub.client.ask("DELETE", f"/workspaces/{each['id']}")


@pytest.fixture
def sms(acme: Terminal, twilio: dict[str, Any]) -> dict[str, Any]:
    """A channel of Acme's, over the simulated provider."""
    asked = {"name": "Our sms", "platform": "sms", "connector": "twilio", "settings": twilio}
    made: dict[str, Any] = acme.client.ask("POST", acme.client.within("channels"), asked)
    return made
