"""Subscribers with moods: healthy, failing, hanging, away. Each writes down what it heard, and what of that it took."""

import random
import socket
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from aiohttp import web

from support.receiver import Got, Receiver

TAKEN = 204
FAILS = 500
HANGS = 0

Mood = Callable[[Sequence[str]], int]
"""Decides on the answer to a webhook from the ids of its events; 0: hang."""


class Hearing(NamedTuple):
    """One event of one webhook, as an endpoint heard it."""

    webhook: int
    """The webhooks are counted; those that are gathered have several events."""
    at: float
    id: str
    event: Mapping[str, Any]
    taken: bool
    """Whether it was answered with a 204."""

    @property
    def message(self) -> str:
        return str(self.event["payload"]["id"])

    @property
    def revision(self) -> int:
        return int(self.event["revision"])


class Moody(Receiver):
    """A subscriber in a mood of its own, until it recovers."""

    def __init__(self, name: str, mood: Mood) -> None:
        super().__init__(self._decide)
        self.name = name
        self.hearings: list[Hearing] = []
        self.taken: set[str] = set()
        """The ids of the events that it has taken."""
        self._mood = mood

    async def recover(self) -> None:
        """Take everything from now on."""
        self._mood = well

    def _decide(self, got: Got) -> int:
        told = got.json
        events = told if isinstance(told, list) else [told]
        ids = [event["eventId"] for event in events]
        status, now = self._mood(ids), time.monotonic()
        for id_, event in zip(ids, events, strict=True):
            self.hearings.append(Hearing(len(self.got), now, id_, event, status == TAKEN))
        if status == TAKEN:
            self.taken.update(ids)
        return status


class Away(Moody):
    """A subscriber whose port is dead until it recovers: it is kept, but nobody listens there."""

    def __init__(self, name: str) -> None:
        super().__init__(name, well)
        self._socket = socket.socket()

    async def __aenter__(self) -> "Away":
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        return self

    async def __aexit__(self, *arguments: object) -> None:
        if self._runner is not None:
            await super().__aexit__(*arguments)
        self._socket.close()

    async def recover(self) -> None:
        self._runner = await self._running()
        await web.SockSite(self._runner, self._socket).start()


def well(_: Sequence[str]) -> int:
    """Take everything."""
    return TAKEN


def stuck(_: Sequence[str]) -> int:
    """Never answer."""
    return HANGS


def failing(chance: random.Random, *, share: float, outages: Collection[tuple[float, float]]) -> Mood:
    """Fail such a share of the webhooks, but no event twice, and everything between such times, in seconds from now."""
    begun, failed = time.monotonic(), set[str]()

    def mood(ids: Sequence[str]) -> int:
        now = time.monotonic() - begun
        if any(start <= now < end for start, end in outages):
            return FAILS
        if failed.isdisjoint(ids) and chance.random() < share:
            failed.update(ids)
            return FAILS
        return TAKEN

    return mood


def hanging(chance: random.Random, *, share: float) -> Mood:
    """Leave such a share of the webhooks unanswered, but no event twice."""
    hung = set[str]()

    def mood(ids: Sequence[str]) -> int:
        if hung.isdisjoint(ids) and chance.random() < share:
            hung.update(ids)
            return HANGS
        return TAKEN

    return mood
