"""The doors of apps, visited without a socket at a time that stands still."""

from typing import Any

import httpx
from msgspec import Struct

from support.apps import SETTINGS, integrators_token
from support.visiting import Visiting


class Space(Struct):
    """A workspace with a channel for its apps, its key, and who comes to its doors."""

    visit: Visiting
    workspace: str
    key: str

    async def __call__(self, method: str, below: str, token: str | None = "", **request: Any) -> httpx.Response:
        """Ask something: with the workspace's key, a session's token, or (None) with nothing."""
        shown = self.key if token == "" else token
        return await self.visit(method, f"/apispaces/{self.workspace}{below}", key=shown, **request)

    @property
    def now(self) -> int:
        """The hub's time, seconds."""
        return self.visit.clock.now() // 1000

    async def start(self) -> Any:
        """Have a nonce."""
        return (await self("GET", "/sessions/start", None)).json()

    async def begin(self, started: Any, token: str, device: str = "phone") -> httpx.Response:
        """Ask for a session with an integrator's token."""
        asked = {
            "authenticationId": started["authenticationId"],
            "authenticationToken": token,
            "deviceId": device,
        }
        return await self("POST", "/sessions", None, json=asked)

    async def token(self, profile: str, device: str = "phone") -> str:
        """Begin a session for somebody; give its token."""
        return str((await self.session(profile, device))["token"])

    async def session(self, profile: str, device: str = "phone") -> Any:
        """Begin a session for somebody."""
        started = await self.start()
        answer = await self.begin(started, integrators_token(started["nonce"], profile, now=self.now), device)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def made(self, below: str, body: Any, token: str = "") -> Any:
        """Make something, or do it; gives what was answered."""
        answer = await self("POST", below, token, json=body)
        assert answer.status_code in (200, 201, 202), answer.text
        return answer.json()

    async def conversation(self, id_: str, *people: str, **more: Any) -> str:
        """Make a conversation of these profiles."""
        participants = [{"id": each} for each in people]
        made = await self.made("/conversations", {"id": id_, "participants": participants, **more})
        return str(made["id"])

    async def say(self, conversation: str, text: str, token: str = "", **headers: str) -> Any:
        """Say a text in a conversation."""
        answer = await self("POST", f"/conversations/{conversation}/messages", token, json=words(text), headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def events(self, conversation: str, first: int = 1, token: str = "") -> Any:
        """Read what happened in a conversation."""
        return (await self("GET", f"/conversations/{conversation}/events?from={first}", token)).json()


def words(text: str) -> Any:
    """Write a text as a message."""
    return {"parts": [{"type": "text/plain", "data": text}]}


async def space_at(visit: Visiting, name: str = "Acme", **settings: Any) -> Space:
    """Make a workspace with a channel for its apps."""
    workspace, key = await visit.workspace(name)
    asked = {"platform": "app-messaging", "connector": "app-messaging", "settings": {**SETTINGS, **settings}}
    await visit.made(f"/workspaces/{workspace}/channels", asked)
    return Space(visit, workspace, key)
