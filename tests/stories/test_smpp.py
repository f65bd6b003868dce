"""Texts over a bind: lives of messages between a hub and a simulated SMSC, and all that can happen to the line."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.stories import PACE, RETRY_SECONDS, Story, telling
from support.waiting import until
from tidings.simulators.simulator import Fault, Order
from tidings.simulators.smpp import Smsc

SETTINGS: Mapping[str, Any] = {
    "systemId": "hubesme",
    "password": "s3cretpw",
    "sender": "Shop",
    "reconnectSeconds": 0.02,
    "perSecond": 1000,
}


@asynccontextmanager
async def bound(tmp_path: Path, *, settings: Mapping[str, Any] | None = None, **more: Any) -> AsyncIterator[Any]:
    """Begin a story with a channel that is bound to a simulated SMSC."""
    async with telling(tmp_path, "sms", provider_timeout=2.0) as story:
        simulator = await connected(story, settings or {}, **more)
        yield story, simulator


async def connected(story: Story, settings: Mapping[str, Any], **more: Any) -> Smsc:
    given = {**SETTINGS, **settings}
    simulator = Smsc(SETTINGS, pace=PACE, retry_seconds=RETRY_SECONDS, **more)
    await simulator.start()
    story.simulators.append(simulator)
    story.channels["smpp"] = await story.at_work.channel(
        story.workspace, "sms", "smpp", {**given, "baseUrl": simulator.smsc_url}
    )
    return simulator


def to(ending: str) -> dict[str, str]:
    return {"phoneNumber": f"4477009001{ending}"}


DELIVERED = {
    "omnichannel": ["message.sentRequest", "message.sent", "message.delivered"],
    "sms.outbound": ["accepted", "sent", "delivered"],
}
FAILED = {
    "omnichannel": ["message.sentRequest", "message.sent", "message.failed"],
    "sms.outbound": ["accepted", "sent", "delivery_failed"],
}
EXPIRED = {
    "omnichannel": ["message.sentRequest", "message.sent", "message.expired"],
    "sms.outbound": ["accepted", "sent", "delivery_failed"],
}


@pytest.mark.parametrize("ending", ["01", "05", "07", "08", "09", "10", "12", "13", "14"])
async def test_what_an_smsc_delivers_is_told_once_however_it_says_so(ending: str, tmp_path: Path) -> None:
    async with bound(tmp_path) as (story, simulator):
        message = await story.send(to(ending), "sms")
        await story.hears(DELIVERED)
        assert await story.stands(message) == "delivered"
        assert len(simulator.taken) == 1
        assert simulator.answers[-1] == 200


@pytest.mark.parametrize(("ending", "told"), [("02", FAILED), ("03", EXPIRED), ("04", FAILED)])
async def test_what_an_smsc_does_not_deliver_is_told(ending: str, told: dict[str, list[str]], tmp_path: Path) -> None:
    async with bound(tmp_path) as (story, _):
        await story.send(to(ending), "sms")
        await story.hears(told)


@pytest.mark.parametrize("bind", ["transceiver", "pair"])
async def test_long_text_is_delivered_when_all_segments_are(bind: str, tmp_path: Path) -> None:
    async with bound(tmp_path, settings={"bind": bind}) as (story, simulator):
        text = "All day long we hear of it. " * 12
        message = await story.send(to("01"), "sms", body=text)
        await story.hears(DELIVERED)
        assert "".join(each["text"] for each in simulator.taken) == text
        assert [each["part"][:2] for each in simulator.taken] == [[1, 3], [2, 3], [3, 3]]
        hop = (await story.life(message))["hops"][0]
        assert len(hop["parts"]) == 3
        assert simulator.binds == (2 if bind == "pair" else 1)


async def test_any_receipt_speaks_for_the_whole_text_where_the_smsc_reports_on_one_segment(tmp_path: Path) -> None:
    async with bound(tmp_path, settings={"receiptScope": "any"}) as (story, simulator):
        simulator.order("lost", "lost")
        await story.send(to("01"), "sms", body="a" * 161)
        await story.hears_of("message.sent")
        simulator.post(simulator.act(simulator.taken[1]["id"], "delivered"))
        await story.hears(DELIVERED)


@pytest.mark.parametrize(("ids", "receipt_ids"), [("hex", "decimal"), ("decimal", "hex"), ("hex", "hex")])
async def test_how_an_smsc_writes_ids_is_learnt_and_no_receipt_is_lost_until_then(
    ids: str, receipt_ids: str, tmp_path: Path
) -> None:
    async with bound(tmp_path, ids=ids, receipt_ids=receipt_ids) as (story, simulator):
        for number in range(4):
            await story.send({"phoneNumber": f"44770090012{number}"}, "sms")
        await story.hears_of("message.delivered", 4)
        simulator.order("early")
        await story.send({"phoneNumber": "447700900130"}, "sms")
        await story.hears_of("message.delivered", 5)
        assert len(simulator.taken) == 5


@pytest.mark.parametrize(
    "how", [{}, {"ucs2": True}, {"payload": True}, {"parts": 9}, {"parts": 9, "sar": True}, {"parts": 7, "ucs2": True}]
)
async def test_what_a_person_writes_is_told_once_and_whole(how: dict[str, Any], tmp_path: Path) -> None:
    async with bound(tmp_path) as (story, simulator):
        text = "Where is my [parcel], please?" + (" 😀" * 9 if "ucs2" in how else "")
        simulator.post(simulator.inbound("+447700900123", text, **how))
        inbound = (await story.hears_of("message.inbound"))["payload"]
        assert (inbound["body"], inbound["from"]["phoneNumber"]) == (text, "447700900123")
        await story.hears({"omnichannel": ["message.inbound"], "sms.inbound": ["delivered"]})
        assert set(simulator.answers) == {200}


async def test_parts_that_come_out_of_order_and_twice_are_one_text(tmp_path: Path) -> None:
    async with bound(tmp_path) as (story, simulator):
        text = "one two three four five six"
        simulator.post(simulator.inbound("+447700900123", text, parts=9, order=[3, 1, 1, 3, 2]))
        assert (await story.hears_of("message.inbound"))["payload"]["body"] == text
        simulator.post(simulator.inbound("+447700900123", text, parts=9, order=[2, 3, 1], reference=43))
        await story.hears({"omnichannel": ["message.inbound"] * 2, "sms.inbound": ["delivered"] * 2})


async def test_text_of_which_a_part_never_comes_is_told_as_far_as_it_came(tmp_path: Path) -> None:
    async with bound(tmp_path) as (story, simulator):
        simulator.post(simulator.inbound("+447700900123", "one two three four five six", parts=9, order=[3, 1]))
        await simulator.settle()
        await story.quiet()
        assert story.subscriber.bodies("message.inbound") == []
        await story.clock.skip_until(lambda: story.subscriber.bodies("message.inbound"), most=700)
        told = await story.hears_of("sms.inbound")
        assert told["payload"]["body"]["text"]["text"] == "one two tive six"[:9] + " five six"[-9:]
        assert told["payload"]["meta"]["extraInformation"]["parts"] == "2 of 3"


async def test_person_who_writes_stop_is_unsubscribed(tmp_path: Path) -> None:
    async with bound(tmp_path) as (story, simulator):
        await story.send({"phoneNumber": "447700900123"}, "sms")
        await story.hears_of("message.delivered")
        simulator.post(simulator.inbound("+447700900123", "STOP"))
        await story.hears_of("sms.interaction")
        assert story.subscriber.told["sms.interaction"] == ["unsubscribe-request"]


async def test_what_comes_by_http_for_such_a_channel_is_refused(tmp_path: Path) -> None:
    async with bound(tmp_path) as (story, simulator):
        delivery = simulator.inbound("+447700900123", "It is me")[0]().body
        url = story.channels["smpp"]["callbackUrl"]
        headers = {"system-id": SETTINGS["systemId"]}
        async with story.at_work.http.post(url, data=delivery, headers=headers) as response:
            assert response.status == 403
        await story.hears({})


@pytest.mark.parametrize("what", ["drop", "unbind", "oversize", "wrong-sequence"])
async def test_whatever_happens_to_the_line_the_next_text_goes(what: str, tmp_path: Path) -> None:
    async with bound(tmp_path) as (story, simulator):
        await until(lambda: simulator.binds == 1)
        async with story.at_work.http.post(f"{simulator.base_url}/_simulator/link", json={"do": what}) as response:
            assert response.status == 200
        if what != "wrong-sequence":
            await until(lambda: simulator.binds == 2)
        await story.send(to("01"), "sms")
        await story.hears(DELIVERED)


async def test_smsc_that_says_nothing_is_left_and_bound_to_again(tmp_path: Path) -> None:
    quick = {"enquireSeconds": 0.05, "responseSeconds": 0.1}
    async with bound(tmp_path, settings=quick) as (story, simulator):
        await until(lambda: simulator.binds == 1)
        simulator.silent = True
        await until(lambda: simulator.binds == 2)
        simulator.silent = False
        await story.send(to("01"), "sms")
        await story.hears(DELIVERED)


@pytest.mark.parametrize("fault", ["throttled", "dropped", "refused:0x14"])
async def test_what_was_not_taken_goes_again_and_once(fault: str, tmp_path: Path) -> None:
    async with bound(tmp_path) as (story, simulator):
        name, _, code = fault.partition(":")
        simulator.order(Order(Fault(name), code=code))
        message = await story.send(to("01"), "sms")
        if name == "dropped":
            # The line broke before an answer: nobody knows, so that it is not sent again.
            await story.clock.skip_until(lambda: story.subscriber.bodies("message.failed"), most=700)
            assert (await story.life(message))["hops"][0]["reason"]["cause"] == "uncertain"
            assert simulator.taken == []
        else:
            await story.hears(DELIVERED)
            assert len(simulator.taken) == 1


@pytest.mark.parametrize("fault", ["vanished", "hanging"])
async def test_what_was_taken_without_an_answer_is_not_sent_again(fault: str, tmp_path: Path) -> None:
    async with bound(tmp_path, settings={"responseSeconds": 0.2}) as (story, simulator):
        simulator.order(fault, "lost")
        simulator.path = ()
        await story.send(to("01"), "sms")
        await story.clock.skip_until(lambda: story.subscriber.bodies("message.failed"), most=700)
        await story.quiet()
        assert len(simulator.taken) == 1


async def test_wrong_password_is_told_and_not_tried_again(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms", provider_timeout=0.3) as story:
        simulator = await connected(story, {"password": "another"})
        channel = story.channels["smpp"]["id"]
        events = f"/workspaces/{story.workspace}/events"

        async def told() -> list[Any]:
            read = await story.ask("GET", events)
            return [each for each in read["results"] if each["kind"] == "notice"]

        for _ in range(100):
            if await told():
                break
            await asyncio.sleep(0.02)
        (notice,) = await told()
        assert "channel.failing" in str(notice)
        assert "password" in str(notice)
        assert simulator.binds == 0
        await story.at_work.ask(
            "PATCH",
            f"/workspaces/{story.workspace}/channels/{channel}",
            {"settings": {**SETTINGS, "baseUrl": simulator.smsc_url}},
        )
        await until(lambda: simulator.binds == 1)
        await story.send(to("01"), "sms")
        await story.hears(DELIVERED)


async def test_smsc_that_has_no_room_is_bound_to_when_it_has(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms") as story:
        simulator = await connected(story, {}, most_binds=0)
        await asyncio.sleep(0.1)
        assert simulator.binds == 0
        simulator.most_binds = 1
        await story.send(to("01"), "sms")
        await story.hears(DELIVERED)


async def test_delivery_that_cannot_be_written_down_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bound(tmp_path) as (story, simulator):
        await until(lambda: simulator.binds == 1)
        store, pen = story.at_work.world.store, story.at_work.world.pen
        whole, failures = store.put, iter([1, 1])

        def broken(kind: Any, item: Any) -> Any:
            # The hub writes other things too, whenever it likes.
            if kind is pen and next(failures, None):
                raise OSError("the disk is full")
            return whole(kind, item)

        monkeypatch.setattr(store, "put", broken)
        simulator.post(simulator.inbound("+447700900123", "Hello"))
        await story.hears({"omnichannel": ["message.inbound"], "sms.inbound": ["delivered"]})
        assert simulator.answers == [500, 500, 200]


async def test_many_texts_over_one_bind_are_all_told_and_none_twice(tmp_path: Path) -> None:
    settings = {"window": 50, "perSecond": 10_000}
    async with bound(tmp_path, settings=settings) as (story, simulator):
        simulator.pace = 0.0
        numbers = [number for number in range(300) if f"{number:02d}"[-2:] not in ENDINGS]
        body = [
            {"to": {"phoneNumber": f"4477009{number:05d}"}, "rules": ["sms"], "body": f"Text {number}"}
            for number in numbers
        ]
        await story.ask("POST", f"/apispaces/{story.workspace}/messages/batch", body)
        await story.hears_of("message.delivered", len(body))
        await story.quiet()
        assert len(simulator.taken) == len(body)
        assert story.subscriber.told["omnichannel"].count("message.delivered") == len(body)


ENDINGS = {f"{number:02d}" for number in range(2, 15)}


@pytest.mark.parametrize("count", [150, pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
async def test_receipts_shuffled_and_doubled_end_in_the_right_states(count: int, tmp_path: Path) -> None:
    settings = {"window": 50, "perSecond": 10_000}
    async with bound(tmp_path, settings=settings) as (story, simulator):
        simulator.pace, simulator.path = 0.0, ()
        numbers = [f"4477{number:06d}00" for number in range(count)]
        for first in range(0, count, 1000):
            texts = [
                {"to": {"phoneNumber": to}, "rules": ["sms"], "body": "Hi"} for to in numbers[first : first + 1000]
            ]
            await story.ask("POST", f"/apispaces/{story.workspace}/messages/batch", texts)
        await until(lambda: len(simulator.taken) == count, seconds=300)
        # A third is delivered, a third is not, and of a third it is said first that it is on its way.
        deeds = {each["id"]: ("delivered", "undelivered", "enroute")[at % 3] for at, each in enumerate(simulator.taken)}
        told = list(deeds.items()) * 2
        told += [(id_, "delivered") for id_, deed in deeds.items() if deed == "enroute"] * 2
        random.Random(7).shuffle(told)
        for at in range(0, len(told), 100):
            simulator.post([post for id_, deed in told[at : at + 100] for post in simulator.act(id_, deed)])
        delivered = sum(deed != "undelivered" for deed in deeds.values())
        want = {"message.delivered": delivered, "message.failed": count - delivered}
        # Three events of each, in both vocabularies; to read them all again and again takes longer than the rest.
        await until(lambda: len(story.subscriber.taken) >= 6 * count, seconds=300)
        await story.quiet()
        assert Counter(story.subscriber.told["omnichannel"]) == {
            "message.sentRequest": count,
            "message.sent": count,
            **want,
        }
        assert set(simulator.answers) == {200}
