"""A callback is proven, read and written down; what comes early waits, what comes twice counts once."""

import asyncio
from typing import Any

import msgspec
import pytest
import structlog
from msgspec import Raw

from support.flows import PHONE, RAW, Flow, flowing
from support.receiver import Receiver
from support.waiting import until
from tidings.flow.facts import Submitted
from tidings.flow.page import Waiting
from tidings.flow.receive import receive
from tidings.flow.sweep import sweep_old, sweep_parked
from tidings.model.content import Content
from tidings.model.exchange import Answer, Callback, Piece, Sent
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report, Target, Unknown
from tidings.model.stages import Stage
from tidings.store.log import decode_life
from tidings.store.statements import Transaction, statement

HOUR = 3_600_000


async def call(flow: Flow, *reports: Report, body: bytes = b"", password: str = "right", channel: str = "c1") -> Answer:
    """Be the provider: report something."""
    return await receive(
        flow.world,
        flow.world.directory.channels[channel],
        Callback(
            method="POST",
            url=flow.world.callback_url(channel),
            headers={"password": password},
            body=body or msgspec.json.encode(reports),
            received_at=flow.clock.now(),
        ),
    )


async def stage(flow: Flow, message: str) -> Stage:
    rows = await flow.stored("with_lives", messages=[message])
    return decode_life(rows[0][2]).stage


async def sent(flow: Flow, message: str, reference: str) -> None:
    """Note that the provider took a message, and what it calls it."""
    await flow.world.record(Submitted(message, 0, Sent(pieces=(Piece(reference),), answer=RAW)))


async def waiting(flow: Flow) -> str:
    """Take a message for channel c1 that its sender never gets to submit."""
    return await flow.accepted("c1")


async def parked(flow: Flow) -> list[str]:
    return [row[3] for row in await flow.stored("parked_in", workspace="w1", before="z", limit=99)]


def receipt(reference: str, to: Stage = Stage.DELIVERED, **more: Any) -> Receipt:
    return Receipt(Target(reference=reference), to, Raw(b'{"provider":"words"}'), **more)


def inbound(key: str, text: str = "Hi", **more: Any) -> Inbound:
    return Inbound(key, PHONE, RAW, content=Content(text=text), **more)


async def set_up(flow: Flow) -> None:
    """A channel whose provider does not listen, so that only the test submits."""
    await flow.channel(connector="tiny")


# -- proof and reading -----------------------------------------------------------------------------------------------


async def test_what_is_not_proven_changes_nothing(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await set_up(flow)
        answer = await call(flow, inbound("k1"), password="wrong")
        assert answer == Answer(status=403, body=b"signature refused")
        assert await flow.stored("last_position") == [(0,)]
        assert await parked(flow) == []
        assert flow.world.counts.all() == {("callbacks", "refused"): 1}


@pytest.mark.parametrize("body", [b"{", b"[]]", b'[{"type":"receipt"}]', b"\xff\xfe", b"[" * 100_000])
async def test_what_cannot_be_read_is_kept_and_answered(sqlite_url: str, body: bytes) -> None:
    async with flowing(sqlite_url) as flow:
        await set_up(flow)
        assert await call(flow, body=body) == Answer()
        ((why,), kept) = await parked(flow), await flow.stored("parked_in", workspace="w1", before="z", limit=9)
        assert why.startswith("unreadable: ")
        found = msgspec.json.decode(kept[0][5], type=dict[str, Any])["callback"]
        assert msgspec.convert(found["body"], bytes) == body


async def test_a_connector_that_breaks_loses_no_callback(database_url: str) -> None:
    async with flowing(database_url) as flow:
        await set_up(flow)
        with structlog.testing.capture_logs() as logs:
            assert await call(flow, body=b"break") == Answer()
        assert [each["event"] for each in logs] == ["connector broke", "callback.unreadable"]
        assert await parked(flow) == ["unreadable: a fault of the connector's"]


async def test_what_we_have_no_word_for_is_kept_and_the_rest_counts(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await set_up(flow)
        message = await waiting(flow)
        await sent(flow, message, "r1")
        assert await call(flow, Unknown(RAW, "a new status"), receipt("r1"), Unknown(RAW, "another")) == Answer()
        assert await stage(flow, message) is Stage.DELIVERED
        assert sorted(await parked(flow)) == ["unknown: a new status", "unknown: another"]
        assert flow.world.counts.all()["reports", "unknown"] == 2


@pytest.mark.parametrize(
    "report",
    [
        Receipt(Target(reference="a\0b"), Stage.DELIVERED, RAW),
        Receipt(Target("a\0b"), Stage.DELIVERED, RAW, key="k"),
        Receipt(Target(reference="a"), Stage.DELIVERED, RAW, key="a\0b"),
        Receipt(Target(address="a\0b", until=5), Stage.DELIVERED, RAW),
        Interaction("k", Deed.CLICKED, Target(reference="a"), RAW, sender="a\0b"),
        Inbound("a\0b", PHONE, RAW),
        Inbound("k", "a\0b", RAW),
        Inbound("k", PHONE, RAW, reply_to=Target(reference="a\0b")),
        Unknown(RAW, "a\0b"),
    ],
)
async def test_a_nul_is_kept_as_unknown_and_the_rest_counts(database_url: str, report: Report) -> None:
    """PostgreSQL takes no NUL in a text, and SQLite does not find it again."""
    async with flowing(database_url) as flow:
        await set_up(flow)
        assert await call(flow, report, inbound("good")) == Answer()
        assert await parked(flow) == ["unknown: a NUL in what would be looked for"]
        assert await flow.stored("last_position") == [(1,)]


async def test_texts_that_are_only_kept_may_hold_anything(database_url: str) -> None:
    async with flowing(database_url) as flow:
        await set_up(flow)
        odd = "NUL \0, line \u2028, astral \U0001f600, right-to-left \u202e"
        assert await call(flow, inbound("k1", odd, name=odd, conversation=odd)) == Answer()
        assert await flow.stored("last_position") == [(1,)]


# -- twice, early, late ----------------------------------------------------------------------------------------------


async def test_a_report_with_a_key_counts_once(database_url: str) -> None:
    async with flowing(database_url) as flow:
        await set_up(flow)
        message = await waiting(flow)
        await sent(flow, message, "r1")
        clicked = Interaction("k1", Deed.CLICKED, Target(reference="r1"), RAW, url="https://example.com")
        for _ in range(3):
            await asyncio.gather(call(flow, inbound("k2"), clicked), call(flow, clicked, inbound("k2")))
        before = (await flow.stored("last_position"))[0][0]
        # accepted, sent, delivered as the click proves it, the click, and one inbound.
        assert before == 5
        await call(flow, inbound("k2"), clicked, channel="c1")
        assert await flow.stored("last_position") == [(before,)]


async def test_the_same_key_of_another_channel_is_another_report(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel(id_="c1")
        await flow.channel(id_="c2")
        await call(flow, inbound("k1"), channel="c1")
        await call(flow, inbound("k1"), channel="c2")
        assert await flow.stored("last_position") == [(2,)]


async def test_a_receipt_that_beats_our_own_answer_waits_for_it(database_url: str) -> None:
    async with flowing(database_url) as flow:
        await set_up(flow)
        message = await waiting(flow)
        await call(flow, receipt("r1", key="k1"), receipt("r1", Stage.READ))
        assert await parked(flow) == ["no message", "no message"]
        assert await stage(flow, message) is Stage.ACCEPTED
        await sent(flow, message, "r1")
        assert await stage(flow, message) is Stage.READ
        assert await parked(flow) == []


async def test_an_early_receipt_and_the_answer_in_one_batch_meet(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await set_up(flow)
        message = await waiting(flow)
        await asyncio.gather(call(flow, receipt("r1")), sent(flow, message, "r1"))
        assert await stage(flow, message) is Stage.DELIVERED
        assert await parked(flow) == []


async def test_an_unknown_receipt_is_parked_and_forgotten_after_a_day(database_url: str) -> None:
    async with flowing(database_url) as flow:
        await set_up(flow)
        await call(flow, receipt("never"), Unknown(RAW, "odd"))
        flow.clock.move(24 * HOUR)
        await sweep_old(flow.world)
        assert sorted(await parked(flow)) == ["no message", "unknown: odd"]
        flow.clock.move(1)
        await sweep_old(flow.world)
        assert await parked(flow) == ["unknown: odd"]
        flow.clock.move(29 * 24 * HOUR)
        await sweep_old(flow.world)
        assert await parked(flow) == []


async def test_another_channel_has_no_say(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel(id_="c1")
        await flow.channel(id_="c2")
        message = await waiting(flow)
        await sent(flow, message, "r1")
        await call(flow, receipt("r1"), Receipt(Target(message), Stage.READ, RAW), channel="c2")
        assert await stage(flow, message) is Stage.SENT
        assert await parked(flow) == ["no message", "no message"]


async def test_a_parked_receipt_is_applied_by_the_sweep_once(database_url: str) -> None:
    """As if another process had parked it while this one wrote the reference down; its key was seen then."""
    async with Receiver() as receiver, flowing(database_url) as flow:
        await set_up(flow)
        await flow.subscribe(receiver.url, "message.delivered")
        message = await waiting(flow)
        await sent(flow, message, "r1")
        await flow.world.store.write(lambda: _park(flow, receipt("r1", key="k1")))
        await flow.world.store.write(lambda: _park(flow, receipt("elsewhere")))
        assert await sweep_parked(flow.world) == 1
        assert await sweep_parked(flow.world) == 0
        assert await stage(flow, message) is Stage.DELIVERED
        await receiver.wait_for(1)
        assert len(await parked(flow)) == 1


async def test_the_sweep_looks_seldom_at_what_was_parked_long_ago(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await set_up(flow)
        message = await waiting(flow)
        await sent(flow, message, "r1")
        await flow.world.store.write(lambda: _park(flow, receipt("r1")))
        flow.clock.move(10_000)
        assert await sweep_parked(flow.world, lately=9_999) == 0
        assert await sweep_parked(flow.world, lately=10_000) == 1


async def test_a_parked_report_of_a_channel_that_is_gone_is_let_go_of(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await set_up(flow)
        message = await waiting(flow)
        await sent(flow, message, "r1")
        await flow.world.store.write(lambda: _park(flow, receipt("r1")))
        directory = flow.world.directory
        await directory.change(lambda: directory.drop_channel("w1", "c1"))
        assert await sweep_parked(flow.world) == 1
        assert await parked(flow) == []


def _park(flow: Flow, report: Receipt) -> Transaction[None]:
    id_ = flow.world.chance.id()
    body = msgspec.json.encode(Waiting(report=report))
    yield statement("put_parked").many(
        [(id_, "w1", "c1", report.target.reference, "no message", flow.clock.now(), body)]
    )


# -- watermarks ------------------------------------------------------------------------------------------------------


async def test_a_watermark_tells_each_message_before_it_exactly_once(database_url: str) -> None:
    async with Receiver() as receiver, flowing(database_url) as flow:
        await set_up(flow)
        await flow.subscribe(receiver.url, "message.read")
        messages = []
        for number in range(6):
            messages.append(await waiting(flow))
            await sent(flow, messages[-1], f"r{number}")
            flow.clock.move(1000)
        start = flow.clock.now() - 6000
        for until_number in (2, 1, 2, 4):
            mark = Receipt(Target(address=PHONE, until=start + until_number * 1000), Stage.READ, RAW)
            await call(flow, mark, mark)
        await until(lambda: not flow.notifier().behind)
        told = [got.json["payload"]["id"] for got in receiver.got]
        assert sorted(told) == sorted(messages[:5])
        assert [await stage(flow, each) for each in messages] == [Stage.READ] * 5 + [Stage.SENT]


async def test_a_watermark_of_somebody_else_means_nothing_here(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await set_up(flow)
        message = await waiting(flow)
        await sent(flow, message, "r1")
        await call(flow, Receipt(Target(address="+31600000000", until=flow.clock.now()), Stage.READ, RAW))
        assert await stage(flow, message) is Stage.SENT


async def test_a_reply_proves_that_the_message_arrived(database_url: str) -> None:
    async with Receiver() as receiver, flowing(database_url) as flow:
        await set_up(flow)
        await flow.subscribe(receiver.url, "message.delivered", "message.inbound")
        message = await waiting(flow)
        await sent(flow, message, "r1")
        await call(flow, inbound("k1"))
        await receiver.wait_for(2)
        by_name = {got.json["name"]: got.json["payload"] for got in receiver.got}
        assert by_name["message.delivered"]["id"] == message
        assert by_name["message.inbound"]["correlation"]["messageId"] == message
