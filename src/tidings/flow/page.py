"""One page of the pen's: what a batch of facts has looked up, and the rows it will write."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tidings.flow.clock import Chance
from tidings.flow.facts import Noticed, Outcome, Promise, Start
from tidings.flow.memory import Memory
from tidings.flow.tallies import Tallies
from tidings.model.events import Event, Fact, Kind
from tidings.model.exchange import Callback
from tidings.model.messages import Direction, Life, Message, nobody
from tidings.model.platforms import platform
from tidings.model.reports import Interaction, Receipt, Report
from tidings.model.stages import Stage
from tidings.model.suppressions import Suppression
from tidings.model.workspaces import Channel, Contact
from tidings.rules.counting import tally_of
from tidings.rules.lifecycle import Move, Tell
from tidings.rules.links import links_of
from tidings.rules.redaction import redact_fact, redact_report
from tidings.store.log import decode_life, decode_message, event_row
from tidings.store.statements import Transaction, statement

_encode = msgspec.json.Encoder().encode

NEVER = -(2**53)
"""When a message went that never did: before whatever time is looked back to."""
FRAGMENT = "fragment"
"""Why a part of a longer text is parked: the others are not there yet."""
MOST_NAMES = 100
"""How many references beside those of its parts a message is known by."""


class Waiting(Struct, frozen=True, omit_defaults=True):
    """What is parked: a report that found no message, or a callback that could not be read."""

    report: Report | None = None
    callback: Callback | None = None


class Mark(Struct, frozen=True):
    """A kept watermark: the time up to which all that went to somebody has come so far, and the receipt of that."""

    until: int
    receipt: Receipt


def promise_row(promise: Promise, now: int) -> tuple[Any, ...]:
    """Write a promise as a row."""
    return promise.workspace, promise.key, promise.fingerprint, promise.status, promise.body, now


class Page:
    """What one batch knows and writes. The rows are collected first, and written with one query a table."""

    def __init__(self, chance: Chance, now: int, memory: Memory, correlation: int) -> None:
        self.chance = chance
        self.now = now
        self.memory = memory
        self.answerable_since = now - correlation
        """When a message must have gone at the latest that what comes now may answer."""
        self.messages: dict[str, Message] = {}
        self.lives: dict[str, Life] = {}
        self.pieces: dict[tuple[str, str], str] = {}
        """Whose a provider's reference is, by channel and reference."""
        self.parked: dict[tuple[str, str], list[tuple[str, Report]]] = {}
        self.seen: set[tuple[str, str]] = set()
        self.went: dict[tuple[str, str], dict[str, int]] = {}
        """When messages went, by channel and address, as far as this batch says so."""
        self.marks: dict[tuple[str, str], dict[Stage, Mark]] = {}
        """The kept watermarks, by channel and address."""
        self.suppressed: dict[tuple[str, str], list[Suppression]] = {}
        """What stands of the addresses that messages are taken for, by workspace and address."""
        self._unparked: set[str] = set()
        self.promises: dict[tuple[str, str], Promise] = {}
        self._stored: dict[str, Life] = {}
        self._tells: list[tuple[int, str, Tell]] = []
        self._starts: list[tuple[int, Start]] = []
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._tallies = Tallies()

    # -- looking up ----------------------------------------------------------------------------------------------

    def load(self, wanted: Iterable[str]) -> Transaction[None]:
        """Read where messages stand, and what they are."""
        missing = [message for message in wanted if message not in self.lives]
        if not missing:
            return
        for message, state in (yield statement("lives_of")(messages=missing)):
            self.lives[message] = self._stored[message] = decode_life(state)
        unknown = []
        for message in missing:
            if (life := self.lives.get(message)) is None:
                # It is not there, or no more: another process may have taken it out.
                continue
            remembered = self.memory[message]
            if remembered is not None and remembered.redacted is life.redacted:
                self.messages[message] = remembered
            else:
                unknown.append(message)
        if unknown:
            rows = yield statement("messages_of")(messages=unknown)
            self.messages.update((row[0], decode_message(row[1])) for row in rows)

    def find_pieces(self, channel: str, references: Sequence[str]) -> Transaction[list[str]]:
        """Find whose the provider's references are."""
        rows = yield statement("pieces_of")(channel=channel, references=list(references))
        for reference, message in rows:
            self.pieces[channel, reference] = message
        return [row[1] for row in rows]

    def find_parked(self, channel: str, references: Sequence[str]) -> Transaction[None]:
        """Find the reports that wait for references."""
        for id_, reference, body in (yield statement("parked_for")(channel=channel, references=list(references))):
            waiting = msgspec.json.decode(body, type=Waiting)
            if waiting.report is not None:
                self.parked.setdefault((channel, reference), []).append((id_, waiting.report))

    def find_seen(self, channel: str, keys: Sequence[str]) -> Transaction[None]:
        """Find which keys of reports were taken before."""
        for row in (yield statement("seen_of")(channel=channel, keys=list(keys))):
            self.seen.add((channel, row[0]))

    def find_promise(self, workspace: str, key: str) -> Transaction[None]:
        """Find the answer that was given to an idempotency key."""
        for row in (yield statement("answered_before")(workspace=workspace, key=key)):
            self.promises[workspace, key] = Promise(workspace, key, row[0], row[1], row[2])

    def promised(self, promise: Promise) -> Promise | None:
        """Give the answer that was given to a promise's key before, if any."""
        return self.promises.get((promise.workspace, promise.key))

    def keep_promise(self, promise: Promise) -> Promise | None:
        """Remember an answer by its key; give the one that was given to the same key before, if any."""
        before = self.promises.get((promise.workspace, promise.key))
        if before is None:
            self.promises[promise.workspace, promise.key] = promise
            self.row("put_answered", *promise_row(promise, self.now))
        return before

    # -- writing down --------------------------------------------------------------------------------------------

    def row(self, name: str, *values: Any) -> None:
        """Write one row with a named query."""
        self._rows.setdefault(name, []).append(values)

    def add_message(self, message: Message, life: Life, contacts: Iterable[Contact]) -> None:
        """Write a new message and where it stands."""
        self.messages[message.id] = message
        self.lives[message.id] = life
        incoming = message.direction is Direction.INCOMING
        contact = message.recipients[0].contact if message.recipients else ""
        self.row("put_message", message.id, message.workspace, incoming, contact, _encode(message))
        for other in {each.contact for each in message.recipients[1:]}:
            self.row("put_party", other, message.id)
        for link in links_of(message) if message.tracking else ():
            self.row("put_link", link.slug, message.id, link.expires_at, _encode(link))
        for each in contacts:
            self.row("put_contact", each.id, each.workspace, each.key, each.value, each.created_at)

    def take(self, index: int, move: Move) -> None:
        """Take what a fact made of a life: its new state, what is to be told, what is to be sent or stopped."""
        life = move.life
        message = life.message
        self.lives[message] = life
        for tell in move.tells:
            self._tells.append((index, message, tell))
        if move.start is not None:
            hop = move.start
            self._starts.append((index, Start(self.messages[message], hop)))
            self.row("put_due", message, hop.number, hop.channel, self.now)
        for number in move.stop:
            self.row("drop_due", message, number)

    def tell_notice(self, index: int, noticed: Noticed) -> None:
        """Have a notice told: it is an event of no message."""
        subject = noticed.subject
        self.messages[subject] = nobody(noticed.workspace, subject, self.now)
        tell = Tell(Kind.NOTICE, 0, "", "", self.now, Fact(notice=noticed.notice))
        self._tells.append((index, subject, tell))

    def note(self, message: str, report: Receipt | Interaction) -> None:
        """Keep a report that told nothing new in the message's history."""
        if self.messages[message].redacted:
            report = redact_report(report)
        self.row("put_history", message, self.chance.id(), self.now, _encode(report))

    def count(self, message: str, interaction: Interaction) -> None:
        """Count what was done with a message."""
        self._tallies.add(tally_of(message, interaction, self.now, redacted=self.messages[message].redacted))

    def name(self, message: str, channel: str, reference: str, *, is_part: bool = False) -> None:
        """Know a message by one more reference of a channel's provider; beside its parts nobody needs a great many."""
        life = self.lives[message]
        if not is_part and len(life.names) == MOST_NAMES:
            return
        self.pieces[channel, reference] = message
        self.row("put_piece", channel, reference, message)
        if not is_part and all(part.reference != reference for hop in life.hops for part in hop.parts):
            # Whoever takes the message out must find the row.
            self.lives[message] = replace(life, names=(*life.names, (channel, reference)))

    def park(self, channel: Channel, reference: str, why: str, waiting: Waiting) -> None:
        """Keep what found no message, or could not be read."""
        self.row(
            "put_parked", self.chance.id(), channel.workspace, channel.id, reference, why, self.now, _encode(waiting)
        )

    def unpark(self, id_: str) -> bool:
        """Keep a report no longer; False where this batch has taken it already."""
        if id_ in self._unparked:
            return False
        self._unparked.add(id_)
        self.row("drop_parked", id_)
        return True

    def write(self, outcomes: list[Outcome]) -> Transaction[list[Outcome]]:
        """Write everything down; give the outcomes with their events and starts."""
        events: dict[int, list[tuple[Event, Message]]] = {}
        if self._tells or "put_suppression" in self._rows:
            # Also where there is nothing to tell: who holds the head writes suppressions alone, in whatever order.
            rows = yield statement("take_positions")(count=len(self._tells))
            first = int(rows[0][0]) - len(self._tells) + 1
            for position, (index, message, tell) in enumerate(self._tells, first):
                events.setdefault(index, []).append((self._event(position, message, tell), self.messages[message]))
        yield from self._write_lives()
        for name, asked in _STATEMENTS.items():
            if values := self._rows.get(name):
                yield asked.many(values)
        written = [event_row(event) for told in events.values() for event, _ in told]
        if written:
            yield _PUT_EVENT.many(written)
        yield from self._tallies.write()
        self.memory.keep(self.messages.values())
        starts: dict[int, list[Start]] = {}
        for index, start in self._starts:
            starts.setdefault(index, []).append(start)
        return [
            Outcome(outcome.value, events.get(index, ()), starts.get(index, ()))
            for index, outcome in enumerate(outcomes)
        ]

    def _write_lives(self) -> Transaction[None]:
        new: list[tuple[Any, ...]] = []
        changed: list[tuple[Any, ...]] = []
        for message, life in self.lives.items():
            stored = self._stored.get(message)
            if stored is life:
                continue
            if stored is None:
                new.append((message, life.due_at, _encode(life)))
            else:
                changed.append((life.due_at, _encode(life), message))
            for channel, address in _unsent(self.messages[message], life):
                self.row("put_reach", channel, message, address, False, NEVER)
        if new:
            yield _PUT_LIFE.many(new)
        if changed:
            yield _MOVE_LIFE.many(changed)

    def _event(self, position: int, message: str, tell: Tell) -> Event:
        about = self.messages[message]
        return Event(
            position=position,
            id=self.chance.id(),
            workspace=about.workspace,
            message=message,
            revision=tell.revision,
            kind=tell.kind,
            platform=tell.platform or about.platform,
            channel=tell.channel,
            at=self.now,
            told_at=tell.told_at,
            fact=redact_fact(tell.fact) if about.redacted else tell.fact,
        )


def _unsent(message: Message, life: Life) -> Iterator[tuple[str, str]]:
    """Name the channels that a message was meant for and never went over, with its address there."""
    if not life.hops and message.direction is Direction.OUTGOING:
        # Refused as a whole: no hop of it was ever started.
        for route in message.routes:
            if route.channel:
                yield route.channel, message.recipients[0].addresses.get(platform(route.platform).identifier, "")
    for hop in life.hops:
        if hop.channel and not hop.submitted and (hop.cancelled or hop.stage in (Stage.EXPIRED, Stage.FAILED)):
            yield hop.channel, hop.address


_PUT_EVENT = statement("put_event")
_PUT_LIFE = statement("put_life")
_MOVE_LIFE = statement("move_life")
# In the order they are run: a hop that is both started and stopped within one batch is stopped.
_STATEMENTS = {
    name: statement(name)
    for name in (
        "put_message",
        "put_contact",
        "put_party",
        "put_due",
        "put_off",
        "drop_due",
        "put_piece",
        "put_reach",
        "put_went",
        "put_watermark",
        "put_history",
        "put_parked",
        "drop_parked",
        "put_seen",
        "put_answered",
        "put_link",
        "put_suppression",
    )
}
