"""Reading what a mail server says of a mail's delivery (DSN, RFC 3464; in UTF-8, RFC 6533)."""

import re
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Raw

from tidings.connectors.mail import bounces
from tidings.connectors.mail.correspondence import normal
from tidings.connectors.mail.words import milliseconds, text_of
from tidings.connectors.smtp.addresses import Destination
from tidings.connectors.smtp.parts import Fields, Opened, blocks
from tidings.model.exchange import encode_raw
from tidings.model.reports import Receipt, Report, Unknown
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.xtext import from_strict_xtext

KINDS: Final = ("message/delivery-status", "message/global-delivery-status")
LONGEST_TEXT: Final = 4000
"""Characters of the words for people that are kept."""

ACTIONS: Final = {
    "delivered": Stage.DELIVERED,
    "relayed": Stage.SENT,
    "expanded": Stage.SENT,
    "delayed": Stage.PROCESSING,
    "failed": Stage.FAILED,
}
"""`relayed` and `expanded`: it went on to where nobody will say any more."""
OF_CLASS: Final = {"2": "delivered", "4": "delayed", "5": "failed"}
"""The action that a status stands for, where a server names none."""

_STATUS: Final = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_TYPE: Final = re.compile(r"\s*[A-Za-z0-9-]+\s*;\s*")
_ESCAPED: Final = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")


def read_delivery(opened: Opened, about: Destination) -> list[Report]:
    """Say what became of each recipient."""
    data = opened.part(*KINDS)
    message, *recipients = blocks(data or b"") or [Fields()]
    if not recipients and message.get("final-recipient"):
        recipients = [message]
    if not recipients:
        return [Unknown(_kept(opened, message), "The report names no recipient.")]
    return [_read_recipient(opened, message, recipient, about) for recipient in recipients]


def moment(*written: str) -> int | None:
    """Read the first of these dates that is one, as milliseconds; None where none is."""
    for text in written:
        try:
            return milliseconds(parsedate_to_datetime(text).timestamp())
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def address_in(field: str) -> str:
    """Read the address in a field, `rfc822; ada@example.com`; empty where there is none."""
    kind, _, _ = field.partition(";")
    address = _TYPE.sub("", field, count=1).strip().removeprefix("<").removesuffix(">")
    if kind.strip().lower() == "utf-8":
        return normal(_ESCAPED.sub(lambda found: _letter(found[1]), address))
    return normal(from_strict_xtext(address))


def _letter(code: str) -> str:
    number = int(code, 16)
    return chr(number) if number < 0xD800 or 0xE000 <= number < 0x110000 else ""


def _read_recipient(opened: Opened, message: Fields, fields: Fields, about: Destination) -> Report:
    status = _STATUS.search(fields.get("status"))
    code = status[0] if status else ""
    action = fields.get("action").strip().lower() or OF_CLASS.get(code[:1], "")
    raw = _kept(opened, message, fields)
    stage = ACTIONS.get(action)
    if stage is None:
        return Unknown(raw, f"No action {action!r} is known of a delivery." if action else "It says no action.")
    told, reason = _outcome(stage, code, fields)
    recipient = address_in(fields.get("original-recipient")) or address_in(fields.get("final-recipient"))
    at = moment(fields.get("last-attempt-date"), opened.headers.get("date", ""), message.get("arrival-date"))
    return Receipt(about.target(recipient), told, raw, at=at, reason=reason)


def _outcome(stage: Stage, code: str, fields: Fields) -> tuple[Stage, Reason | None]:
    text = text_of(_TYPE.sub("", fields.get("diagnostic-code"), count=1))
    cause = bounces.cause_of(code, text) or bounces.plain_cause(code)
    written = code or bounces.enhanced_in(text)
    if stage is Stage.PROCESSING:
        until = fields.get("will-retry-until")
        words = " ".join(filter(None, (text, f"It is tried until {until}." if until else "")))
        return bounces.waiting(cause if cause is not Cause.EXPIRED else Cause.UNREACHABLE, words, written)
    if stage is Stage.FAILED:
        return bounces.lost(cause if cause is not Cause.UNKNOWN else Cause.BOUNCED, text, written)
    return stage, None


def _kept(opened: Opened, *fields: Fields) -> Raw:
    kept = {name: value for each in fields for name, value in each.plain().items()}
    kept |= {"Notification": opened.text[:LONGEST_TEXT]} if opened.text else {}
    kept |= {"Message-ID": opened.original["message-id"]} if "message-id" in opened.original else {}
    return encode_raw(kept)
