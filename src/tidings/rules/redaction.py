"""Redaction: what was said is gone, that it was said and what became of it stays."""

from collections.abc import Iterable

from msgspec import Raw
from msgspec.structs import replace

from tidings.model.content import Content
from tidings.model.events import Fact
from tidings.model.messages import Hop, Life, Message
from tidings.model.reports import Interaction, Receipt
from tidings.model.tallies import Tally
from tidings.rules.counting import added

_GONE = Raw(b"{}")
"""What stands for a provider's words where some must stand."""


def redact_message(message: Message) -> Message:
    """Empty a message of its content, by whoever it was said.

    Addresses, references, tags and the client's metadata stay, so that its life can still be followed.
    """
    return replace(
        message,
        content=Content(),
        sender_name="",
        options={},
        request=None,
        extra={},
        raw=None,
        tracking=(),
        redacted=True,
    )


def redact_life(life: Life) -> Life:
    """Empty a message's hops of the provider's own words; stages and reasons stay."""
    return replace(
        life,
        hops=tuple(_redact_hop(hop) for hop in life.hops),
        plans=tuple(replace(plan, data=None) for plan in life.plans),
    )


def _redact_hop(hop: Hop) -> Hop:
    return replace(hop, data=None, early=tuple(replace(receipt, raw=_GONE) for receipt in hop.early))


def redact_fact(fact: Fact) -> Fact:
    """Empty a fact of the provider's own words and of what a person did it with; reasons stay."""
    return replace(
        fact,
        answer=None,
        raw=None,
        tried=tuple(replace(tried, data=None) for tried in fact.tried),
        interaction=fact.interaction and _redact_interaction(fact.interaction),
    )


def redact_report(report: Receipt | Interaction) -> Receipt | Interaction:
    """Empty a report of the provider's own words and of what a person did it with; what it means stays."""
    return replace(report, raw=_GONE) if isinstance(report, Receipt) else _redact_interaction(report)


def _redact_interaction(interaction: Interaction) -> Interaction:
    """Keep who did what and when. What is to be kept is named, so that nothing that is added is kept by oversight."""
    return Interaction(
        "",
        interaction.deed,
        interaction.target,
        _GONE,
        interaction.at,
        action=interaction.action,
        prefetched=interaction.prefetched,
        sender=interaction.sender,
    )


def redact_tallies(tallies: Iterable[Tally]) -> list[Tally]:
    """Empty what was counted of its links: how often something was done stays, on which link is gone."""
    plain: dict[tuple[str, str, bool], Tally] = {}
    for each in tallies:
        emptied = replace(each, link="", url="", name="")
        known = plain.get((each.message, each.deed, each.prefetched))
        plain[each.message, each.deed, each.prefetched] = added(known, emptied) if known else emptied
    return list(plain.values())
