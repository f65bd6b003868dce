"""Telling machines from people, by the user agent of an open or a click, and by when it was done.

Only what is decisive stands here. A browser's agent proves no person: several scanners imitate one.
"""

import re
from collections.abc import Sequence
from typing import Final

_MACHINES: Final = (
    # What calls itself a machine. "Cubot" is a maker of phones.
    r"(?<!cu)bot\b",
    r"crawl|spider|scanner|preview",
    # Programs' own HTTP clients. Not okhttp: mail apps load their pictures with it.
    r"python-requests|python-urllib|aiohttp|\bcurl\b|\bwget\b|go-http-client|\bjava/|apache-httpclient|libwww-perl",
    # Link previews of message apps. Some apps' own browsers name the app too, but at the end, behind Mozilla's name.
    r"facebookexternalhit|facebot|line-poker|^(?:whatsapp|viber|line)\b",
    # Secure mail gateways.
    r"barracuda|proofpoint|mimecast|cisco|\btmes\b|fortinet|fortimail|sophos|safe ?links|microsoft defender",
    # Apple's Mail Privacy Protection, which loads every picture at delivery.
    r"^mozilla/5\.0$",
    # Nothing at all.
    r"^$",
)
_MACHINE: Final = re.compile("|".join(_MACHINES), re.IGNORECASE)
_LOOKED_AT: Final = 2000
"""Characters of an agent that are looked at."""


def is_machine(user_agent: str) -> bool:
    """Say whether a user agent is decisively a machine's.

    Gmail's picture proxy is not: it loads when a person looks.
    """
    return _MACHINE.search(user_agent.strip()[:_LOOKED_AT]) is not None


TOO_SOON: Final = 2000
"""Milliseconds after a mail went in which no person can have got it, opened it and found a link."""
BURST: Final = 5000
"""Milliseconds in which no person follows so many links of one mail."""
BURST_LINKS: Final = 3


def is_too_soon(went_at: int | None, at: int | None) -> bool:
    """Say whether something was done sooner after a mail went than any person could; times in milliseconds."""
    return went_at is not None and at is not None and at - went_at < TOO_SOON


def burst(clicks: Sequence[tuple[str, int]]) -> frozenset[int]:
    """Find the clicks on one mail, each a link and a time in milliseconds, that follow link after link at once.

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
