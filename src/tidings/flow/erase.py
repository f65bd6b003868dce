"""Taking content away: redaction empties a message and all that was told of it; deletion takes it out altogether."""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from tidings.flow.conversations.emptying import empty_said
from tidings.flow.tallies import add_tallies, tallies_of
from tidings.flow.world import World
from tidings.model.messages import Life, Message
from tidings.rules.redaction import redact_fact, redact_life, redact_message, redact_tallies
from tidings.store.log import decode_event, decode_life, decode_message, encode_event
from tidings.store.statements import Transaction, statement

ANSWERED_WITHIN = 300_000
"""Milliseconds between the making of a message and the answer to whoever sent it, at most."""


async def redact(world: World, workspace: str, message: str) -> bool:
    """Empty a message, its events, history and counts, and the answers to its webhooks; False where there is none.

    Its short addresses lead nowhere any more; those of a message that is deleted work until they expire.
    """
    await empty_said(world, workspace, message)
    found = await world.store.write(lambda: _redact(workspace, message))
    world.pen.memory.forget(message)
    world.links.forget(message)
    return found


async def delete(world: World, workspace: str, message: str) -> bool:
    """Take a message out, with everything that hangs on it; False where there is none."""
    await empty_said(world, workspace, message)
    found = await world.store.write(lambda: _delete(workspace, message))
    world.pen.memory.forget(message)
    return found


def _find(workspace: str, message: str) -> Transaction[tuple[Message, Life] | None]:
    # Locked as the pen locks it: what another process is writing about the message is seen, not written over.
    yield statement("lives_of")(messages=[message])
    rows = yield statement("message_with_life")(message=message, workspace=workspace)
    return (decode_message(rows[0][0]), decode_life(rows[0][1])) if rows else None


def _serials() -> Transaction[list[int]]:
    """Number every subscription there ever was: attempts outlive theirs."""
    rows = yield statement("last_serial")()
    return list(range(1, rows[0][0] + 1))


def _empty_answers(message: Message) -> Transaction[None]:
    """Empty what was answered to the message's idempotency key: the key still counts, the content is gone."""
    yield statement("redact_answered")(
        nothing=b"{}",
        workspace=message.workspace,
        since=message.created_at - ANSWERED_WITHIN,
        until=message.created_at + ANSWERED_WITHIN,
        message=message.id.encode(),
    )


def _redact(workspace: str, message: str) -> Transaction[bool]:
    found = yield from _find(workspace, message)
    if found is None:
        return False
    emptied, life = redact_message(found[0]), replace(redact_life(found[1]), redacted=True)
    yield statement("rewrite_message")(body=msgspec.json.encode(emptied), id=message)
    yield statement("move_life")(due_at=life.due_at, state=msgspec.json.encode(life), message=message)
    yield statement("drop_history")(message=message)
    yield statement("drop_links")(messages=[message])
    events = [decode_event(row) for row in (yield statement("events_of")(message=message))]
    emptied_events = [(encode_event(replace(event, fact=redact_fact(event.fact))), event.position) for event in events]
    yield statement("rewrite_event").many(emptied_events)
    yield from _redact_tallies(message)
    subscriptions = yield from _serials()
    positions = [event.position for event in events]
    yield statement("redact_attempts")(nothing=b"", subscriptions=subscriptions, positions=positions)
    yield from _empty_answers(emptied)
    return True


def _redact_tallies(message: str) -> Transaction[None]:
    counted = (yield from tallies_of([message])).get(message, [])
    yield statement("drop_tallies")(messages=[message])
    yield from add_tallies(redact_tallies(counted))


def _delete(workspace: str, message: str) -> Transaction[bool]:
    found = yield from _find(workspace, message)
    if found is None:
        return False
    positions = [row[0] for row in (yield statement("events_of")(message=message))]
    subscriptions = yield from _serials()
    yield from _empty_answers(found[0])
    yield from take_out([found], positions, subscriptions)
    return True


def take_out(
    found: Sequence[tuple[Message, Life]], positions: Sequence[int], subscriptions: Sequence[int]
) -> Transaction[None]:
    """Take messages out with everything that hangs on them.

    `positions` are those of their events, `subscriptions` the numbers of those that may have been told of them. Whoever
    calls has locked the messages' lives.
    """
    messages = [message.id for message, _ in found]
    yield from take_out_events(positions, subscriptions)
    yield statement("drop_reach").many([(channel, about.id) for about, life in found for channel in _ways(about, life)])
    yield statement("drop_piece").many([(*name, about.id) for about, life in found for name in _names(about, life)])
    yield statement("drop_party").many(
        [(each.contact, about.id) for about, _ in found for each in about.recipients[1:]]
    )
    for name in ("drop_due_of", "drop_histories", "drop_tallies", "drop_lives", "drop_messages"):
        yield statement(name)(messages=messages)
    yield from _drop_contacts({each.contact for about, _ in found for each in about.recipients})


def take_out_events(positions: Sequence[int], subscriptions: Sequence[int]) -> Transaction[None]:
    """Take events out, with what became of telling some subscriptions."""
    for name in ("drop_attempts_at", "drop_held_at"):
        yield statement(name)(subscriptions=list(subscriptions), positions=list(positions))
    yield statement("drop_events_at")(positions=list(positions))


def _ways(message: Message, life: Life) -> set[str]:
    """Name the channels that a message went over, came by, or was meant for."""
    routes = (route.channel for route in message.routes)
    return {message.channel, *(hop.channel for hop in life.hops), *routes} - {""}


def _names(message: Message, life: Life) -> set[tuple[str, str]]:
    """Name the references that channels' providers have for a message: channel, reference."""
    names = {(hop.channel, part.reference) for hop in life.hops for part in hop.parts}
    return {*names, *life.names, (message.channel, message.platform_reference)}


def _drop_contacts(contacts: Iterable[str]) -> Transaction[None]:
    """Forget the people whom no message is for or from any more."""
    # The pen writes contacts and messages only while it holds the log's head, so with that nobody slips in between.
    yield statement("take_positions")(count=0)
    yield statement("drop_contacts")(contacts=list(contacts))
