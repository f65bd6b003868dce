"""What a mail server's replies to us mean (RFC 5321 section 4.2, RFC 3463)."""

from typing import Final

from msgspec import Struct

from tidings.connectors.mail import bounces
from tidings.model.stages import Cause, Reason

WAITS: Final = (60.0, 300.0, 900.0, 3600.0)
"""Seconds until a mail is offered again; the last is repeated until the message expires."""
AFTER_DOUBT: Final = 60.0
"""Seconds until a mail that may have been taken is offered again, which is done once, with the same Message-ID."""

LOGIN: Final = frozenset({530, 534, 535, 538})
"""Codes by which a server refuses our credentials, or wants some (RFC 4954 section 6)."""
TOO_LARGE: Final = 552
OF_THE_SERVER: Final = frozenset({"greeting", "hello", "auth"})
"""Steps at which it has heard nothing of the mail yet: what it refuses there, it refuses to every mail."""
THROTTLING: Final = frozenset({421, 452, 454})
"""Codes of a server that has too much to do, or wants us to be slower."""


class Verdict(Struct, frozen=True):
    """What a reply comes to: why, whether later or never, and whether the whole channel is meant."""

    reason: Reason
    later: bool
    channel_wide: bool = False


def verdict(code: int, text: str, step: str) -> Verdict:
    """Say what a reply that is no yes means; `step` is what it answered."""
    enhanced = bounces.enhanced_in(text)
    words, written = text[:1000] or f"The mail server answered {code}.", enhanced or str(code)
    if code in LOGIN or (step == "auth" and code >= 500):
        return Verdict(Reason(Cause.ACCOUNT, words, written), later=False)
    if not 500 <= code < 600 or step in OF_THE_SERVER:
        cause = _passing(code, enhanced, step)
        whole = code == 421 or step in OF_THE_SERVER
        return Verdict(Reason(cause, words, written, permanent=False), later=True, channel_wide=whole)
    cause = bounces.cause_of(enhanced, text) or (Cause.INVALID if code == TOO_LARGE else Cause.BOUNCED)
    return Verdict(Reason(cause, words, written, permanent=cause not in bounces.SOFT), later=False)


def _passing(code: int, enhanced: str, step: str) -> Cause:
    if code in THROTTLING or enhanced.startswith("4.7"):
        return Cause.THROTTLED
    return Cause.UNREACHABLE if step == "rcpt" else Cause.PROVIDER
