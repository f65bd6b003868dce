"""Mails that people write."""

import base64
import secrets
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any

from msgspec import Struct


class Written(Struct, frozen=True):
    """A mail that somebody wrote: as it goes over the wire, and what is on the envelope."""

    raw: bytes
    name: str
    sender: str
    to: str
    subject: str
    headers: dict[str, str]
    files: tuple[tuple[str, str, bytes], ...]
    """Names, types, octets."""


def write(sender: str, text: str, to: str, more: Mapping[str, Any]) -> Written:
    """Write a mail, from `Name <address>`.

    `more`: `to`, `subject`, `html`, `headers` (a mapping), `attachments` (each with `name`, `type`, and `data` in
    base64).
    """
    name, address = parseaddr(sender)
    subject = str(more.get("subject", ""))
    mail = EmailMessage(SMTP)
    head = {
        "From": f'"{name}" <{address}>' if name else address,
        "To": str(more.get("to", to)),
        "Subject": subject,
        "Message-ID": f"<{secrets.token_hex(8)}@example.com>",
        **more.get("headers", {}),
    }
    for header, value in head.items():
        mail[header] = value
    mail.set_content(text)
    if "html" in more:
        mail.add_alternative(more["html"], subtype="html")
    files = tuple(
        (each["name"], each.get("type") or "application/octet-stream", base64.b64decode(each["data"]))
        for each in more.get("attachments", ())
    )
    for file, kind, data in files:
        main, _, sub = kind.partition("/")
        mail.add_attachment(data, main, sub, filename=file)
    return Written(mail.as_bytes(), name, address, head["To"], subject, head, files)
