"""What single queries promise: who takes what, how often, and what is left."""

import asyncio
from typing import Any

import asyncpg
import pytest

from support.stores import ask, opened, put, read, write
from tidings.flow.facts import Promise
from tidings.flow.promise import once
from tidings.store.statements import Transaction, statement
from tidings.store.store import Store

NOW = 1_790_000_000_000


async def test_a_setting_is_kept_and_replaced(store: Store) -> None:
    for value in ("first", "second"):
        await write(store, "put_setting", name="a", value=value)
        assert await read(store, "get_setting", name="a") == [(value,)]


async def test_a_cursor_starts_moves_and_goes(store: Store) -> None:
    await write(store, "start_cursor", subscription=1, position=7, nothing=b"")
    assert await read(store, "get_cursor", subscription=1) == [(7, 0, 0, b"")]
    await store.write(put("move_cursor", (9, b"{}", 1, 0), (3, b"", 2, 0)))
    assert await read(store, "get_cursor", subscription=1) == [(9, 0, 0, b"{}")]
    await write(store, "set_cursor", subscription=1, position=4, epoch=1, now=NOW, nothing=b"")
    # Who reads in the old epoch moves nothing any more.
    await store.write(put("move_cursor", (12, b"{}", 1, 0)))
    assert await read(store, "get_cursor", subscription=1) == [(4, 1, NOW, b"")]
    assert await read(store, "get_cursor", subscription=2) == []
    await write(store, "drop_cursor", subscription=1)
    assert await read(store, "get_cursor", subscription=1) == []


async def test_held_events_are_put_renewed_given_up_and_freed(store: Store) -> None:
    await store.write(
        put(
            "put_held",
            (1, 5, "m5", 1, NOW, NOW + 10, False, 1),
            (1, 3, "m3", 0, NOW, None, False, 0),
            (1, 8, "m8", 2, NOW, None, True, 9),
            (2, 5, "m5", 1, NOW, NOW, False, 1),
        )
    )
    await store.write(put("put_held", (1, 5, "m5", 2, NOW + 99, NOW + 20, False, 4)))

    async def held(*, dead: bool) -> list[tuple[Any, ...]]:
        return await read(store, "held_by", subscription=1, dead=dead, limit=10)

    assert await held(dead=False) == [(3, "m3", 0, NOW, None, False, 0), (5, "m5", 2, NOW, NOW + 20, False, 4)]
    assert await held(dead=True) == [(8, "m8", 2, NOW, None, True, 9)]
    assert await read(store, "held_with", subscription=1, message="m8") == [(8, "m8", 2, NOW, None, True, 9)]
    assert await read(store, "held_between", subscription=1, dead=True, after=7, until=8, limit=9) == [(8,)]
    assert await read(store, "held_between", subscription=1, dead=True, after=8, until=9, limit=9) == []
    assert await read(store, "dead_before", subscription=1, dead=True, before=8, limit=9) == []
    assert sorted(await read(store, "count_held_of", subscription=1)) == [(False, 2, NOW), (True, 1, NOW)]
    assert await read(store, "dead_after", subscription=1, after=7, dead=True) == [(8,)]
    assert await read(store, "dead_after", subscription=1, after=8, dead=True) == []
    assert sorted(await read(store, "count_held")) == [(False, 3), (True, 1)]
    await store.write(put("drop_held", (1, 5)))
    assert await held(dead=False) == [(3, "m3", 0, NOW, None, False, 0)]
    await write(store, "drop_helds_of", subscription=1)
    assert (await held(dead=False), await held(dead=True)) == ([], [])
    assert await read(store, "held_by", subscription=2, dead=False, limit=1) == [(5, "m5", 1, NOW, NOW, False, 1)]
    await write(store, "drop_helds_after", subscription=2, after=5)
    assert len(await read(store, "held_by", subscription=2, dead=False, limit=1)) == 1
    await write(store, "drop_waiting_of", subscription=2, dead=False)
    assert await read(store, "held_by", subscription=2, dead=False, limit=1) == []


async def test_an_attempt_written_twice_is_one(store: Store) -> None:
    rows = [(1, 5, 1, NOW, 12, 500, "retry", "", b"no", b"{}"), (1, 5, 2, NOW + 5, 3, 204, "done", "", b"", b"")]
    await store.write(put("put_attempt", rows[0]))
    await store.write(put("put_attempt", *rows))
    found = await read(store, "attempts_at", subscriptions=[1, 2], positions=[5, 6])
    assert found == [(1, 5, 1, NOW, 12, 500, "retry", ""), (1, 5, 2, NOW + 5, 3, 204, "done", "")]
    assert await read(store, "attempts_after", subscription=1, after=4, since=0) == [(5, 1, "retry"), (5, 2, "done")]
    assert await read(store, "attempts_after", subscription=1, after=5, since=0) == []


async def test_parked_reports_are_found_listed_and_forgotten(store: Store) -> None:
    parked = [
        ("p1", "w1", "c1", "r1", "no message", NOW, b"{}"),
        ("p2", "w1", "c1", "", "unknown: x", NOW + 1, b"{}"),
        ("p3", "w2", "c2", "r1", "no message", NOW + 2, b"{}"),
    ]
    await store.write(put("put_parked", *parked))
    assert await read(store, "parked_for", channel="c1", references=["r1", "r2"]) == [("p1", "r1", b"{}")]
    assert [row[0] for row in await read(store, "parked_in", workspace="w1", before="z", limit=9)] == ["p2", "p1"]
    assert [row[0] for row in await read(store, "parked_in", workspace="w1", before="p2", limit=9)] == ["p1"]
    assert await read(store, "get_parked", workspace="w2", id="p1") == []
    assert sorted(await read(store, "count_parked")) == [("no message", 2), ("unknown: x", 1)]
    assert await read(store, "parked_before", before=NOW + 2, limit=9) == [("p1",)]
    assert await read(store, "parked_before", before=NOW + 3, limit=1) == [("p1",)]
    await store.write(put("drop_parked", ("p1",)))
    assert sorted(await read(store, "count_parked")) == [("no message", 1), ("unknown: x", 1)]
    assert await write(store, "forget_unread", before=NOW + 2, limit=9) == [(NOW + 1,)]
    assert await read(store, "count_parked") == [("no message", 1)]


async def test_a_parked_report_is_found_only_by_a_message_that_is_there(store: Store) -> None:
    """A provider's id may outlive its message; then nothing would ever come of telling the report again."""
    parked = [
        ("p1", "w1", "c1", "r1", "no message", NOW, b"one"),
        ("p2", "w1", "c1", "gone", "no message", NOW, b"two"),
        ("p3", "w1", "c1", "", "unknown", NOW, b"three"),
        ("p4", "w1", "c2", "r1", "no message", NOW, b"four"),
    ]
    await store.write(put("put_parked", *parked))
    await store.write(put("put_life", ("m1", None, b"{}"), ("m2", None, b"{}")))
    await store.write(put("put_piece", ("c1", "r1", "m1"), ("c1", "r1", "m2"), ("c1", "gone", "m3")))
    assert await read(store, "parked_found", since=NOW, limit=9) == [("p1", "c1", b"one")]
    assert await read(store, "parked_found", since=NOW + 1, limit=9) == []


async def test_an_id_that_a_provider_used_again_means_the_newest_message(store: Store) -> None:
    await store.write(put("put_piece", ("c1", "r1", "m2"), ("c1", "r1", "m3"), ("c1", "r1", "m1"), ("c2", "r1", "m9")))
    assert await read(store, "pieces_of", channel="c1", references=["r1", "r2"]) == [
        ("r1", "m1"),
        ("r1", "m2"),
        ("r1", "m3"),
    ]
    await store.write(put("drop_piece", ("c1", "r1", "m3")))
    assert (await read(store, "pieces_of", channel="c1", references=["r1"]))[-1] == ("r1", "m2")


async def test_a_key_of_a_report_is_seen_once(store: Store) -> None:
    await store.write(put("put_seen", ("c1", "k1", NOW)))
    with pytest.raises(Exception, match=r"(?i)unique"):
        await store.write(put("put_seen", ("c1", "k1", NOW + 1)))
    await store.write(put("put_seen", ("c2", "k1", NOW)))
    assert await read(store, "seen_of", channel="c1", keys=["k1", "k2"]) == [("k1",)]
    assert await write(store, "forget_seen", before=NOW + 1, limit=1) == [(NOW,)]
    assert await write(store, "forget_seen", before=NOW + 1, limit=9) == [(NOW,)]
    assert await read(store, "seen_of", channel="c1", keys=["k1", "k2"]) == []


async def test_a_watermark_means_what_was_sent_there_up_to_it(store: Store) -> None:
    sent = [("c1", f"m{number}", "+31600000001", False, NOW + number) for number in range(5)]
    others = [("c1", "m7", "+31600000002", False, NOW), ("c1", "m8", "+31600000001", True, NOW), ("c2", *sent[0][1:])]
    await store.write(put("put_reach", *sent, *others))
    found = await read(
        store, "reached_until", channel="c1", address="+31600000001", incoming=False, until=NOW + 3, since=NOW
    )
    assert sorted(found) == [("m1",), ("m2",), ("m3",)]
    newest = {"channel": "c1", "address": "+31600000001", "incoming": False}
    assert await read(store, "last_reached", since=NOW, **newest) == [("m4",)]
    assert await read(store, "last_reached", since=NOW + 9, **newest) == []


async def test_what_never_went_is_noted_until_it_went(store: Store) -> None:
    await store.write(put("put_reach", ("c1", "m1", "a", False, -5)))
    await store.write(put("put_reach", ("c1", "m1", "a", False, NOW)))
    await store.write(put("put_reach", ("c1", "m1", "a", False, NOW + 5)))
    asked = {"channel": "c1", "address": "a", "incoming": False}
    assert await read(store, "reached_until", until=NOW, since=0, **asked) == [("m1",)]


# -- hops that are due ----------------------------------------------------------------------------------------------


async def test_a_due_hop_is_taken_once(store: Store) -> None:
    await store.write(put("put_due", ("m1", 0, "c1", NOW), ("m2", 0, "c1", NOW + 5), ("m3", 0, "c2", NOW)))
    await store.write(put("put_due", ("m1", 0, "c1", NOW + 99)))
    assert await read(store, "due_hops", channel="c1", now=NOW, limit=9) == [("m1", 0, 0)]
    assert await read(store, "next_due", channel="c1", after=NOW) == [(NOW + 5,)]
    taken = await asyncio.gather(
        *(store.write(ask("take_due", now=NOW + 1, message="m1", hop=0)) for _ in range(5)),
    )
    assert sorted(map(len, taken)) == [0, 0, 0, 0, 1]
    assert await read(store, "due_hops", channel="c1", now=NOW, limit=9) == []
    assert await read(store, "left_taken", channel="c1", before=NOW + 1) == []
    assert await read(store, "left_taken", channel="c1", before=NOW + 2) == [("m1", 0)]
    await store.write(put("put_off", (NOW + 50, "m1", 0)))
    assert await read(store, "left_taken", channel="c1", before=NOW + 2) == []
    assert await read(store, "due_hops", channel="c1", now=NOW + 50, limit=9) == [("m2", 0, 0), ("m1", 0, 1)]
    assert sorted(await read(store, "waiting_by_channel")) == [("c1", NOW + 5, 2), ("c2", NOW, 1)]
    await store.write(put("drop_due", ("m1", 0), ("m2", 0)))
    assert await read(store, "due_hops", channel="c1", now=NOW + 50, limit=9) == []


async def test_two_processes_never_take_the_same_hop(postgres_url: str) -> None:
    hops = [(f"m{number:03}", 0, "c1", NOW) for number in range(60)]
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        await one.write(put("put_due", *hops))

        async def take_all(store: Store) -> list[str]:
            mine = []
            for message, hop, _, _ in hops:
                if await store.write(ask("take_due", now=NOW, message=message, hop=hop)):
                    mine.append(message)
            return mine

        taken = await asyncio.gather(take_all(one), take_all(two))
        assert sorted(taken[0] + taken[1]) == [hop[0] for hop in hops]


# -- leases ---------------------------------------------------------------------------------------------------------


async def take(store: Store, holder: str, now: int) -> bool:
    return bool(await store.write(ask("take_lease", name="sweep", holder=holder, until=now + 100, now=now)))


async def test_a_lease_is_exclusive_renewed_and_expires(store: Store) -> None:
    assert await take(store, "one", NOW)
    assert not await take(store, "two", NOW + 50)
    assert await take(store, "one", NOW + 90)
    assert not await take(store, "two", NOW + 189)
    assert await take(store, "two", NOW + 190)
    assert not await take(store, "one", NOW + 200)
    await write(store, "drop_leases", holder="two")
    assert await take(store, "one", NOW + 201)


async def test_only_one_of_many_processes_gets_a_lease(postgres_url: str) -> None:
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        got = await asyncio.gather(*(take(store, f"{id(store)}", NOW) for store in (one, two)))
        assert sorted(got) == [False, True]


# -- what is promised to an idempotency key -------------------------------------------------------------------------


def promise(body: bytes = b"{}", fingerprint: str = "f") -> Promise:
    return Promise("w1", "key", fingerprint, 201, body)


def counting(done: list[int]) -> Any:
    def step() -> Transaction[int]:
        rows = yield statement("next_serial")()
        done.append(rows[0][0])
        return len(done)

    return step


async def test_what_is_promised_is_done_once_however_often_it_is_asked(store: Store) -> None:
    done: list[int] = []
    asked = [once(promise(f"{number}".encode()), NOW, counting(done)) for number in range(4)]
    first, *others = await asyncio.gather(*(store.write(each) for each in asked))
    assert (first, done) == (1, [1])
    assert others == [promise(b"0")] * 3
    assert await store.write(once(promise(b"5", "another"), NOW, counting(done))) == promise(b"0")
    assert done == [1]
    await write(store, "forget_answered", before=NOW + 1, limit=9)
    assert await store.write(once(promise(b"6"), NOW, counting(done))) == 2


async def test_two_processes_keep_one_promise_between_them(postgres_url: str) -> None:
    """Whoever is slower breaks on the other's row, looks again, and gives the other's answer."""
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        for number in range(10):
            key = Promise("w1", f"key {number}", "f", 201, b"{}")
            results = await asyncio.gather(
                *(store.write(once(key, NOW, counting([]))) for store in (one, two)),
            )
            assert sorted(map(str, results)) == ["1", str(key)]


async def test_two_processes_take_a_report_once(postgres_url: str) -> None:
    def step(name: str, took: list[str]) -> Any:
        def taking() -> Transaction[None]:
            if not (yield statement("seen_of")(channel="c1", keys=["k"])):
                took.append(name)
                yield statement("put_seen").many([("c1", "k", NOW)])

        return taking

    async with opened(postgres_url) as one, opened(postgres_url) as two:
        took: list[str] = []
        await one.database.begin()
        await one.database.run(step("one", took)())
        waiting = asyncio.ensure_future(two.write(step("two", took)))
        await asyncio.sleep(0.05)
        await one.database.commit()
        await waiting
        # The second saw nothing at first, broke on the first one's row, and left it alone.
        assert took == ["one", "two"]
        assert await read(two, "seen_of", channel="c1", keys=["k"]) == [("k",)]
        with pytest.raises(asyncpg.UniqueViolationError):
            await two.write(put("put_seen", ("c1", "k", NOW)))


# -- timers ---------------------------------------------------------------------------------------------------------


async def test_timers_are_found_when_they_are_due(store: Store) -> None:
    lives = [("m1", NOW + 5, b"{}"), ("m2", NOW, b"{}"), ("m3", None, b"{}")]
    await store.write(put("put_life", *lives))
    assert await read(store, "lives_due", now=NOW, limit=9) == [("m2",)]
    assert await read(store, "lives_due", now=NOW + 5, limit=9) == [("m2",), ("m1",)]
    assert await read(store, "lives_due", now=NOW + 5, limit=1) == [("m2",)]
    assert await read(store, "next_life_due") == [(NOW,)]
    await store.write(put("move_life", (None, b"{}", "m1"), (None, b"{}", "m2")))
    assert await read(store, "next_life_due") == [(None,)]
