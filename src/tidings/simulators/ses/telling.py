"""What SES tells of mails: events of a configuration set, and without one the notifications of an identity."""

import secrets
import time
from collections.abc import Mapping
from typing import Any, Final

from tidings.rules.times import from_iso, to_iso
from tidings.simulators.mail.mails import Written
from tidings.simulators.mail.stories import Happening

NOTIFIED: Final = frozenset({"Bounce", "Complaint", "Delivery"})
"""All that an identity notifies of."""

HASTE: Final = 500
"""Milliseconds after a mail was taken in which a scanner has followed its links."""

BOUNCES: Final = {
    "bounced": ("Permanent", "General"),
    "blocked": ("Permanent", "General"),
    "full": ("Transient", "MailboxFull"),
    "expired": ("Transient", "General"),
    "suppressed": ("Permanent", "OnAccountSuppressionList"),
    "opted-out": ("Permanent", "UnsubscribedRecipient"),
    "answered-by-itself": ("Transient", "General"),
}


def event_of(message: Mapping[str, Any], recipient: str, what: Happening) -> dict[str, Any] | None:
    """Write what happens as SES publishes it; None where nobody hears of it."""
    at = to_iso(from_iso(message["taken_at"]) + HASTE if what.hasty else round(time.time() * 1000))
    kind, told = _told(recipient, what, at)
    mail = {
        "timestamp": message["taken_at"],
        "source": message["from"],
        "sendingAccountId": "123456789012",
        "messageId": message["id"],
        "destination": message["to"],
    }
    key = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}.get(kind, kind.lower())
    if not message["configuration_set"]:
        return {"notificationType": kind, "mail": mail, key: told} if kind in NOTIFIED else None
    headers = [{"name": name, "value": value} for name, value in message["headers"].items()]
    tags = {**message["tags"], "ses:configuration-set": [message["configuration_set"]]}
    return {"eventType": kind, "mail": {**mail, "headersTruncated": False, "headers": headers, "tags": tags}, key: told}


def _told(recipient: str, what: Happening, at: str) -> tuple[str, dict[str, Any]]:
    if what.name in BOUNCES:
        return "Bounce", _bounce(recipient, what, at)
    act = {"ipAddress": "192.0.2.50", "timestamp": at, "userAgent": what.agent}
    people = [{"emailAddress": recipient}]
    match what.name:
        case "sent":
            return "Send", {}
        case "delivered":
            told = {"processingTimeMillis": 546, "smtpResponse": "250 OK", "reportingMTA": "a6-27.smtp-out.example"}
            return "Delivery", {"timestamp": at, "recipients": [recipient], **told}
        case "delayed":
            late = [{**people[0], "status": what.status, "diagnosticCode": f"smtp; 451 {what.text}"}]
            return "DeliveryDelay", {"timestamp": at, "delayType": "General", "delayedRecipients": late}
        case "rejected":
            return "Reject", {"reason": what.text}
        case "complained":
            told = {"complaintFeedbackType": "abuse", "complaintSubType": None, "feedbackId": secrets.token_hex(20)}
            return "Complaint", {"timestamp": at, "complainedRecipients": people, "userAgent": "a loop", **told}
        case "opened":
            return "Open", act
        case "clicked":
            return "Click", {**act, "link": what.link, "linkTags": None}
        case _:
            prefer: dict[str, Any] = {"topicSubscriptionStatus": []}
            told = {"newTopicPreferences": {"unsubscribeAll": True, **prefer}}
            told |= {"oldTopicPreferences": {"unsubscribeAll": False, **prefer}, "source": "UnsubscribeHeader"}
            return "Subscription", {"contactList": "news", "timestamp": at, **told}


def _bounce(recipient: str, what: Happening, at: str) -> dict[str, Any]:
    kind, subtype = BOUNCES[what.name]
    person: dict[str, Any] = {"emailAddress": recipient}
    if what.status:
        person |= {"action": "failed", "status": what.status, "diagnosticCode": f"smtp; 550 {what.text}"}
    told = {"bouncedRecipients": [person], "timestamp": at, "feedbackId": secrets.token_hex(20)}
    return {"bounceType": kind, "bounceSubType": subtype, "reportingMTA": "dns; a6-27.smtp-out.example", **told}


def arrival_of(mail: Written, action: Mapping[str, Any]) -> dict[str, Any]:
    """Write the notice of an incoming mail, without the mail."""
    now, passed = to_iso(round(time.time() * 1000)), {"status": "PASS"}
    headers = [{"name": name, "value": value} for name, value in mail.headers.items()]
    verdicts = {f"{each}Verdict": passed for each in ("spam", "virus", "spf", "dkim", "dmarc")}
    return {
        "notificationType": "Received",
        "mail": {
            "timestamp": now,
            "source": mail.sender,
            "messageId": secrets.token_hex(20),
            "destination": [mail.to],
            "headersTruncated": False,
            "headers": headers,
            "commonHeaders": {"from": [mail.headers["From"]], "to": [mail.to], "subject": mail.subject},
        },
        "receipt": {
            "timestamp": now,
            "processingTimeMillis": 574,
            "recipients": [mail.to],
            **verdicts,
            "action": dict(action),
        },
    }
