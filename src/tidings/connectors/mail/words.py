"""Texts, times and ids, as providers of e-mail write them."""

from typing import Any

import msgspec

LATEST = 253_402_300_799
"""The last second of the year 9999."""
LONGEST_HOP = 6
"""Digits."""


def text_of(*candidates: str | None) -> str:
    """Give the first text that says something, without the NULs that no database takes."""
    for candidate in candidates:
        if text := (candidate or "").replace("\0", "").strip():
            return text
    return ""


def as_json(text: str, kind: Any) -> Any:
    """Read a field that holds JSON; an empty value of that kind where it does not."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return kind()


def bare(message_id: str) -> str:
    """Take the angle brackets off a Message-ID: headers have them, and half of what providers say has not."""
    return text_of(message_id).removeprefix("<").removesuffix(">")


def milliseconds(seconds: float | None) -> int | None:
    """Turn Unix seconds into our times; None where they are none."""
    return round(seconds * 1000) if seconds is not None and 0 <= seconds <= LATEST else None


def seconds(text: str) -> int | None:
    """Read Unix seconds, written out, into our times; None where they are none."""
    return milliseconds(int(text)) if text.isascii() and text.isdigit() and len(text) <= 12 else None


def hop_of(text: str) -> int | None:
    """Read a hop's number; None where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_HOP else None
