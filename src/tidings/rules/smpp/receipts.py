"""Delivery receipts: optional parameters first, and for what those leave out the text that SMSCs write.

There is no standard for the text but an example (SMPP v3.4, appendix B), and everybody writes it a little differently:
so each field is looked for by itself, in any order and any case, and only in front of the sender's own words.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from msgspec import Struct

from tidings.rules.smpp.pdu import Message
from tidings.rules.smpp.words import DELIVERY_ACK, INTERMEDIATE, KIND, RECEIPT, UDHI, USER_ACK, Tag

STATES: Final = {
    0: "SCHEDLD",
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
    9: "SKIPPED",
}
"""The word of the text by the number of `message_state`."""

_LONG: Final = {
    "SCHEDULED": "SCHEDLD",
    "DELIVERED": "DELIVRD",
    "UNDELIVERABLE": "UNDELIV",
    "UNDELIVERED": "UNDELIV",
    "ACCEPTED": "ACCEPTD",
    "REJECTED": "REJECTD",
    "FAILED": "UNDELIV",
}
"""Words that some write in full."""

_OWN_WORDS: Final = re.compile(r"\btext\s*:", re.IGNORECASE)
_SHAPE: Final = re.compile(r"^\s*id\s*:.*\bstat\s*:", re.IGNORECASE | re.DOTALL)


def _field(name: str) -> "re.Pattern[str]":
    return re.compile(rf"(?<![a-z]){name}\s*:[ ]?([^\s:]*)(?=\s|$)", re.IGNORECASE)


_ID: Final = re.compile(r"(?<![a-z])id\s*:\s*(\S+)", re.IGNORECASE)
_STAT: Final = _field("stat")
_ERR: Final = _field("err")
_DONE: Final = _field(r"done[ _]?date")

_FUTURE: Final = timedelta(days=1)
_DATES: Final = {10: ("%y%m%d%H%M",), 12: ("%y%m%d%H%M%S", "%Y%m%d%H%M"), 14: ("%Y%m%d%H%M%S",)}
"""How a date may be written, by its number of digits."""


class Notice(Struct, frozen=True):
    """What a receipt says; empty where it does not."""

    message_id: str = ""
    state: str = ""
    """One of the words of `STATES`, or another that the SMSC made up."""
    error: str = ""
    """The SMSC's or the network's own code."""
    done: str = ""
    """When it came to that, as it is written."""
    text: str = ""
    """`additional_status_info_text`, or else all of the message."""


def is_receipt(message: Message) -> bool:
    """Whether a delivery tells of a message of ours, also where the SMSC forgot to say so in `esm_class`."""
    if message.esm_class & KIND in (RECEIPT, DELIVERY_ACK, USER_ACK, INTERMEDIATE):
        return True
    if Tag.RECEIPTED_ID in message.tlvs or Tag.STATE in message.tlvs:
        return True
    return not message.esm_class & UDHI and bool(_SHAPE.match(_head(message)))


def read_receipt(message: Message) -> Notice:
    """Read all that a receipt says."""
    text, tlvs = _head(message), message.tlvs
    written = _found(_STAT, text).upper()
    state = STATES.get(int.from_bytes(tlvs.get(Tag.STATE, b"\xff"), "big"), "") or _LONG.get(written, written)
    if not state and message.esm_class & KIND in (DELIVERY_ACK, USER_ACK):
        state = STATES[2]
    return Notice(
        message_id=_c_string(tlvs.get(Tag.RECEIPTED_ID, b"")) or _found(_ID, text),
        state=state,
        error=_found(_ERR, text) or _network_error(tlvs.get(Tag.NETWORK_ERROR, b"")),
        done=_found(_DONE, text),
        text=_c_string(tlvs.get(Tag.ADDITIONAL_STATUS, b"")) or message.content.decode("latin-1"),
    )


def moment_of(date: str, zone: tzinfo, now: int) -> int | None:
    """Read a receipt's date as milliseconds; None where it is none, or lies ahead. The zone is the SMSC's own.

    Twelve digits are read as whichever is nearer to now: with seconds, or with all four digits of the year.
    """
    today = datetime.fromtimestamp(now / 1000, UTC)
    found = []
    for pattern in _DATES.get(len(date), ()):
        if date.isascii() and date.isdigit():
            try:
                found.append(datetime.strptime(date, pattern).replace(tzinfo=zone).astimezone(UTC))
            except (ValueError, OverflowError):
                continue
    past = [moment for moment in found if moment - today <= _FUTURE]
    nearest = min(past, key=lambda moment: abs(moment - today), default=None)
    return None if nearest is None else round(nearest.timestamp() * 1000)


def _head(message: Message) -> str:
    """The text up to where the sender's own words begin, which could say anything."""
    return _OWN_WORDS.split(message.content.decode("latin-1").replace("\0", " "), maxsplit=1)[0]


def _found(pattern: "re.Pattern[str]", text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""


def _c_string(octets: bytes) -> str:
    return octets.partition(b"\0")[0].decode("latin-1").strip()


def _network_error(octets: bytes) -> str:
    """The code of `network_error_code`, in three digits as texts write it; empty where there is none, or it is 0."""
    code = int.from_bytes(octets[1:3], "big") if len(octets) == 3 else 0
    return f"{code:03d}" if code else ""
