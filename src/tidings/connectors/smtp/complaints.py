"""Reading complaints of feedback loops (ARF, RFC 5965) and notices that a mail was read (MDN, RFC 8098)."""

from typing import Final

from tidings.connectors.mail.correspondence import author, normal
from tidings.connectors.mail.words import text_of
from tidings.connectors.smtp.addresses import Destination, Purpose, read_address, target_of
from tidings.connectors.smtp.deliveries import address_in, moment
from tidings.connectors.smtp.parts import Fields, Opened, blocks
from tidings.connectors.smtp.settings import SmtpSettings
from tidings.model.exchange import encode_raw
from tidings.model.reports import Deed, Interaction, Receipt, Report, Target, Unknown
from tidings.model.stages import Stage
from tidings.rules.unsubscribing import is_sealed, read_token

FEEDBACK: Final = "message/feedback-report"
DISPOSITION: Final = "message/disposition-notification"
COMPLAINING: Final = frozenset({"abuse", "fraud", "virus", "opt-out", "opt-out-list"})
"""Types of feedback by which a person complains; the others are between mail servers."""


def read_complaint(opened: Opened, came_to: Destination, settings: SmtpSettings) -> Report:
    """Say who complained of which mail; a complaint that shows no mail of ours proves nothing."""
    fields = _fields(opened, FEEDBACK)
    raw = encode_raw({**fields.plain(), **_subject(opened)})
    kind = fields.get("feedback-type").strip().lower()
    if kind not in COMPLAINING:
        return Unknown(raw, f"Feedback of the type {kind!r} is no complaint of a person.")
    target = _target(opened, fields, came_to, settings)
    if target is None:
        return Unknown(raw, "The complaint shows no mail of ours.")
    return Interaction(
        f"complaint:{target.message}:{target.recipient}",
        Deed.REPORTED_AS_SPAM,
        target,
        raw,
        at=moment(fields.get("arrival-date"), fields.get("received-date"), opened.headers.get("date", "")),
        details=kind,
        sender=target.recipient,
        user_agent=text_of(fields.get("user-agent")),
    )


def read_disposition(opened: Opened, about: Destination) -> Report:
    """Say whether a mail was read, as far as its reader lets it be told."""
    fields = _fields(opened, DISPOSITION)
    raw = encode_raw({**fields.plain(), **_subject(opened)})
    word = fields.get("disposition").rpartition(";")[2].partition("/")[0].strip().lower()
    if word != "displayed":
        return Unknown(raw, f"A mail that was {word!r} was not read for sure.")
    reader = address_in(fields.get("original-recipient")) or address_in(fields.get("final-recipient"))
    reader = reader or author(opened.headers.get("from", ""))[1]
    return Receipt(about.target(reader), Stage.READ, raw, at=moment(opened.headers.get("date", "")))


def _fields(opened: Opened, kind: str) -> Fields:
    """Join the blocks of the part for programs: it should be one."""
    return Fields(tuple(pair for block in blocks(opened.part(kind) or b"") for pair in block.pairs))


def _subject(opened: Opened) -> dict[str, str]:
    return {"Subject": opened.original["subject"]} if "subject" in opened.original else {}


def _target(opened: Opened, fields: Fields, came_to: Destination, settings: SmtpSettings) -> Target | None:
    """Find the mail by what only we can have written: a return path, or an unsubscribe link or address."""
    named = [normal(each.strip(" <>")) for each in fields.all("original-rcpt-to")]
    recipient = next((address for address in named if address), "")
    if came_to.purpose is Purpose.BOUNCE:
        return came_to.target(recipient)
    for path in (fields.get("original-mail-from"), opened.original.get("return-path", "")):
        found = read_address(path.strip(" <>"), settings)
        if found is not None and found.name:
            return found.target(recipient)
    return _by_link(opened.original.get("list-unsubscribe", ""), recipient, settings)


def _by_link(header: str, recipient: str, settings: SmtpSettings) -> Target | None:
    key = settings.unsubscribe_key.reveal() if settings.unsubscribe_key else ""
    for uri in (each.strip(" <>") for each in header.split(",")):
        if uri.startswith("mailto:"):
            found = read_address(uri.removeprefix("mailto:").partition("?")[0], settings)
            if found is not None and found.name:
                return target_of(found.name, recipient)
        token = uri.rpartition("/")[2]
        whose = read_token(token)
        if whose is not None and is_sealed(token, key):
            return Target(message=whose.message, recipient=recipient or normal(whose.address))
    return None
