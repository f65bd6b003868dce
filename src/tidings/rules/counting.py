"""Counting: what a deed counts as, and what all that was counted of a message comes to."""

from collections.abc import Iterable
from functools import lru_cache, reduce
from hashlib import blake2b
from typing import Final

from msgspec.structs import replace

from tidings.model.reports import Deed, Interaction
from tidings.model.tallies import OTHERS, UNREACTION, Count, Counts, LinkCount, Tally

MOST_LINKS: Final = 100
"""How many links of a message are counted one by one, for people and for machines each; the rest count together."""

LONGEST_LINK: Final = 4_096
"""Characters of a link's URL and name; a longer one counts with the rest."""

LAST_MOMENT: Final = 253_402_300_799_999
"""The last millisecond of the year 9999; a provider's time beyond it is none."""

_WORDS: Final = (*(deed.value for deed in Deed), UNREACTION)


def tally_of(message: str, interaction: Interaction, now: int, *, redacted: bool = False) -> Tally:
    """Say what a deed counts as, once; of a redacted message it is not said on which link it was done."""
    taken_back = interaction.deed is Deed.REACTION and interaction.action == "unreact"
    url, name = ("", "") if redacted else (interaction.url, interaction.link_name)
    if len(url) + len(name) > LONGEST_LINK:
        link, url, name = OTHERS, "", ""
    else:
        link = mark_of(url, name)
    at = interaction.at
    moment = now if at is None or not 0 <= at <= LAST_MOMENT else at
    return Tally(
        message=message,
        deed=UNREACTION if taken_back else interaction.deed.value,
        prefetched=interaction.prefetched,
        link=link,
        url=url,
        name=name,
        first_at=moment,
        last_at=moment,
    )


@lru_cache(maxsize=1024)
def mark_of(url: str, name: str) -> str:
    """Mark a link by its URL and name, shortly, since an index holds it; empty where it is none."""
    return blake2b(f"{url}\n{name}".encode(), digest_size=12).hexdigest() if url or name else ""


def added(one: Tally, other: Tally) -> Tally:
    """Add what was counted of the same thing."""
    return replace(
        one,
        count=one.count + other.count,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
    )


def counts_of(tallies: Iterable[Tally]) -> Counts:
    """Put together what was counted of one message."""
    by_deed: dict[str, list[Tally]] = {}
    by_link: dict[str, list[Tally]] = {}
    for each in tallies:
        by_deed.setdefault(each.deed, []).append(each)
        if each.link:
            by_link.setdefault(each.link, []).append(each)
    others = by_link.pop(OTHERS, None)
    links = [LinkCount(same[0].url, same[0].name, _count(same)) for same in by_link.values()]
    return Counts(
        deeds={deed: _count(by_deed[deed]) for deed in _WORDS if deed in by_deed},
        links=tuple(sorted(links, key=lambda link: (link.count.first_at, link.url, link.name))),
        others=_count(others) if others else None,
    )


def _count(tallies: list[Tally]) -> Count:
    machine = sum(each.count for each in tallies if each.prefetched)
    whole = reduce(added, tallies)
    return Count(whole.count - machine, machine, whole.first_at, whole.last_at)
