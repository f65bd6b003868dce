"""The one pen: every fact about a message is written here, and every event comes from here.

Within a group commit it takes each message as the store holds it, asks the life-cycle what the fact makes of it,
numbers the events, starts the next hop where one is due, and keeps the receipts that found no message until it appears.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tidings.flow import watermarks
from tidings.flow.clock import Chance, Clock
from tidings.flow.facts import (
    Accepted,
    Doubted,
    Due,
    MessageFact,
    Noticed,
    NotSubmitted,
    Outcome,
    Promise,
    PutOff,
    Submitted,
    Told,
    Unread,
)
from tidings.flow.log import news_of
from tidings.flow.lookup import look_up
from tidings.flow.page import FRAGMENT, Memory, Page, Waiting
from tidings.model.events import Event, Fact, Kind
from tidings.model.messages import Correlation, Direction, Life, Message, Recipient
from tidings.model.platforms import platform
from tidings.model.reports import Inbound, Interaction, Receipt, Target, Unknown
from tidings.model.stages import LOST
from tidings.model.workspaces import Channel, Contact
from tidings.rules import lifecycle
from tidings.rules.addresses import country_of
from tidings.rules.contacts import contact_id
from tidings.rules.lifecycle import Move, Tell
from tidings.store.statements import Transaction, statement

DAY = 86_400_000


class Pen:
    """Writes facts in bulk; hands the events and the hops to be submitted on once they are on disk."""

    rank = 0

    def __init__(
        self,
        clock: Clock,
        chance: Chance,
        *,
        tell: Callable[[Sequence[tuple[Event, Message]]], None],
        start: Callable[[Sequence[Any]], None],
        correlation_days: float = 7,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._tell = tell
        self._start = start
        self._correlation = round(correlation_days * DAY)
        self.memory = Memory()

    def transaction(self, items: Sequence[MessageFact]) -> Transaction[Sequence[Outcome]]:
        """Write facts in order."""
        page = Page(self._chance, self._clock.now(), self.memory)
        # What names a provider's reference first comes before what looks for it.
        order = sorted(range(len(items)), key=lambda index: isinstance(items[index], Told))
        yield from look_up(page, items)
        outcomes = [Outcome()] * len(items)
        for index in order:
            value = yield from self._apply(page, index, items[index])
            outcomes[index] = Outcome(value)
        return (yield from page.write(outcomes))

    def committed(self, outcomes: Sequence[Outcome]) -> None:
        """Hand on what is on disk now."""
        told = [pair for outcome in outcomes for pair in outcome.events]
        if told:
            told.sort(key=_position)
            self._tell(told)
        starts = [start for outcome in outcomes for start in outcome.starts]
        if starts:
            self._start(starts)

    def news(self, outcomes: Sequence[Outcome]) -> str:
        """Tell other processes whose log has something new, and that there may be something to send."""
        if not any(outcome.events or outcome.starts for outcome in outcomes):
            return ""
        return news_of(event.workspace for outcome in outcomes for event, _ in outcome.events)

    # -- one fact ------------------------------------------------------------------------------------------------

    def _apply(self, page: Page, index: int, fact: MessageFact) -> Transaction[Any]:
        match fact:
            case Told(promise=promise):
                if promise is not None and (before := page.keep_promise(promise)) is not None:
                    return before
                return (yield from self._told(page, index, fact))
            case Accepted():
                return _accepted(page, index, fact)
            case Unread(channel, callback, why):
                page.park(channel, "", f"unreadable: {why}", Waiting(callback=callback))
            case Noticed():
                page.tell_notice(index, fact)
            case Submitted():
                if (life := page.lives.get(fact.message)) is not None:
                    yield from self._submitted(page, index, life, fact)
            case _:
                if (life := page.lives.get(fact.message)) is not None:
                    page.take(index, _turn(page, life, fact))
        return None

    def _submitted(self, page: Page, index: int, life: Life, fact: Submitted) -> Transaction[None]:
        hop = life.hops[fact.hop]
        page.row("drop_due", life.message, hop.number)
        page.row("put_reach", hop.channel, life.message, hop.address, False, page.now)
        page.went.setdefault((hop.channel, hop.address), {}).setdefault(life.message, page.now)
        page.take(index, lifecycle.submitted(life, hop.number, fact.sent, page.now))
        for piece in fact.sent.pieces:
            # Of what was refused the provider knows no reference.
            for reference in piece.references:
                if (hop.channel, reference) not in page.pieces:
                    page.name(life.message, hop.channel, reference, is_part=reference == piece.reference)
                for id_, report in page.parked.pop((hop.channel, reference), ()):
                    if page.unpark(id_) and isinstance(report, Receipt | Interaction):
                        yield from self._tell_of(page, index, hop.channel, report, (life.message,))
        if (at := fact.went_at) is not None:
            kept = yield from watermarks.went(page, hop.channel, hop.address, life.message, at)
            self._receipts(page, index, hop.channel, kept, (life.message,))

    def _told(self, page: Page, index: int, fact: Told) -> Transaction[str]:
        channel, report = fact.channel, fact.report
        if not (yield from self._is_new(page, fact)):
            return ""
        match report:
            case Receipt(target=Target(until=int())):
                found = yield from watermarks.up_to_time(page, channel.id, report)
                self._receipt(page, index, channel.id, report, found)
                return found[0] if found else ""
            case Receipt(target=target) | Interaction(target=target):
                found = yield from self._find(page, channel, target, person=_doer(report))
                if not found:
                    if not fact.parked:
                        page.park(channel, target.reference, "no message", Waiting(report=report))
                    return ""
                if fact.parked and not page.unpark(fact.parked):
                    return ""
                yield from self._tell_of(page, index, channel.id, report, found)
                return found[0]
            case Inbound():
                return (yield from self._inbound(page, index, fact, report))
            case Unknown(why=why):
                page.park(channel, "", f"unknown: {why}", Waiting(report=report))
        return ""

    def _is_new(self, page: Page, fact: Told) -> Transaction[bool]:
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

    def _tell_of(
        self, page: Page, index: int, channel: str, report: Receipt | Interaction, found: Iterable[str]
    ) -> Transaction[None]:
        """Take a report about messages that are known, and what it shows of others."""
        for message in found:
            if isinstance(report, Interaction):
                _interaction(page, index, channel, report, message)
            elif watermarks.is_up_to_message(report):
                for each, meant in (yield from watermarks.up_to_message(page, channel, report, message)):
                    self._receipt(page, index, channel, each, meant)
            else:
                self._receipt(page, index, channel, report, (message,))
                kept = yield from watermarks.echoed(page, channel, report, message)
                self._receipts(page, index, channel, kept, (message,))

    def _find(self, page: Page, channel: Channel, target: Target, person: str = "") -> Transaction[Sequence[str]]:
        """Find the messages of a channel's workspace that a report is about.

        Where it names none, it is about the newest message that we sent the `person` who did it, if it says who.
        """
        if target.until is not None:
            return (yield from watermarks.reached(page, channel.id, target.address, target.until))
        if not target.message and not target.reference:
            return (yield from self._newest_to(page, channel, person))
        for message in (target.message, page.pieces.get((channel.id, target.reference), "")):
            known = page.messages.get(message)
            if known is not None and known.workspace == channel.workspace and _went_over(page, known, channel.id):
                return (message,)
        return ()

    def _receipts(
        self, page: Page, index: int, channel: str, receipts: Iterable[Receipt], found: Sequence[str]
    ) -> None:
        for receipt in receipts:
            self._receipt(page, index, channel, receipt, found)

    def _receipt(self, page: Page, index: int, channel: str, receipt: Receipt, found: Iterable[str]) -> None:
        reference = receipt.target.reference
        for message in found:
            life = page.lives[message]
            move = lifecycle.received(life, channel, receipt, page.now)
            if not move.moved:
                page.note(message, receipt)
            page.take(index, move)
            if reference and not _has_part(life, reference) and (channel, reference) not in page.pieces:
                # The receipt came before the answer to our own request; what comes next may know no id of ours.
                page.name(message, channel, reference)

    def _inbound(self, page: Page, index: int, fact: Told, inbound: Inbound) -> Transaction[str]:
        channel = fact.channel
        for part in fact.joined:
            page.unpark(part)
        if inbound.fragment is not None:
            page.park(channel, inbound.fragment.group, FRAGMENT, Waiting(report=inbound))
            return ""
        name = inbound.platform or channel.platform
        key = inbound.contact_key or platform(name).identifier
        correlated, is_sure = yield from self._correlate(page, channel, inbound)
        contact = Contact(
            id=contact_id(channel.workspace, key, inbound.sender),
            workspace=channel.workspace,
            key=key,
            value=inbound.sender,
            created_at=page.now,
        )
        answered = page.messages[correlated] if correlated else None
        message = Message(
            id=fact.message or self._chance.id(),
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
        if message.platform_reference:
            page.pieces[channel.id, message.platform_reference] = message.id
            page.row("put_piece", channel.id, message.platform_reference, message.id)
        return message.id

    def _correlate(self, page: Page, channel: Channel, inbound: Inbound) -> Transaction[tuple[str, bool]]:
        """Find what an inbound message answers: as the provider says, else the newest message we sent that person.

        Says too whether the provider said it. A guess is no proof that a message arrived which was given up.
        """
        if inbound.reply_to is not None:
            found = yield from self._find(page, channel, inbound.reply_to)
            if found and page.messages[found[0]].direction is Direction.OUTGOING:
                return found[0], True
        found = yield from self._newest_to(page, channel, inbound.sender)
        return (found[0] if found else ""), False

    def _newest_to(self, page: Page, channel: Channel, address: str) -> Transaction[Sequence[str]]:
        """Find the newest message that we sent a person over a channel lately; none where the address is empty."""
        if not address:
            return ()
        rows = yield statement("last_reached")(
            channel=channel.id, address=address, incoming=False, since=page.now - self._correlation
        )
        found = [str(row[0]) for row in rows]
        yield from page.load(found)
        return found


def _turn(page: Page, life: Life, fact: NotSubmitted | PutOff | Doubted | Due) -> Move:
    """Do what a fact about one hop, or a timer, asks of a message."""
    match fact:
        case NotSubmitted(message, hop, reason, data):
            page.row("drop_due", message, hop)
            return lifecycle.refused(life, hop, reason, data, page.now)
        case PutOff(message, hop, until):
            page.row("put_off", until, message, hop)
            return lifecycle.postponed(life, hop, page.now)
        case Doubted(message, hop, grace):
            page.row("drop_due", message, hop)
            return lifecycle.doubted(life, hop, grace, page.now)
        case Due():
            return lifecycle.timed(life, page.now)


def _accepted(page: Page, index: int, fact: Accepted) -> Promise | None:
    if fact.promise is not None and (before := page.keep_promise(fact.promise)) is not None:
        return before
    for taking in fact.takings:
        page.add_message(taking.message, taking.begun.life, taking.contacts)
        page.take(index, taking.begun)
    return None


def _interaction(page: Page, index: int, channel: str, interaction: Interaction, message: str) -> None:
    move = lifecycle.interacted(page.lives[message], channel, interaction, page.now)
    if not move.moved:
        page.note(message, interaction)
    page.take(index, move)


def _went_over(page: Page, message: Message, channel: str) -> bool:
    """Tell whether a channel may speak for a message: one channel's provider knows nothing of another's."""
    if message.direction is Direction.INCOMING:
        return message.channel == channel
    return any(hop.channel == channel for hop in page.lives[message.id].hops)


def _has_part(life: Life, reference: str) -> bool:
    return any(part.reference == reference for hop in life.hops for part in hop.parts)


def _doer(report: Receipt | Interaction) -> str:
    """The address of the person who did something, where a report says it; nobody does a receipt."""
    return report.target.address or report.sender if isinstance(report, Interaction) else ""


def _position(pair: tuple[Event, Message]) -> int:
    return pair[0].position
