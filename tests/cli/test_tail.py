"""Following a hub from a terminal, through breaks of the connection and of the hub."""

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.terminal import Server, Terminal
from tidings.cli.client import Client, Denied, Trouble
from tidings.cli.hearing import Heard, heard_in

MESSAGE = {"to": {"phoneNumber": "+447700900123"}, "rules": ["sms"], "body": "Hello"}


def send(acme: Terminal) -> str:
    sent = acme.client.ask("POST", f"/apispaces/{acme.client.workspace()}/messages", MESSAGE)
    id_: str = sent["messageId"]
    return id_


def test_what_happens_is_shown_line_by_line(acme: Terminal, sms: dict[str, Any]) -> None:
    message = send(acme)
    said = acme.run("tail", "--after", "0", "--limit", "3").out.splitlines()
    assert [line.split()[2:4] for line in said] == [["accepted", "sms"], ["sent", "sms"], ["delivered", "sms"]]
    assert all(line.endswith(message) for line in said)
    some = acme.run("tail", "--after", "0", "--limit", "1", "-e", "delivered", "-m", message, "--json").out
    assert (json.loads(some)["kind"], some.count("\n")) == ("delivered", 1)
    words = acme.run(
        "tail", "--after", "0", "--limit", "2", "--dialect", "omnichannel", "-e", "message.sent,message.delivered"
    )
    assert [json.loads(line)["name"] for line in words.out.splitlines()] == ["message.sent", "message.delivered"]


def test_what_a_subscription_is_told_is_shown_as_it_is_told(acme: Terminal, sms: dict[str, Any], endpoint: str) -> None:
    acme.run("subscription", "create", endpoint, "--event", "message.delivered")
    send(acme)
    (line,) = acme.run("tail", "--subscription", endpoint, "--after", "0", "--limit", "1").out.splitlines()
    assert json.loads(line)["body"]["name"] == "message.delivered"
    refused = acme.run("tail", "--subscription", endpoint, "--dialect", "omnichannel", code=2)
    assert refused.err == "Error: A subscription says itself which events it wants.\n"


def test_what_is_refused_is_told(acme: Terminal) -> None:
    refused = acme.run("tail", "--after", "end", code=1)
    assert "after: It must be a whole number" in refused.err
    nobody = Terminal("http://127.0.0.1:9", "key", acme.client.workspace())
    assert nobody.run("tail", code=1).err.startswith("Error: No hub answers at http://127.0.0.1:9")


def test_ctrl_c_is_how_it_ends(acme: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def follow(*_: object, **__: object) -> Iterator[Heard]:
        if acme:
            raise KeyboardInterrupt
        yield Heard("", "", "", 0)

    monkeypatch.setattr(Client, "follow", follow)
    assert acme.run("tail").out == ""


def test_following_goes_on_where_the_hub_was_started_anew(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    environment = {"TIDINGS_ROOT_KEY": "key"}
    hub = Server(["serve", "--port", port], tmp_path, **environment)
    url = hub.wait_for(r'"url": "(http://[^"]+)"')
    root = Client(url, "key")
    acme = Client(url, "key", root.ask("POST", "/workspaces", {"name": "Acme", "accountId": 1})["id"])
    channel = {"name": "sms", "platform": "sms", "connector": "custom", "settings": {}}
    acme.ask("POST", acme.within("channels"), channel)
    terminal = Terminal(url, "key", acme.tenant)
    heard: list[str] = []

    def listen() -> None:
        for each in acme.follow(acme.within("events", "stream"), after="0"):
            heard.append(each.id)
            if len(heard) == 4:
                return

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    send(terminal)
    send(terminal)
    while len(heard) < 2:
        time.sleep(0.01)
    began = time.monotonic()
    assert hub.stop(signal.SIGTERM) == 0
    assert time.monotonic() - began < 4
    again = Server(["serve", "--port", port], tmp_path, **environment)
    again.wait_for(r'"url": "(http://[^"]+)"')
    send(terminal)
    send(terminal)
    listening.join(10)
    assert again.stop(signal.SIGTERM) == 0
    assert heard == ["1", "2", "3", "4"]


def test_following_ends_where_the_hub_says_no(acme: Terminal, sms: dict[str, Any]) -> None:
    key = acme.client.ask("POST", acme.client.within("access-keys"), {"name": "reader", "scopes": ["read"]})
    reader = Client(acme.client.url, key["accessKey"], acme.client.tenant)
    send(acme)
    heard = reader.follow(reader.within("events", "stream"), after="0")
    assert next(heard).id
    acme.client.ask("DELETE", acme.client.within("access-keys", key["id"]))
    send(acme)
    with pytest.raises(Denied):
        list(heard)
    with pytest.raises(Trouble):
        next(Client("http://127.0.0.1:9", "key").follow("/"))


@pytest.mark.parametrize(
    ("lines", "heard"),
    [
        (["id: 1", "event: a", "data: x", ""], [Heard("1", "a", "x", 0)]),
        (
            ["retry: 7", "id: 1", "", ":", ": still here", "id:2", "", ""],
            [Heard("1", "", "", 7), Heard("2", "", "", 0)],
        ),
        (["data: x", "data:  y", "data", ""], [Heard("", "", "x\n y\n", 0)]),
        (["data: x", "data: it broke off"], []),
        (["retry: soon", "data: é", ""], [Heard("", "", "é", 0)]),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_server_sent_events_are_read_as_they_are_written(lines: list[str], heard: list[Heard], end: str) -> None:
    assert list(heard_in(f"{line}{end}".encode() for line in lines)) == heard
