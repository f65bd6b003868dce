"""What has been kept long enough goes, whole; what is younger, or is still waited for, stays."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pytest
import sqlalchemy
from msgspec.structs import replace
from sqlalchemy import MetaData

from support.flows import PHONE, RAW, Flow, flowing
from support.stores import ask, look_into, opened, put
from tidings.flow import stride
from tidings.flow.accept import accept
from tidings.flow.facts import Noticed, NotSubmitted, Submitted, Told
from tidings.flow.forget import Forgetting
from tidings.flow.positions import find_event
from tidings.flow.sweep import sweep_timers
from tidings.flow.world import World
from tidings.model.events import Notice
from tidings.model.exchange import Piece, Sent
from tidings.model.messages import Recipient
from tidings.model.reports import Receipt, Target
from tidings.model.stages import Cause, Reason, Stage
from tidings.model.subscriptions import Subscription
from tidings.model.workspaces import Contact
from tidings.store.log import decode_life, events_after

HOUR = 3_600_000
DAY = 24 * HOUR

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


# -- looking at every table ------------------------------------------------------------------------------------------


async def every_row(url: str) -> Rows:
    """Read everything there is at one moment, as an operator would with a tool."""

    def look(connection: sqlalchemy.Connection) -> Rows:
        tables = MetaData()
        tables.reflect(connection)
        connection.rollback()
        connection.exec_driver_sql(
            "BEGIN" if url.startswith("sqlite") else "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
        )
        return {
            table.name: [dict(row) for row in connection.execute(sqlalchemy.select(table)).mappings()]
            for table in tables.sorted_tables
        }

    return await look_into(url, look)


def loose_ends(rows: Rows) -> set[str]:
    """Name every column that refers to a message, contact or event that is not there."""
    messages = {row["id"] for row in rows["message"]}
    contacts = {row["id"] for row in rows["contact"]}
    positions = {row["position"] for row in rows["event"]}
    known = {"message": messages, "contact": contacts, "position": positions}
    places = {"cursor", "head", "event"}
    """Here a position is a place in the log, which may be one that was forgotten."""
    loose = {
        f"{table}.{column}"
        for table, each in rows.items()
        for row in each
        for column in known.keys() & row.keys()
        if row[column] not in known[column]
        and not (column == "position" and table in places)
        and row.get("kind") != "notice"
    }
    referred = {row["contact"] for table in ("message", "party") for row in rows[table]}
    if contacts - referred:
        loose.add("contact.id")
    if messages != {row["message"] for row in rows["life"]}:
        loose.add("message.id")
    return loose


def messages_in(rows: Rows) -> set[str]:
    return {row["id"] for row in rows["message"]}


async def forget(flow: Flow) -> None:
    await Forgetting(flow.world).round()


async def stop_rounds(flow: Flow) -> None:
    """Stop the hub's own rounds, so that only the test's count."""
    tasks = flow.hub.readers._tasks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# -- lives -----------------------------------------------------------------------------------------------------------


async def taken(flow: Flow, *people: str, expires_in: int = 2 * DAY) -> str:
    """Take a message for some people, by default for one who gets no other."""
    taking = flow.taking("c1", "c2", expires_in=expires_in)
    named = people or (f"of {taking.message.id}",)
    message = replace(taking.message, recipients=tuple(Recipient(each, {"phonenumber": PHONE}) for each in named))
    contacts = tuple(
        Contact(id=each, workspace="w1", key="phonenumber", value=each, created_at=flow.clock.now()) for each in named
    )
    await accept(flow.world, [replace(taking, message=message, contacts=contacts)])
    return message.id


async def went(flow: Flow, message: str) -> None:
    pieces = tuple(Piece(f"{name} {message}") for name in ("first", "second"))
    await flow.world.record(Submitted(message, 0, Sent(pieces=pieces, answer=RAW)))


async def heard(flow: Flow, message: str, stage: Stage, reference: str = "") -> None:
    receipt = Receipt(target=Target(message=message, reference=reference), stage=stage, raw=RAW)
    await flow.world.record(Told(flow.as_channel("c1"), receipt))


async def delivered(flow: Flow, *people: str) -> str:
    message = await taken(flow, *people)
    await went(flow, message)
    await heard(flow, message, Stage.DELIVERED)
    return message


async def renamed(flow: Flow) -> str:
    """The provider has a name for it before it answers, and another one afterwards, and tells everything twice."""
    message = await taken(flow)
    await heard(flow, message, Stage.SENT, f"early {message}")
    await flow.world.record(Submitted(message, 0, Sent(pieces=(Piece(f"only {message}"),), answer=RAW)))
    for _ in range(2):
        await heard(flow, message, Stage.DELIVERED, f"late {message}")
    return message


async def fallen_back(flow: Flow) -> str:
    """The first channel refuses it, and so does the second."""
    message = await taken(flow)
    for hop in (0, 1):
        await flow.world.record(NotSubmitted(message, hop, Reason(Cause.PROVIDER, "no")))
    return message


async def answered(flow: Flow) -> str:
    return await flow.inbound(f"key {flow.world.chance.id()}", sender=f"+3161{random.randrange(10**7):07}")


async def silent(flow: Flow, *, expires_in: int = 2 * DAY) -> str:
    """Nothing is heard of it after it went, and after two days it expires."""
    message = await taken(flow, expires_in=expires_in)
    await went(flow, message)
    return message


async def waiting(flow: Flow) -> str:
    """A provider that polls has not fetched it, and may for a year."""
    return await taken(flow, expires_in=365 * DAY)


OVER = (delivered, renamed, fallen_back, answered, silent)


async def paused(flow: Flow, number: int = 1) -> Subscription:
    return await flow.subscribe("http://127.0.0.1:9/", active=False, id_=f"s{number}")


async def tried(flow: Flow, message: str, serial: int, *, at: int | None = None, held: bool = False) -> None:
    """Note that a subscription was told the events of a message, or that they are set aside for it."""
    now = flow.clock.now() if at is None else at
    positions = [row[0] for row in await flow.stored("events_of", message=message)]
    attempts = [
        (serial, position, 1, now, 5, 503 if held else 204, "retry" if held else "done", "", b"", b"")
        for position in positions
    ]
    await flow.world.store.write(put("put_attempt", *attempts))
    if held:
        rows = [(serial, position, message, 1, now, None, False, 1) for position in positions]
        await flow.world.store.write(put("put_held", *rows))


# -- what goes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OVER)
async def test_a_message_that_is_over_goes_from_every_table_in_time(database_url: str, kind: Any) -> None:
    async with flowing(database_url) as flow:
        subscription = await paused(flow)
        message = await kind(flow)
        await tried(flow, message, subscription.serial)
        flow.clock.move(3 * DAY)
        await sweep_timers(flow.world)
        # What expired has had something happen to it later.
        flow.clock.move(27 * DAY if kind is not silent else 29 * DAY)
        await forget(flow)
        kept = await every_row(database_url)
        assert messages_in(kept) == {message}
        assert loose_ends(kept) == set()
        flow.clock.move(2 * DAY)
        await forget(flow)
        left = {name: rows for name, rows in (await every_row(database_url)).items() if rows}
        assert left.keys() - {"seen"} == {"alembic_version", "setting", "head", "workspace", "subscription", "cursor"}


async def test_what_is_waited_for_stays_however_old_it_is(database_url: str) -> None:
    async with flowing(database_url) as flow:
        wanted = {await waiting(flow), await silent(flow, expires_in=365 * DAY)}
        await delivered(flow)
        flow.clock.move(100 * DAY)
        await forget(flow)
        assert messages_in(await every_row(database_url)) == wanted
        flow.clock.move(265 * DAY)
        await sweep_timers(flow.world)
        flow.clock.move(29 * DAY)
        await forget(flow)
        assert messages_in(await every_row(database_url)) == wanted
        flow.clock.move(2 * DAY)
        await forget(flow)
        assert messages_in(await every_row(database_url)) == set()


async def test_a_message_that_something_happened_to_lately_stays_whole(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message = await delivered(flow)
        flow.clock.move(29 * DAY)
        await heard(flow, message, Stage.READ)
        flow.clock.move(29 * DAY)
        await forget(flow)
        assert len(await flow.stored("events_of", message=message)) == 4
        flow.clock.move(2 * DAY)
        await forget(flow)
        assert await flow.stored("events_of", message=message) == []


async def test_an_event_that_is_to_be_tried_again_is_waited_for_as_long_as_anything_is_kept(database_url: str) -> None:
    """After that the limit is hard: a subscriber that never comes back fills no disk."""
    async with flowing(database_url) as flow:
        subscription = await paused(flow)
        message = await delivered(flow)
        flow.clock.move(25 * DAY)
        await tried(flow, message, subscription.serial, held=True)
        flow.clock.move(29 * DAY)
        await forget(flow)
        kept = await every_row(database_url)
        assert (messages_in(kept), len(kept["held"])) == ({message}, 3)
        flow.clock.move(2 * DAY)
        await forget(flow)
        gone = await every_row(database_url)
        assert (messages_in(gone), gone["held"], gone["attempt"]) == (set(), [], [])


async def test_dead_letters_go_with_their_events_and_not_before(database_url: str) -> None:
    async with flowing(database_url) as flow:
        subscription = await paused(flow)
        message = await delivered(flow)
        (first, *_) = [row[0] for row in await flow.stored("events_of", message=message)]
        row = (subscription.serial, first, message, 12, flow.clock.now(), None, True, 12)
        await flow.world.store.write(put("put_held", row))
        flow.clock.move(29 * DAY)
        await forget(flow)
        assert len((await every_row(database_url))["held"]) == 1
        flow.clock.move(2 * DAY)
        await forget(flow)
        assert (await every_row(database_url))["held"] == []


async def test_a_person_is_kept_as_long_as_any_message_is_for_them(database_url: str) -> None:
    async with flowing(database_url) as flow:
        await delivered(flow, "anna", "bert")
        await delivered(flow, "carl")
        flow.clock.move(20 * DAY)
        await delivered(flow, "dora", "anna", "anna")
        flow.clock.move(20 * DAY)
        await forget(flow)
        kept = await every_row(database_url)
        assert sorted(row["id"] for row in kept["contact"]) == ["anna", "dora"]
        assert loose_ends(kept) == set()


async def test_attempts_may_be_kept_for_a_shorter_time_than_what_they_told(database_url: str) -> None:
    async with flowing(database_url, keep_attempts_days=7.0) as flow:
        subscription = await paused(flow)
        old, young = await delivered(flow), await delivered(flow)
        await tried(flow, old, subscription.serial)
        flow.clock.move(5 * DAY)
        await tried(flow, young, subscription.serial)
        place = (await every_row(database_url))["head"]
        last = next(row["position"] for row in place if row["name"] == "log")
        # Paused, it stands before all of them: they say what it need not be told when it goes on.
        flow.clock.move(3 * DAY)
        await forget(flow)
        assert len((await every_row(database_url))["attempt"]) == 6
        await flow.world.store.write(
            ask("set_cursor", position=last, epoch=0, now=0, nothing=b"", subscription=subscription.serial)
        )
        await forget(flow)
        rows = await every_row(database_url)
        positions = {row[0] for row in await flow.stored("events_of", message=young)}
        assert {row["position"] for row in rows["attempt"]} == positions
        assert messages_in(rows) == {old, young}


async def test_attempts_are_never_kept_without_their_events(database_url: str) -> None:
    async with flowing(database_url, keep_days=3.0) as flow:
        subscription = await paused(flow)
        message = await delivered(flow)
        flow.clock.move(2 * DAY)
        await tried(flow, message, subscription.serial)
        flow.clock.move(2 * DAY)
        await forget(flow)
        assert (await every_row(database_url))["attempt"] == []


async def test_nothing_is_left_of_subscriptions_that_are_no_more(database_url: str) -> None:
    async with flowing(database_url) as flow:
        first, second = await paused(flow, 1), await paused(flow, 2)
        message = await delivered(flow)
        for each in (first, second):
            await tried(flow, message, each.serial, held=True)
        directory = flow.world.directory
        await directory.change(lambda: directory.drop_workspace("w1"))
        await flow.hub.readers.settled()
        await forget(flow)
        rows = await every_row(database_url)
        assert (rows["attempt"], rows["held"], rows["cursor"]) == ([], [], [])
        assert messages_in(rows) == {message}


async def test_words_to_operators_go_like_everything_else(database_url: str) -> None:
    async with flowing(database_url) as flow:
        subscription = await paused(flow)
        subject = f"subscription:{subscription.id}"
        await flow.world.record(Noticed("w1", subject, Notice("subscription.failing")))
        await tried(flow, subject, subscription.serial)
        flow.clock.move(20 * DAY)
        await flow.world.record(Noticed("w1", subject, Notice("subscription.recovered")))
        message = await delivered(flow)
        flow.clock.move(11 * DAY)
        await forget(flow)
        rows = await every_row(database_url)
        assert [row["kind"] for row in rows["event"]] == ["notice", "accepted", "sent", "delivered"]
        assert (rows["attempt"], messages_in(rows)) == ([], {message})


async def test_the_keys_of_readers_and_old_replays_go_too(database_url: str) -> None:
    async with flowing(database_url) as flow:
        now = flow.clock.now()
        await flow.world.store.write(put("put_replay", ("r1", 1, b"{}", 0), ("r2", 1, b"{}", 0)))
        await flow.world.store.write(put("move_replay", (5, 5, 0, "done", now, "r1")))
        await flow.world.store.write(ask("take_lease", name="nobody's", holder="gone", until=now, now=now))
        # The second is still under way.
        await paused(flow)
        flow.clock.move(31 * DAY)
        rows = await until_forgotten(
            flow,
            database_url,
            lambda rows: len(rows["replay"]) == 1 and all(row["holder"] != "gone" for row in rows["lease"]),
        )
        assert [row["id"] for row in rows["replay"]] == ["r2"]


async def until_forgotten(flow: Flow, url: str, is_done: Callable[[Rows], bool]) -> Rows:
    """Let hours pass until the hub itself has forgotten what it should; give what is left."""
    for _ in range(100):
        flow.clock.move(HOUR)
        rows = await every_row(url)
        if is_done(rows):
            return rows
        await asyncio.sleep(0.01)
    raise AssertionError(rows)


# -- who reads -------------------------------------------------------------------------------------------------------


async def test_readers_go_on_past_what_was_forgotten(database_url: str) -> None:
    async with flowing(database_url) as flow:
        await delivered(flow)
        flow.clock.move(31 * DAY)
        young = await delivered(flow)
        await forget(flow)
        found = await flow.world.store.read(events_after("w1", 0, 100))
        assert [event.message for event, _ in found] == [young] * 3
        # The ids that are left are found across the gap.
        for event, _ in found:
            pair = await flow.world.store.read(find_event("w1", event.id))
            assert pair is not None
            assert pair[0] == event


async def test_an_event_is_found_behind_a_gap_that_is_longer_than_any_look(database_url: str) -> None:
    async with flowing(database_url) as flow:
        before = await delivered(flow)
        await flow.world.store.write(ask("take_positions", count=1_000_000))
        after = await delivered(flow)
        await flow.world.store.write(ask("take_positions", count=1_000_000))
        for message in (before, after):
            for event in [pair[0] for pair in await flow.world.store.read(events_after("w1", 0, 9))]:
                if event.message == message:
                    pair = await flow.world.store.read(find_event("w1", event.id))
                    assert pair is not None
                    assert pair[0] == event


async def test_what_is_forgotten_is_not_remembered_either(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message = await delivered(flow)
        assert flow.world.pen.memory[message] is not None
        flow.clock.move(31 * DAY)
        await forget(flow)
        assert flow.world.pen.memory[message] is None


async def test_a_late_report_on_a_forgotten_message_is_parked(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message = await delivered(flow)
        flow.clock.move(31 * DAY)
        await forget(flow)
        await heard(flow, message, Stage.READ, f"first {message}")
        rows = await every_row(database_url)
        assert [row["reference"] for row in rows["parked"]] == [f"first {message}"]
        assert rows["event"] == []


async def test_a_message_that_another_process_writes_about_is_waited_for_and_stays(postgres_url: str) -> None:
    async with flowing(postgres_url) as flow, opened(postgres_url) as other:
        message = await delivered(flow)
        flow.clock.move(31 * DAY)
        # The hub's own round waits too, and neither takes anything out.
        read = Told(flow.as_channel("c1"), Receipt(Target(message), Stage.READ, RAW))
        await other.database.begin()
        await other.database.run(flow.world.pen.transaction([read]))
        forgetting = asyncio.ensure_future(forget(flow))
        await asyncio.sleep(0.05)
        assert not forgetting.done()
        await other.database.commit()
        await forgetting
        rows = await every_row(postgres_url)
        assert messages_in(rows) == {message}
        assert [row["kind"] for row in rows["event"]] == ["accepted", "sent", "delivered", "read"]


# -- everything together ---------------------------------------------------------------------------------------------


async def lived(flow: Flow, chance: random.Random, days: int) -> dict[str, int]:
    """Live through some days in which everything happens; give when each message that is over was last heard of."""
    subscriptions = [await paused(flow, number) for number in (1, 2)]
    last: dict[str, int] = {}
    for _ in range(days):
        for kind in chance.choices((*OVER, waiting), k=2):
            message = await kind(flow)
            last[message] = flow.clock.now()
            for subscription in chance.sample(subscriptions, k=chance.randrange(3)):
                # Some are given up at once, and none is to be tried again.
                await tried(flow, message, subscription.serial)
            if kind is waiting:
                last[message] = 2**60
            elif kind is silent:
                last[message] += 2 * DAY
        if chance.random() < 0.3:
            message = chance.choice(list(last))
            rows = await flow.stored("with_lives", messages=[message])
            if rows and last[message] < 2**60:
                await heard(flow, message, Stage.READ)
                after = (await flow.stored("with_lives", messages=[message]))[0]
                last[message] = last[message] if after == rows[0] else max(last[message], flow.clock.now())
        flow.clock.move(DAY)
        await sweep_timers(flow.world)
    return last


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happened_nothing_is_half_gone(database_url: str, seed: int) -> None:
    chance = random.Random(seed)
    async with flowing(database_url, keep_days=15.0) as flow:
        last = await lived(flow, chance, 40)
        await forget(flow)
        rows = await every_row(database_url)
        assert loose_ends(rows) == set()
        limit = flow.clock.now() - 15 * DAY
        kept = messages_in(rows)
        assert {message for message, at in last.items() if at >= limit} - kept == set()
        assert kept - {message for message, at in last.items() if at >= limit - DAY} == set()
        assert 10 < len(kept) < len(last) - 10


async def test_a_round_that_is_killed_anywhere_leaves_nothing_half_gone(database_url: str) -> None:
    async with flowing(database_url) as flow:
        subscription = await paused(flow)
        for _ in range(30):
            for kind in (delivered, renamed, answered):
                await tried(flow, await kind(flow), subscription.serial)
        stays = await waiting(flow)
        await flow.world.store.database.read(_nothing())
        flow.clock.move(31 * DAY)
        kills = 0
        while True:
            going = asyncio.ensure_future(forget(flow))
            await asyncio.sleep(0.002)
            if not going.cancel():
                break
            await asyncio.gather(going, return_exceptions=True)
            kills += 1
            rows = await every_row(database_url)
            assert loose_ends(rows) == set()
            if messages_in(rows) == {stays}:
                break
        assert kills > 0


def _nothing() -> Any:
    yield from ()


# -- a little at a time ----------------------------------------------------------------------------------------------


async def test_once_a_day_what_had_to_stay_is_looked_at_again(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message = await waiting(flow)
        await stop_rounds(flow)
        forgetting = Forgetting(flow.world)
        flow.clock.move(31 * DAY)
        await forgetting.round()
        await delete_timer(flow.world, message)
        flow.clock.move(23 * HOUR)
        await forgetting.round()
        assert await flow.stored("messages_of", messages=[message]) != []
        flow.clock.move(HOUR)
        await forgetting.round()
        assert await flow.stored("messages_of", messages=[message]) == []


async def delete_timer(world: World, message: str) -> None:
    """Make a message be over without anything happening to it."""
    rows = await world.store.read(ask("with_lives", messages=[message])())
    life = replace(decode_life(rows[0][2]), due_at=None)
    await world.store.write(ask("move_life", due_at=None, state=msgspec.json.encode(life), message=message))
    await world.store.write(ask("drop_due_of", messages=[message]))


async def test_the_hub_forgets_by_itself(database_url: str) -> None:
    async with flowing(database_url) as flow:
        for _ in range(3):
            await delivered(flow)
        flow.clock.move(31 * DAY)
        rows = await until_forgotten(flow, database_url, lambda rows: not rows["message"])
        assert (rows["event"], rows["contact"]) == ([], [])


async def test_a_backlog_is_taken_in_short_steps(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stride, "FIRST", 7)
    monkeypatch.setattr(stride, "MOST", 7)
    async with flowing(sqlite_url) as flow:
        for _ in range(40):
            await delivered(flow)
        write, sizes = flow.world.store.write, []

        async def watched(step: Any, **more: Any) -> Any:
            value = await write(step, **more)
            if isinstance(value, tuple) and isinstance(value[0], list):
                sizes.append(len(value[0]))
            return value

        flow.world.store.write = watched  # type: ignore[method-assign]
        await stop_rounds(flow)
        flow.clock.move(31 * DAY)
        await forget(flow)
        assert sum(sizes) == 40
        assert max(sizes) == 7


def test_steps_grow_while_they_are_quick_and_shrink_when_one_was_slow() -> None:
    assert stride.after(100, 0.001) == 150
    assert stride.after(100, 0.005) == 100
    assert stride.after(100, 0.007) == 50
    assert stride.after(stride.MOST, 0.001) == stride.MOST
    assert stride.after(stride.LEAST, 1.0) == stride.LEAST


async def test_nobody_else_forgets(postgres_url: str) -> None:
    """Of several processes only the one that holds the lease for sweeping does."""
    async with flowing(postgres_url) as one, flowing(postgres_url) as two:
        await stop_rounds(one)
        assert [each.hub.readers._leases.holds("sweep") for each in (one, two)] == [True, False]
        message = await delivered(one)
        for _ in range(20):
            two.clock.move(2 * DAY)
            await asyncio.sleep(0.01)
        assert await one.stored("messages_of", messages=[message]) != []
