"""What a submission looks up of addresses costs the same however many are suppressed."""

import sqlite3
from pathlib import Path

import pytest

from tidings.store.statements import statement


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("suppressions_of", "INDEX suppression_address (workspace=? AND address=?)"),
        ("suppressions_by_id", "(workspace=? AND id=?)"),
        ("lift_suppressions", "(workspace=? AND id=?)"),
        ("suppressions_in", "INDEX suppression_address (workspace=? AND (address,id)>(?,?) AND address<?)"),
        ("forget_lifted", "INDEX suppression_lifted (at<?)"),
    ],
)
def test_each_query_goes_straight_to_its_rows(sqlite_url: str, name: str, index: str) -> None:
    connection = sqlite3.connect(Path(sqlite_url.removeprefix("sqlite:///")))
    asked = statement(name)
    values = ["[]" if each in asked.lists else 1 for each in asked.parameters]
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked.sqlite}", values)]
    connection.close()
    assert any(index in step for step in steps), steps
