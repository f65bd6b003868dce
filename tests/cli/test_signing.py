"""Keys listed and rotated, and a webhook examined, at the command line."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.keys import proves_v1a
from support.terminal import Terminal


class Captured:
    """One webhook, as it came."""

    url = ""
    headers: dict[str, str] = {}
    body = b""

    def saved(self, folder: Path, *, line_end: str = "\n", body: bytes | None = None) -> str:
        head = ["POST /hooks HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers.items()), "", ""]
        file = folder / "webhook.http"
        file.write_bytes(line_end.join(head).encode() + (self.body if body is None else body))
        return str(file)


@pytest.fixture
def captured() -> Iterator[Captured]:
    captured = Captured()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            captured.headers = dict(self.headers)
            captured.body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        captured.url = f"http://127.0.0.1:{server.server_port}/hooks"
        yield captured
        server.shutdown()
        thread.join()


@pytest.fixture
def subscribed(acme: Terminal, captured: Captured) -> str:
    """The id of a subscription that has been told a test event."""
    asked = ("subscription", "create", captured.url, "--event", "sms.outbound", "--secret", "s" * 20)
    (made,) = acme.run(*asked, "--json").json
    acme.run("subscription", "test", made["id"])
    identifier: str = made["id"]
    return identifier


def test_keys_are_rotated_and_listed(acme: Terminal, subscribed: str, captured: Captured) -> None:
    rotated = acme.run("subscription", "rotate", captured.url, "--overlap-hours", "1.5")
    assert "whsec_" in rotated.out
    assert "It is shown only now.\n" in rotated.out
    assert "a key it replaces signs beside it for 1.5 hours.\n" in rotated.out
    made = acme.run("subscription", "rotate", subscribed, "--kind", "ed25519", "--json").json
    listed = acme.run("subscription", "keys", subscribed, "--json").json
    assert [(each["kind"], each["expiresAt"] is None) for each in listed] == [
        ("hmac", False),
        ("hmac", True),
        ("ed25519", True),
    ]
    acme.environment["COLUMNS"] = "250"
    table = acme.run("subscription", "keys", subscribed).out
    assert made["publicKey"] in table
    assert made["secret"] not in table
    acme.run("subscription", "test", subscribed)
    assert proves_v1a(made["publicKey"], {name.lower(): text for name, text in captured.headers.items()}, captured.body)


def test_a_key_of_ones_own_replaces_the_keys_that_are_named(acme: Terminal, subscribed: str) -> None:
    own = "whsk_" + "A" * 43 + "="
    command = ("subscription", "rotate", subscribed, "--kind", "ed25519", "--secret", own, "--replaces", subscribed)
    assert acme.run(*command, "--json").json["secret"] == own
    first, _ = acme.run("subscription", "keys", subscribed, "--json").json
    assert first["expiresAt"] is not None
    refused = acme.run("subscription", "rotate", subscribed, "--secret", "whsec_short", code=1)
    assert refused.err == (
        "Error: The key cannot be made.\n  secret: It cannot be used: a signing key must be whsec_ and base64.\n"
    )


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_webhook_that_came_is_verified(
    acme: Terminal, subscribed: str, captured: Captured, tmp_path: Path, line_end: str
) -> None:
    said = acme.run("subscription", "verify", subscribed, captured.saved(tmp_path, line_end=line_end))
    assert said.out == f"webhook-signature is good, by key {subscribed}.\nmessagebird-signature is good.\n"


def test_a_webhook_is_read_from_the_input(acme: Terminal, subscribed: str, captured: Captured, tmp_path: Path) -> None:
    text = Path(captured.saved(tmp_path)).read_text()
    examined = acme.run("subscription", "verify", subscribed, "-", "--json", typed=text).json
    assert examined["verified"] is True


def test_why_a_webhook_does_not_verify_is_told(
    acme: Terminal, subscribed: str, captured: Captured, tmp_path: Path
) -> None:
    acme.environment["COLUMNS"] = "250"
    spoilt = captured.saved(tmp_path, body=captured.body + b"\n")
    said = acme.run("subscription", "verify", subscribed, spoilt, code=1).out
    assert f"webhook-signature does not hold, by key {subscribed} (body-reserialised): It is over" in said
    saved = captured.saved(tmp_path)
    moved = acme.run("subscription", "verify", subscribed, saved, "--to", "http://inside/", code=1).out
    assert f"messagebird-signature does not hold (wrong-url): It is over {captured.url}" in moved
    late = acme.run("subscription", "verify", subscribed, saved, "--at", "2099-01-01T00:00:00Z", code=1).out
    assert late.count("(time-too-far)") == 2


@pytest.mark.parametrize("content", [None, b"", b"webhook-id: 1\n", b"\n\n{}", b"a: \xff\n\n{}"])
def test_a_file_that_is_no_request_is_told(
    acme: Terminal, subscribed: str, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "webhook.http"
    if content is not None:
        file.write_bytes(content)
    said = acme.run("subscription", "verify", subscribed, str(file), code=2)
    assert said.err.startswith(f"Error: {file} ")
