"""Named queries, written once for both databases.

`queries.sql` holds them: a line `-- name: sentence`, then the query, with parameters as `:name`. `= ANY(:name)` takes a
list. A query named `name@postgres` is said that way there instead.
"""

import re
from collections.abc import Generator, Sequence
from importlib.resources import files
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T")
Row = Sequence[Any]


class Statement(Struct, frozen=True):
    """A query as each database wants it, and the order of its parameters."""

    name: str
    sqlite: str
    postgres: str
    parameters: tuple[str, ...]
    lists: frozenset[str]

    def __call__(self, **given: Any) -> "Query":
        """Ask it once; the answer is a list of rows."""
        return Query(self, tuple(given[name] for name in self.parameters))

    def many(self, rows: Sequence[Sequence[Any]]) -> "Query":
        """Run it once for each row of values, in the order of its parameters; there is no answer."""
        return Query(self, (), rows)


class Query(Struct, frozen=True):
    """A statement with its values: what a transaction yields."""

    statement: Statement
    values: tuple[Any, ...]
    rows: Sequence[Sequence[Any]] | None = None

    @property
    def sqlite_values(self) -> tuple[Any, ...]:
        """The values as SQLite takes them: lists as JSON."""
        statement = self.statement
        if not statement.lists:
            return self.values
        return tuple(
            msgspec.json.encode(value).decode() if name in statement.lists else value
            for name, value in zip(statement.parameters, self.values, strict=True)
        )


Transaction = Generator[Query, list[Row], T]
"""A step of the store: it yields queries, is sent their rows, and returns what came of it.

The same transaction runs on either database; it touches neither.
"""

_HEADING = re.compile(r"^-- (?P<name>[a-z_]+)(?:@(?P<only>postgres))?: ", re.MULTILINE)
_LIST = re.compile(r"= ANY\(:(\w+)\)")
_PARAMETER = re.compile(r"(?<!:):(\w+)")


def _translate(text: str, list_form: str, mark: str) -> tuple[str, tuple[str, ...]]:
    order: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"{mark}{order.setdefault(match[1], len(order) + 1)}"

    return _PARAMETER.sub(number, _LIST.sub(list_form, text)), tuple(order)


def _load() -> dict[str, Statement]:
    text = files("tidings.store").joinpath("queries.sql").read_text("utf-8")
    headings = list(_HEADING.finditer(text))
    bodies: dict[str, dict[str, str]] = {}
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        end = following.start() if following else len(text)
        body = text[heading.end() : end].partition("\n")[2].strip().rstrip(";")
        bodies.setdefault(heading["name"], {})[heading["only"] or "sqlite"] = body
    statements = {}
    for name, by in bodies.items():
        sqlite, order = _translate(by["sqlite"], r"IN (SELECT value FROM json_each(:\1))", "?")
        postgres, same = _translate(by.get("postgres", by["sqlite"]), r"= ANY(:\1)", "$")
        if set(order) != set(same) or order != same:
            raise ValueError(f"{name} takes other parameters on PostgreSQL: {order} and {same}")
        statements[name] = Statement(name, sqlite, postgres, order, frozenset(_LIST.findall(by["sqlite"])))
    return statements


_STATEMENTS = _load()


def statement(name: str) -> Statement:
    """Find a query by its name; raises KeyError."""
    return _STATEMENTS[name]
