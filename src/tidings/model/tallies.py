"""How often people, and machines, did something with a message."""

from typing import Final

from msgspec import Struct

UNREACTION: Final = "unreaction"
"""What a reaction that was taken back is counted as, so that those that were put stay what they are."""

OTHERS: Final = "*"
"""The mark of the links that are counted together, because there are too many of them."""


class Tally(Struct, frozen=True, kw_only=True):
    """How often one thing was done with a message: by people or by machines, on one link or on none."""

    message: str
    deed: str
    """A word of `tidings.model.reports.Deed`, or `unreaction`."""
    prefetched: bool
    """Whether machines did it."""
    link: str = ""
    """Which link, by a mark made of its URL and name; empty where it was none."""
    url: str = ""
    name: str = ""
    """What the client calls the link."""
    count: int = 1
    first_at: int
    last_at: int


class Count(Struct, frozen=True):
    """How often something was done, by whom, and when."""

    human: int
    machine: int
    first_at: int
    last_at: int


class LinkCount(Struct, frozen=True):
    """How often one link was followed."""

    url: str
    name: str
    count: Count


class Counts(Struct, frozen=True):
    """All that was done with a message, counted."""

    deeds: dict[str, Count] = {}
    """By the deed's word, those that were done at all; clicks on links are among the clicks."""
    links: tuple[LinkCount, ...] = ()
    """In the order they were followed first."""
    others: Count | None = None
    """The links beyond the first so many, together."""
