"""Counting what is done with messages: added up for a batch, one row for each thing that was done."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from tidings.model.tallies import OTHERS, Tally
from tidings.rules.counting import MOST_LINKS, added
from tidings.store.statements import Row, Transaction, statement


class _Link(Struct, frozen=True, omit_defaults=True):
    """What the mark of a link stands for, as JSON: a URL may hold characters that no text column does."""

    url: str = ""
    name: str = ""


_ADD: Final = statement("add_tally")
_decode = msgspec.json.Decoder(_Link).decode


class Tallies:
    """What one batch counts."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str, bool, str], Tally] = {}

    def add(self, tally: Tally) -> None:
        """Count something more."""
        key = (tally.message, tally.deed, tally.prefetched, tally.link)
        known = self._counted.get(key)
        self._counted[key] = tally if known is None else added(known, tally)

    def write(self) -> Transaction[None]:
        """Write what was counted. Whoever calls has locked the messages' lives, so that no two add at once."""
        if self._counted:
            yield from add_tallies(self._counted.values())


def add_tallies(tallies: Iterable[Tally]) -> Transaction[None]:
    """Add to what was counted of messages."""
    yield _ADD.many([_row(each) for each in tallies])


def tallies_of(messages: Sequence[str]) -> Transaction[dict[str, list[Tally]]]:
    """Read what was counted of messages; nothing of those with which nobody has done anything."""
    found: dict[str, list[Tally]] = {}
    if messages:
        for row in (yield statement("tallies_of")(messages=list(messages))):
            found.setdefault(row[0], []).append(_tally(row))
    return found


def _row(tally: Tally) -> tuple[Any, ...]:
    return (
        tally.message,
        tally.deed,
        tally.prefetched,
        tally.link,
        MOST_LINKS,
        tally.count,
        tally.first_at,
        tally.last_at,
        _encoded(tally.url, tally.name),
    )


@lru_cache(maxsize=1024)
def _encoded(url: str, name: str) -> str:
    return msgspec.json.encode(_Link(url, name)).decode()


def _tally(row: Row) -> Tally:
    # With the others stands what was the first of them, which says nothing of the rest.
    link = _Link() if row[3] == OTHERS else _decode(row[7])
    return Tally(
        message=row[0],
        deed=row[1],
        prefetched=bool(row[2]),
        link=row[3],
        url=link.url,
        name=link.name,
        count=row[4],
        first_at=row[5],
        last_at=row[6],
    )
