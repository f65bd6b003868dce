"""The ids of an SMSC: it may answer a submission with one writing of an id, and report with another.

Compared are upper case, without leading zeros, and with the base of one turned into that of the other. Which base a
channel's SMSC uses is set, or learnt from the first receipt that can only be about one submission.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Set as AbstractSet
from typing import Final, Literal

Base = Literal["same", "resp_hex_receipt_dec", "resp_dec_receipt_hex"]
"""How receipts write the ids that responses gave."""

REMEMBERED: Final = 10_000
"""Submissions, and receipts without one, that are remembered until the base is known."""

ENOUGH: Final = 3
"""Receipts that must show another base than that of the response: one could be of a submission whose id is not known
yet."""

_HEX: Final = re.compile("[0-9A-F]{1,32}")
_DECIMAL: Final = re.compile("[0-9]{1,38}")


def taken_as(message_id: str) -> str:
    """Write the id of a response as it is kept."""
    return message_id.strip("\0 ").upper().lstrip("0") or "0"


def reported_as(message_id: str, base: str) -> str:
    """Write the id of a receipt as that of its response is kept; where it is no number it stays as it is."""
    plain = taken_as(message_id)
    if base == "resp_hex_receipt_dec" and _DECIMAL.fullmatch(plain):
        return f"{int(plain):X}"
    if base == "resp_dec_receipt_hex" and _HEX.fullmatch(plain):
        return str(int(plain, 16))
    return plain


class Bases:
    """Learns how one SMSC writes ids. A receipt comes from the number that its message went to: the second check."""

    def __init__(self) -> None:
        self._taken: OrderedDict[tuple[str, str], frozenset[Base]] = OrderedDict()
        """What receipts may name, and from whom; with the bases that would make it so."""
        self._reported: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._votes: Counter[Base] = Counter()

    def taken(self, message_id: str, number: str) -> Base | None:
        """Note that a submission to a number was given an id; give the base if that makes it known."""
        spellings = [((spelling, number), base) for spelling, base in _spellings(message_id)]
        for named, base in spellings:
            self._taken[named] = self._taken.get(named, frozenset()) | {base}
        while len(self._taken) > 3 * REMEMBERED:
            self._taken.popitem(last=False)
        early = {base for named, base in spellings if named in self._reported}
        return self._vote(early)

    def reported(self, message_id: str, number: str) -> Base | None:
        """Note that a receipt names an id, and comes from a number; give the base if that makes it known."""
        named = taken_as(message_id), number
        self._reported[named] = None
        while len(self._reported) > REMEMBERED:
            self._reported.popitem(last=False)
        return self._vote(self._taken.get(named, frozenset()))

    def _vote(self, bases: AbstractSet[Base]) -> Base | None:
        # What fits in several ways shows nothing: ids that are counted up are each other's in another base.
        if len(bases) != 1:
            return None
        (base,) = bases
        self._votes[base] += 1
        return base if base == "same" or self._votes[base] >= ENOUGH else None


def _spellings(message_id: str) -> list[tuple[str, Base]]:
    """What a receipt may call an id, the likeliest first."""
    plain = taken_as(message_id)
    spellings: list[tuple[str, Base]] = [(plain, "same")]
    if _HEX.fullmatch(plain):
        spellings.append((str(int(plain, 16)), "resp_hex_receipt_dec"))
    if _DECIMAL.fullmatch(plain):
        spellings.append((f"{int(plain):X}", "resp_dec_receipt_hex"))
    return spellings
