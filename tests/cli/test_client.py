"""What a person is told when a hub does not do what was asked."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from support.terminal import Terminal
from tidings.cli.client import Trouble, one_of

KNOWN = [{"id": "1", "name": "Acme"}, {"id": "2", "name": "Acorn"}, {"id": "3", "name": "Acorn"}]


def test_one_thing_is_found_by_its_id_or_its_name() -> None:
    assert one_of(KNOWN, "2", "workspace") == KNOWN[1]
    assert one_of(KNOWN, "Acme", "workspace") == KNOWN[0]
    assert one_of(KNOWN[:1], "", "workspace") == KNOWN[0]


@pytest.mark.parametrize(
    ("known", "wanted", "why", "code"),
    [
        (KNOWN, "", "Which workspace? Say --workspace and one of: Acme, Acorn, Acorn.", 2),
        ([], "", "There is no workspace yet. Make one: tidings workspace create …", 1),
        (KNOWN, "Acorn", "Several of them are called 'Acorn': name one by its id.", 1),
        (KNOWN[:1], "Apex", "There is no workspace 'Apex'; there are: Acme.", 1),
        ([], "Apex", "There is no workspace 'Apex'.", 1),
    ],
)
def test_what_is_not_one_thing_is_told(known: list[dict[str, Any]], wanted: str, why: str, code: int) -> None:
    with pytest.raises(Trouble) as told:
        one_of(known, wanted, "workspace", "--workspace")
    assert (str(told.value), told.value.exit_code) == (why, code)


def test_nobody_answers() -> None:
    said = Terminal("http://127.0.0.1:9", "").run("workspace", "list", code=1)
    assert said.err.startswith("Error: No hub answers at http://127.0.0.1:9 (")
    assert "Start one with `tidings serve`" in said.err


def test_a_url_that_is_none() -> None:
    said = Terminal("hub.example", "").run("workspace", "list", code=2)
    assert said.err == "Error: 'hub.example' is no URL of a hub: write http://… or https://….\n"


@pytest.fixture
def stranger() -> Iterator[str]:
    """A web server that is no hub."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<h1>It works!</h1>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_something_else_answers(stranger: str) -> None:
    said = Terminal(stranger, "").run("workspace", "list", code=1)
    assert said.err == "Error: What answered is no hub: status 200, b'<h1>It works!</h1>'.\n"


def test_a_wrong_key(hub: Terminal) -> None:
    said = Terminal(hub.client.url, "tdg_wrong").run("workspace", "list", code=1)
    assert "Set TIDINGS_KEY (or --key) to the hub's root key, or to a key of the workspace." in said.err


def test_a_key_of_a_workspace_needs_its_id(acme: Terminal) -> None:
    key = acme.run("key", "create", "shop", "--json").json["accessKey"]
    by_name = Terminal(hub_url := acme.client.url, key, "Acme").run("channel", "list", code=2)
    assert by_name.err.startswith("Error: Only the root key can look workspaces up by name")
    assert Terminal(hub_url, key, acme.client.tenant).run("channel", "list", "--json").json == []


def test_every_field_that_is_wrong_is_named(acme: Terminal) -> None:
    said = acme.run("channel", "create", "--platform", "sms", "--connector", "twilio", code=1)
    assert said.err.splitlines()[0] == "Error: The settings do not fit the connector."
    assert said.err.splitlines()[1].startswith("  settings: Object missing required field `accountSid`")
