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
    **dict.fromkeys(("address", "reference", "why", "verdict", "error", "fingerprint", "value", "kind"), "b"),
    **dict.fromkeys(("body", "sealed", "state", "response", "nothing"), b"c"),
    **dict.fromkeys(("at", "since", "until", "now", "after", "before", "created_at", "first_at", "due_at"), 3),
    **dict.fromkeys(("count", "limit", "serial", "subscription", "position", "number", "hop", "tries"), 4),
    **dict.fromkeys(("took_ms", "status", "parked", "unread", "answered", "seen"), 5),
    **dict.fromkeys(("dead", "incoming"), True),
    **dict.fromkeys(("messages", "references", "keys", "kinds"), ["a", "b"]),
    **dict.fromkeys(("positions", "subscriptions"), [1, 2**40]),
}
"""A value for every parameter, by its name."""

OTHERWISE: dict[tuple[str, str], Any] = {
    ("redact_answered", "message"): b"a",
    ("parked_in", "before"): "b",
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


@pytest.mark.parametrize("name", NAMES)
async def test_a_query_is_understood_by_both(database: Database, name: str) -> None:
    asked, values = statement(name), given(name)

    def step() -> Transaction[list[Row]]:
        rows = yield asked(**values)
        if not asked.lists and not asked.sqlite.startswith(("SELECT", "WITH")) and "RETURNING" not in asked.sqlite:
            yield asked.many([tuple(value if value != "a" else "z" for value in values.values())])
        return rows

    await database.begin()
    try:
        rows = await database.run(step())
    finally:
        await database.rollback()
    assert isinstance(rows, list)


@pytest.mark.parametrize("name", NAMES)
def test_a_query_is_asked_by_somebody(name: str) -> None:
    source = Path(tidings.__file__).parent
    used = re.compile(rf'["\']{name}["\']')
    assert any(used.search(file.read_text()) for file in source.rglob("*.py")), f"nobody asks {name}"


def test_a_query_says_what_it_is() -> None:
    text = (Path(statements.__file__).parent / "queries.sql").read_text()
    headings = re.findall(r"^-- (.*)$", text, re.MULTILINE)
    assert [each for each in headings if not re.fullmatch(r"[a-z_]+(@postgres)?: .+\.", each)] == []
    assert len(headings) == len(set(headings))


def test_an_unknown_query_is_no_query() -> None:
    with pytest.raises(KeyError):
        statement("no_such_query")
