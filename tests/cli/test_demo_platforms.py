"""Every platform is shown, by every connector that has it; and who asks for one is understood."""

import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from support.abilities import ours
from support.terminal import Terminal
from tidings.cli.client import Trouble
from tidings.cli.demo.platforms import Shown, everything, find
from tidings.cli.demo.play import perform
from tidings.cli.demo.scenes import play_of
from tidings.cli.demo.stage import Player
from tidings.cli.simulation import simulators
from tidings.connectors.connector import Connector
from tidings.connectors.registry import connectors
from tidings.simulators.custom import CustomProvider
from tidings.simulators.simulator import Demonstration
from tidings.simulators.twilio import Twilio

EVERYTHING = everything()
LONGEST = 3.0
"""Seconds that a platform may take to be shown, once everything is loaded."""


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """Load what a first run would load, so that no platform's time is spent on it."""
    assert perform(play_of(EVERYTHING[0]), pace=0)


@pytest.mark.parametrize("shown", EVERYTHING, ids=lambda shown: shown.name)
def test_a_platform_is_shown_and_all_is_told_that_must_be(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    begun = time.monotonic()
    as_expected = perform(play_of(shown), pace=0.01)
    took = time.monotonic() - begun
    said = capsys.readouterr().out
    assert as_expected, said
    assert took < LONGEST
    assert max(map(len, said.splitlines())) <= 80
    assert "…" not in said
    assert connectors()[shown.connector].label in said


@pytest.mark.parametrize("connector", ours(), ids=lambda connector: connector.name)
def test_every_platform_of_a_connector_is_shown_or_it_is_said_why_not(connector: type[Connector[Any]]) -> None:
    simulator = simulators()[connector.name]
    assert not simulator.demonstrations.keys() & simulator.undemonstrated.keys()
    assert {*simulator.demonstrations, *simulator.undemonstrated} == set(connector.platforms)
    assert all(simulator.undemonstrated.values())


def test_at_most_one_connector_is_a_platforms_usual_one() -> None:
    usual = [each.platform for each in EVERYTHING if each.demonstration.usual]
    assert len(usual) == len(set(usual))


@pytest.mark.parametrize(
    ("platform", "connector", "name"),
    [
        ("sms", "", "sms-twilio"),
        ("sms", "custom", "sms-custom"),
        ("sms-custom", "", "sms-custom"),
        ("sms-custom", "custom", "sms-custom"),
        ("", "mailgun", "email-mailgun"),
        ("whatsApp", "", "whatsapp-whatsapp-cloud"),
        ("fbMessenger", "", "facebook-messenger"),
        ("applebusinesschat", "", "apple-business-chat-apple-messages"),
        ("apple-business-chat-custom", "", "apple-business-chat-custom"),
        ("app-messaging", "", "app-messaging-app-messaging"),
    ],
)
def test_what_is_asked_for_is_found(platform: str, connector: str, name: str) -> None:
    assert find(platform, connector).name == name


@pytest.mark.parametrize(
    ("platform", "connector", "why"),
    [
        ("fax", "", "There is no demonstration of 'fax'; there are: sms, mms, rcs, "),
        ("line", "twilio", "There is no demonstration by 'twilio' for line; there are: custom, line."),
        ("sms-twilio", "custom", "There is no demonstration by 'custom' for sms-twilio; there are: twilio."),
        ("", "acme", "There is no demonstration by 'acme'; there are: "),
    ],
)
def test_what_is_not_there_is_told(platform: str, connector: str, why: str) -> None:
    with pytest.raises(Trouble) as told:
        find(platform, connector)
    assert str(told.value).startswith(why)
    assert told.value.exit_code == 2


def test_the_command_shows_one_platform() -> None:
    said = Terminal("", "").run("demo", "--platform", "line").out
    assert "A message goes out by LINE" in said
    assert "✓ Everything is as it must be" in said


def test_the_command_fails_where_something_else_comes_than_was_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.cli.demo.play.PATIENCE", 0.5)
    wrong = Demonstration(address="+447700900123", told=("accepted", "sent", "delivered", "reaction"))
    monkeypatch.setattr(CustomProvider, "demonstrations", {"sms": wrong})
    said = Terminal("", "").run("demo", "--platform", "sms", "--connector", "custom", code=1).out
    faults = [line for line in said.splitlines() if line.startswith("✗ 1")]
    assert len(faults) == 2
    assert "log: expected" in faults[0]
    assert "sms.interaction: expected" in faults[1]


def test_nothing_is_done_with_a_message_that_the_provider_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.cli.demo.play.PATIENCE", 0.5)
    refused = Demonstration(address="+15005550001", deed="clicked")
    monkeypatch.setattr(Twilio, "demonstrations", {"sms": refused})
    said = Terminal("", "").run("demo", "--platform", "sms-twilio", code=1).out
    assert "stage: expected read, got failed" in " ".join(said.split())


def test_the_list_names_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CustomProvider, "undemonstrated", {"pager": "nobody carries one"})
    lines = [line.split() for line in Terminal("", "").run("demo", "--list").out.splitlines()]
    for each in EVERYTHING:
        assert [each.platform, each.connector] in [line[:2] for line in lines]
    assert ["pager", "custom", "not", "shown:", "nobody", "carries", "one"] in lines


def test_what_cannot_be_set_up_ends_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    play = play_of(find("sms", "custom"))
    with pytest.raises(KeyError, match="acme"):
        perform(play._replace(players=(*play.players, Player("fax", "acme"))))
    assert list(tmp_path.iterdir()) == []
