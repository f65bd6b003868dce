"""Playing the story: each message is sent, everything that comes of it is awaited, and in the end compared."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import uvloop

from tidings.cli import logs
from tidings.cli.demo.receiver import Receiver, Told
from tidings.cli.demo.screen import Screen
from tidings.cli.demo.stage import PACE, PLAYERS, Stage, staged
from tidings.cli.demo.story import CHANNELS, CHAPTERS, OMNICHANNEL, Chapter, Outcome, differences
from tidings.simulators.simulator import Fault

PHONE = "+447700900123"
REFUSED_PHONE = "+15005550001"
"""A number that Twilio, and so its simulator, refuses as invalid."""
EMAIL = "ada@example.com"
PATIENCE = 8.0
"""Seconds that a chapter's webhooks may take."""
STATUSES = 3
"""Callbacks by which the simulated WhatsApp tells sent, delivered and read."""
AFTERMATH = 0.3
"""Seconds in which nothing more may come once everything has."""


def play() -> bool:
    """Play the demonstration; say whether everything came out as it must."""
    logs.set_up("warning", "console")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(Performance().run())


class Performance:
    """One performance: what was told so far, and about which chapter's message."""

    def __init__(self) -> None:
        self._screen = Screen()
        self._told: list[Told] = []
        self._chapters: dict[str, int] = {}
        """Chapters by the ids of their messages."""
        self._now = 0
        """The chapter being played."""
        self._news = asyncio.Event()

    async def run(self) -> bool:
        """Play every chapter, then compare what came of it with what must have."""
        async with Receiver(self._hear) as receiver, staged(receiver) as stage:
            self._screen.open(stage.hub_url, list(PLAYERS.values()), receiver.url)
            for number, (chapter, act) in enumerate(zip(CHAPTERS, ACTS, strict=True)):
                self._now = number
                self._screen.begin(number, chapter)
                message = await act(stage)
                if message:
                    self._chapters[message] = number
                await self._wait_for(number, chapter)
            await asyncio.sleep(AFTERMATH)
            return await self._conclude(stage)

    def _hear(self, told: Told) -> None:
        # A webhook may come before the answer to the very request that caused it: then it is about this chapter.
        number = self._chapters.setdefault(told.message, self._now)
        self._told.append(told)
        self._screen.tell(number, told)
        self._news.set()

    async def _wait_for(self, number: int, chapter: Chapter) -> None:
        """Wait until every webhook of a chapter has come; if some are missing, the end tells which."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while len(self._about(number)) < len(chapter.omnichannel) + len(chapter.channels):
                    self._news.clear()
                    await self._news.wait()

    def _about(self, number: int) -> list[Told]:
        return [told for told in self._told if self._chapters[told.message] == number]

    async def _conclude(self, stage: Stage) -> bool:
        outcomes = [await self._outcome(stage, number) for number in range(len(CHAPTERS))]
        wrong = [differences(chapter, outcome) for chapter, outcome in zip(CHAPTERS, outcomes, strict=True)]
        unproven = sum((not told.standard) + (not told.own) for told in self._told)
        as_expected = not unproven and not any(wrong)
        self._screen.close(CHAPTERS, outcomes, wrong)
        self._screen.conclude(len(self._told), unproven, as_expected=as_expected)
        return as_expected

    async def _outcome(self, stage: Stage, number: int) -> Outcome:
        """Ask the hub what became of a chapter's message, and put beside it what the subscriber was told."""
        told = self._about(number)
        omnichannel = tuple(each.label for each in told if each.vocabulary == OMNICHANNEL)
        channels = tuple(each.label for each in told if each.vocabulary == CHANNELS)
        message = next((each for each, chapter in self._chapters.items() if chapter == number), None)
        if message is None:
            return Outcome("", (), omnichannel, channels)
        life = await stage.life(message)
        hops = tuple(f"{hop['platform']} {hop['stage']}" for hop in life.get("hops", ()))
        answers = self._chapters.get(life.get("correlation", {}).get("messageId", ""))
        return Outcome(life["stage"], hops, omnichannel, channels, answers)


async def _deliver(stage: Stage) -> str:
    contact = {"identifierKey": "phonenumber", "identifierValue": PHONE}
    text = {"type": "text", "text": {"text": "Your parcel comes between 9 and 10."}}
    return await stage.send_over("sms", {"receiver": {"contacts": [contact]}, "body": text, "reference": "parcel-42"})


async def _fall_back(stage: Stage) -> str:
    return await stage.send_by_rules(
        {
            "to": {"phoneNumber": REFUSED_PHONE, "email": EMAIL},
            "rules": ["sms", "email"],
            "title": "Your parcel",
            "body": "Your parcel comes between 9 and 10.",
            "metadata": {"parcel": 42},
        }
    )


async def _read_and_react(stage: Stage) -> str:
    """The simulated provider tells delivered and read by itself; then the person reacts."""
    message = await stage.send_by_rules({"to": {"phoneNumber": PHONE}, "rules": ["whatsApp"], "body": "Did it come?"})
    provider = stage.simulators["whatsapp"]
    async with asyncio.timeout(PATIENCE):
        # What the hub has answered it has on disk: so the reaction cannot overtake the reading.
        while len(provider.answers) < STATUSES:  # noqa: ASYNC110 - a simulator has no event for it
            await asyncio.sleep(0.01)
    provider.post(provider.act(provider.taken[-1]["id"], "reaction", emoji="👍"), delay=PACE)
    return message


async def _reply(stage: Stage) -> None:
    provider = stage.simulators["sms"]
    provider.post(provider.inbound(PHONE, "Please leave it at the door."))


async def _expire(stage: Stage) -> str:
    stage.simulators["pager"].order(Fault.LOST)
    contact = {"identifierKey": "identifier", "identifierValue": "pager-7"}
    text = {"type": "text", "text": {"text": "Call the depot."}}
    return await stage.send_over("pager", {"receiver": {"contacts": [contact]}, "body": text})


ACTS: tuple[Callable[[Stage], Awaitable[str | None]], ...] = (_deliver, _fall_back, _read_and_react, _reply, _expire)
"""How each chapter begins; each gives the id of the message sent, None where somebody else wrote it."""
