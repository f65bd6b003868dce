"""What becomes of mails, in Postmark's records."""

import base64
import random
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tidings.simulators.mail.mails import Written
from tidings.simulators.mail.stories import Happening

BOUNCES: Final = {
    "bounced": ("HardBounce", 1),
    "blocked": ("HardBounce", 1),
    "full": ("SoftBounce", 4096),
    "delayed": ("Transient", 2),
    "expired": ("SoftBounce", 4096),
    "answered-by-itself": ("AutoResponder", 64),
    "rejected": ("SpamNotification", 512),
}


def record_of(message: Mapping[str, Any], recipient: str, what: Happening) -> dict[str, Any] | None:
    """Write what happens as a record; None where Postmark tells nothing of it."""
    now = _now()
    known = {"MessageID": message["id"], "MessageStream": message["stream"], "ServerID": 23}
    known |= {"Tag": message["tag"], "Metadata": message["metadata"]}
    if what.name in BOUNCES or what.name == "complained":
        return _bounce(known, recipient, what, now)
    told: dict[str, Any]
    client = {"UserAgent": what.agent, "Client": {}, "OS": {}, "Geo": {}, "Platform": "Desktop", "ReceivedAt": now}
    match what.name:
        case "delivered":
            told = {"RecordType": "Delivery", "DeliveredAt": now, "Details": "smtp;250 OK"}
        case "opened":
            told = {"RecordType": "Open", "FirstOpen": True, **client}
        case "clicked":
            told = {"RecordType": "Click", "ClickLocation": "HTML", "OriginalLink": what.link, **client}
        case "unsubscribed":
            told = {"RecordType": "SubscriptionChange", "ChangedAt": now, "Origin": "Recipient"}
            told |= {"SuppressSending": True, "SuppressionReason": "ManualSuppression"}
        case _:
            return None
    return {**told, **known, "Recipient": recipient}


def _bounce(known: Mapping[str, Any], recipient: str, what: Happening, now: str) -> dict[str, Any]:
    complained = what.name == "complained"
    kind, code = ("SpamComplaint", 512) if complained else BOUNCES[what.name]
    return {
        "RecordType": "SpamComplaint" if complained else "Bounce",
        "ID": random.getrandbits(31),
        "Type": kind,
        "TypeCode": code,
        "Name": kind,
        "Description": "What Postmark says of this type.",
        "Details": f"smtp;550 {what.text}" if what.text else "",
        "Email": recipient,
        "BouncedAt": now,
        "Inactive": kind == "HardBounce",
        "CanActivate": True,
        **known,
    }


def arrival_of(mail: Written, text: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Write a mail that somebody wrote; `raw` puts the whole of it beside its parts."""
    tag = mail.to.partition("@")[0].partition("+")[2]
    headers = {"Return-Path": f"<{mail.sender}>", "X-Spam-Status": "No", **mail.headers}
    person = {"Email": mail.to, "Name": "", "MailboxHash": tag}
    return {
        "FromName": mail.name,
        "From": mail.sender,
        "FromFull": {"Email": mail.sender, "Name": mail.name, "MailboxHash": ""},
        "To": mail.to,
        "ToFull": [person],
        "CcFull": [],
        "BccFull": [],
        "OriginalRecipient": mail.to,
        "Subject": mail.subject,
        "MessageID": str(uuid.uuid4()),
        "MessageStream": "inbound",
        "MailboxHash": tag,
        "TextBody": text,
        "HtmlBody": str(more.get("html", "")),
        "StrippedTextReply": "",
        "Headers": [
            {"Name": name, "Value": value} for name, value in headers.items() if name not in {"From", "Subject"}
        ],
        "Attachments": [
            {"Name": name, "Content": base64.b64encode(data).decode(), "ContentType": kind, "ContentLength": len(data)}
            for name, kind, data in mail.files
        ],
        # Its line ends are not those of the wire.
        **({"RawEmail": mail.raw.decode("utf-8", "replace").replace("\r\n", "\n")} if more.get("raw") else {}),
    }


def _now() -> str:
    """Write a time as Postmark does, with seven digits of a second."""
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "7Z"
