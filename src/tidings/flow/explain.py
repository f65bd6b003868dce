"""Explaining: why a subscription did, or did not, get an event."""

from collections.abc import Sequence

from msgspec import Struct

from tidings.dialects.dialect import Fit, Telling
from tidings.flow.attempts import decode_condition
from tidings.flow.history import attempt_of
from tidings.flow.resuming import held_of
from tidings.flow.world import World
from tidings.model.events import Event
from tidings.model.messages import Message
from tidings.model.subscriptions import Attempt, Held, Subscription, Verdict
from tidings.rules.endpoint import Condition
from tidings.store.log import decode_event
from tidings.store.statements import Transaction, statement


class Fate(Struct, frozen=True):
    """What became of one event for one subscription."""

    word: str
    """`delivered`, `refused`, `retrying`, `waiting-behind`, `given-up`, `not-wanted`, `before-subscription`, `paused`,
    `endpoint-failing`, `not-yet` or `passed-over`."""
    why: str
    """The same as a sentence."""
    fit: Fit
    attempts: Sequence[Attempt] = ()
    held: Held | None = None
    behind: str = ""
    """Of what waits: the id of the event of its message that it waits behind."""
    condition: Condition | None = None
    """How the endpoint is doing."""


class _Known(Struct, frozen=True):
    """What is on disk about one event and one subscription."""

    cursor: int
    condition: Condition
    attempts: list[Attempt]
    held: Held | None
    behind: Held | None


async def explain(world: World, subscription: Subscription, event: Event, message: Message) -> Fate:
    """Say what became of an event for a subscription of the same workspace."""
    dialect = world.dialects[subscription.dialect]
    telling = Telling(event, message, world.directory.workspaces[event.workspace])
    fit = dialect.fit(subscription, world.directory.siblings(event.workspace, dialect.name), telling)
    known = await world.store.read(_look(subscription.serial, event))
    word, why = _fate(subscription, event, fit, known)
    behind = known.behind if word == "waiting-behind" else None
    found = await world.store.read(_event_id(behind.position)) if behind is not None else ""
    return Fate(word, why, fit, known.attempts, known.held, found, known.condition)


def _fate(subscription: Subscription, event: Event, fit: Fit, known: _Known) -> tuple[str, str]:
    """Choose the word and the sentence; the first that holds."""
    last = known.attempts[-1] if known.attempts else None
    if last is not None and last.verdict is Verdict.DONE:
        return "delivered", f"It was delivered by attempt {last.number}."
    if last is not None and last.verdict is Verdict.REFUSED:
        return "refused", f"The endpoint refused it for good with status {last.status}."
    held = known.held
    if held is not None and held.dead:
        return "given-up", f"It was given up after {held.number} attempts, and is on the dead-letter list."
    if not fit.is_wanted:
        return "not-wanted", _NOT_WANTED[fit.rule].format(by=fit.by)
    if event.at < subscription.created_at and event.position <= known.cursor and last is None:
        return "before-subscription", "It happened before the subscription was made."
    return _waiting(subscription, event, known)


def _waiting(subscription: Subscription, event: Event, known: _Known) -> tuple[str, str]:
    """Say what an event waits for that is wanted and not told."""
    held, condition = known.held, known.condition
    untold = held is not None or event.position > known.cursor
    if untold and not subscription.active:
        return "paused", _INACTIVE.get(subscription.stopped, "The subscription is not active.")
    if untold and condition.is_stopped:
        return "endpoint-failing", "The endpoint fails: nothing but probes goes to it, and the place is kept."
    if known.behind is not None:
        return "waiting-behind", "It waits behind an earlier event of its message."
    if held is not None:
        return "retrying", f"{held.number} attempts failed, and it is tried again."
    if event.position > known.cursor:
        return "not-yet", "It is on its way, or the reader has not come to it yet."
    return "passed-over", "The reader passed it over: it was resumed after it, or the subscription was another then."


_NOT_WANTED = {
    "no-word": "The subscription's vocabulary has no word for it.",
    "other-event": "The subscription asks for other events.",
    "filter": "The subscription's filter on {by} keeps it out.",
    "sibling": "Subscription {by} has an explicit filter that takes it instead.",
}
_INACTIVE = {
    "paused": "The subscription is paused.",
    "gone": "The subscription is disabled: its endpoint answered 410.",
    "failing": "The subscription is disabled: its endpoint did nothing but fail for days.",
}


def _look(serial: int, event: Event) -> Transaction[_Known]:
    row = (yield statement("get_cursor")(subscription=serial))[0]
    rows = yield statement("attempts_at")(subscriptions=[serial], positions=[event.position])
    attempts = [attempt_of(each) for each in rows]
    held = [
        held_of(serial, each) for each in (yield statement("held_with")(subscription=serial, message=event.message))
    ]
    own = next((each for each in held if each.position == event.position), None)
    earlier = next((each for each in held if each.position < event.position and not each.dead), None)
    return _Known(row[0], decode_condition(row[3]), attempts, own, earlier)


def _event_id(position: int) -> Transaction[str]:
    rows = yield statement("events_at")(positions=[position])
    return decode_event(rows[0]).id if rows else ""
