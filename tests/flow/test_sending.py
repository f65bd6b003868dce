"""A sender hands due hops over at the channel's pace, and what came of each is a fact."""

import asyncio
import contextlib
import sqlite3
from typing import Any

import pytest
import structlog

from support.clock import MovedClock
from support.flows import PHONE, RAW, Flow, flowing
from support.receiver import Receiver
from support.waiting import until
from tidings.flow import send
from tidings.flow.erase import delete
from tidings.flow.facts import NotSubmitted, Told
from tidings.flow.handover import RETRIES
from tidings.flow.sweep import sweep_timers
from tidings.model.messages import Hop, Life
from tidings.model.reports import Receipt, Target
from tidings.model.stages import Cause, Reason, Stage
from tidings.model.workspaces import Limits
from tidings.store.log import decode_life

OTHER = "+31687654321"


async def life(flow: Flow, message: str) -> Life:
    rows = await flow.stored("with_lives", messages=[message])
    return decode_life(rows[0][2])


async def hop(flow: Flow, message: str) -> Hop:
    return (await life(flow, message)).hops[0]


async def idle(flow: Flow, channel: str = "c1") -> None:
    """Wait until a sender has nothing under way."""
    sender = flow.sender(channel)
    await until(lambda: not sender._under_way and not sender._filling and not sender._known)


async def paused(flow: Flow, channel: str = "c1") -> None:
    """Wait until a sender can do nothing before time passes."""
    sender = flow.sender(channel)
    await until(lambda: not sender._under_way and not sender._filling)


def texts(receiver: Receiver) -> list[str]:
    return [got.json["text"] for got in receiver.got]


async def test_a_message_is_handed_over_once_and_its_answer_kept(sqlite_url: str) -> None:
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url)
        message = await flow.accepted("c1")
        await provider.wait_for(1)
        await idle(flow)
        assert provider.got[0].json == {"tag": f"{message}:0", "to": PHONE, "text": "Hello", "tries": 0}
        found = await life(flow, message)
        assert (found.stage, found.hops[0].references) == (Stage.SENT, (f"ref {message}:0",))
        assert await flow.stored("waiting_by_channel") == []


async def test_what_waited_while_nobody_was_here_is_sent(sqlite_url: str) -> None:
    async with Receiver() as provider:
        async with flowing(sqlite_url) as flow:
            messages = [await flow.accepted("c1") for _ in range(5)]
            assert provider.got == []
            await flow.channel(provider.url)
            await provider.wait_for(5)
            await idle(flow)
        assert {got.json["tag"].partition(":")[0] for got in provider.got} == set(messages)


async def test_more_hops_than_memory_holds_are_all_sent_once(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "QUEUE", 20)
    async with Receiver() as provider, flowing(sqlite_url, send_concurrency=8) as flow:
        await flow.channel(provider.url)
        messages = await asyncio.gather(*(flow.accepted("c1") for _ in range(150)))
        await provider.wait_for(150)
        await idle(flow)
        assert sorted(got.json["tag"] for got in provider.got) == sorted(f"{each}:0" for each in messages)


# -- pace ------------------------------------------------------------------------------------------------------------


async def test_a_rate_is_kept(sqlite_url: str) -> None:
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url, limits=Limits(rate_per_second=5))
        for _ in range(12):
            await flow.accepted("c1")
        counts = []
        for _ in range(4):
            await paused(flow)
            counts.append(len(provider.got))
            flow.clock.move(1000)
        assert counts == [5, 10, 12, 12]


async def test_a_rate_of_one_channel_slows_no_other(sqlite_url: str) -> None:
    async with Receiver() as slow, Receiver() as quick, flowing(sqlite_url) as flow:
        await flow.channel(slow.url, id_="c1", limits=Limits(rate_per_second=1))
        await flow.channel(quick.url, id_="c2")
        for _ in range(10):
            await flow.accepted("c1")
            await flow.accepted("c2")
        await quick.wait_for(10)
        assert len(slow.got) == 1


async def test_a_hanging_provider_delays_no_other(sqlite_url: str) -> None:
    async with Receiver(lambda _: 0) as hanging, Receiver() as quick, flowing(sqlite_url, provider_timeout=1.0) as flow:
        await flow.channel(hanging.url, id_="c1")
        await flow.channel(quick.url, id_="c2")
        for _ in range(3):
            await flow.accepted("c1")
            await flow.accepted("c2")
        await quick.wait_for(3)
        assert flow.sender("c1")._under_way == 3


async def test_one_person_is_written_to_every_so_often_and_others_at_once(sqlite_url: str) -> None:
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url, limits=Limits(per_recipient_seconds=6))
        for number in range(60):
            await flow.accepted("c1", text=f"a{number}")
        for number in range(2):
            await flow.accepted("c1", to=OTHER, text=f"b{number}")
        await provider.wait_for(2)
        await paused(flow)
        assert sorted(texts(provider)) == ["a0", "b0"]
        flow.clock.move(5999)
        await paused(flow)
        assert len(provider.got) == 2
        flow.clock.move(1)
        await provider.wait_for(4)
        await paused(flow)
        assert sorted(texts(provider)[2:]) == ["a1", "b1"]
        for number in range(2, 6):
            flow.clock.move(6000)
            await provider.wait_for(number + 3)
            await paused(flow)
        assert texts(provider)[4:] == ["a2", "a3", "a4", "a5"]


async def test_many_to_one_person_do_not_stand_before_others_in_the_store(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "QUEUE", 20)
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        for number in range(9):
            await flow.accepted("c1", text=f"a{number}")
        for number in range(20):
            await flow.accepted("c1", to=f"+3168765{number:04}", text=f"b{number}")
        await flow.channel(provider.url, limits=Limits(per_recipient_seconds=6))
        await provider.wait_for(21)
        assert {"a0", *(f"b{number}" for number in range(20))} == set(texts(provider))


async def test_a_provider_that_has_had_enough_is_left_alone_channel_wide(sqlite_url: str) -> None:
    async with Receiver(lambda _: 429) as provider, flowing(sqlite_url, send_concurrency=1) as flow:
        provider.answer_headers = {"retry-after": "20"}
        await flow.channel(provider.url)
        messages = [await flow.accepted("c1") for _ in range(3)]
        await provider.wait_for(1)
        await paused(flow)
        provider.answer = lambda _: 200
        flow.clock.move(19_999)
        await paused(flow)
        assert len(provider.got) == 1
        flow.clock.move(1)
        await provider.wait_for(4)
        await idle(flow)
        assert {(await life(flow, each)).stage for each in messages} == {Stage.SENT}


async def test_a_wish_to_wait_for_ever_is_bounded(sqlite_url: str) -> None:
    async with Receiver(lambda _: 429) as provider, flowing(sqlite_url) as flow:
        provider.answer_headers = {"retry-after": "99999999999"}
        await flow.channel(provider.url)
        await flow.accepted("c1")
        await provider.wait_for(1)
        await paused(flow)
        assert await flow.stored("next_due", channel="c1", after=0) == [(flow.clock.now() + 86_400_000,)]
        provider.answer = lambda _: 200
        flow.clock.move(86_400_000)
        await provider.wait_for(2)


async def test_a_provider_that_says_to_come_back_at_once_is_asked_again(sqlite_url: str) -> None:
    answers = iter([503, 503])
    async with Receiver(lambda _: next(answers, 200)) as provider, flowing(sqlite_url) as flow:
        provider.answer_headers = {"retry-after": "0"}
        await flow.channel(provider.url)
        message = await flow.accepted("c1")
        await provider.wait_for(3)
        await idle(flow)
        assert (await life(flow, message)).stage is Stage.SENT
        assert [got.json["tries"] for got in provider.got] == [0, 1, 2]


@pytest.mark.parametrize("share", [0.0, 1.0])
async def test_a_hop_is_put_off_on_the_schedule(sqlite_url: str, share: float) -> None:
    async with Receiver(lambda _: 503) as provider, flowing(sqlite_url, share=share) as flow:
        await flow.channel(provider.url)
        await flow.accepted("c1", expires_in=10**10)
        nominal = [2, 5, 15, 30, 60, 120, 300, 600, 900, 1800]
        assert [wait // 1000 for wait in RETRIES.waits] == nominal
        for number, wait in enumerate([*nominal, 1800, 1800], 1):
            await provider.wait_for(number)
            await paused(flow)
            due = flow.clock.now() + round(wait * 1000 * (0.8 + 0.4 * share))
            assert await flow.stored("next_due", channel="c1", after=0) == [(due,)]
            flow.clock.move(due - flow.clock.now() - 1)
            await paused(flow)
            assert len(provider.got) == number
            flow.clock.move(1)
        assert [got.json["tries"] for got in provider.got][:3] == [0, 1, 2]


# -- what becomes of a hop -------------------------------------------------------------------------------------------


async def test_a_refusal_fails_the_hop_with_the_providers_words(sqlite_url: str) -> None:
    async with Receiver(lambda _: 400) as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url)
        message = await flow.accepted("c1")
        await provider.wait_for(1)
        await idle(flow)
        found = await hop(flow, message)
        assert (found.stage, found.submitted) == (Stage.FAILED, False)
        assert found.reason is not None
        assert found.reason.code == "400"


async def test_after_a_refusal_the_next_channel_is_tried(sqlite_url: str) -> None:
    async with Receiver(lambda _: 400) as first, Receiver() as second, flowing(sqlite_url) as flow:
        await flow.channel(first.url, id_="c1")
        await flow.channel(second.url, id_="c2")
        message = await flow.accepted("c1", "c2")
        await second.wait_for(1)
        await idle(flow, "c2")
        found = await life(flow, message)
        assert [each.stage for each in found.hops] == [Stage.FAILED, Stage.SENT]
        assert second.got[0].json["tag"] == f"{message}:1"


async def test_a_provider_that_cannot_be_reached_has_not_taken_it(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel("http://127.0.0.1:9/")
        message = await flow.accepted("c1")
        await until(lambda: ("submissions", "deferred") in flow.world.counts.all())
        await paused(flow)
        assert (await hop(flow, message)).waiting
        assert await flow.stored("next_due", channel="c1", after=0) == [(flow.clock.now() + 2000,)]


async def test_silence_after_the_call_is_uncertain_and_not_sent_again(sqlite_url: str) -> None:
    async with Receiver(lambda _: 0) as provider, flowing(sqlite_url, provider_timeout=0.1) as flow:
        await flow.channel(provider.url)
        message = await flow.accepted("c1")
        await provider.wait_for(1)
        await idle(flow)
        found = await hop(flow, message)
        assert found.doubt_at == flow.clock.now() + 600_000
        provider.answer = lambda _: 200
        flow.clock.move(599_999)
        await sweep_timers(flow.world)
        assert (await hop(flow, message)).stage is Stage.PROCESSING
        flow.clock.move(1)
        await sweep_timers(flow.world)
        found = await hop(flow, message)
        assert found.stage is Stage.FAILED
        assert found.reason is not None
        assert found.reason.cause is Cause.UNCERTAIN
        assert len(provider.got) == 1


async def test_silence_of_a_provider_that_knows_our_ids_is_sent_again(sqlite_url: str) -> None:
    async with Receiver(lambda _: 0) as provider, flowing(sqlite_url, provider_timeout=0.1) as flow:
        await flow.channel(provider.url, connector="tiny-once")
        message = await flow.accepted("c1")
        await provider.wait_for(1)
        await paused(flow)
        provider.answer = lambda _: 200
        flow.clock.move(2000)
        await provider.wait_for(2)
        await idle(flow)
        assert (await hop(flow, message)).stage is Stage.SENT


async def test_a_connector_that_breaks_after_the_call_leaves_it_uncertain(sqlite_url: str) -> None:
    async with Receiver(lambda _: 418) as provider, flowing(sqlite_url) as flow:
        with structlog.testing.capture_logs() as logs:
            await flow.channel(provider.url)
            message = await flow.accepted("c1")
            await provider.wait_for(1)
            await idle(flow)
        assert (await hop(flow, message)).doubt_at is not None
        assert "connector broke" in [each["event"] for each in logs]


# -- killed in the middle --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("connector", "again"), [("tiny", False), ("tiny-once", True)])
async def test_a_hop_left_taken_by_a_dead_hub_is_settled(sqlite_url: str, connector: str, again: bool) -> None:
    async with Receiver() as provider:
        async with flowing(sqlite_url) as flow:
            message = await flow.accepted("c1")
            assert await flow.world.store.write(lambda: send._take(message, 0, flow.clock.now())) == 0
        async with flowing(sqlite_url, clock=flow.clock) as flow:
            await flow.channel(provider.url, connector=connector)
            await until(lambda: not flow.sender()._filling)
            if again:
                await provider.wait_for(1)
                await idle(flow)
                assert provider.got[0].json["tries"] == 1
                assert (await hop(flow, message)).stage is Stage.SENT
            else:
                found = await hop(flow, message)
                assert (found.waiting, found.doubt_at) == (True, flow.clock.now() + 600_000)
                assert provider.got == []


async def test_a_late_receipt_settles_what_was_uncertain(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message = await flow.accepted("c1")
        await flow.world.store.write(lambda: send._take(message, 0, flow.clock.now()))
        await flow.channel("http://127.0.0.1:9/")
        assert (await hop(flow, message)).doubt_at is not None
        await flow.reached(message, Stage.DELIVERED, "c1")
        assert (await life(flow, message)).stage is Stage.DELIVERED


async def test_with_other_processes_a_taken_hop_is_left_until_nobody_can_have_it(postgres_url: str) -> None:
    """Another process that lost its lease may still wait for an answer; after twice the time for one it does not."""
    async with Receiver() as provider, flowing(postgres_url, provider_timeout=5.0) as flow:
        message = await flow.accepted("c1")
        await flow.world.store.write(lambda: send._take(message, 0, flow.clock.now()))
        await flow.channel(provider.url, connector="tiny-once")
        flow.clock.move(9_999)
        await asyncio.sleep(0.05)
        assert provider.got == []
        flow.clock.move(1)
        await provider.wait_for(1)
        await idle(flow)
        assert (await hop(flow, message)).stage is Stage.SENT


# -- stopped, cancelled, taken out -----------------------------------------------------------------------------------


async def test_a_hop_that_was_cancelled_while_it_waited_is_not_sent(sqlite_url: str) -> None:
    """The first channel was slow to say that it delivered: the second one gets nothing."""
    async with Receiver() as first, Receiver(lambda _: 503) as second, flowing(sqlite_url) as flow:
        await flow.channel(first.url, id_="c1")
        await flow.channel(second.url, id_="c2")
        message = await flow.accepted("c1", "c2")
        await first.wait_for(1)
        await idle(flow, "c1")
        await flow.reached(message, Stage.FAILED, "c1")
        await second.wait_for(1)
        await paused(flow, "c2")
        await flow.reached(message, Stage.DELIVERED, "c1")
        second.answer = lambda _: 200
        flow.clock.move(3_600_000)
        await paused(flow, "c2")
        assert len(second.got) == 1
        found = await life(flow, message)
        assert (found.stage, found.hops[1].cancelled) == (Stage.DELIVERED, True)
        assert await flow.stored("waiting_by_channel") == []


async def test_a_hop_that_is_started_and_stopped_in_one_batch_is_stopped(database_url: str) -> None:
    async with flowing(database_url) as flow:
        other, message = await flow.accepted("c1"), await flow.accepted("c1", "c2")
        refused = Reason(Cause.PROVIDER, "refused")
        late = Told(flow.as_channel("c1"), Receipt(Target(message), Stage.DELIVERED, RAW))
        facts = (NotSubmitted(other, 0, refused), NotSubmitted(message, 0, refused), late)
        await asyncio.gather(*(flow.world.store.put(flow.world.pen, each) for each in facts))
        found = await life(flow, message)
        assert (found.stage, found.hops[1].cancelled) == (Stage.DELIVERED, True)
        assert await flow.stored("waiting_by_channel") == []


async def test_a_message_that_was_taken_out_is_not_sent(sqlite_url: str) -> None:
    async with Receiver(lambda _: 503) as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url)
        message = await flow.accepted("c1")
        await provider.wait_for(1)
        await paused(flow)
        assert await delete(flow.world, "w1", message)
        flow.clock.move(3_600_000)
        await paused(flow)
        assert len(provider.got) == 1


async def test_a_channel_that_cannot_speak_sends_nothing_and_hinders_nobody(sqlite_url: str) -> None:
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        with structlog.testing.capture_logs() as logs:
            await flow.channel(provider.url, id_="c1", connector="never-installed")
            await flow.channel(provider.url, id_="c2")
            await flow.accepted("c1")
            await flow.accepted("c2")
            await provider.wait_for(1)
        assert "channel cannot send" in [each["event"] for each in logs]
        assert [got.json["tag"][-2:] for got in provider.got] == [":0"]
        assert await flow.stored("waiting_by_channel") != []


async def test_a_changed_channel_is_spoken_to_with_its_new_settings(sqlite_url: str) -> None:
    async with Receiver(lambda _: 503) as old, Receiver() as new, flowing(sqlite_url) as flow:
        await flow.channel(old.url)
        message = await flow.accepted("c1")
        await old.wait_for(1)
        await paused(flow)
        await flow.channel(new.url, revision=1)
        flow.clock.move(2000)
        await new.wait_for(1)
        await idle(flow)
        assert (await life(flow, message)).stage is Stage.SENT
        assert len(old.got) == 1


# -- trouble with the store ------------------------------------------------------------------------------------------


async def test_an_answer_that_cannot_be_written_down_is_written_later(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider has it, and nobody else knows: it must not be sent again, nor be forgotten."""
    monkeypatch.setattr(send, "RECORD_WAITS", (0.01,) * 20)
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url)
        database = flow.world.store.database
        commit = database.commit
        failed: list[int] = []

        async def failing() -> None:
            if provider.got and len(failed) < 3:
                failed.append(1)
                raise OSError("no database")
            await commit()

        database.commit = failing  # type: ignore[method-assign]
        message = await flow.accepted("c1")
        await provider.wait_for(1)
        await idle(flow)
        assert len(failed) == 3
        assert (await hop(flow, message)).stage is Stage.SENT
        assert len(provider.got) == 1


async def test_a_hop_that_may_have_been_marked_as_taken_is_not_forgotten(sqlite_url: str) -> None:
    """The mark is on disk, its confirmation is lost, and the provider was not called."""
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url)
        database = flow.world.store.database
        commit = database.commit
        cuts: list[int] = []

        async def cut() -> None:
            await commit()
            with contextlib.closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as beside:
                marked = beside.execute("SELECT count(*) FROM due WHERE taken_at IS NOT NULL").fetchone()[0]
            if marked and not cuts:
                cuts.append(marked)
                raise ConnectionResetError("the answer is lost")

        database.commit = cut  # type: ignore[method-assign]
        message = await flow.accepted("c1")
        await until(lambda: cuts)
        await paused(flow)
        assert provider.got == []
        flow.clock.move(1000)
        await provider.wait_for(1)
        await idle(flow)
        assert (await hop(flow, message)).stage is Stage.SENT


async def test_due_hops_that_cannot_be_read_are_read_later(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    due = send._due
    broken: list[int] = []

    def once(*given: Any) -> Any:
        if not broken:
            broken.append(1)
            raise OSError("no database")
        return due(*given)

    monkeypatch.setattr(send, "_due", once)
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        await flow.accepted("c1")
        await flow.channel(provider.url)
        await until(lambda: broken)
        await paused(flow)
        assert provider.got == []
        flow.clock.move(1000)
        await provider.wait_for(1)


async def test_a_batch_that_was_written_although_it_failed_is_sent(sqlite_url: str) -> None:
    """The commit went through and its answer was lost: nobody was offered the hop, so the sender looks."""
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url)
        await paused(flow)
        commit = flow.world.store.database.commit

        async def cut() -> None:
            await commit()
            flow.world.store.database.commit = commit  # type: ignore[method-assign]
            raise ConnectionResetError("the answer is lost")

        flow.world.store.database.commit = cut  # type: ignore[method-assign]
        with pytest.raises(ConnectionResetError):
            await flow.accepted("c1")
        await provider.wait_for(1)


async def test_a_moved_clock_is_what_the_sender_follows(sqlite_url: str) -> None:
    clock = MovedClock()
    async with Receiver() as provider, flowing(sqlite_url, clock=clock) as flow:
        await flow.channel(provider.url, limits=Limits(rate_per_second=1))
        await flow.accepted("c1")
        await flow.accepted("c1")
        await provider.wait_for(1)
        await asyncio.sleep(0.02)
        assert len(provider.got) == 1
        clock.move(1000)
        await provider.wait_for(2)
