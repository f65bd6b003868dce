"""Which requests Vonage refuses."""

import re
from collections.abc import Mapping
from typing import Any, Final

LONGEST_TEXT: Final = 3200
_NUMBER: Final = re.compile(r"[1-9][0-9]{6,14}")
_NAME: Final = re.compile(r"[A-Za-z0-9 ._+-]{1,11}")
_URL: Final = re.compile(r"https?://\S+")

TEXTS: Final = {
    "1": "Throughput Rate Exceeded - please wait [ 250 ] and retry",
    "2": "Missing something",
    "3": "Invalid something",
    "4": "Bad Credentials",
    "6": "Un-routable message - rejected",
    "9": "Partner quota exceeded",
    "12": "Message too long",
    "14": "Invalid Signature",
    "15": "Illegal Sender Address - rejected",
    "23": "Invalid Callback Url",
    "32": "Signature And API Secret Disallowed",
}
"""What the SMS API says to its statuses."""


def fault(fields: Mapping[str, str]) -> str:
    """Find the status by which the SMS API refuses a message; empty where it is good."""
    kind, sender, ttl = (fields.get(name, "") for name in ("type", "from", "ttl"))
    says = fields.get("body") or fields.get("udh") if kind == "binary" else fields.get("text")
    tests = (
        (not (fields.get("to") and sender and says), "2"),
        (kind not in ("", "text", "unicode", "binary"), "3"),
        (bool(ttl) and not (ttl.isdigit() and 20_000 <= int(ttl) <= 604_800_000), "3"),
        (fields.get("message-class", "0") not in ("0", "1", "2", "3"), "3"),
        (len(fields.get("client-ref", "")) > 100, "3"),
        (not _NUMBER.fullmatch(fields.get("to", "")), "6"),
        (not (_NUMBER.fullmatch(sender) or _NAME.fullmatch(sender)), "15"),
        (len(fields.get("text", "")) > LONGEST_TEXT, "12"),
        ("callback" in fields and not _is_short_url(fields["callback"]), "23"),
    )
    return next((status for found, status in tests if found), "")


def _is_short_url(text: str) -> bool:
    return len(text) <= 100 and _URL.fullmatch(text) is not None


def wrong(body: Mapping[str, Any]) -> list[dict[str, str]]:
    """Name the parameters that the Messages API refuses in a message."""
    to, sender, text, ttl = body.get("to"), body.get("from"), body.get("text"), body.get("ttl", 20)
    tests = (
        (not isinstance(to, str) or not _NUMBER.fullmatch(to), "to", "Must be a phone number without a plus"),
        (not isinstance(sender, str) or not sender or len(sender) > 15, "from", "Must be a number or a name"),
        (body.get("channel") != "sms", "channel", "Must be sms"),
        (body.get("message_type") != "text", "message_type", "Must be text"),
        (not isinstance(text, str) or not 0 < len(text) <= LONGEST_TEXT, "text", "Must have 1 to 3200 characters"),
        (not isinstance(ttl, int) or not 20 <= ttl <= 604_800, "ttl", "Must be 20 to 604800"),
        (len(str(body.get("client_ref", ""))) > 100, "client_ref", "Must have at most 100 characters"),
        (not _URL.fullmatch(str(body.get("webhook_url", "https://any.test"))), "webhook_url", "Must be a URL"),
        (body.get("webhook_version", "v1") not in ("v0.1", "v1"), "webhook_version", "Must be v0.1 or v1"),
    )
    return [{"name": name, "reason": reason} for found, name, reason in tests if found]
