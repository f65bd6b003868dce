"""Finding what a report is about: by our own id, by the provider's, by a watermark, or by whom we wrote to last."""

from collections.abc import Sequence

from tidings.flow import watermarks
from tidings.flow.page import Page
from tidings.model.messages import Direction, Message
from tidings.model.reports import Target
from tidings.model.workspaces import Channel
from tidings.store.statements import Transaction, statement


def find(page: Page, channel: Channel, target: Target, person: str = "") -> Transaction[Sequence[str]]:
    """Find the messages of a channel's workspace that a report is about.

    Where it names none, it is about the newest message that we sent the `person` who did it, if it says who.
    """
    if target.until is not None:
        return (yield from watermarks.reached(page, channel.id, target.address, target.until))
    if not target.message and not target.reference:
        return (yield from newest_to(page, channel, person))
    for message in (target.message, page.pieces.get((channel.id, target.reference), "")):
        known = page.messages.get(message)
        if known is not None and known.workspace == channel.workspace and _went_over(page, known, channel.id):
            return (message,)
    return ()


def newest_to(page: Page, channel: Channel, address: str) -> Transaction[Sequence[str]]:
    """Find the newest message that we sent a person over a channel lately; none where the address is empty."""
    if not address:
        return ()
    rows = yield statement("last_reached")(
        channel=channel.id, address=address, incoming=False, since=page.answerable_since
    )
    found = [str(row[0]) for row in rows]
    yield from page.load(found)
    return found


def _went_over(page: Page, message: Message, channel: str) -> bool:
    """Tell whether a channel may speak for a message: one channel's provider knows nothing of another's."""
    if message.direction is Direction.INCOMING:
        return message.channel == channel
    return any(hop.channel == channel for hop in page.lives[message.id].hops)
