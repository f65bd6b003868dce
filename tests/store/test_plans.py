"""No query walks over a table that grows with traffic: the plans of SQLite, which has no statistics to change them."""

import sqlite3
from pathlib import Path

import pytest

from tidings.store import statements
from tidings.store.statements import statement

FEW = frozenset({"setting", "head", "lease", "workspace", "access_key", "channel", "subscription", "cursor", "replay"})
"""Tables that have about as many rows as somebody set up."""

COUNTS = frozenset({"count_held", "count_parked", "waiting_by_channel"})
"""What is counted for the metrics stands in tables of exceptions."""


def plan(connection: sqlite3.Connection, name: str) -> list[str]:
    asked = statement(name)
    values = ["[]" if each in asked.lists else 1 for each in asked.parameters]
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked.sqlite}", values)]


@pytest.fixture
def connection(sqlite_url: str) -> sqlite3.Connection:
    return sqlite3.connect(Path(sqlite_url.removeprefix("sqlite:///")))


def test_no_query_scans_a_table_that_grows(connection: sqlite3.Connection) -> None:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} - FEW
    scans = {
        name: step
        for name in statements._STATEMENTS
        if name not in COUNTS
        for step in plan(connection, name)
        if step.startswith("SCAN ") and step.split()[1] in tables
    }
    connection.close()
    assert scans == {}


def test_failures_are_found_by_an_index_that_has_nothing_else(connection: sqlite3.Connection) -> None:
    found = {name: plan(connection, name)[0] for name in ("attempts_newest", "attempts_failed", "attempts_failed_end")}
    connection.close()
    assert "INDEX attempt_at " in found["attempts_newest"]
    assert "INDEX attempt_failed " in found["attempts_failed"]
    assert "INDEX attempt_failed " in found["attempts_failed_end"]
