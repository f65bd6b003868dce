"""Every named query is run on both databases, and every one is used."""

import re
from pathlib import Path
from typing import Any

import pytest

import tidings
from tidings.store import statements
from tidings.store.database import Database
from tidings.store.statements import Row, Transaction, statement

NAMES = sorted(statements._STATEMENTS)

VALUES: dict[str, Any] = {
    **dict.fromkeys(("id", "name", "holder", "workspace", "hash", "key", "channel", "contact", "message"), "a"),
    **dict.fromkeys(("address", "reference", "why", "verdict", "error", "fingerprint", "value", "kind", "fate"), "b"),
    **dict.fromkeys(("body", "sealed", "state", "response", "headers", "nothing"), b"c"),
    **dict.fromkeys(("at", "since", "until", "now", "after", "before", "created_at", "first_at", "due_at"), 3),
    **dict.fromkeys(("count", "limit", "serial", "subscription", "position", "number", "hop", "tries"), 4),
    **dict.fromkeys(("took_ms", "status", "stage", "parked", "unread", "answered", "seen"), 5),
    **dict.fromkeys(("dead", "incoming", "any_error"), True),
    **dict.fromkeys(("lowest", "highest"), 204),
    **dict.fromkeys(("epoch", "place", "told", "set_aside", "ended_at"), 6),
    **dict.fromkeys(("deed", "link", "stands_for"), "b"),
    **dict.fromkeys(("most", "last_at"), 6),
    "prefetched": True,
    **{name: ["a", "b"] for name in ("messages", "references", "keys", "kinds", "verdicts", "contacts", "workspaces")},
    **dict.fromkeys(("platform", "ground", "prefix", "beyond"), "a"),
    **dict.fromkeys(("stands", "any_platform", "any_channel"), True),
    **{name: ["a", "b"] for name in ("addresses", "grounds", "suppressions")},
    **{name: [1, 2**40] for name in ("positions", "subscriptions")},
    "slug": "a",
    "expires_at": 3,
    **dict.fromkeys(("conversation", "profile", "nonce", "role"), "a"),
    **dict.fromkeys(("updated_at", "delivered_to", "read_to"), 3),
    **dict.fromkeys(("head", "data"), b"c"),
    **{name: ["a", "b"] for name in ("conversations", "profiles")},
}
"""A value for every parameter, by its name."""

OTHER = {
    **dict.fromkeys(("id", "name", "key", "hash", "message", "slug", "conversation"), "z"),
    **dict.fromkeys(("position", "serial", "subscription"), 9),
}
"""The key of a second row."""

OTHERWISE: dict[tuple[str, str], Any] = {
    ("redact_answered", "message"): b"a",
    ("parked_in", "before"): "b",
    ("replays_of", "before"): "b",
    ("fragments", "after"): "b",
    ("messages_after", "after"): "b",
    **{(f"conversations_{name}", "after"): "b" for name in ("of", "with")},
    **{(name, "until"): "b" for name in NAMES if name.startswith("messages_")},
}
"""Where the same name is of another type."""


def given(name: str) -> dict[str, Any]:
    """Make up the values of a query."""
    asked = statement(name)
    values = {each: OTHERWISE.get((name, each), VALUES[each]) for each in asked.parameters}
    return {
        each: [value] if each in asked.lists and not isinstance(value, list) else value
        for each, value in values.items()
    }


def run(name: str) -> Transaction[list[Row]]:
    """Ask a query once, and where it changes rows, a second time for many rows at once."""
    asked, values = statement(name), given(name)
    rows = yield asked(**values)
    if not asked.lists and asked.sqlite.startswith(("INSERT", "UPDATE", "DELETE")) and "RETURNING" not in asked.sqlite:
        second = {each: OTHERWISE.get((name, each), OTHER.get(each, values[each])) for each in asked.parameters}
        yield asked.many([tuple(second.values())])
    return rows


async def test_every_query_is_understood_by_both(database: Database) -> None:
    failed = {}
    await database.begin()
    for name in NAMES:
        await database.mark()
        try:
            assert isinstance(await database.run(run(name)), list)
        except Exception as error:  # noqa: BLE001 - every failure is told at the end
            failed[name] = str(error)
            await database.undo()
    await database.rollback()
    assert failed == {}


def test_every_query_is_asked_by_somebody() -> None:
    source = "".join(file.read_text() for file in Path(tidings.__file__).parent.rglob("*.py"))
    asked = set(re.findall(r"""["']([a-z_]+)["']""", source))
    assert set(NAMES) - asked == set()


def test_a_query_says_what_it_is() -> None:
    text = (Path(statements.__file__).parent / "queries.sql").read_text()
    headings = re.findall(r"^-- (.*)$", text, re.MULTILINE)
    assert [each for each in headings if not re.fullmatch(r"[a-z_]+(@postgres)?: .+\.", each)] == []
    assert len(headings) == len(set(headings))


def test_an_unknown_query_is_no_query() -> None:
    with pytest.raises(KeyError):
        statement("no_such_query")
