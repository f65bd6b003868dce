"""Infobip's statuses and errors, and its objects made of them."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

GROUPS: Final = ("OK", "PENDING", "UNDELIVERABLE", "DELIVERED", "EXPIRED", "REJECTED")
STATUSES: Final[Mapping[int, tuple[int, str]]] = {
    2: (3, "DELIVERED_TO_OPERATOR"),
    3: (1, "PENDING_WAITING_DELIVERY"),
    4: (2, "UNDELIVERABLE_REJECTED_OPERATOR"),
    5: (3, "DELIVERED_TO_HANDSET"),
    6: (5, "REJECTED_NETWORK"),
    7: (1, "PENDING_ENROUTE"),
    8: (5, "REJECTED_PREFIX_MISSING"),
    9: (2, "UNDELIVERABLE_NOT_DELIVERED"),
    10: (5, "REJECTED_DND"),
    12: (5, "REJECTED_NOT_ENOUGH_CREDITS"),
    13: (5, "REJECTED_SENDER"),
    14: (5, "REJECTED_DESTINATION_BLOCKLISTED"),
    15: (4, "EXPIRED_EXPIRED"),
    20: (5, "REJECTED_FLOODING_FILTER"),
    21: (5, "REJECTED_SYSTEM_ERROR"),
    23: (5, "REJECTED_DUPLICATE_MESSAGE_ID"),
    25: (5, "REJECTED_MESSAGE_TOO_LONG"),
    26: (1, "PENDING_ACCEPTED"),
    29: (4, "EXPIRED_DLR_UNKNOWN"),
    51: (5, "MISSING_TO"),
    52: (5, "REJECTED_DESTINATION"),
}
"""The group and name of each status that is played here, by its id."""
ERRORS: Final[Mapping[int, tuple[int, str, bool]]] = {
    0: (0, "NO_ERROR", False),
    1: (1, "EC_UNKNOWN_SUBSCRIBER", True),
    27: (1, "EC_ABSENT_SUBSCRIBER", False),
    603: (2, "EC_CONTENT_BLOCKED", True),
    607: (2, "EC_REJECTED_SPAM_BY_OPERATOR", True),
}
"""The group and name of each error that is played here, and whether it is for good."""
ERROR_GROUPS: Final = ("OK", "HANDSET_ERRORS", "USER_ERRORS", "OPERATOR_ERRORS")


def status(number: int) -> dict[str, Any]:
    """Write a status."""
    group, name = STATUSES[number]
    spoken = name.replace("_", " ").capitalize()
    return {"groupId": group, "groupName": GROUPS[group], "id": number, "name": name, "description": spoken}


def error(number: int) -> dict[str, Any]:
    """Write an error."""
    group, name, permanent = ERRORS[number]
    told = {"groupId": group, "groupName": ERROR_GROUPS[group], "id": number, "name": name}
    return {**told, "description": name.removeprefix("EC_").replace("_", " ").capitalize(), "permanent": permanent}


def report(taken: Mapping[str, Any], number: int, code: int, version: str) -> dict[str, Any]:
    """Write how a message stands."""
    common = {
        "bulkId": taken["bulk"],
        "messageId": taken["id"],
        "to": taken["to"],
        "sentAt": now(),
        "doneAt": now(),
        "price": {"pricePerMessage": 0.02, "currency": "EUR"},
        "status": status(number),
        "error": error(code),
        "mccMnc": "23410",
        "callbackData": taken["callbackData"],
    }
    if version == "2":
        return {**common, "from": taken["from"], "smsCount": taken["parts"]}
    return {**common, "sender": taken["from"], "messageCount": taken["parts"], "platform": {}}


def written(sender: str, to: str, text: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Write what a person wrote; with `message`, the parts of a multimedia message."""
    told = {
        "messageId": str(uuid.uuid4().int)[:18],
        "from": sender,
        "to": to,
        "receivedAt": now(),
        "price": {"pricePerMessage": 0, "currency": "EUR"},
        "callbackData": None,
    }
    if "message" in more:
        return {**told, **more}
    keyword = (text.split() or [""])[0].upper()
    texts = {"text": text, "cleanText": text.partition(" ")[2], "keyword": keyword, "smsCount": 1}
    return {**told, **texts, **more}


def click(taken: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Write a click on a message's link."""
    return {
        "notificationType": "CLICKED",
        "recipient": taken["to"],
        "url": url,
        "sendDateTime": int(datetime.now(UTC).timestamp() * 1000),
        "messageId": taken["id"],
        "bulkId": taken["bulk"],
        "callbackData": taken["callbackData"],
        "recipientInfo": {"deviceType": "Phone", "os": "Android", "deviceName": "Pixel"},
        "geoLocationInfo": {"countryName": "United Kingdom", "city": "London"},
        "applicationId": None,
        "entityId": None,
    }


def now() -> str:
    """Write the time as Infobip does, the zone without a colon."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
