"""Playing: each message is sent, everything that comes of it is awaited, and in the end compared."""

import asyncio
import contextlib
from typing import Any

import uvloop

from tidings.cli import logs
from tidings.cli.demo.receiver import CHANNELS, OMNICHANNEL, Receiver, Told
from tidings.cli.demo.screen import Screen
from tidings.cli.demo.stage import PACE, Stage, staged
from tidings.cli.demo.story import Outcome, Play, differences

PATIENCE = 8.0
"""Seconds that a chapter's webhooks may take."""
AFTERMATH = 0.3
"""Seconds in which nothing more may come once everything has."""


def perform(play: Play, *, pace: float = PACE) -> bool:
    """Play a demonstration, with so many seconds between what a provider tells; say whether all came out as it must."""
    logs.set_up("warning", "console")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(Performance(play, pace).run())


class Performance:
    """One performance: what was told so far, and about which chapter's message."""

    def __init__(self, play: Play, pace: float) -> None:
        self._play = play
        self._pace = pace
        self._screen = Screen(play)
        self._told: list[Told] = []
        self._chapters: dict[str, int] = {}
        """Chapters by the ids of their messages."""
        self._now = 0
        """The chapter being played."""
        self._news = asyncio.Event()

    async def run(self) -> bool:
        """Play every chapter, then compare what came of it with what must have."""
        play = self._play
        async with (
            Receiver(self._hear) as receiver,
            staged(receiver, play.players, play.events, pace=self._pace) as stage,
        ):
            self._screen.open(stage.hub_url, receiver.url)
            for number, (chapter, act) in enumerate(play.scenes):
                self._now = number
                self._screen.begin(number, chapter)
                message = await act(stage)
                if message:
                    self._chapters[message] = number
                await self._wait_for(number)
            await asyncio.sleep(AFTERMATH)
            return await self._conclude(stage)

    def _hear(self, told: Told) -> None:
        # A webhook may come before the answer to the very request that caused it: then it is about this chapter.
        number = self._chapters.setdefault(told.message, self._now)
        self._told.append(told)
        self._screen.tell(number, told)
        self._news.set()

    async def _wait_for(self, number: int) -> None:
        """Wait until every webhook has come that a chapter must bring; if some are missing, the end tells which."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while self._is_behind(number):
                    self._news.clear()
                    await self._news.wait()

    def _is_behind(self, number: int) -> bool:
        chapter, before = self._play.chapters[number], self._play.chapters[:number][-1:]
        due = chapter.webhooks - chapter.later
        late = any(each.later and len(self._about(number - 1)) < each.webhooks for each in before)
        return late or len(self._about(number)) < due

    def _about(self, number: int) -> list[Told]:
        return [told for told in self._told if self._chapters[told.message] == number]

    async def _conclude(self, stage: Stage) -> bool:
        chapters = self._play.chapters
        outcomes = [await self._outcome(stage, number) for number in range(len(chapters))]
        wrong = [differences(chapter, outcome) for chapter, outcome in zip(chapters, outcomes, strict=True)]
        unproven = sum((not told.standard) + (not told.own) for told in self._told)
        as_expected = not unproven and not any(wrong)
        self._screen.close(outcomes, wrong)
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
        log = tuple(map(_said, await stage.log(message)))
        return Outcome(life["stage"], hops, omnichannel, channels, answers, log)


def _said(event: dict[str, Any]) -> str:
    """What an event of the log says: its kind, of an interaction its deed."""
    return str(event.get("interaction", {}).get("deed") or event["kind"])
