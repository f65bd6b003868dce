"""What a webhook on conversations means: receipts, what people wrote and did, and the rest."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Raw, Struct

from tidings.connectors.decoding import kept, read
from tidings.connectors.meta.messaging import people
from tidings.connectors.meta.messaging.receipts import receipts_of
from tidings.connectors.meta.messaging.shapes import Change, Entry, Event, Notice
from tidings.connectors.meta.moments import Time
from tidings.model.errors import Unreadable
from tidings.model.exchange import as_raw
from tidings.model.reports import Report, Unknown
from tidings.model.stages import Stage

ChangeReader = Callable[[Change, Raw, Time], Iterator[Report] | None]
"""Reads a change that is no message: its raw words, and the entry's time. None where it has no word for the field."""


class Reader(Struct, frozen=True, kw_only=True):
    """How one channel reads its webhooks."""

    name: str
    """The connector's."""
    object: str
    """What the webhooks have to be about."""
    ours: frozenset[str]
    """The ids of our own side; the first is the one that entries are of."""
    echo: Stage = Stage.SENT
    """What an echo of a message of ours is taken for."""
    tagged: bool = False
    """Whether the echoes of what we sent carry our own id."""
    change: ChangeReader

    def reports(self, body: bytes) -> list[Report]:
        """Say what a request means; raises Unreadable."""
        notice = read(body, Notice)
        if notice is None:
            raise Unreadable(f"{self.name}: no webhook of the Graph API")
        if notice.object != self.object:
            return [Unknown(as_raw(body), f"It is about no {self.object} but {notice.object[:80]!r}.")]
        return [report for entry in notice.entry for report in self._entry(entry)]

    def _entry(self, raw: Raw) -> Iterator[Report]:
        entry = read(raw, Entry)
        if entry is None:
            yield Unknown(kept(raw), "An entry that cannot be read.")
            return
        if str(entry.id) not in self.ours:
            # An app has one callback for all its pages or accounts, each of which is a channel of its own here.
            yield Unknown(kept(raw), f"It is of {str(entry.id)[:80]!r}, which is not this channel's.")
            return
        reports = [report for each in entry.messaging for report in self._event(each)]
        reports += [report for each in entry.standby for report in self._event(each, standby=True)]
        reports += [report for each in entry.changes for report in self._change(each, entry.time)]
        if entry.field and entry.value is not None:
            reports += self._read_change(Change(entry.field, entry.value), raw, entry.time)
        yield from reports or [Unknown(kept(raw), "An entry that says nothing we know.")]

    def _change(self, raw: Raw, time: Time) -> Iterator[Report]:
        change = read(raw, Change)
        if change is None:
            yield Unknown(kept(raw), "A change that cannot be read.")
            return
        yield from self._read_change(change, raw, time)

    def _read_change(self, change: Change, raw: Raw, time: Time) -> Sequence[Report]:
        reports = self.change(change, raw, time)
        if reports is None:
            return [Unknown(kept(raw), f"News of {change.field[:80] or 'nothing'}, which concerns no message.")]
        return list(reports)

    def _event(self, raw: Raw, *, standby: bool = False) -> Iterator[Report]:
        event = read(raw, Event)
        if event is None:
            yield Unknown(kept(raw), "An event that cannot be read.")
            return
        receipts = receipts_of(event, raw, echo=self.echo, tagged=self.tagged)
        if receipts is not None:
            yield from receipts
        elif standby:
            yield Unknown(kept(raw), "Another app has the conversation: it is not for us to answer.")
        elif not event.sender.id or str(event.sender.id) in self.ours:
            yield Unknown(kept(raw), _why_nobody(event))
        else:
            yield from people.reports_of(event, raw) or [Unknown(kept(raw), _why(event))]


def _why_nobody(event: Event) -> str:
    if event.policy_enforcement is not None:
        action = str(event.policy_enforcement.get("action"))[:80]
        return f"Meta enforces its policy: {action}: {str(event.policy_enforcement.get('reason'))[:200]}"
    return "It names no person who wrote or did it."


def _why(event: Event) -> str:
    if event.referral is not None:
        return f"A person came by {str(event.referral.source)[:80]}: {str(event.referral.ref)[:200]}"
    if event.optin is not None:
        return f"A person opted in: {event.optin.type[:80]}"
    return "We have no word for such an event."
