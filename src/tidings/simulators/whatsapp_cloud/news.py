"""Meta's webhooks, written and signed."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

from tidings.simulators.simulator import Post
from tidings.simulators.whatsapp_cloud.errors import told_error


def new_id() -> str:
    """Make an id of a message."""
    return f"wamid.{base64.b64encode(secrets.token_bytes(33)).decode()}"


def done(deed: str, message: str, display: str, more: Mapping[str, Any]) -> dict[str, Any] | None:
    """Write what a person does to a message as the message that they send by it; None where it is no such deed."""
    context = {"from": display, "id": message}
    match deed:
        case "reaction":
            emoji = {"emoji": more["emoji"]} if more.get("emoji") else {}
            return {"type": deed, deed: {"message_id": message, **emoji}}
        case "revoke":
            return {"type": deed, deed: {"original_message_id": message}}
        case "button":
            return {"type": deed, deed: dict(more), "context": context}
        case "button_reply" | "list_reply":
            return {"type": "interactive", "interactive": {"type": deed, deed: dict(more)}, "context": context}
        case "nfm_reply":
            form = {"name": "flow", "body": "Sent", "response_json": json.dumps(more["response"])}
            return {"type": "interactive", "interactive": {"type": deed, deed: form}, "context": context}
        case _:
            return None


class News:
    """The webhooks of one phone number; people are named by a number, a user id, or both."""

    def __init__(self, settings: Mapping[str, Any], user_ids: Mapping[str, str]) -> None:
        self.settings = settings
        self.user_ids = user_ids
        self.display = str(settings.get("phoneNumber") or "+15550783881").removeprefix("+")
        """Our number, as people see it."""

    def status(self, message: str, person: str, status: str, *, tag: str | None, code: int) -> Post:
        """What became of a message of ours; `code` says why it failed."""
        told: dict[str, Any] = {"id": message, "status": status, "timestamp": str(int(time.time()))}
        names = self._names(person)
        for name, value in names.items():
            told["recipient_id" if name == "wa_id" else "recipient_user_id"] = value
        if tag is not None:
            told["biz_opaque_callback_data"] = tag
        if status == "failed":
            told["errors"] = [told_error(code)]
        elif status != "read":
            told["pricing"] = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "service"}
        return self._write("messages", {"contacts": [names], "statuses": [told]})

    def said(self, message: str, person: str, name: str, said: Mapping[str, Any]) -> Post:
        """What a person wrote or did."""
        names = self._names(person)
        sender = {("from" if each == "wa_id" else "from_user_id"): value for each, value in names.items()}
        told = {**sender, "id": message, "timestamp": str(int(time.time())), **said}
        return self._write("messages", {"contacts": [{"profile": {"name": name}, **names}], "messages": [told]})

    def wish(self, person: str, wish: str) -> Post:
        """What a person wishes of marketing messages: `stop` or `resume`."""
        names = self._names(person)
        told = {
            **names,
            "detail": f"User requested to {wish} marketing messages",
            "category": "marketing_messages",
            "value": wish,
            "timestamp": int(time.time()),
        }
        return self._write("user_preferences", {"contacts": [names], "user_preferences": [told]})

    def _names(self, person: str) -> dict[str, str]:
        if "." in person:
            return {"user_id": person}
        user_id = self.user_ids.get(person)
        return {"wa_id": person, **({"user_id": user_id} if user_id else {})}

    def _write(self, field: str, value: Mapping[str, Any]) -> Post:
        metadata = {"display_phone_number": self.display, "phone_number_id": self.settings["phoneNumberId"]}
        change = {"value": {"messaging_product": "whatsapp", "metadata": metadata, **value}, "field": field}
        notice = {"object": "whatsapp_business_account", "entry": [{"id": "204680258680796", "changes": [change]}]}
        body = json.dumps(notice, separators=(",", ":")).encode()
        signature = hmac.new(self.settings["appSecret"].encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
        return Post("", body, headers)
