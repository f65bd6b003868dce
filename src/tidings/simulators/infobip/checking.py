"""Reading requests to send, of either version, and refusing what Infobip refuses."""

import re
from collections.abc import Mapping
from typing import Any, Final

from tidings.rules.encoding import count

MOST_PARTS: Final = 25
LONGEST_LIFE: Final = 48 * 60
_NUMBER: Final = re.compile(r"\+?[1-9][0-9]{6,14}")
_UNITS: Final = {"SECONDS": 1 / 60, "MINUTES": 1, "HOURS": 60, "DAYS": 1440}


def read(body: Any, version: str) -> dict[str, Any]:
    """Read the one message of a request; raises ValueError with what is wrong, and where."""
    message = _of(_of(body, "messages", list)[0], None, dict) if isinstance(body, dict) else {}
    [destination] = _of(message, "destinations", list)
    if version == "2":
        text, reporting = _of(message, "text", str), message
        url, life = message.get("notifyUrl", ""), message.get("validityPeriod")
    else:
        text, reporting = _of(_of(message, "content", dict), "text", str), message.get("webhooks", {})
        url, life = reporting.get("delivery", {}).get("url", ""), _minutes(message.get("options", {}))
    if life is not None and not 0 < life <= LONGEST_LIFE:
        raise ValueError("messages[0].validityPeriod: must be at most 48 hours")
    links = body.get("urlOptions" if version == "2" else "options") or {}
    return {
        "id": _of(destination, "messageId", str),
        "to": destination.get("to", ""),
        # Some clients write the sender of version 3 as they did in version 2.
        "from": message.get("sender") or message.get("from") or "",
        "text": text,
        "parts": count(text).segments,
        "url": url,
        "callbackData": reporting.get("callbackData"),
        "tracking": (links if version == "2" else links.get("tracking", {})).get("trackingUrl", ""),
        "body": body,
    }


def refusal(taken: Mapping[str, Any]) -> int:
    """Find the status by which a message is refused within an answer of 200; 0 where it is good."""
    tests = (
        (not taken["to"], 51),
        (not _NUMBER.fullmatch(taken["to"]), 52),
        (not taken["from"] or len(taken["from"]) > 15, 13),
        (taken["parts"] > MOST_PARTS, 25),
    )
    return next((status for found, status in tests if found), 0)


def _minutes(options: Mapping[str, Any]) -> float | None:
    period = options.get("validityPeriod")
    return None if period is None else float(period["amount"] * _UNITS[period["timeUnit"]])


def _of(value: Any, name: str | None, kind: Any) -> Any:
    found = value if name is None else value.get(name)
    if not isinstance(found, kind) or not found:
        raise ValueError(f"messages[0].{name}: must not be empty")
    return found
