"""Watermarks: a provider's word on everything that went to a person up to a time, or up to a message.

A watermark is by the provider's clock. So is the time that a message went at, where an echo of it tells; until then,
and where there are no echoes, we go by what the connector or our own clock says. Answers, echoes and watermarks come
in any order: a watermark is therefore kept, and held against every message whose time becomes known after it.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from tidings.flow.page import Mark, Page
from tidings.model.messages import Hop
from tidings.model.reports import Receipt, Target
from tidings.model.stages import Stage
from tidings.rules import lifecycle
from tidings.store.statements import Transaction, statement

BACK = 30 * 86_400_000
"""How far back a watermark can mean messages, milliseconds."""
AHEAD = 60_000
"""How far a provider's clock may be ahead of ours, milliseconds. What tells of a later time tells of this one."""


def is_up_to_message(receipt: Receipt) -> bool:
    """Whether a receipt is about a message and all that went to the same address before it."""
    return bool(receipt.target.address and receipt.target.reference)


def up_to_time(page: Page, channel: str, receipt: Receipt) -> Transaction[Sequence[str]]:
    """Keep a watermark; give the messages that it means. One that is no further than the last means none."""
    target = receipt.target
    assert target.until is not None
    until = max(0, min(target.until, page.now + AHEAD))
    marks = yield from _marks(page, channel, target.address)
    known = marks.get(receipt.stage)
    if known is not None and known.until >= until:
        return ()
    marks[receipt.stage] = Mark(until, receipt)
    body = msgspec.json.encode(receipt)
    page.row("put_watermark", channel, target.address, int(receipt.stage), until, page.now, body)
    return (yield from reached(page, channel, target.address, until))


def reached(page: Page, channel: str, address: str, until: int) -> Transaction[Sequence[str]]:
    """Find the messages that went to an address by a channel up to a time, the first to be made first."""
    until = max(0, min(until, page.now + AHEAD))
    rows = yield statement("reached_until")(
        channel=channel, address=address, incoming=False, until=until, since=until - BACK
    )
    found = {str(row[0]) for row in rows}
    for message, at in page.went.get((channel, address), {}).items():
        (found.add if at <= until else found.discard)(message)
    yield from page.load(found)
    return [message for message in sorted(found) if message in page.lives]


def up_to_message(
    page: Page, channel: str, receipt: Receipt, message: str
) -> Transaction[Sequence[tuple[Receipt, Sequence[str]]]]:
    """Part a receipt about a message and all before it into receipts, each with the messages that it means."""
    hop = lifecycle.hop_of(page.lives[message], channel, receipt.target)
    if hop is None:
        return ()
    parts = tuple(_parts_up_to(hop, receipt.target.reference))
    told = [(replace(receipt, target=Target(reference=each)), (message,)) for each in parts]
    at = yield from _went_at(page, channel, hop.address, message)
    mark = replace(receipt, target=Target(address=receipt.target.address, until=at))
    if parts[-1:] == hop.references[-1:]:
        others = yield from up_to_time(page, channel, mark)
    else:
        # What went before it is read, but of itself not all: no watermark says so much and no more.
        others = yield from reached(page, channel, hop.address, at - 1)
    return [*told, (mark, [each for each in others if each != message])]


def went(page: Page, channel: str, address: str, message: str, at: int) -> Transaction[Sequence[Receipt]]:
    """Note when a message went, by the provider's clock; give the receipts of the kept watermarks that mean it."""
    at = min(at, page.now + AHEAD)
    page.went.setdefault((channel, address), {})[message] = at
    page.row("put_went", channel, message, address, False, at)
    marks = yield from _marks(page, channel, address)
    return [mark.receipt for _, mark in sorted(marks.items()) if at <= mark.until]


def echoed(page: Page, channel: str, receipt: Receipt, message: str) -> Transaction[Sequence[Receipt]]:
    """Take the time that an echo tells; give the receipts of the kept watermarks that mean the message.

    A message in several parts has gone when its last part has.
    """
    hop = lifecycle.hop_of(page.lives[message], channel, receipt.target)
    if receipt.went_at is None or hop is None:
        return ()
    if len(hop.references) > 1 and receipt.target.reference != hop.references[-1]:
        return ()
    return (yield from went(page, channel, hop.address, message, receipt.went_at))


def _parts_up_to(hop: Hop, reference: str) -> Iterator[str]:
    references = hop.references
    if reference not in references:
        yield reference
        return
    yield from references[: references.index(reference) + 1]


def _went_at(page: Page, channel: str, address: str, message: str) -> Transaction[int]:
    known = page.went.get((channel, address), {}).get(message)
    if known is not None:
        return known
    rows = yield statement("went_at")(channel=channel, message=message)
    return int(rows[0][0]) if rows else page.now


def _marks(page: Page, channel: str, address: str) -> Transaction[dict[Stage, Mark]]:
    """Read the kept watermarks of a conversation, which nobody else then moves before this batch is committed."""
    marks = page.marks.get((channel, address))
    if marks is None:
        yield statement("lock_conversation")(channel=channel, address=address)
        rows = yield statement("watermarks_of")(channel=channel, address=address)
        marks = {Stage(row[0]): Mark(row[1], msgspec.json.decode(row[2], type=Receipt)) for row in rows}
        page.marks[channel, address] = marks
    return marks
