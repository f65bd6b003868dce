"""What follows from what an SMSC says went wrong.

Statuses  SMPP Protocol Specification v3.4, 5.1.3
Errors    the codes in receipts are each SMSC's own; those here are the ones commonly used for GSM
"""

from typing import Final

from msgspec import Struct

from tidings.model.stages import Cause, Reason


class Verdict(Struct, frozen=True):
    """What a status means, and whether the same message may pass later."""

    cause: Cause
    text: str
    later: bool = False
    channel_wide: bool = False


_INVALID: Final = Verdict(Cause.INVALID, "The SMSC does not take a message like that.")
_LATER: Final = Verdict(Cause.PROVIDER, "The SMSC could not take it.", later=True)
_FULL: Final = Verdict(Cause.THROTTLED, "The SMSC has had enough for now.", later=True, channel_wide=True)
_TRIES: Final = 3
"""How often a message is tried that an SMSC could not take for a reason of its own."""

VERDICTS: Final[dict[int, Verdict]] = {
    0x04: Verdict(Cause.PROVIDER, "The bind is not one to submit by.", later=True),
    0x08: _LATER,
    0x0A: Verdict(Cause.ACCOUNT, "The SMSC does not take this sender."),
    0x0B: Verdict(Cause.BAD_ADDRESS, "The SMSC does not take this recipient."),
    0x14: _FULL,
    0x15: Verdict(Cause.ACCOUNT, "The SMSC does not know the service type."),
    0x43: Verdict(Cause.INVALID, "The SMSC takes no user data header; the channel may try sar parameters."),
    0x45: _LATER,
    0x48: Verdict(Cause.ACCOUNT, "The SMSC does not take this type of sender's number."),
    0x49: Verdict(Cause.ACCOUNT, "The SMSC does not take this numbering plan of senders."),
    0x50: Verdict(Cause.BAD_ADDRESS, "The SMSC does not take this type of recipient's number."),
    0x51: Verdict(Cause.BAD_ADDRESS, "The SMSC does not take this numbering plan of recipients."),
    0x53: Verdict(Cause.ACCOUNT, "The SMSC does not know the system type."),
    0x58: _FULL,
    0x64: _LATER,
    0xFE: _LATER,
    0xFF: _LATER,
}
"""By `command_status`; what is not named is a fault of the request, but for the vendors' own."""

VENDORS: Final = range(0x400, 0x500)


def verdict_on(status: int, tries: int) -> Verdict:
    """Judge a status of a response; what is no fault of the message is tried a few times."""
    verdict = VERDICTS.get(status, _LATER if status in VENDORS else _INVALID)
    if verdict is _LATER and tries >= _TRIES:
        return Verdict(verdict.cause, verdict.text)
    return verdict


def reason_of(status: int, verdict: Verdict) -> Reason:
    """Say why a message was not taken."""
    return Reason(verdict.cause, verdict.text, f"0x{status:02X}", permanent=not verdict.later)


_ERRORS: Final = {
    1: Reason(Cause.BAD_ADDRESS, "The network knows no such subscriber."),
    5: Reason(Cause.BAD_ADDRESS, "The network knows no such subscriber."),
    6: Reason(Cause.UNREACHABLE, "The subscriber could not be reached.", permanent=False),
    11: Reason(Cause.UNSUPPORTED, "The subscriber has no such service."),
    13: Reason(Cause.BLOCKED, "The subscriber is barred."),
    21: Reason(Cause.UNSUPPORTED, "The network has no such facility."),
    27: Reason(Cause.UNREACHABLE, "The subscriber could not be reached.", permanent=False),
    31: Reason(Cause.UNREACHABLE, "The subscriber was busy.", permanent=False),
    32: Reason(Cause.UNREACHABLE, "The handset could not take it: its memory may be full.", permanent=False),
    34: Reason(Cause.PROVIDER, "The network failed.", permanent=False),
}

_STATES: Final = {
    "EXPIRED": Reason(Cause.EXPIRED, "The SMSC could not deliver it in time.", permanent=False),
    "DELETED": Reason(Cause.CANCELLED, "It was deleted at the SMSC."),
    "REJECTD": Reason(Cause.FILTERED, "The SMSC rejected it."),
    "SKIPPED": Reason(Cause.PROVIDER, "The SMSC skipped it."),
}


def reason_for(state: str, error: str) -> Reason:
    """Say why a message was not delivered: by the code where it is one of the usual, else by the state."""
    number = int(error) if error.isascii() and error.isdigit() and len(error) < 6 else 0
    by_state = _STATES.get(state)
    known = _ERRORS.get(number) if by_state is None or state == "REJECTD" else None
    found = known or by_state or Reason(Cause.UNKNOWN, "The SMSC could not deliver it.")
    return Reason(found.cause, found.text, error if number or not error.isdigit() else "", found.permanent)
