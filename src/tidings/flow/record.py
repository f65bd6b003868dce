"""The one pen: every fact about a message is written here, and every event comes from here.

Within a group commit it takes each message as the store holds it, asks the life-cycle what the fact makes of it,
numbers the events, starts the next hop where one is due, and keeps the receipts that found no message until it appears.
"""

from collections.abc import Callable, Sequence
from typing import Any

from tidings.flow import suppress, watermarks
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
    Withheld,
)
from tidings.flow.log import news_of
from tidings.flow.lookup import look_up
from tidings.flow.memory import Memory
from tidings.flow.page import Page, Waiting
from tidings.flow.reporting import take_receipts, take_report, tell_of
from tidings.flow.screening import screened
from tidings.model.events import Event
from tidings.model.messages import Life, Message
from tidings.model.reports import Interaction, Receipt
from tidings.rules import lifecycle
from tidings.rules.lifecycle import Move
from tidings.store.statements import Transaction

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
        page = Page(self._chance, self._clock.now(), self.memory, self._correlation)
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
                return (yield from take_report(page, index, fact))
            case Accepted():
                return _accepted(page, index, fact)
            case Unread(channel, callback, why):
                page.park(channel, "", f"unreadable: {why}", Waiting(callback=callback))
            case Noticed():
                page.tell_notice(index, fact)
            case Submitted():
                if (life := page.lives.get(fact.message)) is not None:
                    yield from _submitted(page, index, life, fact)
            case _:
                if (life := page.lives.get(fact.message)) is not None:
                    page.take(index, _turn(page, life, fact))
        return None


def _submitted(page: Page, index: int, life: Life, fact: Submitted) -> Transaction[None]:
    hop = life.hops[fact.hop]
    page.row("drop_due", life.message, hop.number)
    page.row("put_reach", hop.channel, life.message, hop.address, False, page.now)
    page.went.setdefault((hop.channel, hop.address), {}).setdefault(life.message, page.now)
    page.take(index, lifecycle.submitted(life, hop.number, fact.sent, page.now))
    suppress.by_pieces(page, hop, life.message, fact.sent)
    for piece in fact.sent.pieces:
        # Of what was refused the provider knows no reference.
        for reference in piece.references:
            if (hop.channel, reference) not in page.pieces:
                page.name(life.message, hop.channel, reference, is_part=reference == piece.reference)
            for id_, report in page.parked.pop((hop.channel, reference), ()):
                if page.unpark(id_) and isinstance(report, Receipt | Interaction):
                    yield from tell_of(page, index, hop.channel, report, (life.message,))
    if (at := fact.went_at) is not None:
        kept = yield from watermarks.went(page, hop.channel, hop.address, life.message, at)
        take_receipts(page, index, hop.channel, kept, (life.message,))


def _turn(page: Page, life: Life, fact: NotSubmitted | PutOff | Doubted | Due) -> Move:
    """Do what a fact about one hop, or a timer, asks of a message."""
    match fact:
        case NotSubmitted(message, hop, reason, data):
            page.row("drop_due", message, hop)
            suppress.by_refusal(page, life.hops[hop], message, reason)
            return lifecycle.refused(life, hop, reason, data, page.now)
        case PutOff(message, hop, until):
            page.row("put_off", until, message, hop)
            return lifecycle.postponed(life, hop, page.now)
        case Doubted(message, hop, grace):
            page.row("drop_due", message, hop)
            return lifecycle.doubted(life, hop, grace, page.now)
        case Due():
            return lifecycle.timed(life, page.now)


def _accepted(page: Page, index: int, fact: Accepted) -> Promise | Withheld | None:
    if fact.promise is not None and (before := page.promised(fact.promise)) is not None:
        return before
    takings = tuple(screened(taking, page.suppressed) for taking in fact.takings)
    if any(one is not other for one, other in zip(takings, fact.takings, strict=True)):
        return Withheld(takings)
    if fact.promise is not None:
        page.keep_promise(fact.promise)
    for taking in fact.takings:
        page.add_message(taking.message, taking.begun.life, taking.contacts)
        page.take(index, taking.begun)
    return None


def _position(pair: tuple[Event, Message]) -> int:
    return pair[0].position
