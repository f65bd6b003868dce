"""What people write to us: each becomes a message of its own, tied to the one that it answers."""

from tidings.flow import suppress
from tidings.flow.facts import Told
from tidings.flow.finding import find, newest_to
from tidings.flow.page import FRAGMENT, Page, Waiting
from tidings.model.events import Fact, Kind
from tidings.model.messages import Correlation, Direction, Message, Recipient
from tidings.model.platforms import platform
from tidings.model.reports import Inbound
from tidings.model.stages import LOST
from tidings.model.workspaces import Channel, Contact
from tidings.rules import lifecycle
from tidings.rules.addresses import country_of
from tidings.rules.contacts import contact_id
from tidings.rules.lifecycle import Move, Tell
from tidings.store.statements import Transaction


def arrive(page: Page, index: int, fact: Told, inbound: Inbound) -> Transaction[str]:
    """Take what somebody wrote, or park it where it is a part of that; give the message's id."""
    channel = fact.channel
    for part in fact.joined:
        page.unpark(part)
    if inbound.fragment is not None:
        page.park(channel, inbound.fragment.group, FRAGMENT, Waiting(report=inbound))
        return ""
    name = inbound.platform or channel.platform
    key = inbound.contact_key or platform(name).identifier
    correlated, is_sure = yield from _correlate(page, channel, inbound)
    contact = Contact(
        id=contact_id(channel.workspace, key, inbound.sender),
        workspace=channel.workspace,
        key=key,
        value=inbound.sender,
        created_at=page.now,
    )
    answered = page.messages[correlated] if correlated else None
    message = Message(
        id=fact.message or page.chance.id(),
        workspace=channel.workspace,
        direction=Direction.INCOMING,
        created_at=page.now,
        recipients=(Recipient(contact.id, {key: inbound.sender}, country=country_of(inbound.sender)),),
        sender=inbound.to,
        sender_name=inbound.name,
        content=inbound.content,
        conversation=inbound.conversation,
        channel=channel.id,
        platform=name,
        platform_reference=inbound.reference or inbound.key.partition(":")[2] or inbound.key,
        extra=inbound.extra,
        raw=inbound.raw,
        correlation=Correlation(answered.id, answered.metadata) if answered else None,
    )
    life = lifecycle.arrived(message.id, page.now)
    page.add_message(message, life, (contact,))
    if answered is not None and (is_sure or page.lives[answered.id].stage not in LOST):
        page.take(index, lifecycle.answered(page.lives[answered.id], channel.id, page.now))
    at = page.now if inbound.at is None else inbound.at
    told = Tell(Kind.INBOUND, 0, name, channel.id, at, Fact(references=(message.platform_reference,)))
    page.take(index, Move(life, (told,)))
    page.row("put_reach", channel.id, message.id, inbound.sender, True, page.now)
    suppress.by_words(page, channel, name, inbound, message.id)
    if message.platform_reference:
        page.pieces[channel.id, message.platform_reference] = message.id
        page.row("put_piece", channel.id, message.platform_reference, message.id)
    return message.id


def _correlate(page: Page, channel: Channel, inbound: Inbound) -> Transaction[tuple[str, bool]]:
    """Find what an inbound message answers: as the provider says, else the newest message we sent that person.

    Says too whether the provider said it. A guess is no proof that a message arrived which was given up.
    """
    if inbound.reply_to is not None:
        found = yield from find(page, channel, inbound.reply_to)
        if found and page.messages[found[0]].direction is Direction.OUTGOING:
            return found[0], True
    found = yield from newest_to(page, channel, inbound.sender)
    return (found[0] if found else ""), False
