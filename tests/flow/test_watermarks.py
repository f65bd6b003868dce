"""Watermarks: whatever order answers, echoes and they themselves come in, each message is told of once, or not."""

import asyncio
from itertools import permutations

import pytest

from support.flows import PHONE, RAW, Flow, flowing
from tidings.flow.facts import Submitted, Told
from tidings.flow.sweep import sweep_old
from tidings.flow.watermarks import AHEAD, BACK
from tidings.model.events import Kind
from tidings.model.exchange import Piece, Sent
from tidings.model.reports import Receipt, Report, Target
from tidings.model.stages import Stage
from tidings.store.log import decode_event, decode_life

BOB = "+31600000000"
HERE = "nobody's"


async def told(flow: Flow, *reports: Report, channel: str = HERE) -> None:
    for report in reports:
        await flow.world.record(Told(flow.as_channel(channel), report))


def up_to(at: int, stage: Stage = Stage.READ, person: str = PHONE) -> Receipt:
    return Receipt(Target(address=person, until=at), stage, RAW)


def echo(reference: str, at: int) -> Receipt:
    return Receipt(Target(reference=reference), Stage.SENT, RAW, at, went_at=at)


def up_to_message(reference: str, stage: Stage = Stage.READ, person: str = PHONE) -> Receipt:
    return Receipt(Target(address=person, reference=reference), stage, RAW)


async def answered(flow: Flow, message: str, *references: str, went_at: int | None = None) -> None:
    pieces = tuple(Piece(each) for each in references)
    await flow.world.record(Submitted(message, 0, Sent(pieces=pieces, answer=RAW), went_at))


async def stages(flow: Flow, *messages: str) -> list[Stage]:
    rows = {row[0]: row[2] for row in await flow.stored("with_lives", messages=list(messages))}
    return [decode_life(rows[each]).stage for each in messages]


@pytest.mark.parametrize("order", list(permutations(["answer", "echo", "mark"])))
async def test_an_answer_an_echo_and_a_watermark_come_in_any_order(order: tuple[str, ...], sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        now = flow.clock.now()
        read, unread = await flow.accepted(), await flow.accepted()
        for each in order:
            flow.clock.move(1000)
            match each:
                case "answer":
                    await answered(flow, read, "r1")
                    await answered(flow, unread, "r2")
                case "echo":
                    await told(flow, echo("r1", now + 500), echo("r2", now + 501))
                case _:
                    await told(flow, up_to(now + 500))
        assert await stages(flow, read, unread) == [Stage.READ, Stage.SENT]


async def test_a_watermark_is_kept_over_a_restart_and_held_against_later_echoes(database_url: str) -> None:
    async with flowing(database_url) as flow:
        now = flow.clock.now()
        message = await flow.sent(reference="r1")
        flow.clock.move(1000)
        await told(flow, up_to(now - 1), up_to(now - 1, Stage.DELIVERED), up_to(now - 500))
        assert await stages(flow, message) == [Stage.SENT]
    async with flowing(database_url, clock=flow.clock) as flow:
        await told(flow, echo("r1", now - 2))
        assert await stages(flow, message) == [Stage.READ]


async def test_what_was_told_of_two_stages_is_told_in_their_order(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message = await flow.sent(reference="r1")
        at = flow.clock.now() - 5
        read = up_to(at)
        delivered = Receipt(Target(address=PHONE, until=at), Stage.DELIVERED, RAW)
        await told(flow, read, delivered, echo("r1", at))
        events = [decode_event(row) for row in await flow.stored("events_of", message=message)]
        assert [each.kind for each in events[-2:]] == [Kind.DELIVERED, Kind.READ]
        assert not any(each.fact.implied for each in events), "each was said by its own watermark"


async def test_where_no_echo_comes_the_time_of_asking_counts(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        now = flow.clock.now()
        before, after = await flow.accepted(), await flow.accepted()
        await told(flow, up_to(now + 10))
        flow.clock.move(1000)
        await answered(flow, before, "r1", went_at=now + 10)
        await answered(flow, after, "r2", went_at=now + 11)
        assert await stages(flow, before, after) == [Stage.READ, Stage.SENT]


async def test_an_answer_and_a_watermark_in_one_batch_know_of_each_other(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        early, late = await flow.accepted(), await flow.accepted()
        now = flow.clock.now()
        put, pen = flow.world.store.put, flow.world.pen
        facts = [
            Told(flow.as_channel(HERE), echo("r2", now + 1)),
            Told(flow.as_channel(HERE), up_to(now)),
            Submitted(early, 0, Sent(pieces=(Piece("r1"),), answer=RAW)),
            Submitted(late, 0, Sent(pieces=(Piece("r2"),), answer=RAW)),
        ]
        await asyncio.gather(*[put(pen, fact) for fact in facts])
        assert await stages(flow, early, late) == [Stage.READ, Stage.SENT]


async def test_a_watermark_of_one_person_or_channel_says_nothing_of_another(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        mine, theirs = await flow.accepted(), await flow.accepted(to=BOB)
        elsewhere = await flow.accepted("another")
        for number, message in enumerate((mine, theirs, elsewhere)):
            await answered(flow, message, f"r{number}")
        await told(flow, up_to(flow.clock.now()))
        assert await stages(flow, mine, theirs, elsewhere) == [Stage.READ, Stage.SENT, Stage.SENT]


async def test_a_watermark_that_finds_no_message_is_not_parked(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await told(flow, up_to(flow.clock.now()))
        assert await flow.stored("parked_in", workspace="w1", before="~", limit=5) == []


async def test_a_clock_that_is_a_little_ahead_is_believed_and_one_far_ahead_is_not(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        now = flow.clock.now()
        ahead, after = await flow.sent(reference="r1"), await flow.sent(reference="r2")
        await told(flow, echo("r1", now + 5000), echo("r2", now + 5001), up_to(now + 5000))
        assert await stages(flow, ahead, after) == [Stage.READ, Stage.SENT]
        await told(flow, up_to(10**17))
        assert await stages(flow, after) == [Stage.READ]
        flow.clock.move(AHEAD + 10_000)
        later = await flow.sent(reference="r3")
        await told(flow, echo("r3", flow.clock.now()))
        assert await stages(flow, later) == [Stage.SENT], "nobody has read what is yet to be sent"


async def test_old_watermarks_are_forgotten(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await told(flow, up_to(flow.clock.now()))
        assert len(await flow.stored("watermarks_of", channel=HERE, address=PHONE)) == 1
        flow.clock.move(BACK + 1)
        await sweep_old(flow.world)
        assert await flow.stored("watermarks_of", channel=HERE, address=PHONE) == []


# Up to a message


async def test_a_read_up_to_a_message_means_it_and_those_before_it(database_url: str) -> None:
    async with flowing(database_url) as flow:
        messages = []
        for number in range(4):
            messages.append(await flow.sent(reference=f"r{number}"))
            flow.clock.move(1000)
        await told(flow, up_to_message("r2"))
        assert await stages(flow, *messages) == [Stage.READ] * 3 + [Stage.SENT]


async def test_a_watermark_that_is_no_news_leaves_no_trace(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message = await flow.sent(reference="r1")
        now = flow.clock.now()
        await told(flow, up_to(now), up_to(now), up_to(now - 1))
        assert await stages(flow, message) == [Stage.READ]
        assert await flow.stored("history_of", message=message) == []


async def test_a_read_up_to_a_message_that_is_not_answered_for_waits(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        earlier, last = await flow.sent(reference="r1"), await flow.accepted()
        flow.clock.move(1000)
        await told(flow, up_to_message("r2"))
        assert await stages(flow, earlier, last) == [Stage.SENT, Stage.ACCEPTED]
        await answered(flow, last, "r2")
        assert await stages(flow, earlier, last) == [Stage.READ, Stage.READ]


async def test_a_read_up_to_one_part_of_a_message_means_the_parts_before_it(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        earlier = await flow.sent(reference="r0")
        flow.clock.move(1000)
        message = await flow.accepted()
        await answered(flow, message, "r1", "r2", "r3")
        await told(flow, up_to_message("r2"), echo("r3", flow.clock.now() - 10))
        assert await stages(flow, earlier, message) == [Stage.READ, Stage.SENT]
        await told(flow, up_to_message("r3"))
        assert await stages(flow, message) == [Stage.READ]


@pytest.mark.parametrize("first", [1, 2])
async def test_a_message_in_parts_went_when_its_last_part_did(first: int, sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        now = flow.clock.now()
        message = await flow.accepted()
        flow.clock.move(1000)
        await answered(flow, message, "r1", "r2")
        await told(flow, echo(f"r{first}", now + first), up_to(now + 1), echo(f"r{3 - first}", now + 3 - first))
        assert await stages(flow, message) == [Stage.SENT]
        await told(flow, up_to(now + 2))
        assert await stages(flow, message) == [Stage.READ]


async def test_a_read_up_to_a_part_that_nobody_has_named_is_a_read_of_the_message(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message = await flow.sent(reference="r1")
        by_our_id = Receipt(Target(message=message, address=PHONE, reference="another name"), Stage.READ, RAW)
        await told(flow, by_our_id)
        assert await stages(flow, message) == [Stage.READ]


async def test_a_read_up_to_something_that_a_person_wrote_means_nothing(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message = await flow.sent(reference="r1")
        await flow.inbound("k:theirs")
        await told(flow, up_to_message("theirs"), echo("theirs", flow.clock.now()))
        assert await stages(flow, message) == [Stage.DELIVERED], "a reply proves that much, and no more"


async def test_two_hubs_that_hear_of_an_echo_and_a_watermark_at_once_miss_nothing(postgres_url: str) -> None:
    async with flowing(postgres_url) as one, flowing(postgres_url) as two:
        now = one.clock.now()
        people = [f"+3160000{number:04}" for number in range(30)]
        messages = [await one.accepted(to=each) for each in people]
        for number, message in enumerate(messages):
            await answered(one, message, f"r{number}")
        for number, person in enumerate(people):
            await asyncio.gather(told(one, echo(f"r{number}", now - 9)), told(two, up_to(now - 9, person=person)))
        assert await stages(one, *messages) == [Stage.READ] * 30
