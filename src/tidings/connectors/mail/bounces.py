"""What it means when a mail server refuses a mail.

SMTP codes https://www.rfc-editor.org/rfc/rfc5321#section-4.2, enhanced ones RFC 3463 and the IANA registry of them
"""

import re
from typing import Final

from tidings.model.stages import Cause, Reason, Stage

ENHANCED: Final = {
    "5.1": Cause.BAD_ADDRESS,
    "5.1.7": Cause.ACCOUNT,  # the sender's address, not the recipient's
    "5.1.8": Cause.ACCOUNT,
    "5.2.1": Cause.BAD_ADDRESS,
    "5.2.2": Cause.UNREACHABLE,  # a full mailbox empties
    "5.2.3": Cause.INVALID,
    "5.3.4": Cause.INVALID,
    "5.4": Cause.UNREACHABLE,
    "5.4.7": Cause.EXPIRED,
    "4.4.7": Cause.EXPIRED,
    "5.6": Cause.INVALID,
    "5.7": Cause.BLOCKED,
}
"""Enhanced status codes, whole or by class and subject."""

SOFT: Final = frozenset({Cause.UNREACHABLE, Cause.EXPIRED, Cause.THROTTLED})
"""Causes that may be gone another day."""

_CODE: Final = re.compile(r"\b[45]\.\d{1,3}\.\d{1,3}\b(?!\.)")
_LOOKED_AT: Final = 1000
"""Characters of a mail server's text that are looked at."""


def enhanced_in(text: str) -> str:
    """Find the enhanced status code in what a mail server says; empty where there is none."""
    written = _CODE.search(text[:_LOOKED_AT])
    return written[0] if written else ""


def cause_of(enhanced: str, text: str = "") -> Cause | None:
    """Our word for an enhanced status code, which often stands in the text only; None where neither says anything."""
    code = enhanced or enhanced_in(text)
    return ENHANCED.get(code) or ENHANCED.get(code.rpartition(".")[0])


def plain_cause(code: str) -> Cause:
    """Our word for an SMTP reply code, of which the first digit says the most."""
    return {"4": Cause.UNREACHABLE, "5": Cause.BOUNCED}.get(code[:1], Cause.UNKNOWN)


def lost(cause: Cause, text: str, code: str) -> tuple[Stage, Reason]:
    """Where a mail stands that nobody tries to deliver any more, and why."""
    stage = Stage.EXPIRED if cause is Cause.EXPIRED else Stage.FAILED
    return stage, Reason(cause, text, code, permanent=cause not in SOFT)


def waiting(cause: Cause, text: str, code: str) -> tuple[Stage, Reason]:
    """Where a mail stands that the provider goes on trying to deliver, and why it did not yet."""
    return Stage.PROCESSING, Reason(cause, text, code, permanent=False)
