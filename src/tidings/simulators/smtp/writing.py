"""Mails that come back: reports in the manners of several servers, complaints, and what people's programs write."""

import secrets
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from typing import Any, Final

from msgspec import Struct

HOST: Final = "mx.example.net"
DIALECTS: Final = ("postfix", "exchange", "plain", "utf8")
"""Manners of reporting: two servers' that are common, one in words alone, and one for addresses in other letters."""


class Happening(Struct, frozen=True):
    """One thing that happens to a mail."""

    what: str
    """`delivered`, `relayed`, `delayed`, `failed`; or a deed of the recipient's: see `stories.py`."""
    status: str = ""
    text: str = ""
    dialect: str = "postfix"
    kind: str = ""


def report(taken: Mapping[str, Any], recipient: str, what: Happening) -> bytes:
    """Write a delivery status notification."""
    return _DIALECTS[what.dialect](taken, recipient, what)


def complaint(taken: Mapping[str, Any], recipient: str, *, kind: str, redacted: bool) -> bytes:
    """Write a complaint of a feedback loop; a redacted one names nobody."""
    fields = [f"Feedback-Type: {kind}", "User-Agent: ExampleLoop/1.0", "Version: 1"]
    fields += [f"Original-Mail-From: <{taken['return_path']}>", f"Arrival-Date: {formatdate()}"]
    head = taken["head"]
    if redacted:
        head = "\r\n".join(line for line in head.split("\r\n") if not line.lower().startswith("to:"))
    else:
        fields.append(f"Original-Rcpt-To: <{recipient}>")
    parts = [("text/plain", "This is an e-mail abuse report."), ("message/feedback-report", _lines(fields))]
    return _report("feedback-report", "Abuse report", [*parts, ("message/rfc822", f"{head}\r\n\r\n")])


def disposition(taken: Mapping[str, Any], recipient: str, word: str = "displayed") -> bytes:
    """Write a notice of what a reader did with a mail."""
    fields = [f"Reporting-UA: {HOST}; Reader", f"Final-Recipient: rfc822;{recipient}"]
    fields += [f"Original-Message-ID: {taken['message_id']}"]
    fields.append(f"Disposition: manual-action/MDN-sent-manually; {word}")
    parts = [("text/plain", "The message was displayed."), ("message/disposition-notification", _lines(fields))]
    return _report("disposition-notification", "Read", parts, sender=recipient)


def note(taken: Mapping[str, Any], sender: str, text: str, **headers: str) -> bytes:
    """Write what a person, or a program of theirs, answers."""
    lines = [f"From: {sender}", f"Message-ID: <{secrets.token_hex(8)}@{HOST}>", f"Date: {formatdate()}"]
    if taken:
        lines += [f"In-Reply-To: {taken['message_id']}", f"References: {taken['message_id']}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return f"{_lines(lines)}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()


def _postfix(taken: Mapping[str, Any], recipient: str, what: Happening) -> bytes:
    fields = [f"Reporting-MTA: dns; {HOST}", "X-Postfix-Queue-ID: 4F1B2", f"Arrival-Date: {formatdate()}"]
    fields += [f"Original-Envelope-Id: {taken['envelope_id']}"] if taken["envelope_id"] else []
    fields += ["", f"Final-Recipient: rfc822; {recipient}", f"Original-Recipient: {_original(taken, recipient)}"]
    fields += [f"Action: {what.what}", f"Status: {what.status}"]
    if what.text:
        fields += [
            f"Remote-MTA: dns; {HOST}",
            f"Diagnostic-Code: smtp; 550 {what.status} <{recipient}>:",
            f"    {what.text}",
        ]
    parts = [("text/plain", "I'm sorry to have to inform you about this."), ("message/delivery-status", _lines(fields))]
    return _report("delivery-status", _SUBJECTS[what.what], [*parts, ("text/rfc822-headers", taken["head"])])


def _exchange(taken: Mapping[str, Any], recipient: str, what: Happening) -> bytes:
    fields = [f"Reporting-MTA: dns;{HOST}", f"Received-From-MTA: dns;{HOST}", f"Arrival-Date: {formatdate()}", ""]
    fields += [f"Final-Recipient: RFC822;{recipient}", f"Action: {what.what}", f"Status: {what.status}"]
    fields += [f"Diagnostic-Code: smtp;550 {what.status} RESOLVER.ADR.RecipNotFound; {what.text}"] if what.text else []
    parts = [
        ("text/html", f"<p>Delivery has failed to <b>{recipient}</b></p>"),
        ("message/delivery-status", _lines(fields)),
    ]
    return _report("delivery-status", f"Undeliverable: {taken['subject']}", [*parts, ("message/rfc822", taken["head"])])


def _plain(taken: Mapping[str, Any], recipient: str, what: Happening) -> bytes:
    text = f"Hi. This is the mail program at {HOST}.\r\nI could not deliver your message.\r\n\r\n<{recipient}>:\r\n"
    text += f"550 {what.status} {what.text}\r\n\r\n--- Below is a copy.\r\n\r\n{taken['head']}"
    lines = [f"From: MAILER-DAEMON@{HOST}", "Subject: failure notice", f"Date: {formatdate()}", "MIME-Version: 1.0"]
    return f"{_lines([*lines, 'Content-Type: text/plain'])}\r\n{text}\r\n".encode()


def _utf8(taken: Mapping[str, Any], recipient: str, what: Happening) -> bytes:
    fields = [f"Reporting-MTA: dns; {HOST}", "", f"Final-Recipient: utf-8; {recipient}"]
    fields += [f"Original-Recipient: {_original(taken, recipient)}", f"Action: {what.what}", f"Status: {what.status}"]
    fields += [f"Diagnostic-Code: smtp; 550 {what.status} {what.text}"] if what.text else []
    parts = [("text/plain", "Не доставлено."), ("message/global-delivery-status", _lines(fields))]
    return _report("delivery-status", "Не доставлено", [*parts, ("message/global-headers", taken["head"])])


_DIALECTS: Final = {"postfix": _postfix, "exchange": _exchange, "plain": _plain, "utf8": _utf8}
_SUBJECTS: Final = {
    "delivered": "Successful Mail Delivery Report",
    "relayed": "Successful Mail Delivery Report",
    "delayed": "Delayed Mail (still being retried)",
    "failed": "Undelivered Mail Returned to Sender",
}


def _original(taken: Mapping[str, Any], recipient: str) -> str:
    return taken["original"].get(recipient) or f"rfc822;{recipient}"


def _report(kind: str, subject: str, parts: Sequence[tuple[str, str]], *, sender: str = "") -> bytes:
    boundary = secrets.token_hex(12)
    lines = [f"From: {sender or f'Mail Delivery System <MAILER-DAEMON@{HOST}>'}", f"Subject: {subject}"]
    lines += [f"Date: {formatdate()}", f"Message-ID: <{secrets.token_hex(8)}@{HOST}>", "MIME-Version: 1.0"]
    lines += ["Auto-Submitted: auto-replied"]
    lines += [f'Content-Type: multipart/report; report-type={kind}; boundary="{boundary}"', ""]
    for content_type, text in parts:
        lines += [f"--{boundary}", f"Content-Type: {content_type}; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
        lines += ["", text.rstrip("\r\n"), ""]
    return _lines([*lines, f"--{boundary}--"]).encode()


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)
