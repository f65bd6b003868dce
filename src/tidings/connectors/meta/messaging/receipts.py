"""How far messages of ours have come: echoes, deliveries, reads.

Echoes      https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-echoes
Deliveries  https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-deliveries
Reads       https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-reads
"""

import re
from collections.abc import Iterator, Sequence

from msgspec import Raw

from tidings.connectors.decoding import kept
from tidings.connectors.meta.messaging.shapes import Delivery, Event, Message, Read
from tidings.connectors.meta.moments import at
from tidings.model.reports import Receipt, Report, Target, Unknown
from tidings.model.stages import Stage

_TAG = re.compile(r"(?P<message>[^:/]{1,80}):(?P<hop>[0-9]{1,4})(?P<before>/[0-9]{1,3})?")
"""What we send along: the message, the hop, and of a message in several parts the number of every part but the last."""


def tag_of(tag: str, index: int, count: int) -> str:
    """Write what goes along with one of a message's parts, counted from 0, so that its echo is known."""
    return tag if index == count - 1 else f"{tag}/{index}"


def receipts_of(event: Event, raw: Raw, *, echo: Stage, tagged: bool) -> Sequence[Report] | None:
    """Say how far messages have come; None where that is not what the event tells."""
    if event.message is not None and event.message.is_echo:
        return [_echo(event, event.message, raw, echo, tagged=tagged)]
    if event.delivery is not None:
        return list(_delivered(event, event.delivery, raw)) or [Unknown(kept(raw), "A delivery of nothing.")]
    if event.read is not None:
        return [_read(event, event.read, raw)]
    return None


def _echo(event: Event, message: Message, raw: Raw, stage: Stage, *, tagged: bool) -> Report:
    found = _TAG.fullmatch(message.metadata or "")
    if message.is_deleted or not message.mid or (tagged and found is None):
        return Unknown(kept(raw), "An echo: somebody on our own side wrote it, or took it back.")
    went_at = at(event.timestamp)
    target = Target(reference=message.mid)
    if found is not None:
        target = Target(message=found["message"], hop=int(found["hop"]), reference=message.mid)
        # The message has gone when its last part has.
        went_at = None if found["before"] else went_at
    return Receipt(target, stage, kept(raw), at(event.timestamp), key=f"echo:{message.mid}", went_at=went_at)


def _delivered(event: Event, delivery: Delivery, raw: Raw) -> Iterator[Report]:
    until = at(delivery.watermark)
    told_at = at(event.timestamp) or until
    for mid in dict.fromkeys(delivery.mids):
        if mid:
            yield Receipt(Target(reference=mid), Stage.DELIVERED, kept(raw), told_at, key=f"delivered:{mid}")
    if until is not None and event.sender.id:
        yield Receipt(Target(address=str(event.sender.id), until=until), Stage.DELIVERED, kept(raw), told_at)


def _read(event: Event, seen: Read, raw: Raw) -> Report:
    person, until = str(event.sender.id), at(seen.watermark)
    told_at = at(event.timestamp) or until
    if not person or (until is None and not seen.mid):
        return Unknown(kept(raw), "It was read, but not said up to where.")
    if until is None:
        target = Target(address=person, reference=seen.mid or "")
        return Receipt(target, Stage.READ, kept(raw), told_at, key=f"read:{seen.mid}")
    return Receipt(Target(address=person, until=until), Stage.READ, kept(raw), told_at)
