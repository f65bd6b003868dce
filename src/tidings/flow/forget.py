"""Forgetting: what has been kept long enough goes, the oldest first and a little at a time.

A message goes with all that is about it, in one transaction, so that nobody ever finds half of one. It is found by its
id, for ids made earlier sort earlier: what is young is never looked at.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from msgspec import Struct

from tidings.flow.erase import take_out, take_out_events
from tidings.flow.stride import Stride
from tidings.flow.world import World
from tidings.model.events import Event, Kind
from tidings.model.messages import Life, Message
from tidings.rules.retention import is_over
from tidings.store.log import decode_event, decode_life, decode_message, last_position
from tidings.store.statements import Transaction, statement

DAY: Final = 86_400_000
BEGINNING: Final = ""
"""Sorts before every message's id."""
FOR_EVER: Final = 2**62
"""Later, and further, than anything."""


class _Old(Struct, frozen=True):
    """A message that may be over, as it stood when it was looked at."""

    message: Message
    life: Life
    state: bytes
    """The life, as it is stored."""


class Forgetting:
    """Goes over what there is, again and again, and takes out what has been kept long enough."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._message = BEGINNING
        self._event = 0
        """Everything up to these was looked at since `_begun_at`; some of it may have had to stay."""
        self._begun_at = -FOR_EVER

    async def round(self) -> None:
        """Forget what is past its time by now. Once a day, what had to stay before is looked at again."""
        settings, now = self._world.settings, self._world.clock.now()
        if now - self._begun_at >= DAY:
            self._message, self._event, self._begun_at = BEGINNING, 0, now
        before = now - round(settings.keep_days * DAY)
        # An attempt says nothing without its event.
        await self._forget_attempts(max(before, now - round(settings.keep_attempts_days * DAY)))
        await self._forget_messages(before)
        await self._forget_notices(before)
        await self._forget_strays()

    async def _forget_attempts(self, before: int) -> None:
        store = self._world.store
        stride = Stride(store)
        subscription: int | None = await store.read(_next("next_tried", 0))
        while subscription is not None:
            since: int | None = -FOR_EVER
            while since is not None:
                since = await stride.write(partial(_forget_attempts, subscription, since, before, stride.size))
            subscription = await store.read(_next("next_tried", subscription))

    async def _forget_messages(self, before: int) -> None:
        store, memory = self._world.store, self._world.pen.memory
        stride = Stride(store)
        more = True
        while more:
            old, more = await store.read(_old_messages(self._message, before, stride.size))
            over = [each for each in old if is_over(each.message, each.life, before)]
            if over:
                gone = await stride.write(partial(_forget_messages, over, before))
                self._world.counts.add("forgotten", "messages", len(gone))
                for message in gone:
                    memory.forget(message)
            if old:
                self._message = old[-1].message.id

    async def _forget_notices(self, before: int) -> None:
        """Forget old words to operators: they are events of no message."""
        store = self._world.store
        stride = Stride(store)
        more = True
        while more:
            old, more = await store.read(_old_events(self._event, before, stride.size))
            notices = [event for event in old if event.kind is Kind.NOTICE]
            if notices:
                await stride.write(partial(_forget_notices, notices))
            if old:
                self._event = old[-1].position

    async def _forget_strays(self) -> None:
        """Forget what was left of subscriptions that are no more, and what was set aside of events that are no more."""
        store = self._world.store
        stride = Stride(store)
        await store.write(_drop_lost)
        first = await store.read(_first_position())
        subscription: int | None = await store.read(_next("next_held_for", 0))
        while subscription is not None:
            while await stride.write(partial(_forget_held, subscription, first, stride.size)):
                pass
            subscription = await store.read(_next("next_held_for", subscription))


def _next(name: str, after: int) -> Transaction[int | None]:
    rows = yield statement(name)(after=after)
    found: int | None = rows[0][0]
    return found


def _forget_attempts(subscription: int, since: int, before: int, limit: int) -> Transaction[int | None]:
    """Forget some attempts made since a time; give the time to go on from, None where there are no more.

    Those after the cursor stay: they say what need not be told again. Of a subscription that is no more, all go.
    """
    places = yield statement("place_of")(serial=subscription)
    rows = yield statement("forget_attempts")(
        subscription=subscription,
        since=since,
        before=before if places else FOR_EVER,
        until=places[0][0] if places else FOR_EVER,
        limit=limit,
    )
    return max(row[0] for row in rows) if len(rows) == limit else None


def _old_messages(after: str, before: int, limit: int) -> Transaction[tuple[list[_Old], bool]]:
    """Read the messages after one that were made before a time; say too whether there may be more."""
    rows = yield statement("messages_after")(after=after, limit=limit)
    found = [_Old(decode_message(row[1]), decode_life(row[2]), bytes(row[2])) for row in rows]
    old = [each for each in found if each.message.created_at < before]
    return old, len(rows) == limit and bool(old)


def _old_events(after: int, before: int, limit: int) -> Transaction[tuple[list[Event], bool]]:
    """Read the events after a position that were written before a time; say too whether there may be more."""
    rows = yield statement("facts_after")(after=after, limit=limit)
    old = [event for event in map(decode_event, rows) if event.at < before]
    return old, len(rows) == limit and bool(old)


def _forget_messages(old: Sequence[_Old], before: int) -> Transaction[list[str]]:
    """Take messages out that nothing has happened to meanwhile and nothing waits for; give which."""
    messages = [each.message.id for each in old]
    # Locked as the pen locks them: whoever writes about them now is waited for, and seen.
    states = {row[0]: bytes(row[1]) for row in (yield statement("lives_of")(messages=messages))}
    waiting = {row[0] for row in (yield statement("due_of")(messages=messages))}
    serials = yield from _serials(each.message.workspace for each in old)
    positions: dict[str, list[int]] = {}
    for message, position in (yield statement("positions_of")(messages=messages)):
        positions.setdefault(message, []).append(position)
    # A subscriber that is still to hear of it is waited for, but no longer than anything is kept.
    rows = yield statement("held_since")(
        subscriptions=serials, positions=[at for each in positions.values() for at in each], dead=False, since=before
    )
    waiting.update(row[0] for row in rows)
    over = [each for each in old if states.get(each.message.id) == each.state and each.message.id not in waiting]
    gone = [at for each in over for at in positions.get(each.message.id, ())]
    yield from take_out([(each.message, each.life) for each in over], gone, serials)
    return [each.message.id for each in over]


def _forget_notices(notices: Sequence[Event]) -> Transaction[None]:
    serials = yield from _serials(each.workspace for each in notices)
    yield from take_out_events([each.position for each in notices], serials)


def _serials(workspaces: Iterable[str]) -> Transaction[list[int]]:
    rows = yield statement("serials_in")(workspaces=list(set(workspaces)))
    return [row[0] for row in rows]


def _drop_lost() -> Transaction[None]:
    for name in ("drop_lost_cursors", "drop_lost_replays"):
        yield statement(name)()


def _first_position() -> Transaction[int]:
    """Tell where the oldest event stands; where there is none, where the next one will."""
    last = yield from last_position()
    rows = yield statement("first_position")()
    return last + 1 if rows[0][0] is None else int(rows[0][0])


def _forget_held(subscription: int, first: int, limit: int) -> Transaction[bool]:
    """Forget some of what was set aside of events before the first; say whether there may be more."""
    places = yield statement("place_of")(serial=subscription)
    before = first if places else FOR_EVER
    rows = yield statement("forget_held")(subscription=subscription, before=before, limit=limit)
    return len(rows) == limit
