"""What becomes of mails, in SendGrid's events."""

import secrets
import time
from collections.abc import Mapping
from typing import Any, Final

from tidings.simulators.mail.stories import Happening

LEISURE: Final = 60
"""Seconds that a mail is older than it is: what people do here at once would else be hastier than people."""

EVENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "sent": {"event": "processed"},
    "delivered": {"event": "delivered", "response": "250 OK", "tls": 1},
    "delayed": {"event": "deferred", "attempt": "1"},
    "bounced": {"event": "bounce", "type": "bounce", "bounce_classification": "Invalid Address"},
    "blocked": {"event": "bounce", "type": "blocked", "bounce_classification": "Reputation"},
    "full": {"event": "bounce", "type": "bounce", "bounce_classification": "Mailbox Unavailable"},
    "expired": {"event": "bounce", "type": "blocked", "bounce_classification": "Unclassified"},
    "suppressed": {"event": "dropped"},
    "opted-out": {"event": "dropped"},
    "rejected": {"event": "dropped"},
    "opened": {"event": "open", "sg_content_type": "html"},
    "clicked": {"event": "click", "url_offset": {"index": 0, "type": "html"}, "sg_content_type": "html"},
    "complained": {"event": "spamreport"},
    "unsubscribed": {"event": "group_unsubscribe", "asm_group_id": 10},
}
REASONS: Final = {"rejected": "Spam Content", "suppressed": "Bounced Address", "opted-out": "Unsubscribed Address"}


def event_of(message: Mapping[str, Any], recipient: str, what: Happening) -> dict[str, Any] | None:
    """Write what happens as an event; None where SendGrid tells nothing of it."""
    if what.name not in EVENTS:
        return None
    now, engaged = int(time.time()), what.name in {"opened", "clicked"}
    at = (
        now - LEISURE + 1
        if what.hasty
        else now
        if engaged or what.name in {"complained", "unsubscribed"}
        else now - LEISURE
    )
    event = {
        "email": recipient,
        "timestamp": at,
        "smtp-id": f"<{message['id']}@geopod.example>",
        "sg_event_id": secrets.token_urlsafe(24),
        "sg_message_id": f"{message['id']}.filterdrecv-p3-1",
        **({"category": message["categories"]} if message["categories"] else {}),
        **message["custom_args"],
        **EVENTS[what.name],
    }
    if what.name in {"bounced", "blocked", "full", "expired"}:
        event |= {"reason": f"550 {what.text}", "status": what.status, "ip": "192.0.2.7", "tls": 1}
    elif what.name == "delayed":
        event["response"] = f"451 {what.text}"
    elif what.name in REASONS:
        event |= {"reason": REASONS[what.name], "status": what.status}
    if engaged:
        event |= {"useragent": what.agent, "ip": "198.51.100.9"}
        event |= {"url": what.link} if what.name == "clicked" else {"sg_machine_open": what.agent == "Mozilla/5.0"}
    return event


def as_late_bounce(event: Mapping[str, Any]) -> dict[str, Any]:
    """The same as it comes days later, without SendGrid's own ids."""
    return {name: value for name, value in event.items() if name not in {"sg_message_id", "smtp-id", "ip", "tls"}}
