"""The pages on the connectors are what the code declares: none is missing, stale or left over."""

import re
from pathlib import Path
from typing import Any

import pytest

import golden
from support import pages
from support.abilities import NO_SUCH_EVENT, ours
from support.connector_page import connector_page, escaped, wrapped
from support.documents import links
from tidings.connectors.connector import Connector, secret_settings
from tidings.connectors.line import Line
from tidings.connectors.twilio import Twilio
from tidings.simulators.twilio import Twilio as SimulatedTwilio

every_connector = pytest.mark.parametrize("kind", ours(), ids=lambda kind: kind.name)


def test_the_pages_are_those_that_the_code_makes() -> None:
    made = pages.pages()
    assert sorted(pages.FOLDER.iterdir()) == sorted(made), "run make golden"
    assert [path.name for path, text in made.items() if path.read_text() != text] == [], "run make golden"


def test_the_index_leads_to_every_page() -> None:
    index = pages.FOLDER / "index.md"
    assert {index} | {(index.parent / target).resolve() for target in links(index)} >= pages.pages().keys()


@every_connector
def test_a_page_describes_every_setting_and_marks_the_secret_ones(kind: type[Connector[Any]]) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", connector_page(kind), re.MULTILINE)
    assert sorted(name for name, *_ in rows) == sorted(kind.Settings.__struct_encode_fields__)
    assert {name for name, value, *_ in rows if "*secret*" in value} == secret_settings(kind)


@every_connector
def test_a_page_keeps_every_note(kind: type[Connector[Any]]) -> None:
    page = " ".join(connector_page(kind).split())
    assert kind.notes, "an operator must know something of every provider"
    assert [note for note in kind.notes if escaped(note) not in page] == []


def test_what_a_provider_does_not_tell_is_said() -> None:
    rows = [row.split(" | ") for row in (pages.FOLDER / "index.md").read_text().splitlines() if row.startswith("| ")]
    receipts, reads = {row[1].partition("]")[0][1:]: row[3] for row in rows}, {row[1]: row[4] for row in rows}
    for kind in ours():
        able = kind.capabilities[kind.platforms[0]]
        assert (receipts[kind.label] == NO_SUCH_EVENT) is not able.receipts
    assert receipts[Line.label] == "only notification messages to phone numbers"
    assert reads["[LINE (Messaging API)](line.md)"] == NO_SUCH_EVENT


def test_a_platform_without_a_demonstration_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimulatedTwilio, "demonstrations", {})
    monkeypatch.setattr(SimulatedTwilio, "undemonstrated", {"sms": "nobody is there"})
    page = connector_page(Twilio)
    assert "There is no demonstration of `sms`: nobody is there." in page
    assert "tidings demo" not in page
    assert "tidings simulate twilio --connect" in page


def test_making_them_anew_takes_away_what_is_left_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "connectors"
    told: list[str] = []
    monkeypatch.setattr(pages, "FOLDER", folder)
    monkeypatch.setattr(golden, "tell", lambda path, what="written anew": told.append(f"{path.name} {what}"))
    golden.rewrite_pages()
    assert sorted(told) == sorted(f"{path.name} written anew" for path in folder.iterdir())
    told.clear()
    (folder / "gone.md").write_text("# Gone\n")
    (folder / "line.md").write_text("# Stale\n")
    golden.rewrite_pages()
    assert sorted(told) == ["gone.md taken away", "line.md written anew"]
    assert sorted(folder.iterdir()) == sorted(pages.pages())


def test_lines_are_broken_and_tags_are_escaped() -> None:
    assert wrapped("* " + "word " * 30, "  ").split("\n  ") == [f"* {'word ' * 23}".strip(), ("word " * 7).strip()]
    assert escaped("to <this>, not `to <that>`") == "to \\<this>, not `to <that>`"
