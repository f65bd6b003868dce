"""Looking: what is read for those who ask, each in one transaction that changes nothing."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from tidings.flow.attempts import decode_headers
from tidings.flow.facts import Promise, Taking
from tidings.model.events import Event, Kind
from tidings.model.messages import Life, Message
from tidings.model.reports import Interaction, Receipt
from tidings.model.subscriptions import Attempt, Verdict
from tidings.store.log import about, decode_event, decode_life, decode_message
from tidings.store.statements import Row, Transaction, statement

NEWEST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"
"""Sorts after every id of a message."""

EITHER_WAY: Final = (False, True)
"""Outgoing messages and incoming ones."""

LAST_ATTEMPT: Final = (2**62, 0)
"""Sorts after every attempt."""


class Standing(Struct, frozen=True):
    """A message, and where it stands."""

    message: Message
    life: Life


class Untold(Struct, frozen=True):
    """A report about a message that told nothing new."""

    at: int
    report: Receipt | Interaction


class Tried(Struct, frozen=True):
    """An attempt, the event it told, and the message that is about."""

    attempt: Attempt
    event: Event
    message: Message


def message_in(workspace: str, message: str) -> Transaction[Standing | None]:
    """Read one message of a tenant; None where it has no such message."""
    rows = yield statement("message_with_life")(message=message, workspace=workspace)
    return _standing(rows[0]) if rows else None


def messages_in(
    workspace: str,
    *,
    contact: str = "",
    channel: str = "",
    incoming: Sequence[bool] = EITHER_WAY,
    until: str = NEWEST,
    limit: int,
) -> Transaction[list[Standing]]:
    """Read a tenant's messages from `until` on, newest first; with one contact, or by one of its channels."""
    name = {
        (False, False): "messages_in",
        (True, False): "messages_with",
        (False, True): "messages_by",
        (True, True): "messages_with_by",
    }[bool(contact), bool(channel)]
    asked = statement(name)
    given: dict[str, Any] = {
        "workspace": workspace,
        "contact": contact,
        "channel": channel,
        "incoming": list(incoming),
        "until": until,
        "limit": limit,
    }
    rows = yield asked(**{name: given[name] for name in asked.parameters})
    return [_standing(row) for row in rows]


def messages_by_address(
    channel: str, address: str, contact: str, *, until: str = NEWEST, limit: int
) -> Transaction[list[Standing]]:
    """Read the messages of a channel with one address, whose contact it is, from `until` on, newest first."""
    rows = yield statement("messages_by_address")(
        channel=channel, address=address, contact=contact, until=until, limit=limit
    )
    return [_standing(row) for row in rows]


def events_like(message: str, kinds: Sequence[Kind], *, after: int = 0, limit: int) -> Transaction[list[Event]]:
    """Read the events of some kinds about one message after a position, oldest first."""
    rows = yield statement("events_like")(
        message=message, kinds=[kind.value for kind in kinds], after=after, limit=limit
    )
    return [decode_event(row) for row in rows]


def history_of(message: str) -> Transaction[list[Untold]]:
    """Read the reports about one message that told nothing new, oldest first."""
    rows = yield statement("history_of")(message=message)
    return [Untold(row[0], msgspec.json.decode(row[1], type=Receipt | Interaction)) for row in rows]


def attempts_of(subscription: int, *, before: tuple[int, int] = LAST_ATTEMPT, limit: int) -> Transaction[list[Tried]]:
    """Read a subscription's attempts before one (its event's position and its number), newest events first."""
    rows = yield statement("attempts_of")(subscription=subscription, position=before[0], number=before[1], limit=limit)
    events = [decode_event((row[0], row[9])) for row in rows]
    found = yield statement("messages_of")(messages=list({event.message for event in events}))
    messages = {row[0]: decode_message(row[1]) for row in found}
    return [
        Tried(_attempt(subscription, row), event, about(event, messages))
        for row, event in zip(rows, events, strict=True)
    ]


def received_as(channel: str, reference: str) -> Transaction[str]:
    """Find the incoming message that a channel's provider knows by a reference; empty where there is none."""
    rows = yield statement("pieces_of")(channel=channel, references=[reference])
    found = yield statement("messages_of")(messages=[row[1] for row in rows])
    return next((each.id for each in (decode_message(row[1]) for row in found) if each.channel == channel), "")


def answered(workspace: str, key: str) -> Transaction[Promise | None]:
    """Read the answer that was given to an idempotency key; None where it is new."""
    rows = yield statement("answered_before")(workspace=workspace, key=key)
    return Promise(workspace, key, *rows[0]) if rows else None


def foreseen(taking: Taking) -> Standing:
    """Tell how a message will stand once it is taken."""
    return Standing(taking.message, taking.begun.life)


def _standing(row: Row) -> Standing:
    return Standing(decode_message(row[0]), decode_life(row[1]))


def _attempt(subscription: int, row: Row) -> Attempt:
    return Attempt(
        subscription=subscription,
        position=row[0],
        number=row[1],
        at=row[2],
        took_ms=row[3],
        status=row[4],
        verdict=Verdict(row[5]),
        error=row[6],
        response=row[7],
        headers=decode_headers(row[8]),
    )
