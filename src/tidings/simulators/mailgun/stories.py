"""What becomes of messages, and how Mailgun tells it."""

import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0 Safari/537.36"
AGENTS = {"apple": "Mozilla/5.0", "gmail": "Mozilla/5.0 (via ggpht.com GoogleImageProxy)", "generic": "LinkScanner/1.0"}


class Happening(Struct, frozen=True):
    """One thing that happens to a message, in the words of today's events."""

    event: str
    severity: str = ""
    reason: str = ""
    code: int = 0
    enhanced: str = ""
    text: str = ""
    bot: str = ""
    url: str = ""
    agent: str = ""
    delayed: bool = False

    @property
    def legacy(self) -> str:
        """Its name in the legacy webhooks; empty where they had none."""
        if self.event == "failed":
            by_mailgun = self.code >= 600 or self.code in {498, 499} or self.reason == "old"
            return "" if self.severity == "temporary" else "dropped" if by_mailgun else "bounced"
        return self.event if self.event in {"delivered", "opened", "clicked", "unsubscribed", "complained"} else ""


DELIVERED = Happening("delivered", code=250, enhanced="2.0.0", text="OK")
TESTED = Happening("delivered", code=650, text="Message delivered in test mode")
GREYLISTED = Happening("failed", "temporary", "greylisted", 451, "4.7.1", "4.7.1 Greylisted, try again later")
OLD = Happening("failed", "permanent", "old", 602, text="Too old")
REJECTED = Happening("rejected", reason="Sandbox subdomains are for test purposes only")
SUPPRESSIONS = {605: "suppress-bounce", 606: "suppress-unsubscribe", 607: "suppress-complaint"}
ENGAGED = {"opened", "clicked", "unsubscribed"}
CLICKED = Happening("clicked", url="https://shop.example/track/42")

STORIES: Mapping[str, Sequence[Happening]] = {
    "deliver": (DELIVERED,),
    "temp-then-deliver": (GREYLISTED, DELIVERED),
    "temp-then-old": (GREYLISTED, OLD),
    "unreachable-499": (Happening("failed", "permanent", "generic", 499, text="Unable to connect to MX servers"),),
    "complain": (DELIVERED, Happening("complained")),
    "unsub": (DELIVERED, Happening("opened"), Happening("unsubscribed")),
    "open": (DELIVERED, Happening("opened")),
    "click": (DELIVERED, Happening("opened"), CLICKED),
    "click-before-delivery": (Happening("opened"), CLICKED, DELIVERED),
    "delayed-bounce": (DELIVERED, Happening("failed", "permanent", "bounce", 550, text="No mailbox", delayed=True)),
    "rejected": (REJECTED,),
}


def story(recipient: str) -> Sequence[Happening]:
    """Say what becomes of a message to a recipient; ordinary people get theirs."""
    local = recipient.partition("@")[0]
    if found := re.fullmatch(r"hard-(5\.\d+\.\d+)", local):
        return (Happening("failed", "permanent", "bounce", 550, found[1], f"{found[1]} refused by the other server"),)
    if found := re.fullmatch(r"suppressed-(605|606|607)", local):
        code = int(found[1])
        return (Happening("failed", "permanent", SUPPRESSIONS[code], code, text="Not delivering: suppressed"),)
    if found := re.fullmatch(r"bot-(open|click)-(apple|gmail|generic)", local):
        event, url = ("clicked", CLICKED.url) if found[1] == "click" else ("opened", "")
        return (DELIVERED, Happening(event, bot=found[2], url=url, agent=AGENTS[found[2]]))
    return STORIES.get(local, (DELIVERED,))


def as_event(message: Mapping[str, Any], recipient: str, what: Happening) -> dict[str, Any]:
    """Write an event as today's webhooks and the Events API do."""
    engaged = what.event in ENGAGED
    headers = {"message-id": message["id"].strip("<>")}
    if not engaged:
        headers |= {"to": recipient, "from": message["from"], "subject": message["subject"]}
    event: dict[str, Any] = {
        "event": what.event,
        "id": secrets.token_urlsafe(16),
        "timestamp": round(time.time(), 6),
        "log-level": "error" if what.severity == "permanent" else "warn" if what.severity else "info",
        "recipient": recipient,
        "message": {"headers": headers, "attachments": [], "size": len(message["text"]) + len(message["html"])},
        "flags": {"is-routed": False, "is-authenticated": True, "is-test-mode": what is TESTED},
        "tags": message["tags"],
        "campaigns": [],
        "user-variables": message["variables"],
    }
    if what.event in {"delivered", "failed"}:
        status = {"attempt-no": 1, "code": what.code, "message": what.text, "description": "", "tls": True}
        event["delivery-status"] = status | ({"enhanced-code": what.enhanced} if what.enhanced else {})
    if what.event == "failed":
        event |= {"severity": what.severity, "reason": what.reason}
        event["flags"]["is-delayed-bounce"] = what.delayed
    if what.event == "rejected":
        del event["recipient"]
        event["reject"] = {"reason": what.reason, "description": ""}
    if engaged:
        agent = what.agent or BROWSER
        client = {"client-name": "Chrome", "client-type": "browser", "device-type": "desktop", "user-agent": agent}
        event |= {"ip": "192.0.2.50", "geolocation": {"country": "GB"}, "client-info": client | {"bot": what.bot}}
    return event | ({"url": what.url} if what.event == "clicked" else {})


def as_legacy_fields(message: Mapping[str, Any], recipient: str, what: Happening) -> list[tuple[str, str]]:
    """Write an event as the legacy webhooks did, but for the domain and the proof."""
    headers = [["Message-Id", message["id"]], ["X-Mailgun-Variables", json.dumps(message["variables"])]]
    fields = {"recipient": recipient, "event": what.legacy, "Message-Id": message["id"]}
    fields["message-headers"] = json.dumps([*headers, ["Mime-Version", "1.0"]])
    if what.legacy == "bounced":
        fields |= {"code": str(what.code), "error": what.text, "notification": ""}
    if what.legacy == "dropped":
        reason = "old" if what.reason == "old" else "hardfail"
        fields |= {"code": str(what.code), "description": what.text, "reason": reason}
    if what.event in ENGAGED:
        fields |= {"ip": "192.0.2.50", "country": "GB", "user-agent": what.agent or BROWSER}
    if what.event == "clicked":
        fields["url"] = what.url
    return [*fields.items(), *(("tag", tag) for tag in message["tags"]), *message["variables"].items()]


def matches(event: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    """Whether the Events API lists an event for a query."""
    about = {**event, "message-id": event["message"]["headers"]["message-id"]}
    if any(name in query and about.get(name) != query[name] for name in ("event", "recipient", "message-id")):
        return False
    at = float(event["timestamp"])
    match sorted(float(query[name]) for name in ("begin", "end") if name in query):
        case [early, late]:
            return early <= at <= late
        case [begin]:
            return at >= begin if query.get("ascending") == "yes" else at <= begin
        case _:
            return True
