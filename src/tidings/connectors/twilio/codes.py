"""Twilio's error codes, and what follows from each.

Codes  https://www.twilio.com/docs/api/errors
"""

from typing import Final

from msgspec import Struct

from tidings.model.stages import Cause, Reason

MINUTE: Final = 60.0
DAY: Final = 86_400.0


class Verdict(Struct, frozen=True):
    """What an error code means, and whether the same message may pass later (`after` so many seconds, if known)."""

    cause: Cause
    text: str
    later: bool = False
    after: float | None = None
    channel_wide: bool = False
    """Whether every message of the channel would meet the same trouble."""


VERDICTS: Final[dict[str, Verdict]] = {
    "20003": Verdict(Cause.ACCOUNT, "Twilio refuses the credentials.", later=True, channel_wide=True),
    "20404": Verdict(Cause.ACCOUNT, "Twilio knows no such account or resource."),
    "20429": Verdict(Cause.THROTTLED, "Too many requests at once.", later=True, channel_wide=True),
    "21211": Verdict(Cause.BAD_ADDRESS, "The recipient is no valid number."),
    "21602": Verdict(Cause.INVALID, "There is nothing to send."),
    "21603": Verdict(Cause.INVALID, "The sender is missing."),
    "21609": Verdict(Cause.ACCOUNT, "The callback URL is not one that Twilio can call."),
    "21604": Verdict(Cause.BAD_ADDRESS, "The recipient is missing."),
    "21614": Verdict(Cause.BAD_ADDRESS, "The recipient is no mobile number."),
    "21408": Verdict(Cause.COUNTRY, "The account may not send to that region."),
    "21606": Verdict(Cause.ACCOUNT, "The sender is not owned by the account, or cannot send messages."),
    "21659": Verdict(Cause.ACCOUNT, "The sender is no number or short code of Twilio's."),
    "21660": Verdict(Cause.ACCOUNT, "The sender belongs to another account."),
    "21608": Verdict(Cause.ACCOUNT, "A trial account sends to verified numbers only."),
    "21610": Verdict(Cause.OPTED_OUT, "The recipient has unsubscribed from this sender."),
    "21611": Verdict(Cause.THROTTLED, "The sender's queue is full.", later=True, after=5 * MINUTE, channel_wide=True),
    "21612": Verdict(Cause.UNSUPPORTED, "There is no route from this sender to that recipient."),
    "21617": Verdict(Cause.INVALID, "The text is longer than 1600 characters."),
    "21620": Verdict(Cause.INVALID, "A media URL is not valid."),
    "21621": Verdict(Cause.UNSUPPORTED, "The sender cannot send media."),
    "21622": Verdict(Cause.UNSUPPORTED, "The sender and the recipient cannot exchange media."),
    "21623": Verdict(Cause.INVALID, "There are too many media."),
    "30001": Verdict(Cause.THROTTLED, "The queue overflowed.", later=True, after=5 * MINUTE),
    "30002": Verdict(Cause.ACCOUNT, "The account is suspended."),
    "30003": Verdict(Cause.UNREACHABLE, "The handset cannot be reached now.", later=True),
    "30004": Verdict(Cause.BLOCKED, "The recipient or the carrier blocks the message."),
    "30005": Verdict(Cause.BAD_ADDRESS, "The number is unknown or no longer in use."),
    "30006": Verdict(Cause.BAD_ADDRESS, "The number is a landline or its carrier cannot be reached."),
    "30007": Verdict(Cause.FILTERED, "The message was filtered as unwanted."),
    "30008": Verdict(Cause.UNKNOWN, "The carrier gave no reason.", later=True),
    "30010": Verdict(Cause.ACCOUNT, "The message costs more than the price cap."),
    "30011": Verdict(Cause.UNSUPPORTED, "The carrier there takes no MMS."),
    "30017": Verdict(Cause.THROTTLED, "The carrier's network is congested.", later=True, after=5 * MINUTE),
    "30018": Verdict(Cause.ACCOUNT, "The destination asks for a registered sender."),
    "30019": Verdict(Cause.UNSUPPORTED, "The content is too large for the carrier."),
    "30022": Verdict(Cause.THROTTLED, "The campaign's rate is used up.", later=True, after=MINUTE),
    "30023": Verdict(Cause.THROTTLED, "The daily cap is reached.", later=True, after=DAY, channel_wide=True),
    "30032": Verdict(Cause.ACCOUNT, "The toll-free number is not verified."),
    "30034": Verdict(Cause.ACCOUNT, "The number is not registered for 10DLC."),
    "30035": Verdict(Cause.ACCOUNT, "The number's 10DLC registration is not complete."),
    "30036": Verdict(Cause.EXPIRED, "The validity period is over."),
    "30410": Verdict(Cause.PROVIDER, "The carrier's gateway did not answer in time.", later=True, after=MINUTE),
    "63016": Verdict(Cause.WINDOW, "The conversation window is closed; a template may pass."),
    "63018": Verdict(Cause.THROTTLED, "The platform's rate is used up.", later=True, after=MINUTE),
    "63024": Verdict(Cause.BAD_ADDRESS, "The recipient is not valid on that platform."),
    "63033": Verdict(Cause.BLOCKED, "The recipient blocks the sender."),
    "63035": Verdict(Cause.ACCOUNT, "The RCS agent is not launched."),
    "63036": Verdict(Cause.UNREACHABLE, "The recipient cannot be reached over RCS."),
    # The pages name a range for link shortening, not each code.
    **{str(code): Verdict(Cause.INVALID, "A link could not be shortened.") for code in range(30111, 30120)},
}

_NO_WORD: Final = Verdict(Cause.UNKNOWN, "Twilio gave a reason that we have no word for.")
BY_STATUS: Final[dict[int, Verdict]] = {
    401: VERDICTS["20003"],
    404: VERDICTS["20404"],
    429: VERDICTS["20429"],
    503: Verdict(Cause.PROVIDER, "Twilio is not available.", later=True),
}
"""What an answer's HTTP status means where its body has no code that we know; none of these took the message."""


def verdict_on(code: str, status: int = 0) -> Verdict:
    """Judge an error code, or else the answer's HTTP status; without either the message is refused for good."""
    return VERDICTS.get(code) or BY_STATUS.get(status) or _NO_WORD


def reason_for(verdict: Verdict, code: str, text: str) -> Reason:
    """Say why, in Twilio's own words where it has some."""
    return Reason(verdict.cause, text or verdict.text, code, permanent=not verdict.later)
