"""What a callback of Vonage's means, whichever API and version it comes from: told apart by what it contains.

Receipts  https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts
Inbound   https://developer.vonage.com/en/messaging/sms/guides/inbound-sms
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from tidings.connectors.texting import moment_of, ours, person, target_of, unsubscribed
from tidings.connectors.vonage import messages
from tidings.connectors.vonage.codes import NO_WORD, RECEIPTS, reason_for
from tidings.connectors.vonage.fields import Fields, fields_of
from tidings.model.content import Content
from tidings.model.exchange import Callback
from tidings.model.reports import Fragment, Inbound, Receipt, Report, Unknown
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.keywords import is_stop

STAGES: Final = {
    "accepted": Stage.SENT,
    "buffered": Stage.SENT,
    "unknown": Stage.SENT,
    "delivered": Stage.DELIVERED,
    "expired": Stage.EXPIRED,
    "failed": Stage.FAILED,
    "rejected": Stage.FAILED,
}
"""By `status` of the SMS API's receipts."""
EXTRA: Final = {
    "keyword": "keyword",
    "type": "type",
    "data": "data",
    "udh": "udh",
}
"""Fields of an inbound SMS that are worth telling, by the name they are told under."""
_SAYING: Final = ("text", "data", "keyword")
_MOST_PARTS: Final = 255
"""Of one text: its header has an octet for their number (3GPP TS 23.040 section 9.2.3.24.1)."""


def reports_of(callback: Callback, *, patience: int) -> list[Report]:
    """Say what a callback means; raises Unreadable where it has no fields.

    Parts of a text wait for each other for `patience` milliseconds.
    """
    fields = fields_of(callback)
    if "message_uuid" in fields.values:
        return list(messages.reports_of(fields))
    if "status" in fields.values:
        return list(_receipt(fields))
    if any(name in fields.values for name in _SAYING):
        return list(_inbound(fields, patience))
    return [Unknown(fields.raw, "It is neither a receipt nor an inbound message.")]


def _receipt(fields: Fields) -> Iterator[Report]:
    status, code, reference = (fields.word(name) for name in ("status", "err-code", "messageId"))
    stage, target = STAGES.get(status), target_of(fields.word("client-ref"), reference)
    if stage is None or not (target.message or reference):
        yield Unknown(fields.raw, f"A receipt of no message, or no status that we know: {status[:40]!r}.")
        return
    reason = _reason(stage, code)
    # A status has one meaning for each part; what Vonage tells again is the same.
    key = f"{status}:{reference}" if reference else ""
    yield Receipt(target, stage, fields.raw, moment_of(fields.word("message-timestamp")), reason, key)
    if reason is not None and reason.cause is Cause.OPTED_OUT:
        yield unsubscribed(reference or target.message, target, fields.raw, person(fields.word("msisdn")))


def _reason(stage: Stage, code: str) -> Reason | None:
    if stage is Stage.EXPIRED:
        return Reason(Cause.EXPIRED, "The network gave it up in time.", code)
    return reason_for(RECEIPTS.get(code, NO_WORD), code, "") if stage is Stage.FAILED else None


def _inbound(fields: Fields, patience: int) -> Iterator[Report]:
    reference, sender, text = (fields.word(name) for name in ("messageId", "msisdn", "text"))
    if not (reference and sender):
        yield Unknown(fields.raw, "An inbound message without messageId or msisdn.")
        return
    fragment = _fragment(fields, patience)
    yield Inbound(
        key=f"inbound:{reference}",
        sender=person(sender),
        raw=fields.raw,
        to=ours(fields.word("to")),
        content=Content(text=text),
        at=moment_of(fields.word("message-timestamp")),
        extra=_facts(fields),
        fragment=fragment,
    )
    if fragment is None and is_stop(text):
        yield unsubscribed(reference, target_of("", ""), fields.raw, person(sender))


def _fragment(fields: Fields, patience: int) -> Fragment | None:
    """Say which part of a longer text it is; None where it is whole, and of binary parts, which nobody can join."""
    number, total = (_small(fields.word(name)) for name in ("concat-part", "concat-total"))
    if not (1 < total <= _MOST_PARTS and 0 < number <= total) or fields.word("type") == "binary":
        return None
    named = (fields.word(name) for name in ("msisdn", "to", "concat-ref"))
    group = sha256(chr(0).join((*named, str(total))).encode()).hexdigest()[:32]
    return Fragment(group=f"parts:{group}", number=number, total=total, patience=patience)


def _small(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_PARTS)) else 0


def _facts(fields: Fields) -> dict[str, Any]:
    return {name: told for field, name in EXTRA.items() if (told := fields.word(field))}
