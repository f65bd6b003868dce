"""TikTok's webhooks, written and signed."""

import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from tidings.simulators.simulator import Callback, Post

EVENTS = {"received": "im_receive_msg", "sent": "im_send_msg", "read": "im_mark_read_msg"}


class News:
    """The webhooks of one account; `late` is by how many seconds their signatures are too old."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self.url = ""
        self.late = 0

    @property
    def ours(self) -> dict[str, str]:
        """The account."""
        return {"id": str(self._settings["businessId"]), "role": "business_account"}

    def said(self, conversation: str, said: Mapping[str, Any], *, by_us: bool) -> Callback:
        """What somebody wrote, one side or the other."""
        person, ours = person_of(conversation), self.ours
        sides = (
            {"from": "shop", "from_user": ours, "to": person["name"], "to_user": person["user"]}
            if by_us
            else {"from": person["name"], "from_user": person["user"], "to": "shop", "to_user": ours}
        )
        content = {"conversation_id": conversation, "unique_identifier": f"uid-{conversation}", **sides, **said}
        return self.posted("sent" if by_us else "received", content)

    def read(self, conversation: str, until: int, *, by_us: bool) -> Callback:
        """How far somebody read, in milliseconds."""
        sides = {"from_user": person_of(conversation)["user"], "to_user": self.ours}
        if by_us:
            sides = {"from_user": sides["to_user"], "to_user": sides["from_user"]}
        mark = {"type": "read", "conversation_id": conversation, "timestamp": int(time.time() * 1000)}
        return self.posted("read", {**mark, "read": {"last_read_timestamp": until}, **sides})

    def posted(self, event: str, content: Mapping[str, Any]) -> Callback:
        """Write a webhook, whose content is JSON within its JSON; it is signed when it goes."""
        envelope = {
            "client_key": self._settings["clientKey"],
            "event": EVENTS.get(event, event),
            "create_time": int(time.time()),
            "user_openid": self._settings["businessId"],
            "content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        }
        body = json.dumps(envelope, separators=(",", ":")).encode()

        def write() -> Post:
            at = str(int(time.time()) - self.late)
            key = str(self._settings["clientSecret"]).encode()
            signature = hmac.new(key, f"{at}.".encode() + body, "sha256").hexdigest()
            headers = {"Content-Type": "application/json", "Tiktok-Signature": f"t={at},s={signature}"}
            return Post(self.url, body, headers)

        return write


def person_of(conversation: str) -> dict[str, Any]:
    """The person that a conversation is with."""
    return {"name": "ana.pt", "user": {"id": f"user-of-{conversation}", "role": "personal_account"}}
