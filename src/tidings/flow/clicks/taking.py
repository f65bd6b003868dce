"""Taking a click down: one thin row, with all those that come at the same moment, before it is answered."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tidings.model.clicks import Click
from tidings.store.statements import Transaction, statement

NEWS: Final = "clicks"
"""What other processes are told when there is a click to be told at once."""

_PUT: Final = statement("put_click")
_encode: Final = msgspec.json.Encoder().encode


class Clicks:
    """Writes clicks in bulk; says when the first of them is to be told."""

    rank = 3

    def __init__(self) -> None:
        self.taken: Callable[[int], None] = lambda _: None
        """Called with the time at which something that is on disk now is to be told."""

    def transaction(self, items: Sequence[Click]) -> Transaction[Sequence[Click]]:
        """Write clicks."""
        yield _PUT.many([(each.id, each.link.message, each.due_at, _encode(each)) for each in items])
        return items

    def committed(self, outcomes: Sequence[Click]) -> None:
        """Say when they are to be told."""
        self.taken(min(each.due_at for each in outcomes))

    def news(self, outcomes: Sequence[Click]) -> str:
        """Tell other processes, where something is to be told at once; for the rest they look from time to time."""
        return NEWS if any(each.due_at <= each.at for each in outcomes) else ""
