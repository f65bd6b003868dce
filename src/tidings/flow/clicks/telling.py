"""Telling clicks: each has stalled until it is known what else was done at once, is judged, and told once.

A click is told by its id, which the pen takes once, and then its row goes. Whoever dies between the two tells it again
in vain. So nothing that was answered is lost, and nothing is told twice.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec
import structlog
from msgspec import Struct

from tidings.flow.clicks.recent import Recent
from tidings.flow.facts import Told
from tidings.flow.world import World
from tidings.model.clicks import Click
from tidings.model.exchange import encode_raw
from tidings.model.links import LinkKind
from tidings.model.messages import Hop, Life
from tidings.model.reports import Deed, Interaction, Target
from tidings.rules.prefetch import found_later, is_by_machine, why
from tidings.store.log import decode_life
from tidings.store.statements import Transaction, statement

logger = structlog.get_logger()

LEASE: Final = "clicks"
"""The lease of whoever tells clicks."""
PAGE: Final = 256
"""How many clicks are told at once: as many as one commit takes."""
MOST_BESIDE: Final = 5_000
"""How many more clicks on the same messages are looked at."""
EVERY: Final = 1_000
"""Milliseconds between two looks for clicks that nobody told us of, and after a failure."""

DEEDS: Final = {LinkKind.CLICK: Deed.CLICKED, LinkKind.OPEN: Deed.OPENED}

_decode: Final = msgspec.json.Decoder(Click).decode


class _Due(Struct, frozen=True):
    """What is to be told now, and all that it is judged by."""

    clicks: Sequence[Click]
    beside: Sequence[Click]
    """Other clicks on the same messages that are on disk."""
    lives: Mapping[str, Life]
    next_at: int | None = None
    """Where nothing is to be told: when something will be."""


class ClickReader:
    """Tells what has stalled long enough, wherever `holds` says that it is this process's to tell."""

    def __init__(self, world: World, holds: Callable[[], bool]) -> None:
        self._world = world
        self._holds = holds
        self._wake = asyncio.Event()
        self._due_at: int | None = None
        self._recent = Recent()
        world.clicks.taken = self.look

    def look(self, due_at: int = 0) -> None:
        """Hear that something is to be told at a time; 0: now, perhaps."""
        if self._due_at is None or due_at < self._due_at:
            self._due_at = due_at
            self._wake.set()

    async def run(self) -> None:
        """Tell clicks for ever."""
        while True:
            self._wake.clear()
            self._due_at = None
            wait = EVERY
            if self._holds():
                try:
                    wait = await self._round()
                except Exception:
                    # The database is away, perhaps; the next round finds out.
                    logger.exception("clicks could not be told")
            if wait:
                await self._pause(wait)

    async def _pause(self, wait: int) -> None:
        """Wait so long, or until something comes that is due earlier."""
        clock = self._world.clock
        until = clock.now() + wait
        while clock.now() < until:
            timer = clock.at(until, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                timer.cancel()
            self._wake.clear()
            if self._due_at is not None:
                until = min(until, self._due_at)

    async def _round(self) -> int:
        """Tell some clicks; give how many milliseconds there is nothing more to tell."""
        world = self._world
        now = world.clock.now()
        due = await world.store.read(_read_due(now))
        if not due.clicks:
            return EVERY if due.next_at is None else min(EVERY, max(1, due.next_at - now))
        bursts = self._recent.bursts((*due.clicks, *due.beside))
        told, failures = [], 0
        facts = [self._fact(each, due.lives.get(each.link.message), bursts=each.id in bursts) for each in due.clicks]
        written = [None if fact is None else world.store.put(world.pen, fact) for fact in facts]
        for click, future in zip(due.clicks, written, strict=True):
            try:
                if future is not None:
                    await future
                told.append(click)
            except Exception:
                failures += 1
                logger.exception("a click could not be written down", click=click.id)
        if told:
            await world.store.write(partial(_drop, [(each.id,) for each in told]))
            world.counts.add("clicks", "late", self._recent.keep(told, bursts))
        # What could not be written down stays due, and must not be looked for without a pause.
        return EVERY if failures else 0

    def _fact(self, click: Click, life: Life | None, *, bursts: bool) -> Told | None:
        """Say what a click means; None where there is nobody to be told, or nothing to tell it of."""
        channel = self._world.directory.channels.get(click.link.channel)
        hop = None if life is None else _hop_over(life, click.link.channel)
        if channel is None or hop is None:
            self._world.counts.add("clicks", "gone")
            return None
        found = found_later(click.found, click.link.platform, hop.sent_at, click.at, bursts=bursts)
        by_machine = is_by_machine(found)
        self._world.counts.add("clicks", "prefetched" if by_machine else "human")
        return Told(channel, interaction_of(click, found, by_machine=by_machine))


def interaction_of(click: Click, found: Sequence[str], *, by_machine: bool) -> Interaction:
    """Say what a click or an open means, and by which rules."""
    link = click.link
    said = {"shortUrl": click.short_url, "found": found, "userAgent": click.agent, "address": click.address}
    return Interaction(
        click.id,
        DEEDS[link.kind],
        Target(message=link.message),
        encode_raw({name: value for name, value in said.items() if value}),
        at=click.at,
        url=link.url,
        link_name=link.name,
        short_url=click.short_url if link.kind is LinkKind.CLICK else "",
        prefetched=by_machine,
        user_agent=click.agent,
        details=why(found) if by_machine else "",
    )


def _hop_over(life: Life, channel: str) -> Hop | None:
    """Find the hop of a message that brought the link, as far as there was one."""
    return next((hop for hop in reversed(life.hops) if hop.channel == channel), None)


def _read_due(now: int) -> Transaction[_Due]:
    """Read what is to be told by now; where there is nothing, when there will be."""
    clicks = [_decode(row[2]) for row in (yield statement("clicks_due")(now=now, limit=PAGE))]
    if not clicks:
        rows = yield statement("next_click_due")()
        return _Due((), (), {}, rows[0][0])
    messages = list({each.link.message for each in clicks})
    known = {each.id for each in clicks}
    rows = yield statement("clicks_on")(messages=messages, limit=MOST_BESIDE)
    beside = [_decode(row[2]) for row in rows if row[0] not in known]
    lives = {row[0]: decode_life(row[1]) for row in (yield statement("standing_of")(messages=messages))}
    return _Due(clicks, beside, lives)


def _drop(ids: Sequence[tuple[str]]) -> Transaction[None]:
    yield statement("drop_click").many(ids)
