"""Reading bounces that are no reports, as some mail servers write them: in words alone."""

import re
from typing import Final

from tidings.connectors.mail import bounces
from tidings.connectors.mail.correspondence import author, normal
from tidings.connectors.smtp.addresses import Destination
from tidings.connectors.smtp.deliveries import LONGEST_TEXT, moment
from tidings.connectors.smtp.parts import Opened
from tidings.connectors.smtp.settings import SmtpSettings
from tidings.model.exchange import encode_raw
from tidings.model.reports import Receipt, Report, Unknown
from tidings.model.stages import Cause, Stage

_SERVERS: Final = frozenset({"mailer-daemon", "postmaster", "mail-daemon", "mmdf"})
"""Who mail servers sign as, before the @."""
_SUBJECT: Final = re.compile(
    r"undeliver|delivery (?:status|failure|has failed|incomplete)|failure notice|returned mail|mail delivery failed|"
    r"could not be delivered",
    re.IGNORECASE,
)
_ENHANCED: Final = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b(?!\.)")
_PLAIN: Final = re.compile(r"(?<![\d.])[45]\d\d(?![\d.])")
_ADDRESS: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_WAITING: Final = "4"


def is_of_a_server(opened: Opened) -> bool:
    """Whether a mail looks like a mail server's own words."""
    _, address = author(opened.headers.get("from", ""))
    own = address.partition("@")[0].lower() in _SERVERS or "x-failed-recipients" in opened.headers
    return own or bool(_SUBJECT.search(opened.headers.get("subject", "")[:500]))


def guess(opened: Opened, about: Destination, settings: SmtpSettings) -> Report:
    """Say what a mail server's words come to: by a code in them, else that it failed."""
    text = opened.text[:LONGEST_TEXT]
    raw = encode_raw({"Subject": opened.headers.get("subject", ""), "Notification": text})
    enhanced, plain = _ENHANCED.search(text), _PLAIN.search(text)
    code = enhanced[0] if enhanced else plain[0] if plain else ""
    if code.startswith("2"):
        return Unknown(raw, "It is no failure.")
    cause = bounces.cause_of(code, text) or bounces.plain_cause(code)
    target = about.target(_recipient(opened, text, settings))
    at = moment(opened.headers.get("date", ""))
    if code.startswith(_WAITING) and cause is not Cause.EXPIRED:
        _, waiting = bounces.waiting(cause, text, code)
        return Receipt(target, Stage.PROCESSING, raw, at=at, reason=waiting)
    stage, reason = bounces.lost(cause, text, code)
    return Receipt(target, stage, raw, at=at, reason=reason)


def _recipient(opened: Opened, text: str, settings: SmtpSettings) -> str:
    """Find whom it could not be delivered to: Exim says it in the head, others in their words."""
    told = normal(opened.headers.get("x-failed-recipients", "").partition(",")[0].strip())
    if told:
        return told
    _, writer = author(opened.headers.get("from", ""))
    own = (settings.domain.lower(), writer.rpartition("@")[2], settings.sender.rpartition("@")[2].strip(" >").lower())
    named = (normal(found) for found in _ADDRESS.findall(text))
    return next((each for each in named if each and each.rpartition("@")[2] not in own), "")
