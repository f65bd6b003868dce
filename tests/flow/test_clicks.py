"""Clicks stall, are judged with what else was done at once, and are told once, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from support.clock import MovedClock
from support.flows import Flow, flowing
from support.receiver import Receiver
from support.stores import write
from support.waiting import until
from tidings.flow.clicks.crowd import MOST_NETWORKS, Crowd
from tidings.flow.clicks.following import Visitor, take
from tidings.flow.clicks.guesses import MOST, MOST_HOUSEHOLDS, Guesses
from tidings.flow.clicks.recent import MOST_MESSAGES, Recent
from tidings.flow.clicks.telling import EVERY
from tidings.flow.erase import delete, redact
from tidings.model.clicks import Click
from tidings.model.events import Kind
from tidings.model.links import Link, LinkKind
from tidings.model.reports import Interaction
from tidings.store.log import decode_event

BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0", "accept-language": "en"}
FOR_EVER = 2**60
SECOND = 1_000
MINUTE = 60 * SECOND


class Clicking:
    """A flow with messages that went by a channel, and people who follow their links."""

    def __init__(self, flow: Flow, receiver: Receiver) -> None:
        self.flow = flow
        self.receiver = receiver

    async def message(self, channel: str = "c1") -> str:
        """Send a message; a minute has passed when this returns."""
        message = await self.flow.accepted(channel)
        for _ in range(400):
            if any(decode_event(row).kind is Kind.SENT for row in await self.flow.stored("events_of", message=message)):
                break
            await asyncio.sleep(0.01)
        self.flow.clock.move(MINUTE)
        return message

    async def click(
        self, message: str, slug: str = "a", *, platform: str = "sms", kind: LinkKind = LinkKind.CLICK, agent: str = ""
    ) -> None:
        link = Link(
            slug=slug,
            kind=kind,
            workspace="w1",
            message=message,
            channel="c1",
            platform=platform,
            url=f"https://shop.example/{slug}" if kind is LinkKind.CLICK else "",
            name=f"the {slug}",
            expires_at=FOR_EVER,
        )
        visitor = Visitor("GET", {**BROWSER, "user-agent": agent or BROWSER["user-agent"]}, "9.9.9.9")
        await take(self.flow.world, link, f"https://go.example/{slug}", visitor)

    async def told(self, message: str) -> list[Interaction]:
        """What was told of a message, in order."""
        events = [decode_event(row) for row in await self.flow.stored("events_of", message=message)]
        return [each.fact.interaction for each in events if each.kind is Kind.INTERACTION and each.fact.interaction]

    async def tells(self, message: str, number: int) -> list[Interaction]:
        """Wait until so much was told of a message, and nothing is left."""
        for _ in range(400):
            if len(told := await self.told(message)) >= number and not await self.waiting():
                return told
            await asyncio.sleep(0.01)
        raise AssertionError(f"{len(told)} of {number} were told: {told}")

    async def waiting(self) -> int:
        """How many clicks nobody has been told yet."""
        return len(await self.flow.stored("clicks_due", now=FOR_EVER, limit=10_000))

    async def settled(self) -> None:
        """Wait until the reader has looked, and waits."""
        for _ in range(20):
            await asyncio.sleep(0.005)

    def counted(self, what: str) -> int:
        return self.flow.world.counts.all().get(("clicks", what), 0)


@asynccontextmanager
async def clicking(url: str, clock: MovedClock | None = None, **settings: Any) -> AsyncIterator[Clicking]:
    async with Receiver() as receiver, flowing(url, clock=clock, **settings) as flow:
        if "c1" not in flow.world.directory.channels:
            await flow.channel(receiver.url)
        yield Clicking(flow, receiver)


async def test_a_click_is_told_with_all_that_is_known_of_it(database_url: str) -> None:
    async with clicking(database_url) as hub:
        message = await hub.message()
        await hub.click(message)
        [told] = await hub.tells(message, 1)
        assert (told.url, told.link_name, told.short_url) == (
            "https://shop.example/a",
            "the a",
            "https://go.example/a",
        )
        assert (told.prefetched, told.details, told.user_agent) == (False, "", "")
        kinds = [decode_event(row).kind for row in await hub.flow.stored("events_of", message=message)]
        assert kinds[-2:] == [Kind.DELIVERED, Kind.INTERACTION]
        assert hub.counted("human") == 1


async def test_clicks_in_mail_wait_until_it_is_known_what_else_was_clicked(database_url: str) -> None:
    async with clicking(database_url) as hub:
        message = await hub.message()
        for slug in "abc":
            await hub.click(message, slug, platform="email")
            hub.flow.clock.move(SECOND)
        await hub.settled()
        assert await hub.told(message) == []
        hub.flow.clock.move(15 * SECOND)
        told = await hub.tells(message, 3)
        assert [(each.prefetched, each.details) for each in told] == [(True, "burst")] * 3
        assert hub.counted("late") == 0


async def test_a_chain_of_clicks_is_one_burst_also_where_its_beginning_was_told(database_url: str) -> None:
    async with clicking(database_url) as hub:
        message = await hub.message()
        for number in range(12):
            await hub.click(message, f"link{number}", platform="email")
            hub.flow.clock.move(2 * SECOND)
            await hub.settled()
        hub.flow.clock.move(20 * SECOND)
        told = await hub.tells(message, 12)
        assert {each.prefetched for each in told} == {True}


async def test_what_was_told_as_a_persons_stays_so_and_is_counted(database_url: str) -> None:
    async with clicking(database_url) as hub:
        message = await hub.message()
        for slug in "abcd":
            await hub.click(message, slug)
            await hub.settled()
        told = await hub.tells(message, 4)
        assert [each.prefetched for each in told] == [False, False, True, True]
        assert (hub.counted("late"), hub.counted("human"), hub.counted("prefetched")) == (2, 2, 2)


async def test_two_taps_on_one_link_are_two_clicks_of_a_person(database_url: str) -> None:
    async with clicking(database_url) as hub:
        message = await hub.message()
        for _ in range(4):
            await hub.click(message)
        assert [each.prefetched for each in await hub.tells(message, 4)] == [False] * 4


async def test_opens_are_told_and_no_burst(database_url: str) -> None:
    async with clicking(database_url, mail_click_stall=0.0) as hub:
        message = await hub.message()
        for slug in "abc":
            await hub.click(message, slug, platform="email", kind=LinkKind.OPEN)
        told = await hub.tells(message, 3)
        assert {(each.deed.value, each.url, each.short_url, each.prefetched) for each in told} == {
            ("opened", "", "", False)
        }


async def test_a_click_sooner_than_any_person_is_a_machines(database_url: str) -> None:
    async with clicking(database_url) as hub:
        message = await hub.message()
        hub.flow.clock._now -= MINUTE
        await hub.click(message)
        [told] = await hub.tells(message, 1)
        assert (told.prefetched, told.details) == (True, "too-soon")


async def test_a_hub_that_stops_tells_what_it_took_down_when_it_is_there_again(database_url: str) -> None:
    clock = MovedClock()
    async with clicking(database_url, clock) as hub:
        message = await hub.message()
        await hub.click(message, platform="email")
    clock.move(MINUTE)
    async with clicking(database_url, clock) as hub:
        assert len(await hub.tells(message, 1)) == 1


async def test_a_click_whose_row_was_left_is_not_told_again(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with clicking(database_url) as hub:
        message = await hub.message()
        with monkeypatch.context() as broken:

            def lost(ids: Any) -> Any:
                raise OSError("the disk is away")

            broken.setattr("tidings.flow.clicks.telling._drop", lost)
            await hub.click(message)
            # Whoever looks again before the disk is back judges it again.
            await until(lambda: hub.counted("human") >= 1)
            await hub.settled()
            assert await hub.waiting() == 1
        hub.flow.clock.move(EVERY)
        assert len(await hub.tells(message, 1)) == 1
        hub.flow.clock.move(EVERY)
        await hub.settled()
        assert len(await hub.told(message)) == 1


async def test_a_click_that_cannot_be_written_down_holds_up_no_other_and_is_tried_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with clicking(database_url) as hub:
        good, bad = await hub.message(), await hub.message()
        pen = hub.flow.world.pen
        apply = pen._apply

        def broken(page: Any, index: int, fact: Any) -> Any:
            if fact.report.target.message == bad:
                raise ZeroDivisionError
            return apply(page, index, fact)

        with monkeypatch.context() as patched:
            patched.setattr(pen, "_apply", broken)
            await hub.click(bad)
            await hub.click(good)
            await until(lambda: hub.counted("human") >= 2)
            for _ in range(200):
                if await hub.told(good):
                    break
                await asyncio.sleep(0.01)
            assert (len(await hub.told(good)), await hub.told(bad)) == (1, [])
            await hub.settled()
        hub.flow.clock.move(EVERY)
        assert len(await hub.tells(bad, 1)) == 1


async def test_a_click_on_what_is_no_more_is_counted_and_forgotten(database_url: str) -> None:
    async with clicking(database_url) as hub:
        message, other = await hub.message(), await hub.message()
        await hub.click(message, platform="email")
        await delete(hub.flow.world, "w1", message)
        hub.flow.clock.move(15 * SECOND)
        await until(lambda: hub.counted("gone") == 1)
        directory = hub.flow.world.directory
        await directory.change(lambda: directory.drop_channel("w1", "c1"))
        await hub.click(other)
        await until(lambda: hub.counted("gone") == 2)
        await hub.settled()
        assert (await hub.waiting(), await hub.told(other)) == (0, [])
        parked = await hub.flow.stored("parked_before", before=FOR_EVER, limit=10)
        assert parked == []


async def test_of_a_message_redacted_meanwhile_only_that_it_was_clicked_is_told(database_url: str) -> None:
    async with clicking(database_url) as hub:
        message = await hub.message()
        await hub.click(message, platform="email")
        await redact(hub.flow.world, "w1", message)
        hub.flow.clock.move(15 * SECOND)
        [told] = await hub.tells(message, 1)
        assert (told.url, told.link_name, told.short_url, bytes(told.raw)) == ("", "", "", b"{}")


async def test_many_more_clicks_than_one_round_takes_are_all_told(sqlite_url: str) -> None:
    async with clicking(sqlite_url) as hub:
        messages = [await hub.message() for _ in range(3)]
        await asyncio.gather(*(hub.click(messages[number % 3], f"link{number}") for number in range(700)))
        told = [len(await hub.tells(message, 233)) for message in messages]
        assert sum(told) == 700


async def test_whatever_hub_takes_a_click_down_the_one_with_the_lease_tells_it_at_once(postgres_url: str) -> None:
    clock = MovedClock()
    async with clicking(postgres_url, clock) as one, clicking(postgres_url, clock) as two:
        message = await one.message()
        await until(lambda: all("c1" in each.flow.world.directory.channels for each in (one, two)))
        await asyncio.gather(*(hub.click(message) for hub in (one, two) for _ in range(10)))
        told = await one.tells(message, 20)
        assert len({each.key for each in told}) == len(told) == 20
        assert {one.counted("human"), two.counted("human")} == {0, 20}


async def test_a_database_that_is_away_is_asked_again(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with clicking(sqlite_url, click_stall=5.0) as hub:
        message = await hub.message()
        await hub.click(message)
        database = hub.flow.world.store.database
        read = database.read

        async def away(transaction: Any) -> Any:
            if transaction.__name__ == "_read_due":
                raise OSError("the disk is away")
            return await read(transaction)

        with monkeypatch.context() as broken:
            broken.setattr(database, "read", away)
            hub.flow.clock.move(5 * SECOND)
            await hub.settled()
        assert await hub.told(message) == []
        hub.flow.clock.move(EVERY)
        assert len(await hub.tells(message, 1)) == 1


async def test_rows_are_as_thin_as_they_are_said_to_be(database_url: str) -> None:
    async with clicking(database_url, click_stall=60.0) as hub:
        message = await hub.message()
        await hub.click(message, agent="Telltale/1.0")
        [(_, _, body)] = await hub.flow.stored("clicks_due", now=FOR_EVER, limit=1)
        assert len(body) < 400
        assert b"Telltale" not in body
        await write(hub.flow.world.store, "drop_click", id="nobody's")
        assert await hub.waiting() == 1


def click(message: str, slug: str, at: int) -> Click:
    link = Link(
        slug=slug, kind=LinkKind.CLICK, workspace="w", message=message, channel="c", platform="sms", expires_at=1
    )
    return Click(f"{message}-{slug}-{at}", link, "", at, at)


def test_only_so_many_messages_are_remembered_and_none_for_longer_than_a_burst_lasts() -> None:
    recent = Recent()
    recent.keep([click("old", "a", 0), click("old", "b", 1)], frozenset())
    assert recent.bursts([click("old", "c", 2)]) == {"old-a-0", "old-b-1", "old-c-2"}
    recent.keep([click("old", "c", 9_000)], frozenset())
    assert recent.bursts([click("old", "d", 9_001)]) == frozenset()
    recent.keep([click(f"m{number}", "a", 0) for number in range(MOST_MESSAGES)], frozenset())
    assert len(recent._messages) == MOST_MESSAGES
    assert "old" not in recent._messages


def test_a_crowd_is_three_messages_at_once_and_forgotten_soon() -> None:
    crowd = Crowd()
    assert [crowd.joins("n", message, 0) for message in "aab"] == [False] * 3
    assert crowd.joins("n", "c", 5_000) is True
    assert crowd.joins("n", "d", 5_001) is False
    assert crowd.joins("other", "a", 60_000) is False
    assert list(crowd._networks) == ["other"]
    for number in range(MOST_NETWORKS + 5):
        crowd.joins(f"n{number}", "a", 60_000)
    assert len(crowd._networks) <= MOST_NETWORKS


def test_guesses_are_counted_for_a_minute() -> None:
    guesses = Guesses()
    for _ in range(MOST):
        assert not guesses.are_too_many("me", 0)
        guesses.add("me", 0)
    assert guesses.are_too_many("me", MINUTE - 1)
    assert not guesses.are_too_many("you", 0)
    assert not guesses.are_too_many("me", MINUTE)
    guesses.add("me", MINUTE)
    assert not guesses.are_too_many("me", MINUTE)
    for number in range(MOST_HOUSEHOLDS + 1):
        guesses.add(str(number), 0)
    assert len(guesses._made) == MOST_HOUSEHOLDS
