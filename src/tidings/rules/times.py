"""Times: milliseconds since 1970 inside, ISO 8601 outside."""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

_FORM = re.compile(r"([0-9-]+(?:[T ][0-9:]+(?:[.,][0-9]+)?)?) ?(Z|[+-][0-9:]+)?", re.IGNORECASE)
"""Date and time, zone. `datetime` checks the numbers, but lets some trailing characters pass."""


def to_iso(at: int) -> str:
    """Write a time in milliseconds as `2017-08-31T09:26:14.798Z`; raises OverflowError outside the years 1 to 9999."""
    return (_EPOCH + at * _MILLISECOND).isoformat(timespec="milliseconds")[:-6] + "Z"


def from_iso(text: str) -> int:
    """Read an ISO 8601 time with any number of fraction digits into milliseconds; one without a zone is UTC.

    Raises ValueError, also where the time cannot be written in UTC within the years 1 to 9999.
    """
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise ValueError(f"not a time: {text[:40]!r}")
    moment = datetime.fromisoformat("".join(form.groups(default="")).upper())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return (moment.astimezone(UTC) - _EPOCH) // _MILLISECOND
    except OverflowError as error:
        raise ValueError(f"not a time: {text[:40]!r}") from error
