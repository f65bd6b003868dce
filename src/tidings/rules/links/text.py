"""Addresses in a text that people read: found as their programs find them."""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

MARK: Final = "@"
"""Stands before an address that is to be tracked where only marked ones are."""
PUNCTUATION: Final = ".,;:!?'…’”»"
"""Ends a sentence rather than an address."""
CLOSING: Final = {")": "(", "]": "[", "}": "{"}
"""Brackets that end an address only where it has as many opening ones."""

_BETWEEN: Final = "。，、！？；：（）「」『』【】《》“„«"
"""Ends an address wherever it stands: where these are written, no space follows."""
_ADDRESS: Final = re.compile(rf"(?<![A-Za-z0-9+.-])({MARK}?)(https?://[^\s<>\"{_BETWEEN}]+)", re.IGNORECASE)


class Written(Struct, frozen=True):
    """An address as it stands in a text."""

    start: int
    """Where the address begins, without its mark, and where it ends, in characters."""
    end: int
    marked: bool


def addresses_in(text: str) -> Iterator[Written]:
    """Find the addresses of a text, in order; `https://` and nothing more is none."""
    if "://" not in text:
        return
    for found in _ADDRESS.finditer(text):
        start, end = found.start(2), _end(text, found.start(2), found.end(2))
        if text[start:end].partition("//")[2]:
            yield Written(start, end, bool(found[1]))


def _end(text: str, start: int, end: int) -> int:
    """Leave out what follows an address without being of it."""
    brackets = {each: text.count(each, start, end) for pair in CLOSING.items() for each in pair}
    # It ends at the latest with the scheme it begins with.
    while (last := text[end - 1]) in CLOSING or last in PUNCTUATION:
        if last in CLOSING:
            if brackets[last] <= brackets[CLOSING[last]]:
                break
            brackets[last] -= 1
        end -= 1
    return end
