"""Apps: a workspace with a channel of in-app messaging, its own server, and people with devices."""

from typing import Any

import jwt

from support.hub import Running

SECRET = "app-messaging-shared-secret-0001"
ISSUER = "https://integrator.example/"
AUDIENCE = "https://integrator.example/app"
SENDER = "TEAM\\Customer_Services"
SETTINGS: dict[str, Any] = {"sender": SENDER, "issuer": ISSUER, "audience": AUDIENCE, "secret": SECRET}


def integrators_token(nonce: str, profile: str, /, *, now: int, algorithm: str = "HS256", **claims: Any) -> str:
    """Make a token as an integrator's server does; a claim that is None is left out. `now` is in seconds."""
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": profile, "nonce": nonce, "iat": now, "exp": now + 600, **claims}
    return jwt.encode({name: value for name, value in said.items() if value is not None}, SECRET, algorithm=algorithm)


class Apps:
    """The doors of one workspace's apps, as its own server and its people come to them."""

    def __init__(self, at_work: Running, workspace: str, channel: dict[str, Any]) -> None:
        self.at_work = at_work
        self.workspace = workspace
        self.channel = channel
        self.path = f"/apispaces/{workspace}"

    async def ask(self, method: str, below: str, body: Any = None, **more: Any) -> Any:
        """Ask something as the workspace's own server."""
        return await self.at_work.ask(method, self.path + below, body, **more)

    async def device(self, profile: str, device: str = "phone") -> "Device":
        """Begin a session for somebody."""
        started = await self.ask("GET", "/sessions/start", expect=200)
        now = self.at_work.world.clock.now() // 1000
        asked = {
            "authenticationId": started["authenticationId"],
            "authenticationToken": integrators_token(started["nonce"], profile, now=now),
            "deviceId": device,
        }
        begun = await self.ask("POST", "/sessions", asked, expect=201)
        return Device(self, profile, begun["token"], begun["session"])


class Device:
    """Somebody's device, with a session."""

    def __init__(self, apps: Apps, profile: str, token: str, session: dict[str, Any]) -> None:
        self.apps = apps
        self.profile = profile
        self.token = token
        self.session = session

    async def ask(self, method: str, below: str, body: Any = None, **more: Any) -> Any:
        """Ask something with the session's token."""
        return await self.apps.ask(method, below, body, authorization=f"Bearer {self.token}", **more)

    async def say(self, conversation: str, text: str, **more: Any) -> Any:
        """Say a text in a conversation; gives its id and number."""
        body = {"parts": [{"type": "text/plain", "data": text}]}
        return await self.ask("POST", f"/conversations/{conversation}/messages", body, expect=201, **more)

    async def mark(self, conversation: str, status: str, *messages: str) -> None:
        """Say how far messages have come."""
        update = {"messageIds": list(messages), "status": status}
        await self.ask("POST", f"/conversations/{conversation}/messages/statusupdates", [update], expect=200)

    async def events(self, conversation: str, first: int = 1) -> Any:
        """Read what happened in a conversation."""
        return await self.ask("GET", f"/conversations/{conversation}/events?from={first}", expect=200)


async def apps_at(at_work: Running, workspace: str = "", **settings: Any) -> Apps:
    """Set a channel for apps up, in a workspace of its own where none is named."""
    if not workspace:
        workspace, _ = await at_work.workspace()
    channel = await at_work.channel(workspace, "app-messaging", "app-messaging", {**SETTINGS, **settings})
    return Apps(at_work, workspace, channel)
