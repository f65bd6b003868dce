"""Times as Meta tells them: milliseconds or seconds, as numbers or as texts."""

from tidings.connectors.decoding import moment
from tidings.rules.times import from_iso

Time = str | int | float | None
"""Mostly Unix seconds or milliseconds; ISO 8601 has been seen."""

_MILLISECONDS_FROM = 10**12


def at(told: Time) -> int | None:
    """Give a time in milliseconds; None where it is none."""
    try:
        number = int(float(told or 0))
    except (ValueError, OverflowError):
        return _from_text(str(told))
    return moment(number if number >= _MILLISECONDS_FROM else number * 1000)


def _from_text(text: str) -> int | None:
    try:
        return moment(from_iso(text))
    except ValueError:
        return None
