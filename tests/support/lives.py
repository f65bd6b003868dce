"""Messages with a life, by a channel whose provider fetches them and tells what became of them."""

from typing import Any

import msgspec

from support.visiting import PUBLIC, Visiting
from tidings.rules.signing import sign_standard

KEY = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PERSON = "+447700900123"


class Living:
    """A workspace with one polled sms channel, and its key."""

    def __init__(self, visit: Visiting, workspace: str, key: str, channel: str) -> None:
        self.visit = visit
        self.workspace = workspace
        self.key = key
        self.channel = channel
        self.path = f"/workspaces/{workspace}"

    async def ask(self, method: str, path: str, **request: Any) -> Any:
        """Ask something below the workspace's path; gives the JSON of a good answer."""
        answer = await self.visit(method, self.path + path, key=self.key, **request)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def send(self, body: str = "Hi", **more: Any) -> str:
        """Send a message; gives its id."""
        asked = {"to": {"phoneNumber": PERSON}, "rules": ["sms"], "body": body, **more}
        made = await self.visit.made(f"/apispaces/{self.workspace}/messages", asked, key=self.key)
        id_: str = made["messageId"]
        return id_

    async def fetch(self, **query: Any) -> list[dict[str, Any]]:
        """Fetch what is to be sent."""
        told = await self.ask("GET", f"/channels/{self.channel}/outgoing", params=query)
        results: list[dict[str, Any]] = told["results"]
        return results

    async def report(self, *reports: dict[str, Any]) -> int:
        """Post signed reports as the channel's provider does; gives the status."""
        return await self.call_back(msgspec.json.encode(reports))

    async def call_back(self, body: bytes) -> int:
        """Post a signed callback; gives the status."""
        return await self.post(body, self.signed(body))

    async def post(self, body: bytes, headers: dict[str, str]) -> int:
        """Post a callback with a signature made at whatever time; gives the status."""
        url = f"/callbacks/{self.channel}"
        return (await self.visit("POST", url, key=None, content=body, headers=headers)).status_code

    def signed(self, body: bytes) -> dict[str, str]:
        """Sign a callback now."""
        seconds = self.visit.clock.now() // 1000
        return {
            "webhook-id": "call",
            "webhook-timestamp": str(seconds),
            "webhook-signature": sign_standard(KEY, "call", seconds, body),
            "content-type": "application/json",
        }


async def living(visit: Visiting, **settings: Any) -> Living:
    """Set a workspace with its channel up."""
    workspace, key = await visit.workspace()
    asked = {"platform": "sms", "connector": "custom", "settings": {"inboundKey": KEY, "sender": "Acme", **settings}}
    made = await visit.made(f"/workspaces/{workspace}/channels", asked, key=key)
    assert made["callbackUrl"] == f"{PUBLIC}/callbacks/{made['id']}"
    return Living(visit, workspace, key, made["id"])


def receipt(message: str, status: str, **more: Any) -> dict[str, Any]:
    """What the provider reports of a message."""
    return {"type": "receipt", "messageId": message, "status": status, **more}
