"""Vonage's codes, and what follows from each.

SMS API       https://developer.vonage.com/en/api-errors/sms
Receipts      https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts
Messages API  https://developer.vonage.com/en/api-errors/messages
"""

from typing import Final

from msgspec import Struct

from tidings.model.stages import Cause, Reason

MINUTE: Final = 60.0
UNPROCESSABLE: Final = 422
SERVER_ERROR: Final = 500
"""From here on an HTTP status is trouble at the other side."""


class Verdict(Struct, frozen=True):
    """What a code means, and whether the same message may pass later (`after` so many seconds, if known)."""

    cause: Cause
    text: str
    later: bool = False
    after: float | None = None
    channel_wide: bool = False
    """Whether every message of the channel would meet the same trouble."""
    lasting: bool = True
    """Of what is not sent again by itself: whether it would never pass."""


def _later(cause: Cause, text: str, *, after: float | None = None, channel_wide: bool = False) -> Verdict:
    return Verdict(cause, text, later=True, after=after, channel_wide=channel_wide, lasting=False)


_CREDENTIALS: Final = _later(Cause.ACCOUNT, "Vonage refuses the credentials.", channel_wide=True)
_NO_CREDIT: Final = Verdict(Cause.ACCOUNT, "The account has no credit left.", lasting=False)
_TOO_FAST: Final = _later(Cause.THROTTLED, "Too many messages at once.", channel_wide=True)
_TROUBLE: Final = _later(Cause.PROVIDER, "Vonage had trouble with it.", after=MINUTE)

ANSWERS: Final[dict[str, Verdict]] = {
    "1": _TOO_FAST,
    "2": Verdict(Cause.INVALID, "Something is missing."),
    "3": Verdict(Cause.INVALID, "Something is not valid."),
    "4": _CREDENTIALS,
    "5": _TROUBLE,
    "6": Verdict(Cause.BAD_ADDRESS, "The number has no prefix that Vonage knows."),
    "7": Verdict(Cause.BLOCKED, "The number is barred."),
    "8": Verdict(Cause.ACCOUNT, "The account is barred."),
    "9": _NO_CREDIT,
    "10": _later(Cause.THROTTLED, "Too many connections at once.", channel_wide=True),
    "11": Verdict(Cause.ACCOUNT, "The account may not send by HTTP."),
    "12": Verdict(Cause.INVALID, "The message is too long."),
    "14": _later(Cause.ACCOUNT, "Vonage refuses our signature.", channel_wide=True),
    "15": Verdict(Cause.ACCOUNT, "The sender is not allowed there."),
    "17": Verdict(Cause.FILTERED, "Vonage blocked the message."),
    "22": Verdict(Cause.INVALID, "The network code does not fit the number."),
    "23": Verdict(Cause.ACCOUNT, "The callback URL is not one that Vonage can call."),
    "29": Verdict(Cause.ACCOUNT, "A trial account sends to listed numbers only."),
    "32": _later(Cause.ACCOUNT, "A signed request also had the secret.", channel_wide=True),
    "33": Verdict(Cause.BAD_ADDRESS, "The number is no longer in use."),
}
"""By `status` of the SMS API's answer."""

RECEIPTS: Final[dict[str, Verdict]] = {
    "1": Verdict(Cause.UNKNOWN, "The network gave no reason."),
    "2": Verdict(Cause.UNREACHABLE, "The handset cannot be reached now.", lasting=False),
    "3": Verdict(Cause.BAD_ADDRESS, "The number is no longer in use."),
    "4": Verdict(Cause.BLOCKED, "The recipient takes no messages from this sender."),
    "5": Verdict(Cause.UNREACHABLE, "The number has changed its network, and cannot be found."),
    "6": Verdict(Cause.FILTERED, "The network took it for spam."),
    "7": Verdict(Cause.UNREACHABLE, "The handset was busy.", lasting=False),
    "8": Verdict(Cause.PROVIDER, "The network failed.", lasting=False),
    "9": Verdict(Cause.OPTED_OUT, "The recipient has unsubscribed."),
    "10": Verdict(Cause.FILTERED, "The network does not take that content."),
    "11": Verdict(Cause.UNREACHABLE, "There is no route to the number."),
    "12": Verdict(Cause.BAD_ADDRESS, "The number cannot be reached."),
    "13": Verdict(Cause.FILTERED, "The content is not for the recipient's age."),
    "14": Verdict(Cause.BLOCKED, "The recipient's network blocks it."),
    "15": Verdict(Cause.UNREACHABLE, "The recipient's prepaid account is empty.", lasting=False),
    "16": Verdict(Cause.THROTTLED, "The gateway's quota is used up.", lasting=False),
    "50": Verdict(Cause.ACCOUNT, "The entity id is missing or wrong."),
    "51": Verdict(Cause.ACCOUNT, "The sender is not registered there."),
    "52": Verdict(Cause.FILTERED, "The text fits no registered template."),
    "53": Verdict(Cause.BLOCKED, "The recipient has not consented."),
    "54": Verdict(Cause.FILTERED, "Local rules forbid it."),
    "99": Verdict(Cause.UNKNOWN, "The network gave no reason."),
}
"""By `err-code` of the SMS API's receipts."""

MESSAGES: Final[dict[str, Verdict]] = {
    "1000": _TOO_FAST,
    "1010": ANSWERS["2"],
    "1020": ANSWERS["3"],
    "1021": ANSWERS["3"],
    "1022": ANSWERS["3"],
    "1030": _TROUBLE,
    "1040": ANSWERS["6"],
    "1050": ANSWERS["7"],
    "1060": ANSWERS["8"],
    "1070": _NO_CREDIT,
    "1080": ANSWERS["11"],
    "1090": ANSWERS["12"],
    "1100": _TROUBLE,
    "1120": ANSWERS["15"],
    "1130": Verdict(Cause.INVALID, "The time to live is not valid."),
    "1140": Verdict(Cause.ACCOUNT, "The account may not use that."),
    "1150": Verdict(Cause.INVALID, "The message class is not valid."),
    "1160": ANSWERS["29"],
    "1170": Verdict(Cause.BAD_ADDRESS, "The recipient is not valid."),
    "1180": RECEIPTS["2"],
    "1190": RECEIPTS["3"],
    "1200": RECEIPTS["5"],
    "1210": RECEIPTS["6"],
    "1220": RECEIPTS["7"],
    "1230": RECEIPTS["8"],
    "1240": RECEIPTS["9"],
    "1241": Verdict(Cause.THROTTLED, "Too many messages to that number.", lasting=False),
    "1242": Verdict(Cause.ACCOUNT, "There is no such number pool."),
    "1250": RECEIPTS["11"],
    "1251": RECEIPTS["11"],
    "1260": RECEIPTS["12"],
    "1270": RECEIPTS["13"],
    "1280": RECEIPTS["14"],
    "1282": ANSWERS["17"],
    "1290": RECEIPTS["15"],
    "1300": Verdict(Cause.BAD_ADDRESS, "The recipient is not on that network."),
    "1310": Verdict(Cause.UNSUPPORTED, "The recipient's device cannot show it."),
    "1320": Verdict(Cause.INVALID, "The message was sent before."),
    "1330": Verdict(Cause.UNKNOWN, "The network gave no reason."),
    "1331": Verdict(Cause.PROVIDER, "The network did not answer.", lasting=False),
    "1340": Verdict(Cause.WINDOW, "The conversation window is closed."),
    "1360": Verdict(Cause.EXPIRED, "Its time to live is over."),
    "1400": Verdict(Cause.UNSUPPORTED, "Vonage has no such channel."),
    "1410": ANSWERS["3"],
    "1420": Verdict(Cause.ACCOUNT, "The sender is not valid."),
    "1430": Verdict(Cause.BAD_ADDRESS, "The recipient is not valid."),
    "1431": ANSWERS["3"],
    "1440": Verdict(Cause.UNSUPPORTED, "There is no such type of message."),
    "1450": ANSWERS["3"],
    "1451": ANSWERS["3"],
    "1460": Verdict(Cause.THROTTLED, "The daily limit is reached.", lasting=False),
    "1461": Verdict(Cause.THROTTLED, "The network limits messages to that person.", lasting=False),
    "1470": Verdict(Cause.FILTERED, "The account's fraud rules block it."),
    "1472": Verdict(Cause.THROTTLED, "The account's fraud rules limit it.", lasting=False),
    "1473": Verdict(Cause.FILTERED, "The account's fraud rules block it."),
    "1474": Verdict(Cause.COUNTRY, "The account's fraud rules block that country."),
    "1475": Verdict(Cause.FILTERED, "The account's fraud rules block that network."),
    "1476": Verdict(Cause.ACCOUNT, "The sender is on a list of numbers that send nothing."),
    "1480": RECEIPTS["50"],
    "1481": RECEIPTS["51"],
    "1482": RECEIPTS["52"],
    "1483": RECEIPTS["53"],
    "1484": Verdict(Cause.ACCOUNT, "The sender does not keep to local rules."),
    "1490": Verdict(Cause.UNKNOWN, "Not every part was told of in time."),
    "2001": Verdict(Cause.FILTERED, "The network's fraud rules block it."),
}
"""By the number of the Messages API's errors; what SMS cannot meet is left out."""

BY_STATUS: Final[dict[int, Verdict]] = {
    401: _CREDENTIALS,
    402: _NO_CREDIT,
    403: Verdict(Cause.ACCOUNT, "The account may not do that."),
    404: Verdict(Cause.ACCOUNT, "There is no such thing at Vonage."),
    429: _TOO_FAST,
}
"""By the HTTP status of an answer whose body has no code that we know."""

REFUSED: Final = Verdict(Cause.INVALID, "Vonage refuses the message.")
NO_WORD: Final = Verdict(Cause.UNKNOWN, "Vonage gave a reason that we have no word for.")


def reason_for(verdict: Verdict, code: str, text: str) -> Reason:
    """Say why, in Vonage's own words where it has some."""
    return Reason(verdict.cause, text or verdict.text, code, verdict.lasting)
