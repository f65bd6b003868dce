"""A hub with tracked links, and visitors who follow them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from support.stories import Story, telling

PERSON = {
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "accept-language": "en-GB,en;q=0.8",
}
"""What a person's browser says."""
TARGET = "https://shop.example/track/42?a=1&b=%C3%A9#top"


class Answered(NamedTuple):
    """What a door answered."""

    status: int
    headers: Any
    body: bytes


class Followed:
    """A story with a message that has links."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.world = story.at_work.world
        self.message = ""
        self._sent = 0

    async def send(self, text: str, **more: Any) -> list[str]:
        """Send a text with tracked links by sms; give the short ones, in order."""
        self.message = await self.story.send(
            {"phoneNumber": "447700900001"}, "sms", body=text, shortenLinks="on", **more
        )
        self._sent += 1
        await self.story.hears_of("message.delivered", self._sent)
        return await self.links()

    async def links(self) -> list[str]:
        """The addresses that a visitor asks for the message's links, in order."""
        life = await self.story.ask("GET", f"/apispaces/{self.story.workspace}/messages/{self.message}")
        return [each["shortUrl"] for each in life["links"]]

    async def visit(self, url: str, method: str = "GET", *, as_is: bool = False, **headers: str) -> Answered:
        """Follow a link as a person's browser does, or otherwise; header names are written with `_`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = named if as_is else {**PERSON, **named}
        async with self.story.at_work.http.request(
            method, url, headers=sent, allow_redirects=False, skip_auto_headers=("user-agent", "accept")
        ) as answer:
            return Answered(answer.status, answer.headers, await answer.read())

    async def clicks(self, number: int) -> list[Any]:
        """Wait until the subscriber was told of so many clicks; give them as the omnichannel vocabulary tells them."""
        await self.story.hears_of("interaction.click", number)
        await self.story.quiet()
        return [each["payload"] for each in self.story.subscriber.bodies("interaction.click")]

    def counted(self, what: str) -> int:
        """How often something happened to clicks."""
        return self.world.counts.all().get(("clicks", what), 0)


@asynccontextmanager
async def followed(tmp_path: Path, **settings: Any) -> AsyncIterator[Followed]:
    """Run a hub with an sms channel."""
    async with telling(tmp_path, "sms", **settings) as story:
        await story.channel("twilio")
        yield Followed(story)
