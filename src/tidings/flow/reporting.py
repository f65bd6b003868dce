"""What providers report: receipts and what people did, of the messages that they are about."""

from collections.abc import Iterable, Sequence

from tidings.flow import suppress, watermarks
from tidings.flow.arriving import arrive
from tidings.flow.facts import Told
from tidings.flow.finding import find
from tidings.flow.page import Page, Waiting
from tidings.model.messages import Life
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Target, Unknown
from tidings.rules import lifecycle
from tidings.store.statements import Transaction, statement


def take_report(page: Page, index: int, fact: Told) -> Transaction[str]:
    """Take a report; give the id of the message it is about, "" where it parked or was taken before."""
    channel, report = fact.channel, fact.report
    if not (yield from _is_new(page, fact)):
        return ""
    match report:
        case Receipt(target=Target(until=int())):
            found = yield from watermarks.up_to_time(page, channel.id, report)
            _take_receipt(page, index, channel.id, report, found)
            return found[0] if found else ""
        case Receipt(target=target) | Interaction(target=target):
            found = yield from find(page, channel, target, person=_doer(report))
            if isinstance(report, Interaction) and not fact.parked:
                suppress.by_person(page, channel, report, found)
            if not found:
                if not fact.parked:
                    page.park(channel, target.reference, "no message", Waiting(report=report))
                return ""
            if fact.parked and not page.unpark(fact.parked):
                return ""
            yield from tell_of(page, index, channel.id, report, found)
            return found[0]
        case Inbound():
            return (yield from arrive(page, index, fact, report))
        case Unknown(why=why):
            page.park(channel, "", f"unknown: {why}", Waiting(report=report))
    return ""


def tell_of(
    page: Page, index: int, channel: str, report: Receipt | Interaction, found: Iterable[str]
) -> Transaction[None]:
    """Take a report about messages that are known, and what it shows of others."""
    for message in found:
        if isinstance(report, Interaction):
            _interaction(page, index, channel, report, message)
        elif watermarks.is_up_to_message(report):
            for each, meant in (yield from watermarks.up_to_message(page, channel, report, message)):
                _take_receipt(page, index, channel, each, meant)
        else:
            _take_receipt(page, index, channel, report, (message,))
            kept = yield from watermarks.echoed(page, channel, report, message)
            take_receipts(page, index, channel, kept, (message,))


def take_receipts(page: Page, index: int, channel: str, receipts: Iterable[Receipt], found: Sequence[str]) -> None:
    """Take receipts about messages that are known."""
    for receipt in receipts:
        _take_receipt(page, index, channel, receipt, found)


def _take_receipt(page: Page, index: int, channel: str, receipt: Receipt, found: Iterable[str]) -> None:
    reference = receipt.target.reference
    for message in found:
        life = page.lives[message]
        move = lifecycle.received(life, channel, receipt, page.now)
        suppress.by_receipt(page, channel, receipt, message)
        if not move.moved:
            page.note(message, receipt)
        page.take(index, move)
        if reference and not _has_part(life, reference) and (channel, reference) not in page.pieces:
            # The receipt came before the answer to our own request; what comes next may know no id of ours.
            page.name(message, channel, reference)


def _is_new(page: Page, fact: Told) -> Transaction[bool]:
    """Tell whether a report is to be taken: neither was it before, nor, where it was parked, has it gone since."""
    if fact.parked:
        rows = yield statement("get_parked")(workspace=fact.channel.workspace, id=fact.parked)
        return bool(rows)
    key = getattr(fact.report, "key", "")
    if key:
        if (fact.channel.id, key) in page.seen:
            return False
        page.seen.add((fact.channel.id, key))
        page.row("put_seen", fact.channel.id, key, page.now)
    return True


def _interaction(page: Page, index: int, channel: str, interaction: Interaction, message: str) -> None:
    suppress.by_deed(page, channel, interaction, message)
    move = lifecycle.interacted(page.lives[message], channel, interaction, page.now)
    if not move.moved:
        page.note(message, interaction)
    page.take(index, move)
    if interaction.deed is not Deed.READ:
        # That it was read is a stage, and told once.
        page.count(message, interaction)


def _has_part(life: Life, reference: str) -> bool:
    return any(part.reference == reference for hop in life.hops for part in hop.parts)


def _doer(report: Receipt | Interaction) -> str:
    """The address of the person who did something, where a report says it; nobody does a receipt."""
    return report.target.address or report.sender if isinstance(report, Interaction) else ""
