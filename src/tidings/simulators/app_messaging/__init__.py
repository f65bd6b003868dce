"""In-app messaging: there is no provider to stand in for, so people come to the hub's own doors, with devices.

They prove who they are with the channel's secret, as the integrator's server would, listen over WebSockets, say at once
what has been delivered, and do the rest when they are told to.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

import aiohttp
import msgspec
from aiohttp import web

from tidings.rules.conversations.names import between
from tidings.rules.conversations.saying import TAPPED
from tidings.simulators.app_messaging.person import TEXT, Person, Script
from tidings.simulators.simulator import Callback, Demonstration, Post, Simulator

__all__ = ["AppUsers", "Person", "Script"]

KNOWN = frozenset({"delivered", "read", "clicked", "reaction", "delete-request"})


class AppUsers(Simulator):
    """The people of a workspace's apps. Each comes when they first write, and stays connected."""

    name = "app-messaging"
    demonstrations: ClassVar = {
        "app-messaging": Demonstration(address="anon_ada", writes_first=True, deed="read", usual=True)
    }

    def __init__(self, settings: Any, *, script: Script = Script(), **more: Any) -> None:  # noqa: B008
        super().__init__(settings, **more)
        self.script = script
        self.people: dict[str, Person] = {}
        self._door: aiohttp.ClientSession | None = None

    @property
    def channel_settings(self) -> dict[str, Any]:
        """The settings of a channel whose people these are: their page is here."""
        return {**self.settings, "origins": [self.base_url]}

    def routes(self) -> Sequence[web.RouteDef]:
        """Nobody calls them; they come."""
        return ()

    def refusal(self, code: str) -> web.Response:
        """Nothing is asked of them that they could refuse."""
        raise NotImplementedError(code)

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """Be there."""
        self._door = aiohttp.ClientSession()
        return await super().start(port, host)

    async def stop(self) -> None:
        """Have everybody leave."""
        await asyncio.gather(*(person.leave() for person in self.people.values()))
        await super().stop()
        if self._door is not None:
            await self._door.close()

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """Somebody writes, in the conversation with the business unless `conversation` names another."""
        self._person(sender)
        conversation = more.get("conversation") or self._own(sender)
        said = {"parts": [{"type": TEXT, "data": text}]}
        return [
            lambda: self._post(sender, "/conversations", {}),
            lambda: self._post(sender, f"/conversations/{conversation}/messages", said),
        ]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """Somebody does something with a message they have: whoever has it, unless `by` names them."""
        if deed not in KNOWN:
            raise ValueError(f"Nobody does {deed} with a message here.")
        return [lambda: self._deed(message, deed, **more)]

    def person(self, profile: str) -> Person:
        """Give somebody who has come."""
        return self.people[profile]

    def _deed(self, message: str, deed: str, **more: Any) -> Post:
        profile, conversation = self._holder(message, more.get("by", ""))
        below = f"/conversations/{conversation}/messages"
        match deed:
            case "reaction":
                body = {"emoji": more.get("emoji", "👍"), "action": more.get("action", "react")}
                return self._post(profile, f"{below}/{message}/reactions", body)
            case "delete-request":
                return self._post(profile, f"{below}/{message}/deleterequests", {})
            case "clicked":
                tapped = {"action": more.get("payload", "yes"), "messageId": message, "label": more.get("label", "Yes")}
                part = {"type": TAPPED, "data": msgspec.json.encode(tapped).decode()}
                return self._post(profile, below, {"parts": [part]})
            case _:
                return self._post(profile, f"{below}/statusupdates", [{"messageIds": [message], "status": deed}])

    def _holder(self, message: str, by: str) -> tuple[str, str]:
        """Find who has a message, and in which conversation; where nobody has, whoever came first."""
        for profile, person in self.people.items():
            for conversation, events in person.heard.items():
                said = (event["payload"].get("messageId") for event in events.values() if "payload" in event)
                if by in ("", profile) and message in said:
                    return profile, conversation
        profile = by or next(iter(self.people), "")
        return profile, self._own(profile)

    def _own(self, profile: str) -> str:
        return between(self.settings["sender"], profile)

    def _person(self, profile: str) -> Person:
        known = self.people.get(profile)
        if known is None:
            assert self._door is not None, "the simulator is not started"
            known = Person(self._door, self.space_url, self.settings, profile, script=self.script)
            known.took = lambda said: self._took(profile, said)
            self.people[profile] = known
        return known

    def _took(self, profile: str, said: Any) -> None:
        text = next((part["data"] for part in said["parts"] if part["type"] == TEXT), "")
        self.taken.append({"id": said["messageId"], "to": profile, "text": text, **said})

    def _post(self, profile: str, below: str, body: Any) -> Post:
        person = self.people[profile]
        headers = {"content-type": "application/json", **person.shown}
        return Post(f"{person.space}{below}", msgspec.json.encode(body), headers)

    async def _post_all(self, callbacks: Sequence[Callback], delay: float) -> None:
        for person in tuple(self.people.values()):
            if not person.token and await person.begin() == 201:
                person.listen()
                await person.connected.wait()
        await super()._post_all(callbacks, delay)
