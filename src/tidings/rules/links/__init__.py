"""Tracked links: which addresses of a message give way to short ones, where they lead, and what is then sent.

`choosing` finds them when a message is taken; `rewriting` puts the short ones in whenever it is handed over.
"""

from tidings.rules.links.choosing import MOST, Choice, Found, Wish, choose
from tidings.rules.links.rewriting import lay_out, links_of, rewrite, shown_links, tracking_on
from tidings.rules.links.slugs import OCTETS, slug_of
from tidings.rules.links.sparing import Doors

__all__ = [
    "MOST",
    "OCTETS",
    "Choice",
    "Doors",
    "Found",
    "Wish",
    "choose",
    "lay_out",
    "links_of",
    "rewrite",
    "shown_links",
    "slug_of",
    "tracking_on",
]
