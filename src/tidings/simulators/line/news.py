"""LINE's webhooks, written and signed."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tidings.simulators.simulator import Post

BOT = "U00000000000000000000000000000001"
"""The bot's user id where the settings name none."""

_ULID = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> str:
    """Make an id of a message."""
    return str(560_000_000_000_000_000 + secrets.randbelow(10**15))


def new_token() -> str:
    """Make a token."""
    return secrets.token_hex(16)


def source_of(address: str, chat: str = "") -> dict[str, str]:
    """Say who did something: a person, or in a group or room somebody or nobody in particular."""
    place = chat or ("" if address.startswith("U") else address)
    person = {"userId": address} if address.startswith("U") else {}
    if place.startswith("C"):
        return {"type": "group", "groupId": place, **person}
    if place.startswith("R"):
        return {"type": "room", "roomId": place, **person}
    return {"type": "user", **person}


def done(deed: str, message: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Write what happens as the object that an event of this type has, if any."""
    match deed:
        case "postback":
            return {"postback": dict(more), "replyToken": new_token()}
        case "videoPlayComplete":
            return {"videoPlayComplete": dict(more), "replyToken": new_token()}
        case "unsend":
            return {"unsend": {"messageId": message}}
        case "delivery":
            return {"delivery": dict(more)}
        case "follow":
            return {"follow": {"isUnblocked": bool(more.get("isUnblocked"))}, "replyToken": new_token()}
        case _:
            return dict(more)


class News:
    """The webhooks of one bot."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    def event(self, kind: str, source: Mapping[str, str] | None, mode: str = "active", **body: Any) -> dict[str, Any]:
        """Write an event; it keeps its id and time however often it is delivered."""
        event_id = "01" + "".join(secrets.choice(_ULID) for _ in range(24))
        event = {"type": kind, "mode": mode, "timestamp": int(time.time() * 1000), "webhookEventId": event_id}
        return {**event, **({"source": dict(source)} if source else {}), **body}

    def of(self, events: Sequence[Mapping[str, Any]]) -> Callable[[], Post]:
        """Give the request that tells events; from the second time on it says that it is delivered again."""
        delivered = [0]

        def write() -> Post:
            context = {"isRedelivery": delivered[0] > 0}
            delivered[0] += 1
            return self._write([{**event, "deliveryContext": context} for event in events])

        return write

    def _write(self, events: Sequence[Mapping[str, Any]]) -> Post:
        notice = {"destination": self.settings.get("userId") or BOT, "events": events}
        body = json.dumps(notice, separators=(",", ":"), ensure_ascii=False).encode()
        secret = self.settings["channelSecret"].encode()
        signature = base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "LineBotWebhook/2.0",
            "x-line-signature": signature,
        }
        return Post("", body, headers)
