"""Counts are written with the facts they count: once each, on either database, whoever writes at the same time."""

import asyncio
from typing import Any

import pytest
from msgspec import Raw

from support.flows import PHONE, Flow, flowing
from support.stores import look_into, opened, tables_with
from tidings.flow.erase import delete, redact
from tidings.flow.facts import Outcome, Told
from tidings.flow.interactions import counted, interactions_after, newest_interactions
from tidings.model.events import Event, Kind
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Target
from tidings.model.stages import Stage
from tidings.model.tallies import Count, Counts, LinkCount
from tidings.rules import counting
from tidings.store.log import decode_event

MARK = "https://between-us.example/"
RAW = Raw(b"{}")
CHANNEL = "nobody's"


def did(key: str, kind: Deed, target: Target, **said: Any) -> Interaction:
    return Interaction(key, kind, target, RAW, **said)


def clicked(key: str, message: str, url: str = "", **said: Any) -> Interaction:
    return did(key, Deed.CLICKED, Target(message), url=url, **said)


async def tell(flow: Flow, report: Interaction | Receipt | Inbound) -> Outcome:
    return await flow.world.record(Told(flow.as_channel(CHANNEL), report))


async def counts(flow: Flow, message: str) -> Counts | None:
    return (await flow.world.store.read(counted([message]))).get(message)


async def test_each_deed_is_counted_once_people_and_machines_apart(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message, other = await flow.sent(), await flow.sent()
        done = [
            did("o1", Deed.OPENED, Target(message), at=10),
            did("o2", Deed.OPENED, Target(message), at=5, prefetched=True),
            clicked("c1", message, MARK, at=30, link_name="Offer"),
            clicked("c2", message, MARK, at=20, link_name="Offer", prefetched=True),
            clicked("c3", message, MARK, at=40, link_name="Offer"),
            clicked("c4", message, at=50, payload="yes"),
            did("r1", Deed.REACTION, Target(message), at=60, emoji="❤", action="react"),
            did("r2", Deed.REACTION, Target(message), at=70, action="unreact"),
        ]
        for _ in range(2):
            await asyncio.gather(*(tell(flow, each) for each in (*done, *done)))
        assert await counts(flow, message) == Counts(
            deeds={
                "opened": Count(1, 1, 5, 10),
                "clicked": Count(3, 1, 20, 50),
                "reaction": Count(1, 0, 60, 60),
                "unreaction": Count(1, 0, 70, 70),
            },
            links=(LinkCount(MARK, "Offer", Count(2, 1, 20, 40)),),
        )
        assert await counts(flow, other) is None
        events = [decode_event(row) for row in await flow.stored("events_of", message=message)]
        assert [event.kind for event in events].count(Kind.INTERACTION) == len(done)


async def test_other_facts_are_not_counted(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message = await flow.sent()
        await flow.reached(message, Stage.READ)
        await tell(flow, did("r", Deed.READ, Target(message)))
        await flow.inbound("in")
        assert await flow.stored("tallies_of", messages=[message]) == []


async def test_what_was_parked_is_counted_when_it_finds_its_message(database_url: str) -> None:
    async with flowing(database_url) as flow:
        early = did("c1", Deed.CLICKED, Target(reference="later"), url=MARK, at=1)
        assert (await tell(flow, early)).value == ""
        message = await flow.sent(reference="later")
        assert await counts(flow, message) == Counts(
            deeds={"clicked": Count(1, 0, 1, 1)}, links=(LinkCount(MARK, "", Count(1, 0, 1, 1)),)
        )


async def test_what_is_done_with_a_message_that_came_in_is_counted_too(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message = (await tell(flow, Inbound("in", PHONE, RAW, reference="theirs"))).value
        await tell(flow, did("d", Deed.DELETE_REQUEST, Target(reference="theirs"), at=3, sender=PHONE))
        assert await counts(flow, message) == Counts(deeds={"delete-request": Count(1, 0, 3, 3)})


@pytest.mark.parametrize("url", [f"{MARK}\0", f"{MARK}é😀", "x" * 4_000, "'); DROP TABLE tally; --"])
async def test_any_text_can_be_a_link(database_url: str, url: str) -> None:
    async with flowing(database_url) as flow:
        message = await flow.sent()
        await tell(flow, clicked("c", message, url, link_name="\0", at=1))
        found = await counts(flow, message)
        assert found is not None
        assert found.links == (LinkCount(url, "\0", Count(1, 0, 1, 1)),)


async def test_a_time_that_no_column_holds_counts_as_now(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message, now = await flow.sent(), flow.clock.now()
        await tell(flow, did("o", Deed.OPENED, Target(message), at=2**63 - 1))
        assert await counts(flow, message) == Counts(deeds={"opened": Count(1, 0, now, now)})


async def test_links_beyond_the_first_so_many_count_together(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.flow.tallies.MOST_LINKS", 2)
    async with flowing(database_url) as flow:
        message = await flow.sent()
        for number, name in enumerate("abcadb"):
            await tell(flow, clicked(f"c{number}", message, MARK + name, at=number))
        await tell(flow, clicked("p", message, payload="yes", at=9))
        await tell(flow, clicked("m", message, MARK + "c", at=9, prefetched=True))
        await tell(flow, clicked("l", message, "x" * 5_000, at=9))
        found = await counts(flow, message)
        assert found is not None
        assert found.links == (
            LinkCount(MARK + "a", "", Count(2, 0, 0, 3)),
            LinkCount(MARK + "b", "", Count(2, 0, 1, 5)),
            LinkCount(MARK + "c", "", Count(0, 1, 9, 9)),
        )
        assert (found.others, found.deeds["clicked"]) == (Count(3, 0, 2, 9), Count(8, 1, 0, 9))
        assert len(await flow.stored("tallies_of", messages=[message])) == 5


def test_the_bound_is_what_the_documents_say() -> None:
    assert (counting.MOST_LINKS, counting.LONGEST_LINK) == (100, 4_096)


async def test_redaction_keeps_the_counts_and_no_link(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message, other = await flow.sent(), await flow.sent()
        for number in range(3):
            await tell(flow, clicked(f"c{number}", message, f"{MARK}{number % 2}", at=number))
        await tell(flow, clicked("o", other, "https://kept.example", at=1))
        before = await counts(flow, message)
        assert await redact(flow.world, "w1", message)
        late = did("late", Deed.CLICKED, Target(message), url=MARK, link_name=MARK, payload=MARK, user_agent=MARK, at=9)
        await tell(flow, late)
        after = await counts(flow, message)
        assert before is not None
        assert after == Counts(deeds={"clicked": Count(4, 0, 0, 9)})
        assert await look_into(database_url, tables_with(MARK)) == set()
        kept = await counts(flow, other)
        assert kept is not None
        assert len(kept.links) == 1


async def test_counts_go_with_their_message(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message, other = await flow.sent(), await flow.sent()
        for each in (message, other):
            await tell(flow, clicked(f"c {each}", each, MARK))
        assert await delete(flow.world, "w1", message)
        assert await counts(flow, message) is None
        assert await counts(flow, other) is not None


async def test_two_processes_lose_no_count(postgres_url: str) -> None:
    async with flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        messages = [await one.sent() for _ in range(3)]

        async def tap(flow: Flow, number: int) -> None:
            message = messages[number % 3]
            await tell(
                flow, clicked(f"{id(flow)}:{number}", message, f"{MARK}{number % 5}", prefetched=number % 2 == 0)
            )

        await asyncio.gather(*(tap(flow, number) for number in range(150) for flow in (one, two)))
        for message in messages:
            found = await counts(one, message)
            assert found is not None
            assert (found.deeds["clicked"].human, found.deeds["clicked"].machine) == (50, 50)
            assert sum(link.count.human + link.count.machine for link in found.links) == 100
            assert len(found.links) == 5


async def test_the_same_deed_told_to_two_processes_counts_once(postgres_url: str) -> None:
    async with flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        message = await one.sent()
        told = [tell(flow, clicked(f"c{number}", message, MARK)) for number in range(20) for flow in (one, two)]
        # The one that comes second breaks, is told again by its provider, and is known then.
        await asyncio.gather(*told, return_exceptions=True)
        for number in range(20):
            await tell(two, clicked(f"c{number}", message, MARK))
        found = await counts(one, message)
        assert found is not None
        assert found.deeds["clicked"].human == 20


async def test_a_redaction_waits_for_what_another_process_counts(postgres_url: str) -> None:
    async with flowing(postgres_url) as one, opened(postgres_url) as other:
        message = await one.sent()
        tapped = Told(one.as_channel(CHANNEL), clicked("c", message, MARK))
        await other.database.begin()
        await other.database.run(one.world.pen.transaction([tapped]))
        redacting = asyncio.ensure_future(redact(one.world, "w1", message))
        await asyncio.sleep(0.05)
        assert not redacting.done()
        await other.database.commit()
        assert await redacting
        found = await counts(one, message)
        assert found is not None
        assert (found.deeds["clicked"].human, found.links) == (1, ())


async def test_pages_are_full_although_something_is_passed_over(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message = await flow.sent()
        for number in range(9):
            await tell(flow, clicked(f"c{number}", message, f"{MARK}{number}"))

        def is_third(event: Event) -> bool:
            done = event.fact.interaction
            return done is not None and int(done.url[-1]) % 3 == 0

        seen: list[str] = []
        after, more = 0, True
        while more:
            asked = interactions_after(message, (Kind.INTERACTION,), is_third, after=after, limit=2)
            done = await flow.world.store.read(asked)
            seen += [each.fact.interaction.url[-1] for each in done.events if each.fact.interaction]
            after, more = done.events[-1].position, done.more
            assert len(done.events) == (2 if more else 1)
            assert done.counts == await counts(flow, message)
        assert seen == ["0", "3", "6"]
        newest = await flow.world.store.read(newest_interactions(message, 2))
        assert [each.fact.interaction.url[-1] for each in newest.events if each.fact.interaction] == ["8", "7"]
