"""The service as a process: its first start, its stop, and what it says when it cannot start."""

import json
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.terminal import Server, Terminal
from tidings.cli.service import listening

NOBODY = Terminal("http://127.0.0.1:9", "")


def test_a_first_start_says_what_to_do_and_a_second_does_not(tmp_path: Path) -> None:
    server = Server(["serve", "--port", "0"], tmp_path)
    key = server.wait_for(r"Root key\s+(tdg_root_[0-9a-f]{48})\b")
    listening = json.loads(server.wait_for(r'^(\{.*"event": "listening".*\})$'))
    url = listening["url"]
    welcome = server.said.replace("\n", " ")
    assert f"Tidings is ready at {url}" in welcome
    assert str(tmp_path / "var" / "tidings.db") in welcome
    assert str(tmp_path / "var" / "secret.key") in welcome
    commands = [line.removeprefix("  $ ") for line in server.said.splitlines() if line.startswith("  $ ")]
    assert commands == [
        f"export TIDINGS_KEY={key} TIDINGS_URL={url}",
        "tidings workspace create Acme",
        "tidings simulate twilio --connect",
    ]
    operator = Terminal(url, key)
    made = operator.run("workspace", "create", "Acme", "--json").json

    taken = NOBODY.run("serve", "--port", url.rpartition(":")[2], "--data-dir", str(tmp_path / "other"), code=2)
    assert taken.err.startswith(f"Error: Port {url.rpartition(':')[2]} on 127.0.0.1 is in use")
    for command in (["serve", "--port", "0"], ["migrate"]):
        locked = NOBODY.run(*command, "--data-dir", str(tmp_path / "var"), code=2)
        assert f"Another hub has {tmp_path / 'var' / 'tidings.db'} open." in locked.err
        assert locked.err.count("\n") == 1

    # A request under way is answered before the hub is gone.
    with ThreadPoolExecutor(1) as thread:
        path = f"/workspaces/{made['id']}/events"
        asked = thread.submit(Terminal(url, made["accessKey"]).client.ask, "GET", path, wait=1)
        Terminal(url, made["accessKey"]).client.ask("GET", path)
        assert server.stop(signal.SIGTERM) == 0
        assert asked.result() == {"results": [], "nextAfter": 0}
    events = [json.loads(line)["event"] for line in server.said.splitlines() if line.startswith("{")]
    assert events == ["listening", "stopping: no more requests are taken", "stopped"]

    again = Server(["serve", "--port", "0"], tmp_path, TIDINGS_LOG_FORMAT="console", TIDINGS_KEY="not a setting")
    again.wait_for(r"(listening)")
    assert again.stop(signal.SIGINT) == 0
    assert key not in again.said
    assert "Root key" not in again.said
    assert "{" not in again.said


@pytest.mark.parametrize(
    ("variables", "options", "why"),
    [
        ({"TIDINGS_PORTT": "1"}, [], "TIDINGS_PORTT is no setting of Tidings."),
        ({"TIDINGS_PORT": "http"}, [], "TIDINGS_PORT: Expected `int`, got `str`"),
        ({}, ["--port", "70000"], "TIDINGS_PORT: Expected `int` <= 65535"),
        ({"TIDINGS_ALLOW_NETWORKS": "10.0.0.1/8"}, [], "TIDINGS_ALLOW_NETWORKS: 10.0.0.1/8 has host bits set"),
        ({}, ["--database-url", "mysql://x"], "TIDINGS_DATABASE_URL must begin with postgresql:// or sqlite:///"),
        ({"TIDINGS_SECRET_KEYS": "abc"}, [], "TIDINGS_SECRET_KEYS must be Fernet keys: 32 bytes in URL-safe base64."),
        ({}, ["--host", "no such host"], "Port 0 on no such host cannot be had: "),
        ({}, ["--data-dir", "/dev/null/x"], "/dev/null/x: Not a directory"),
        ({"TIDINGS_LOG_FORMAT": "xml"}, [], "TIDINGS_LOG_FORMAT: Invalid enum value 'xml'"),
    ],
)
def test_a_misconfigured_hub_says_so_in_one_line(
    variables: dict[str, str], options: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    port = [] if "TIDINGS_PORT" in variables or "--port" in options else ["--port", "0"]
    said = NOBODY.run("serve", *port, *options, code=2)
    assert said.out == ""
    assert said.err.startswith(f"Error: {why}")
    assert said.err.count("\n") == 1


def test_it_listens_on_ipv6_too() -> None:
    with listening("::1", 0) as listener:
        assert listener.family is socket.AF_INET6


def test_the_first_start_says_what_simulated_providers_need(tmp_path: Path) -> None:
    server = Server(["serve", "--port", "0"], tmp_path, TIDINGS_ALLOW_NETWORKS="")
    server.wait_for(r'"event": "(listening)"')
    assert server.stop(signal.SIGTERM) == 0
    assert "  $ export TIDINGS_ALLOW_NETWORKS=127.0.0.0/8" in server.said.splitlines()
