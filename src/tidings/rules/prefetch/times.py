"""What times give away: too soon for a person, or too much at once."""

from collections.abc import Sequence
from typing import Final

TOO_SOON: Final = 2000
"""Milliseconds after a mail went in which no person can have got it, opened it and found a link."""
TOO_SOON_ELSEWHERE: Final = 1000
"""The same of other messages: a text is on the screen at once."""
HASTY: Final = 10_000
AT_ONCE: Final = 60_000
"""Milliseconds after a mail went in which a picture proxy fills its cache, rather than that somebody looks."""
BURST: Final = 5000
"""Milliseconds in which no person follows so many links of one message."""
BURST_LINKS: Final = 3
CROWD: Final = 5000
"""Milliseconds in which so many messages' links are followed from one network."""
CROWD_MESSAGES: Final = 3


def is_too_soon(went_at: int | None, at: int | None, *, within: int = TOO_SOON) -> bool:
    """Say whether something was done sooner after a mail went than any person could; times in milliseconds."""
    return went_at is not None and at is not None and at - went_at < within


def burst(clicks: Sequence[tuple[str, int]]) -> frozenset[int]:
    """Find the clicks on one message, each a link and a time in milliseconds, that follow link after link at once.

    Gives their places: a scanner opens everything it finds, and the first of its clicks is no better than the last.
    """
    order = sorted(range(len(clicks)), key=lambda place: clicks[place][1])
    found: set[int] = set()
    start = 0
    for end, place in enumerate(order):
        while clicks[place][1] - clicks[order[start]][1] > BURST:
            start += 1
        within = order[start : end + 1]
        if len({clicks[each][0] for each in within}) >= BURST_LINKS:
            found.update(within)
    return frozenset(found)
