"""How often what was done with a message, as every read model shows it: an addition of ours to both vocabularies."""

from typing import Any

from tidings.model.tallies import Count, Counts
from tidings.rules.times import to_iso


def show_counts(counts: Counts) -> dict[str, Any]:
    """Show counts by the deeds' words, and the links among the clicks one by one; people and machines apart."""
    shown: dict[str, Any] = {deed: _shown(count) for deed, count in counts.deeds.items()}
    shown["links"] = [{"url": each.url, "name": each.name, **_shown(each.count)} for each in counts.links]
    if counts.others is not None:
        shown["otherLinks"] = _shown(counts.others)
    return shown


def with_counts(shown: dict[str, Any], counts: Counts | None) -> dict[str, Any]:
    """Put counts beside what is shown; nothing where there are none."""
    return {**shown, "counts": show_counts(counts)} if counts is not None else shown


def _shown(count: Count) -> dict[str, Any]:
    return {
        "human": count.human,
        "machine": count.machine,
        "firstAt": to_iso(count.first_at),
        "lastAt": to_iso(count.last_at),
    }
