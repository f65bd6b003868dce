"""What Vonage tells, in the shapes of both APIs and their versions."""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from tidings.rules.encoding import count, split

ERRORS: Final = {"9": "1240", "2": "1180", "6": "1210"}
"""Numbers of the Messages API for codes of the SMS API, where people have done the same."""


def new_id() -> str:
    """Make up an id of the SMS API."""
    return secrets.token_hex(8).upper()


def receipt(taken: Mapping[str, Any], part: str, status: str, code: str, account: str) -> dict[str, str]:
    """Write a receipt of the SMS API, for one part; `msisdn` is whom it went to."""
    now = datetime.now(UTC)
    told = {
        "msisdn": taken["to"],
        "to": taken["from"],
        "network-code": "23410",
        "messageId": part,
        "price": "0.03330000",
        "status": status,
        "scts": f"{now:%y%m%d%H%M}",
        "err-code": code or "0",
        "api-key": account,
        "client-ref": taken["fields"].get("client-ref", ""),
        "message-timestamp": f"{now:%Y-%m-%d %H:%M:%S}",
    }
    return {name: value for name, value in told.items() if value}


def texts(sender: str, to: str, text: str, account: str) -> list[dict[str, str]]:
    """Write an inbound SMS as the SMS API does: a long one in parts."""
    now, parts = datetime.now(UTC), split(text)
    reference = str(secrets.randbelow(256))
    told = []
    for number, part in enumerate(parts, 1):
        concat = {
            "concat": "true",
            "concat-ref": reference,
            "concat-total": str(len(parts)),
            "concat-part": str(number),
        }
        told.append(
            {
                "api-key": account,
                "msisdn": sender,
                "to": to,
                "messageId": new_id(),
                "text": part,
                "type": "text" if count(text).encoding == "gsm7" else "unicode",
                "keyword": (text.split() or [""])[0].upper(),
                "message-timestamp": f"{now:%Y-%m-%d %H:%M:%S}",
                **(concat if len(parts) > 1 else {}),
            }
        )
    return told


def status(taken: Mapping[str, Any], word: str, code: str, version: str) -> dict[str, Any]:
    """Write a status of the Messages API."""
    told: dict[str, Any] = {
        "message_uuid": taken["id"],
        "timestamp": _now(),
        "status": word,
        "client_ref": taken["fields"].get("client_ref"),
        "usage": {"currency": "EUR", "price": "0.0333"},
    }
    if version == "v0.1":
        told |= {name: {"type": "sms", "number": taken[name]} for name in ("to", "from")}
        told |= {"error": {"code": int(code), "reason": f"Error {code}"}} if code else {}
    else:
        told |= {"to": taken["to"], "from": taken["from"], "channel": "sms", "destination": {"network_code": "23410"}}
        told |= {"sms": {"count_total": str(count(taken["text"]).segments)}}
        problem = {"type": f"https://developer.vonage.com/api-errors/messages#{code}", "title": code}
        told |= {"error": {**problem, "detail": f"Error {code}", "instance": str(uuid.uuid4())}} if code else {}
    return {name: value for name, value in told.items() if value is not None}


def message(sender: str, to: str, text: str, version: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Write an inbound message of the Messages API; `more` adds to it, and takes its place."""
    told: dict[str, Any] = {"message_uuid": str(uuid.uuid4()), "timestamp": _now()}
    if version == "v0.1":
        told |= {"from": {"type": "sms", "number": sender}, "to": {"type": "sms", "number": to}}
        return {**told, "message": {"content": {"type": "text", "text": text}}, **more}
    told |= {"from": sender, "to": to, "channel": "sms", "message_type": "text"}
    sms = {"num_messages": str(count(text).segments), "keyword": (text.split() or [""])[0].upper()}
    return {**told, **({"text": text, "sms": sms} if text else {}), **more}


def answer(parts: Sequence[str], taken: Mapping[str, Any]) -> dict[str, Any]:
    """Write the SMS API's answer to a message that it took."""
    common = {"to": taken["to"], "status": "0", "remaining-balance": "3.14", "message-price": "0.0333"}
    reference = {"client-ref": taken["fields"]["client-ref"]} if "client-ref" in taken["fields"] else {}
    told = [{**common, "message-id": part, "network": "23410", **reference} for part in parts]
    return {"message-count": str(len(parts)), "messages": told}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
