"""A simulated provider by the command line: on its own, and connected to a hub."""

import json
import shlex
import signal
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from support.abilities import ours
from support.terminal import Server, Terminal
from tidings.cli.client import Trouble
from tidings.cli.simulation import order, sample, simulators
from tidings.connectors.connector import Connector, read_settings
from tidings.simulators.simulator import Fault, Order


def test_every_connector_of_ours_has_a_simulator_and_no_simulator_is_of_another() -> None:
    assert list(simulators()) == [kind.name for kind in ours()]


@pytest.mark.parametrize("connector", ours(), ids=lambda connector: connector.name)
async def test_a_connector_has_settings_to_try_it_which_lead_to_its_simulator(connector: type[Connector[Any]]) -> None:
    platform, settings = sample(connector.name)
    assert platform in connector.platforms
    simulator = simulators()[connector.name](settings)
    await simulator.start()
    try:
        there = simulator.channel_settings
        read_settings(connector, there)
        assert "127.0.0.1" in " ".join(str(value) for name, value in there.items() if value != settings.get(name))
    finally:
        await simulator.stop()


@pytest.mark.parametrize(
    ("text", "ordered"),
    [
        ("lost", Order(Fault.LOST)),
        ("refused:21211", Order(Fault.REFUSED, "21211")),
        ("late::2.5", Order(Fault.LATE, "", 2.5)),
    ],
)
def test_a_fault_is_ordered(text: str, ordered: Order) -> None:
    assert order(text) == ordered


@pytest.mark.parametrize("text", ["broken", "late::soon"])
def test_a_fault_that_is_none_is_told(text: str) -> None:
    with pytest.raises(Trouble) as told:
        order(text)
    assert str(told.value).startswith(f"--fault {text}: ")


@pytest.mark.parametrize(
    ("command", "code", "why"),
    [
        (["acme"], 2, f"There is no simulator of 'acme'; there are: {', '.join(simulators())}."),
        (["twilio", "--set", "sender"], 2, "A setting is written NAME=VALUE, not 'sender'."),
        (["twilio", "--port", "0", "--connect", "--url", "http://127.0.0.1:9"], 1, "No hub answers at "),
    ],
)
def test_what_cannot_be_simulated_is_told(command: list[str], code: int, why: str) -> None:
    assert Terminal("", "").run("simulate", *command, code=code).err.startswith(f"Error: {why}")


def test_connected_it_takes_messages_and_people_write_to_it(acme: Terminal, tmp_path: Path) -> None:
    command = ["simulate", "whatsapp-cloud", "--port", "0", "--pace", "0.01", "--fault", "refused:131009", "--connect"]
    server = Server(command, tmp_path, **acme.environment)
    url = server.wait_for(r"is simulated at (http://\S+)\. ")
    server.wait_for(r"curl (\S+)/_simulator/inbound")
    try:
        name = "Simulated whatsapp-cloud"
        assert acme.run("channel", "show", name, "--json").json["settings"]["baseUrl"] == url
        to = ("--channel", name, "--to", "+447700900123", "--wait")
        refused = acme.run("send", "Hello", *to, "--json", code=1).json
        assert (refused["stage"], refused["reason"]["code"]) == ("failed", "131009")
        assert acme.run("send", "Hello again", *to, "--json").json["stage"] in ("delivered", "read")
        written = json.dumps({"from": "+447700900123", "text": "Thank you"}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{url}/_simulator/inbound", written)).close()
        workspace = acme.client.workspace()
        events: dict[str, Any] = acme.client.ask("GET", f"/workspaces/{workspace}/events", types="inbound", wait=5)
        assert [each["kind"] for each in events["results"]] == ["inbound"]
        again = Server([*command[:5], "0.01", "--connect"], tmp_path, **acme.environment)
        moved = again.wait_for(r"is simulated at (http://\S+)\. ")
        again.wait_for(r"curl (\S+)/_simulator/inbound")
        assert again.stop(signal.SIGTERM) == 0
        channels = acme.run("channel", "list", "--json").json
        assert [(each["name"], each["settings"]["baseUrl"]) for each in channels] == [(name, moved)]
    finally:
        assert server.stop(signal.SIGINT) == 0
    assert [line.partition(" for ")[2] for line in server.said.splitlines() if line.startswith("took ")] == [
        "447700900123: Hello again"
    ]
    assert "callback answered 200" in server.said


def test_alone_it_says_how_a_channel_is_made_on_it(twilio: dict[str, Any], acme: Terminal, tmp_path: Path) -> None:
    server = Server(["simulate", "twilio", "--port", "0"], tmp_path)
    server.wait_for(r"(Make a channel on it)")
    line = server.wait_for(r"\$ tidings (.*)$")
    server.wait_for(r"curl (\S+)/_simulator/inbound")
    acme.run(*shlex.split(line))
    sent = acme.run("send", "Hello", "--channel", "Simulated twilio", "--to", "+447700900123", "--wait", "--json").json
    assert sent["stage"] == "delivered"
    assert server.stop(signal.SIGINT) == 0
    assert "start this again with the --callback-url that it shows" in server.said
