"""Whom we do not write to: which words of people and providers say so, and what that keeps from whom.

A failing report suppresses only where it speaks of the address itself and for good. What follows from which cause:

* `opted-out`, `complained`: everywhere, also where the provider refuses the message for it (Twilio 21610, Mailgun 606
  and 607, Viber 6): the provider keeps such a list and we only copy what it says.
* `bad-address` on sms: by a network's receipt (Twilio 30005, SMPP 1 and 5), not by a provider's refusal, which may be
  due to how a channel is set up. On whatsapp and rcs never: people join and leave.
* `bad-address` and `bounced` on email: enhanced codes 5.1.1, 5.1.2, 5.1.6, 5.1.10 and 5.2.1 (RFC 3463, RFC 7505), and a
  provider's own verdict of a hard bounce where it gives no such code; never a policy's (5.7.x) or a bare SMTP code.
* `blocked` on platforms that reach phone numbers: by receipt (Twilio 30004, 63033). On email it is the sender's
  reputation that is blocked (5.7.x), and chat platforms lift a block without telling us and refuse for themselves.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID, uuid5

from tidings.model.platforms import platform
from tidings.model.reports import Deed, Inbound
from tidings.model.stages import Cause, Reason
from tidings.model.suppressions import SUPPRESSING, Ground, Suppression
from tidings.rules import addresses
from tidings.rules.keywords import is_opt_in, is_start, is_stop

SUPPRESSED: Final = "suppressed"
"""The code of the reason with which a hop to a suppressed address is refused."""
NOT_OPTED_IN: Final = "opt-in-required"
"""The code where a message requires an opt-in and there is none."""

CAUSES: Final = {
    Ground.UNSUBSCRIBED: Cause.OPTED_OUT,
    Ground.COMPLAINED: Cause.COMPLAINED,
    Ground.BOUNCED: Cause.BAD_ADDRESS,
    Ground.BLOCKED: Cause.BLOCKED,
}
"""What a hop fails of that would go to a suppressed address."""

BY_DEED: Final = {Deed.UNSUBSCRIBE_REQUEST: Ground.UNSUBSCRIBED, Deed.REPORTED_AS_SPAM: Ground.COMPLAINED}
"""What people do that suppresses their address."""

SAID: Final = {Cause.OPTED_OUT: Ground.UNSUBSCRIBED, Cause.COMPLAINED: Ground.COMPLAINED}
"""Causes that suppress on every platform, whether a receipt or a refusal names them."""
HARD: Final = frozenset({Cause.BAD_ADDRESS, Cause.BOUNCED})
"""Causes that suppress as hard bounces, where they are of the address and for good."""

ADDRESS_CODES: Final = frozenset({"5.1.1", "5.1.2", "5.1.6", "5.1.10", "5.2.1"})
"""Enhanced status codes that say that there is no such mailbox: unknown, no such domain, moved, null MX, disabled."""

LEFT_AND_BACK: Final = frozenset({"line", "viber", "apple-business-chat"})
"""Platforms on which to unsubscribe is to leave, and whoever writes again has come back.

https://developers.line.biz/en/reference/messaging-api/#unfollow-event, https://developers.viber.com/docs/api,
https://register.apple.com/resources/messages/msp-rest-api/ (close)
"""

_SUPPRESSIONS: Final = UUID("3f9a2f0e-6b1c-4c53-8f57-0e1d6a0c2b4d")
_ENHANCED: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_REPLY_CODE: Final = re.compile(r"[45]\d\d")
_WORDS: Final = {
    Ground.UNSUBSCRIBED: "The recipient has unsubscribed from messages on {}.",
    Ground.COMPLAINED: "The recipient has reported an earlier message on {} as spam.",
    Ground.BOUNCED: "An earlier message on {} came back for good: there is no such address.",
    Ground.BLOCKED: "The recipient, or their carrier, has blocked messages on {}.",
}
_UNASKED: Final = "The recipient has not opted in to messages on {}."


def suppression_id(about: Suppression) -> str:
    """Give the id of what is known of an address and a ground; it follows from what it is about."""
    return str(
        uuid5(
            _SUPPRESSIONS,
            f"{about.workspace}\n{about.platform}\n{about.channel}\n{about.ground}\n{about.address}",
        )
    )


def kept_platform(name: str) -> str:
    """Give the platform that a suppression is kept for: an mms goes to the same phone, by the same number, as an sms.

    Who stops one stops the other: https://help.twilio.com/articles/223134027.
    """
    return "sms" if name == "mms" else name


def kept_address(name: str, address: str) -> str:
    """Write a platform's address as suppressions have it; raises ValueError where it is none.

    As contacts have it, and e-mail addresses in lower case: no provider tells two people apart by capitals, and many
    report addresses in lower case.
    """
    return as_kept(name, addresses.address(platform(name).identifier, address))


def as_kept(name: str, normal: str) -> str:
    """Write a platform's address, that is written as contacts have it, as suppressions have it."""
    return normal.lower() if name == "email" else normal


def scope(name: str, channel: str) -> str:
    """Tell which channel a person's or provider's word is about: none in particular, or the one it came by.

    Phone numbers and e-mail addresses are the same on every channel. Elsewhere people follow, and leave, one account.
    """
    return "" if platform(name).identifier in ("phonenumber", "emailaddress") else channel


def ground_of_failure(name: str, reason: Reason, *, refused: bool) -> Ground | None:
    """Tell whether a failure suppresses the address it is about, and on which ground.

    `refused` says that the provider did not take the message at all; else it is the word of a receipt.
    """
    if reason.code in (SUPPRESSED, NOT_OPTED_IN):
        # Our own word: nobody has said anything new.
        return None
    if reason.cause in SAID:
        return SAID[reason.cause]
    if not reason.permanent:
        return None
    if reason.cause in HARD and _is_of_the_address(name, reason, refused):
        return Ground.BOUNCED
    by_number = platform(name).identifier == "phonenumber"
    return Ground.BLOCKED if reason.cause is Cause.BLOCKED and by_number and not refused else None


def _is_of_the_address(name: str, reason: Reason, refused: bool) -> bool:
    if name == "email":
        if _ENHANCED.fullmatch(reason.code):
            return reason.code in ADDRESS_CODES
        return reason.cause is Cause.BAD_ADDRESS or not _REPLY_CODE.fullmatch(reason.code)
    return kept_platform(name) == "sms" and reason.cause is Cause.BAD_ADDRESS and not refused


def unsubscribing(stands: bool, *, asked: bool = True) -> Iterator[tuple[Ground, bool]]:
    """Give what an unsubscription (or its end) makes of an address's grounds: each, and whether it stands.

    Whoever leaves has not opted in any more; whoever comes back has, only if they `asked` in so many words.
    """
    yield Ground.UNSUBSCRIBED, stands
    if stands or asked:
        yield Ground.OPTED_IN, not stands


def words_of(name: str, inbound: Inbound) -> Iterator[tuple[Ground, bool]]:
    """Give what a person's own words make of their address's grounds: each, and whether it stands; mostly nothing.

    STOP and START count where people are reached by phone number, and where the provider has judged the words
    (`optOutType` of Twilio's Advanced Opt-Out) it is right.
    """
    text = inbound.content.text
    judged = str(inbound.extra.get("optOutType", "")).upper()
    if platform(name).identifier == "phonenumber":
        if judged == "STOP" or (not judged and is_stop(text)):
            yield from unsubscribing(True)
        elif judged == "START" or (not judged and is_start(text)):
            yield from unsubscribing(False, asked=bool(judged) or is_opt_in(text))
    elif name == "telegram" and text.partition(" ")[0] == "/start":
        # https://core.telegram.org/bots/features#commands; a bot that was blocked is started anew by it.
        yield from unsubscribing(False)
    elif name in LEFT_AND_BACK and not is_stop(text):
        yield from unsubscribing(False, asked=False)


def refusal_of(
    name: str,
    channel: str,
    known: Iterable[Suppression],
    *,
    transactional: bool = False,
    require_opt_in: bool = False,
) -> Reason | None:
    """Tell why a message may not go to an address over a channel of a platform; None where it may.

    `known` is what stands of that address, on whatever platform. A transactional message goes to those who
    unsubscribed, and to nobody else who is suppressed.
    """
    meant = kept_platform(name)
    grounds = {each.ground for each in known if each.platform == meant and each.channel in ("", channel)}
    passing = {Ground.UNSUBSCRIBED} if transactional else set()
    for ground in SUPPRESSING:
        if ground in grounds and ground not in passing:
            return Reason(CAUSES[ground], _WORDS[ground].format(name), SUPPRESSED)
    if require_opt_in and Ground.OPTED_IN not in grounds:
        return Reason(Cause.OPTED_OUT, _UNASKED.format(name), NOT_OPTED_IN)
    return None
