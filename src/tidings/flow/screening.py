"""Screening: a hop to somebody whom we do not write to is refused, and the next one gets its turn.

It is done within the transaction that takes a message, with one query for all that are taken together. What waited
since then, and what goes to several, is looked at once more when it is handed over: see `sparing`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from tidings.flow.facts import Taking
from tidings.model.messages import Hop, Message, Plan
from tidings.model.platforms import platform
from tidings.model.stages import Reason
from tidings.model.suppressions import Suppression
from tidings.rules import lifecycle
from tidings.rules.suppression import as_kept, refusal_of
from tidings.store.statements import Transaction, statement
from tidings.store.suppressions import decode_suppression

TO: Final = "to"

Known = Mapping[tuple[str, str], Sequence[Suppression]]
"""What stands of addresses, by workspace and address."""


def addresses_of(taking: Taking) -> Iterator[str]:
    """Give every address that a message may go to, as suppressions have it."""
    for plan in taking.plans:
        if plan.refusal is None:
            for _, address in people_of(taking.message, plan):
                yield as_kept(plan.platform, address)


def suppressed_among(workspace: str, addresses: Sequence[str]) -> Transaction[dict[tuple[str, str], list[Suppression]]]:
    """Read what stands of some addresses of a tenant."""
    known: dict[tuple[str, str], list[Suppression]] = {}
    for row in (yield statement("suppressions_of")(workspace=workspace, addresses=addresses, stands=True)):
        found = decode_suppression(row)
        known.setdefault((workspace, found.address), []).append(found)
    return known


def screened(taking: Taking, known: Known) -> Taking:
    """Refuse the hops of a message that go to somebody whom we do not write to; the same taking where none does."""
    message = taking.message
    if not known and not message.require_opt_in:
        return taking
    refusals = [_refusal(message, plan, known) for plan in taking.plans]
    if not any(refusals):
        return taking
    plans = tuple(
        plan if refusal is None else replace(plan, refusal=refusal)
        for plan, refusal in zip(taking.plans, refusals, strict=True)
    )
    begun = lifecycle.begin(message.id, plans, expires_at=message.expires_at, now=message.created_at)
    return replace(taking, plans=plans, begun=begun)


def refusal_to(message: Message, over: Plan | Hop, address: str, known: Known) -> Reason | None:
    """Tell why a message may not go to one of its addresses; None where it may."""
    return refusal_of(
        over.platform,
        over.channel,
        known.get((message.workspace, as_kept(over.platform, address)), ()),
        transactional=message.transactional,
        require_opt_in=message.require_opt_in,
    )


def people_of(message: Message, over: Plan | Hop) -> Iterator[tuple[str, str]]:
    """Give the people that a plan or a hop goes to: how it reaches each (`to`, `cc` or `bcc`), and at which address."""
    if over.expected == 1:
        yield TO, over.address
        return
    key = platform(over.platform).identifier
    for each in message.recipients:
        if key in each.addresses:
            yield each.type, each.addresses[key]


def _refusal(message: Message, plan: Plan, known: Known) -> Reason | None:
    """Tell why a plan goes to nobody whom it is addressed to; None where it may go on, or is refused already."""
    if plan.refusal is not None:
        return None
    reasons = [refusal_to(message, plan, address, known) for type_, address in people_of(message, plan) if type_ == TO]
    return next(iter(reasons), None) if all(reasons) else None
