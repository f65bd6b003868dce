"""Reading the event webhook: an array of events, of several messages, in no order, some of them twice.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct, field

from tidings.connectors.decoding import kept
from tidings.connectors.mail import bounces
from tidings.connectors.mail.words import hop_of, milliseconds, text_of
from tidings.connectors.sendgrid.writing import HOP, MESSAGE
from tidings.model.errors import Unreadable
from tidings.model.reports import Deed, Interaction, Receipt, Report, Target, Unknown
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.prefetch import burst, is_machine, is_too_soon

STAGES: Final = {"processed": Stage.SENT, "delivered": Stage.DELIVERED}

DEEDS: Final = {
    "open": Deed.OPENED,
    "click": Deed.CLICKED,
    "spamreport": Deed.REPORTED_AS_SPAM,
    "unsubscribe": Deed.UNSUBSCRIBE_REQUEST,
    "group_unsubscribe": Deed.UNSUBSCRIBE_REQUEST,
}

OF_NO_MESSAGE: Final = frozenset({"group_resubscribe"})
"""Events that say nothing about a message we sent."""

DROPPED: Final = {
    "invalid": Cause.BAD_ADDRESS,
    "bounced address": Cause.BAD_ADDRESS,
    "spam reporting address": Cause.COMPLAINED,
    "unsubscribed address": Cause.OPTED_OUT,
    "spam content": Cause.FILTERED,
    "invalid smtpapi header": Cause.INVALID,
    "recipient list over package quota": Cause.ACCOUNT,
}
"""Why SendGrid did not even try, by its `reason`."""

CLASSES: Final = {
    "invalid address": Cause.BAD_ADDRESS,
    "mailbox unavailable": Cause.UNREACHABLE,
    "technical": Cause.UNREACHABLE,
    "technical failure": Cause.UNREACHABLE,
    "content": Cause.FILTERED,
    "reputation": Cause.BLOCKED,
    "frequency or volume too high": Cause.THROTTLED,
}
"""SendGrid's own reading of what the other server said."""

_LATER: Final = 100_000_000_000
"""Seconds so late that they are milliseconds, which single sends are told in."""
_SERVER: Final = re.compile(r"\.(?:filter|recvd).*", re.DOTALL)
"""What follows the id of the request in that of a mail: which server took it."""
_EXPIRED: Final = re.compile(r"\b(?:expired|retry timeout|delivery time)\b", re.IGNORECASE)


class Event(Struct, frozen=True):
    """One event; custom arguments stand among its fields."""

    event: str
    email: str | None = None
    timestamp: int | float | str | None = None
    type: str | None = None
    reason: str | None = None
    response: str | None = None
    status: str | None = None
    bounce_classification: str | None = None
    url: str | None = None
    useragent: str | None = None
    sg_event_id: str | None = None
    sg_message_id: str | None = None
    sg_machine_open: bool | None = None
    asm_group_id: int | str | None = None
    message: Any = field(name=MESSAGE, default=None)
    hop: Any = field(name=HOP, default=None)

    @property
    def at(self) -> int | None:
        """When it happened: seconds, as a number mostly."""
        told = self.timestamp
        if isinstance(told, str):
            told = int(told) if told.isascii() and told.isdigit() and len(told) <= 14 else None
        return milliseconds(told / 1000 if told is not None and told > _LATER else told)

    @property
    def target(self) -> Target:
        """Which message it is about, by all that came along of it; a late bounce may bring our ids only."""
        return Target(
            text_of(self.message if isinstance(self.message, str) else ""),
            hop_of(self.hop) if isinstance(self.hop, str) else None,
            text_of(_SERVER.sub("", text_of(self.sg_message_id))),
            text_of(self.email),
        )


class _Item(Struct, frozen=True):
    """An event of a batch, with its own words."""

    event: Event
    raw: Raw

    @property
    def id(self) -> str:
        """SendGrid's id of it; one that has none is known by what it says."""
        return text_of(self.event.sg_event_id) or sha256(bytes(self.raw)).hexdigest()


def read_events(body: bytes) -> list[Report]:
    """Say what a batch means, each event for itself; raises Unreadable."""
    try:
        items = msgspec.json.decode(body, type=list[Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("It is no array of events.") from error
    read = [_read(kept(raw)) for raw in items]
    machines = _hasty([each for each in read if isinstance(each, _Item)])
    return [report for each in read for report in _reports(each, machines)]


def _read(raw: Raw) -> _Item | Unknown:
    try:
        return _Item(msgspec.convert(msgspec.json.decode(raw), Event), raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Unknown(raw, f"The event is not as SendGrid's are: {error}")


def _hasty(items: list[_Item]) -> frozenset[str]:
    """Find the opens and clicks of a batch that no person did: too soon, or link after link at once.

    SendGrid flags the opens of machines, but no clicks; it gathers events for half a minute, so those of a scanner come
    together with the delivery.
    """
    delivered: dict[tuple[str, str], int] = {}
    clicks: dict[tuple[str, str], list[tuple[str, int, str]]] = {}
    for item in items:
        target, at = item.event.target, item.event.at
        person = (target.reference or target.message, target.recipient.lower())
        if at is not None and item.event.event == "delivered":
            delivered[person] = max(at, delivered.get(person, 0))
        elif at is not None and item.event.event == "click":
            clicks.setdefault(person, []).append((text_of(item.event.url), at, item.id))
    found: set[str] = set()
    for person, made in clicks.items():
        found |= {id_ for _, at, id_ in made if is_too_soon(delivered.get(person), at)}
        found |= {made[place][2] for place in burst([(url, at) for url, at, _ in made])}
    return frozenset(found)


def _reports(item: _Item | Unknown, machines: frozenset[str]) -> Iterator[Report]:
    if isinstance(item, Unknown):
        yield item
        return
    event, key = item.event, f"receipt:{item.id}"
    if stage := STAGES.get(event.event):
        yield Receipt(event.target, stage, item.raw, at=event.at, key=key)
    elif event.event in _TROUBLES:
        stage, reason = _TROUBLES[event.event](event)
        yield Receipt(event.target, stage, item.raw, at=event.at, reason=reason, key=key)
    elif deed := DEEDS.get(event.event):
        yield _deed(item, deed, item.id in machines)
    elif event.event not in OF_NO_MESSAGE:
        yield Unknown(item.raw, f"SendGrid's event {event.event!r} is not known.")


def _deed(item: _Item, deed: Deed, hasty: bool) -> Interaction:
    event = item.event
    agent = text_of(event.useragent)
    by_machine = hasty or bool(event.sg_machine_open) or is_machine(agent)
    return Interaction(
        f"interaction:{item.id}",
        deed,
        event.target,
        item.raw,
        at=event.at,
        url=text_of(event.url) if deed is Deed.CLICKED else "",
        prefetched=deed in {Deed.OPENED, Deed.CLICKED} and by_machine,
        user_agent=agent,
        details="" if event.asm_group_id is None else f"group {event.asm_group_id}"[:100].replace("\0", ""),
        sender=text_of(event.email),
    )


def _deferred(event: Event) -> tuple[Stage, Reason]:
    text = text_of(event.response, event.reason)
    code = text_of(event.status) or bounces.enhanced_in(text)
    return bounces.waiting(bounces.cause_of(code, text) or Cause.UNREACHABLE, text, code)


def _bounced(event: Event) -> tuple[Stage, Reason]:
    text, status = text_of(event.reason, event.response), text_of(event.status)
    by_status = bounces.cause_of(status, text)
    kind = text_of(event.type)
    if by_status is Cause.EXPIRED or kind == "expired" or (kind == "blocked" and _EXPIRED.search(text[:1000])):
        return bounces.lost(Cause.EXPIRED, text, status)
    plain = Cause.BLOCKED if kind == "blocked" else Cause.BOUNCED
    cause = by_status or CLASSES.get(text_of(event.bounce_classification).lower()) or plain
    return bounces.lost(cause, text, status)


def _dropped(event: Event) -> tuple[Stage, Reason]:
    text = text_of(event.reason, event.type)
    cause = DROPPED.get(text.lower()) or bounces.cause_of(text_of(event.status)) or Cause.UNKNOWN
    return bounces.lost(cause, text, text_of(event.status))


_TROUBLES: Final[Mapping[str, Any]] = {"deferred": _deferred, "bounce": _bounced, "dropped": _dropped}
