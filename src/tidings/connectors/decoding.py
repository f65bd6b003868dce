"""Reading what providers say, of which any part may be missing, of another type, or no sound JSON."""

from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from tidings.model.exchange import as_raw

T = TypeVar("T")

_LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999."""


def read(raw: Raw | bytes, kind: type[T]) -> T | None:
    """Read one JSON value; None where it is not of its shape."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def kept(raw: Raw) -> Raw:
    """Keep an item's own words, which may be no sound JSON though the request around them is."""
    return as_raw(bytes(raw))


def moment(told: float | None) -> int | None:
    """Give a time that a provider tells in milliseconds; None where it is none."""
    return int(told) if told is not None and 0 < told <= _LATEST else None


def text_at(value: Any, *names: str) -> str:
    """Give the text at a place in nested objects; empty where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
