"""What is redacted or deleted leaves no trace of what was said: every column of every table is searched."""

import asyncio
from typing import Any

import msgspec
import pytest
from aiohttp import web
from msgspec import Raw
from msgspec.structs import replace

from support.flows import PHONE, Flow, flowing
from support.receiver import Receiver
from support.stores import look_into, opened, tables_with
from support.waiting import until
from tidings.flow import memory as remembering
from tidings.flow.accept import accept
from tidings.flow.erase import delete, redact
from tidings.flow.facts import NotSubmitted, Promise, Submitted, Told
from tidings.flow.memory import Memory
from tidings.model.content import Content
from tidings.model.exchange import Piece, Sent
from tidings.model.messages import Direction, Message
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Target
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.redaction import redact_report
from tidings.store.log import decode_life, decode_message

MARK = "between-us-alone"
WORDS = Raw(msgspec.json.encode({"text": MARK}))


async def said(flow: Flow) -> str:
    """Say something in every place where anything can be said of a message of ours."""
    taking = flow.taking("c1", "c2")
    content = Content(title=MARK, text=MARK, html=MARK)
    about = replace(taking.message, content=content, sender_name=MARK, options={"sms": {"from": MARK}}, request=WORDS)
    message = about.id
    body = msgspec.json.encode({"id": message, "body": MARK})
    await accept(flow.world, [replace(taking, message=about)], Promise("w1", f"key of {message}", "f", 201, body))
    first, second = (flow.as_channel(each) for each in ("c1", "c2"))
    await flow.world.record(NotSubmitted(message, 0, Reason(Cause.PROVIDER, "refused"), WORDS))
    await flow.world.record(Submitted(message, 1, Sent(pieces=(Piece(f"ref {message}"),), answer=WORDS)))
    target = Target(message)
    await flow.world.record(Told(second, Receipt(target, Stage.DELIVERED, WORDS)))
    await flow.world.record(Told(second, Receipt(target, Stage.DELIVERED, WORDS)))
    await flow.world.record(Told(first, Receipt(target, Stage.SENT, WORDS)))
    clicked = Interaction(f"k {message}", Deed.CLICKED, target, WORDS, url=MARK, link_name=MARK, payload=MARK)
    await flow.world.record(Told(second, replace(clicked, short_url=MARK, user_agent=MARK, details=MARK)))
    return message


async def answered(flow: Flow, key: str) -> str:
    """Somebody writes to us; gives the message's id."""
    inbound = Inbound(key, PHONE, WORDS, content=Content(text=MARK), name=MARK, extra={"note": MARK})
    message: str = (await flow.world.record(Told(flow.as_channel("c2"), inbound))).value
    return message


async def searched(url: str) -> set[str]:
    return await look_into(url, tables_with(MARK))


class Echoing(Receiver):
    """An endpoint that answers with what it was told."""

    async def _take(self, request: Any) -> Any:
        await super()._take(request)
        return web.Response(status=500, headers={"x-echo": MARK}, body=await request.read() + MARK.encode())


@pytest.mark.parametrize("erase", [redact, delete])
async def test_no_trace_of_what_was_said_is_left(database_url: str, erase: Any) -> None:
    async with Echoing() as receiver, flowing(database_url) as flow:
        for number in (1, 2):
            await flow.subscribe(receiver.url, id_=f"s{number}")
        message = await said(flow)
        reply = await answered(flow, "k1")
        await receiver.wait_for(4)
        await until(
            lambda: all(not each._under_way and each._journal._written is None for each in flow.hub.readers.notifiers)
        )
        # What was told to a subscription that is no more is searched, too.
        directory = flow.world.directory
        gone = directory.subscriptions["s2"]
        await directory.change(lambda: directory.drop_subscription(gone))
        await flow.hub.readers.settled()
        before = await searched(database_url)
        assert {
            "message.body",
            "event.body",
            "attempt.response",
            "attempt.headers",
            "idempotency.body",
            "life.state",
            "tally.stands_for",
        } <= before
        assert await erase(flow.world, "w1", message)
        assert await erase(flow.world, "w1", reply)
        assert await searched(database_url) == set()


async def test_what_is_redacted_keeps_its_life(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message = await said(flow)
        before = (await flow.stored("with_lives", messages=[message]))[0]
        assert await redact(flow.world, "w1", message)
        after = (await flow.stored("with_lives", messages=[message]))[0]
        was, now = decode_life(before[2]), decode_life(after[2])
        assert (now.stage, now.revision, now.told) == (was.stage, was.revision, was.told)
        assert (decode_message(after[1]).redacted, decode_message(after[1]).content) == (True, Content())
        assert len(await flow.stored("events_of", message=message)) == was.revision - 1
        (answer,) = await flow.stored("answered_before", workspace="w1", key=f"key of {message}")
        assert answer == ("f", 201, b"{}")


async def test_what_comes_after_a_redaction_brings_nothing_back(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message = await said(flow)
        assert await redact(flow.world, "w1", message)
        channel = flow.as_channel("c2")
        for report in (
            Receipt(Target(message), Stage.READ, WORDS),
            Receipt(Target(message), Stage.SENT, WORDS),
            Interaction("later", Deed.CLICKED, Target(message), WORDS, url=MARK),
        ):
            await flow.world.record(Told(channel, report))
        assert await searched(database_url) == set()


async def test_a_process_that_remembers_a_message_hears_of_its_redaction(postgres_url: str) -> None:
    """The message is in the other process's memory; the life says that it is not true any more."""
    async with flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        message = await said(one)
        await two.world.record(Told(two.as_channel("c2"), Receipt(Target(message), Stage.SENT, WORDS)))
        remembered = two.world.pen.memory[message]
        assert remembered is not None
        assert remembered.content.text == MARK
        assert await redact(one.world, "w1", message)
        await two.world.record(Told(two.as_channel("c2"), Receipt(Target(message), Stage.READ, WORDS)))
        assert await searched(postgres_url) == set()


async def test_a_process_that_remembers_a_message_hears_of_its_deletion(postgres_url: str) -> None:
    async with flowing(postgres_url) as one, flowing(postgres_url, clock=one.clock) as two:
        message = await said(one)
        await two.world.record(Told(two.as_channel("c2"), Receipt(Target(message), Stage.SENT, WORDS)))
        assert await delete(one.world, "w1", message)
        outcome = await two.world.record(Told(two.as_channel("c2"), Receipt(Target(message), Stage.READ, WORDS)))
        assert outcome.value == ""


async def test_a_redaction_undoes_nothing_that_another_process_writes(postgres_url: str) -> None:
    """The life is locked first: what is being written about the message is waited for."""
    async with flowing(postgres_url) as one, opened(postgres_url) as other:
        message = await said(one)
        pen = one.world.pen
        read = Told(one.as_channel("c2"), Receipt(Target(message), Stage.READ, WORDS))
        await other.database.begin()
        await other.database.run(pen.transaction([read]))
        redacting = asyncio.ensure_future(redact(one.world, "w1", message))
        await asyncio.sleep(0.05)
        assert not redacting.done()
        await other.database.commit()
        assert await redacting
        rows = await one.stored("with_lives", messages=[message])
        assert decode_life(rows[0][2]).stage is Stage.READ
        assert await searched(postgres_url) == set()


@pytest.mark.parametrize("erase", [redact, delete])
async def test_nobody_erases_what_is_another_tenants(sqlite_url: str, erase: Any) -> None:
    async with flowing(sqlite_url) as flow:
        message = await flow.sent()
        assert not await erase(flow.world, "w2", message)
        assert not await erase(flow.world, "w1", "no-such-message")
        assert len(await flow.stored("events_of", message=message)) == 2


async def test_what_is_deleted_is_gone_from_every_table(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message = await said(flow)
        others = await said(flow)
        assert await delete(flow.world, "w1", message)
        # The answer to its key stays, empty, so that the same request is not done again.
        assert await look_into(database_url, tables_with(message)) == {"idempotency.key", "seen.key"}
        assert await flow.stored("events_of", message=others) != []
        assert not await delete(flow.world, "w1", message)


async def test_only_the_answers_about_a_message_are_emptied(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message, other = await said(flow), await said(flow)
        assert await redact(flow.world, "w1", message)
        kept = await flow.stored("answered_before", workspace="w1", key=f"key of {other}")
        assert msgspec.json.decode(kept[0][2]) == {"id": other, "body": MARK}


async def test_a_redacted_message_is_not_sent(sqlite_url: str) -> None:
    async with Receiver(lambda _: 503) as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url)
        message = await flow.accepted("c1")
        await provider.wait_for(1)
        await until(lambda: not flow.sender()._under_way)
        assert await redact(flow.world, "w1", message)
        flow.clock.move(2000)
        await until(lambda: not flow.sender()._under_way and not flow.sender()._filling)
        rows = await flow.stored("with_lives", messages=[message])
        (hop,) = decode_life(rows[0][2]).hops
        assert hop.reason == Reason(Cause.CANCELLED, "It was redacted before it was sent.")
        assert len(provider.got) == 1


def test_a_report_keeps_what_it_means() -> None:
    target = Target("m1")
    assert redact_report(Receipt(target, Stage.READ, WORDS, 5, key="k")) == Receipt(
        target, Stage.READ, Raw(b"{}"), 5, key="k"
    )
    clicked = Interaction("k", Deed.CLICKED, target, WORDS, 5, url=MARK, link_name=MARK, payload=MARK, details=MARK)
    assert redact_report(clicked) == Interaction("", Deed.CLICKED, target, Raw(b"{}"), 5)


def test_memory_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "REMEMBERED", 2)
    memory = Memory()
    memory.keep(Message(id=f"m{n}", workspace="w", direction=Direction.OUTGOING, created_at=1) for n in range(3))
    assert [memory[f"m{n}"] is not None for n in range(3)] == [False, True, True]
    memory.forget("m2")
    memory.forget("never there")
    assert memory["m2"] is None
