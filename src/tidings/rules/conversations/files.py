"""Files in conversations: which are taken, and how a browser is told to treat them."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

INLINE: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Types that a browser shows in a page; anything else is saved, and opened by whom it is for."""
LONGEST_NAME: Final = 255


def is_taken(kind: str, types: Sequence[str]) -> bool:
    """Whether files of a type are taken; `image/*` stands for every kind of image."""
    family, slash, _ = kind.partition("/")
    return bool(slash) and (kind in types or f"{family}/*" in types)


def file_name(name: str) -> str:
    """Give a file's own name, without the folders that some clients send along."""
    clean = "".join(letter for letter in name if letter.isprintable())
    return clean.replace("\\", "/").rpartition("/")[2][:LONGEST_NAME]


def disposition(kind: str, name: str) -> str:
    """Say what a browser is to do with a file (RFC 6266)."""
    how = "inline" if kind in INLINE else "attachment"
    return f"{how}; filename*=UTF-8''{quote(name, safe='')}" if name else how
