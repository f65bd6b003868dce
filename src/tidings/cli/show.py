"""How answers look: tables and cards for people, JSON for machines."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 160
"""Columns, where nobody says how many there are."""

STAGE_STYLES = {
    "accepted": "cyan",
    "processing": "cyan",
    "sent": "blue",
    "delivered": "green",
    "read": "bold green",
    "expired": "yellow",
    "failed": "red",
    "cancelled": "dim",
    "delivery_failed": "red",
    "sending_failed": "red",
    "retrying": "yellow",
    "filtered": "red",
}

UNBROKEN = frozenset({"Id", "Created", "At", "Status"})
"""Columns that are of no use in two lines."""

Columns = Mapping[str, str | Callable[[dict[str, Any]], Any]]
"""What stands in each column, by its title: a field of the row, or something made of it."""


def console() -> Console:
    """Where people read: as wide as their terminal; where there is none, wide enough for any table.

    Made anew each time, so that whoever replaces the standard output gets it.
    """
    narrow = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if narrow else WIDE)


def print_json(value: Any) -> None:
    """Print a value for a machine."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def say(text: str, *, style: str = "") -> None:
    """Print a line for people; the text is shown as it is."""
    console().print(Text(text, style=style))


def print_table(rows: Iterable[dict[str, Any]], columns: Columns, *, nothing: str) -> None:
    """Print one line for each row; without rows, say so."""
    known = list(rows)
    if not known:
        say(nothing, style="dim")
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    for title in columns:
        table.add_column(title, overflow="fold", no_wrap=title in UNBROKEN)
    for row in known:
        table.add_row(*(cell(row.get(each, "") if isinstance(each, str) else each(row)) for each in columns.values()))
    console().print(table)


def print_card(fields: Iterable[tuple[str, Any]]) -> None:
    """Print the fields of one thing, one below the other; what is empty is left out."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields:
        if value not in (None, "", [], {}, ()):
            table.add_row(name, cell(value))
    console().print(table)


def cell(value: Any) -> Text:
    """Write a value small: stages in their colour, lists with commas, objects as JSON."""
    if isinstance(value, Text):
        return value
    if value is None:
        return Text("")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, Mapping):
        return Text(json.dumps(value, ensure_ascii=False))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return Text(", ".join(str(each) for each in value))
    return Text(str(value), style=STAGE_STYLES.get(str(value), ""))


def short_time(iso: str | None) -> str:
    """Write a time of the hub's for a list: today's as the time of day, any other as the day."""
    if not iso:
        return ""
    at = datetime.fromisoformat(iso).astimezone()
    return f"{at:%H:%M:%S}" if at.date() == datetime.now().astimezone().date() else f"{at:%Y-%m-%d}"


def local_time(iso: str | None, *, exact: bool = False) -> str:
    """Write a time of the hub's (ISO 8601) as the clock on the wall here says it; `exact`: with milliseconds."""
    if not iso:
        return ""
    at = datetime.fromisoformat(iso).astimezone()
    text = f"{at:%Y-%m-%d %H:%M:%S}"
    return f"{text}.{at.microsecond // 1000:03d}" if exact else text
