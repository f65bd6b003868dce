"""People who chat in real browsers, on the example page of a real hub."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from support.browser import looked_at, someone
from support.hub import Running
from support.receiver import Got, Receiver
from support.waiting import until

SENDER = "TEAM\\Customer_Services"
SECRET = "app-messaging-shared-secret-0001"
SETTINGS: dict[str, Any] = {
    "sender": SENDER,
    "issuer": "https://shop.example/",
    "audience": "https://shop.example/app",
    "secret": SECRET,
    "example": True,
}
TOLD = ["message.sent", "message.delivered", "message.read", "message.failed", "message.inbound", "interaction.click"]


class Chatting:
    """One person's page, and what they see and do there."""

    def __init__(self, page: Page, context: BrowserContext, url: str) -> None:
        self.page = page
        self.context = context
        self.url = url
        self.chat = page.locator("tidings-chat")
        self.launcher = self.chat.locator(".launcher")
        self.field = self.chat.get_by_role("textbox")
        self.messages = self.chat.get_by_role("article")
        self.trouble: list[str] = []
        """What the browser complained of: broken scripts, and what the page's policy forbids."""

    async def come(self, **query: str) -> None:
        """Load the page, and open the chat."""
        asked = "".join(f"&{name}={value}" for name, value in query.items())
        await self.page.goto(self.url + asked)
        await self.launcher.click()
        await self.is_live()

    async def is_live(self) -> None:
        """Wait until the chat is told at once of what happens."""
        await expect(self.page.locator("#state")).to_have_text("live")
        await expect(self.page.locator("#conversation")).not_to_be_empty()

    async def who(self) -> str:
        """Give the profile."""
        await expect(self.page.locator("#profile")).not_to_be_empty()
        return await self.page.locator("#profile").inner_text()

    async def where(self) -> str:
        """Give the conversation."""
        return await self.page.locator("#conversation").inner_text()

    async def write(self, text: str) -> None:
        """Write a message, and send it with Enter."""
        await self.field.fill(text)
        await self.field.press("Enter")

    def message(self, text: str) -> Locator:
        """Find a message by what it says."""
        return self.messages.filter(has_text=text)

    async def sees(self, *texts: str) -> None:
        """Wait until the messages are these, in this order."""
        await expect(self.chat.locator(".message .text")).to_have_text(list(texts))

    async def stands(self, text: str, standing: str) -> None:
        """Wait until a message of one's own stands so: Sending, Sent, Delivered, Read."""
        await expect(self.message(text).get_by_role("img", name=standing, exact=True)).to_be_visible()


class Shop:
    """A workspace with in-app messaging, and what its webhook heard."""

    def __init__(self, hub: Running, browser: Browser, receiver: Receiver, folder: Path) -> None:
        self.hub = hub
        self.browser = browser
        self.receiver = receiver
        self.folder = folder
        self.space = ""
        self.key = ""

    async def open(self, **settings: Any) -> None:
        """Set it up."""
        self.space, self.key = await self.hub.workspace()
        await self.hub.channel(self.space, "app-messaging", "app-messaging", {**SETTINGS, **settings})
        webhook = {"name": "All", "url": f"{self.receiver.url}/", "secret": "a secret of sixteen or more"}
        webhook["subscriptions"] = [{"type": each} for each in TOLD]  # type: ignore[assignment]
        await self.ask("POST", "/webhooks", webhook)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask something of the hub, as the shop's own server does."""
        return await self.hub.ask(method, f"/apispaces/{self.space}{path}", body, key=self.key)

    async def send(self, to: str, body: str, **more: Any) -> str:
        """Send a message by the omnichannel API; gives its id."""
        asked = {"to": {"profileId": to}, "body": body, "rules": ["appMessaging"], **more}
        return str((await self.ask("POST", "/messages", asked))["messageId"])

    async def room(self, *people: str, name: str = "room") -> None:
        """Make a conversation of several."""
        body = {"id": name, "name": "Room", "participants": [{"id": each} for each in people]}
        await self.ask("POST", "/conversations", body)

    @asynccontextmanager
    async def visitor(self, name: str, **looks: Any) -> AsyncIterator[Chatting]:
        """Have somebody come with a browser of their own; where the test fails, keep a picture of what they saw."""
        async with someone(self.browser, **{"locale": "en-GB", **looks}) as context:
            page = await context.new_page()
            chatting = Chatting(page, context, f"{self.hub.base_url}/app-messaging/example?space={self.space}")
            page.on("pageerror", lambda error: chatting.trouble.append(str(error)))
            page.on("console", lambda told: _note(chatting, told))
            async with looked_at(page, self.folder / f"{name}.png"):
                yield chatting

    async def heard(self, number: int) -> list[dict[str, Any]]:
        """Wait until the webhook was told so many events; gives them, in the order they came."""
        await until(lambda: len(self.receiver.got) >= number, what=f"{[_name(each) for each in self.receiver.got]}")
        return [each.json for each in self.receiver.got]

    def of(self, message: str) -> list[str]:
        """Give the names of what was told of one message, in order."""
        return [_name(each) for each in self.receiver.got if each.json["payload"]["id"] == message]


class Site:
    """An integrator's web site: a few files, and a door that signs who is logged in."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, str]] = {}
        """Kind and text, by path."""
        self.sign: Callable[[str], str] = str
        self.policy = ""
        self.url = ""

    async def __aenter__(self) -> "Site":
        app = web.Application()
        app.router.add_get("/{path:.*}", self._give)
        app.router.add_post("/chat-token", self._sign)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _give(self, request: web.Request) -> web.Response:
        if request.path not in self.files:
            return web.Response(status=404)
        kind, text = self.files[request.path]
        return web.Response(text=text, content_type=kind, headers={"content-security-policy": self.policy})

    async def _sign(self, request: web.Request) -> web.Response:
        return web.Response(text=self.sign(await request.text()))


def _name(got: Got) -> str:
    return str(got.json["name"])


def _note(chatting: Chatting, told: ConsoleMessage) -> None:
    # A browser without a network says so of every request; that is what was asked for.
    if told.type == "error" and "ERR_INTERNET_DISCONNECTED" not in told.text:
        chatting.trouble.append(told.text)
