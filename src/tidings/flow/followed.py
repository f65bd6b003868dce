"""The links that were followed last: most are tapped soon after they were sent, and more than once."""

from collections import OrderedDict
from typing import Final

from tidings.model.links import Link
from tidings.rules.schedule import MINUTE

REMEMBERED: Final = 10_000
FRESH: Final = MINUTE
"""Milliseconds for which a link is taken to be as it was: another process may have redacted its message meanwhile."""


class Followed:
    """A bounded memory of links, by slug."""

    def __init__(self) -> None:
        self._links: OrderedDict[str, tuple[Link, int]] = OrderedDict()

    def get(self, slug: str, now: int) -> Link | None:
        """Give a link that was read a moment ago; None where it must be read."""
        link, read_at = self._links.get(slug, (None, 0))
        return link if link is not None and 0 <= now - read_at < FRESH else None

    def last(self, slug: str) -> Link | None:
        """Give a link as it was read last, whenever that was: where it cannot be read now, that must do."""
        return self._links.get(slug, (None, 0))[0]

    def keep(self, link: Link, now: int) -> None:
        """Remember a link that was read just now, and forget the oldest where there are too many."""
        self._links[link.slug] = (link, now)
        self._links.move_to_end(link.slug)
        while len(self._links) > REMEMBERED:
            self._links.popitem(last=False)

    def forget(self, message: str) -> None:
        """Forget the links of a message."""
        for slug in [slug for slug, (link, _) in self._links.items() if link.message == message]:
            del self._links[slug]
