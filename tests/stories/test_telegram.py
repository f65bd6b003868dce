"""Telegram, from end to end: what is sent, what people do with it, and what both vocabularies tell of it."""

from pathlib import Path
from typing import Any

import pytest

from support.attaching import attach
from support.stories import Story, telling
from support.waiting import until
from tidings.simulators.simulator import Fault, Order
from tidings.simulators.telegram import Telegram

SETTINGS = {"botToken": "700:a-test-token", "webhookSecret": "hub-secret_01"}
ANA = 5210000001
TO_ANA = {"telegramUserId": str(ANA)}
SENT = ["message.sentRequest", "message.sent"]


async def telegram(story: Story, settings: dict[str, Any] | None = None, **more: Any) -> Telegram:
    given = {**SETTINGS, **(settings or {})}
    return await attach(story, Telegram, "telegram", given, **{"people": (ANA,), **more})


async def test_a_person_writes_gets_an_answer_taps_and_reacts(tmp_path: Path) -> None:
    async with telling(tmp_path, "telegram") as story:
        simulator = await telegram(story, people=())
        simulator.post(simulator.inbound(str(ANA), "/start order-17", name="Ana"))
        told: dict[str, list[str]] = {"omnichannel": ["message.inbound"], "telegram.inbound": ["delivered"]}
        await story.hears(told)
        (came,) = story.subscriber.bodies("telegram.inbound")
        assert came["payload"]["meta"]["extraInformation"]["startPayload"] == "order-17"

        choice = {"type": "postback", "postback": {"text": "Monday", "payload": "DAY_MON"}}
        body = {"type": "text", "text": {"text": "Which day?", "actions": [choice]}}
        more = {"meta": {"extraInformation": {"order": 7}}}
        message = await story.send_by("telegram", "telegramuserid", str(ANA), body, **more)
        told["omnichannel"] += SENT
        told["telegram.outbound"] = ["accepted", "sent"]
        await story.hears(told)
        assert await story.stands(message) == "sent", "nobody tells that it arrived"

        (taken,) = simulator.taken
        for callbacks in (
            simulator.act(taken["id"], "callback_query", data="DAY_MON"),
            simulator.act(taken["id"], "reaction", emoji="👍"),
            simulator.act(taken["id"], "reaction", emoji="🔥"),
            simulator.act(taken["id"], "reaction"),
            simulator.inbound(str(ANA), "Thanks", reply_to=taken["id"].split(":")[1]),
        ):
            simulator.post([*callbacks, *callbacks])  # What is delivered again is told once.
            await story.quiet()
        # Whoever taps a button has the message.
        told["omnichannel"] += ["message.delivered", "interaction.click", "message.inbound"]
        told["telegram.outbound"] += ["delivered"]
        told["telegram.interaction"] = ["clicked", "reaction", "reaction", "reaction", "reaction"]
        told["telegram.inbound"] += ["delivered"]
        await story.hears(told)
        said = [each["payload"]["metadata"] for each in story.subscriber.bodies("telegram.interaction")]
        assert said == [
            {"button": {"payload": "DAY_MON"}, "prefetched": False},
            {"reaction": {"emoji": "👍", "action": "react"}},
            {"reaction": {"emoji": "👍", "action": "unreact"}},
            {"reaction": {"emoji": "🔥", "action": "react"}},
            {"reaction": {"emoji": "🔥", "action": "unreact"}},
        ]
        answer = story.subscriber.bodies("message.inbound")[1]["payload"]
        assert answer["correlation"] == {"messageId": message, "metadata": {"order": 7}}
        await until(lambda: list(simulator.bot.queries.values()) == [True], what="the button turns no more")


async def test_what_is_sent_does_not_expire_for_want_of_a_receipt(tmp_path: Path) -> None:
    async with telling(tmp_path, "telegram") as story:
        await telegram(story)
        message = await story.send(TO_ANA, "telegram")
        await story.hears({"omnichannel": SENT, "telegram.outbound": ["accepted", "sent"]})
        await story.skip(8 * 24 * 3600)
        await story.hears({"omnichannel": SENT, "telegram.outbound": ["accepted", "sent"]})
        assert await story.stands(message) == "sent"


async def test_a_person_who_blocks_the_bot_is_heard(tmp_path: Path) -> None:
    async with telling(tmp_path, "telegram") as story:
        simulator = await telegram(story)
        message = await story.send(TO_ANA, "telegram")
        told = {"omnichannel": list(SENT), "telegram.outbound": ["accepted", "sent"]}
        await story.hears(told)
        simulator.post(simulator.act(simulator.taken[0]["id"], "blocked"))
        told["telegram.interaction"] = ["unsubscribe-request"]
        await story.hears(told)
        (deed,) = story.subscriber.bodies("telegram.interaction")
        assert deed["payload"]["messageId"] == message
        again = await story.send(TO_ANA, "telegram")
        told["omnichannel"] += ["message.sentRequest", "message.failed"]
        told["telegram.outbound"] += ["accepted", "sending_failed"]
        await story.hears(told)
        # Telegram is not asked any more: the person has said that they want no more of it.
        assert (await story.life(again))["reason"]["cause"] == "opted-out"
        assert len(simulator.taken) == 1


async def test_a_picture_that_a_person_sends_can_be_had(tmp_path: Path) -> None:
    async with telling(tmp_path, "telegram") as story:
        simulator = await telegram(story)
        simulator.post(simulator.inbound(str(ANA), "Look", file="photo", type="image/jpeg", data="aGVsbG8="))
        await story.hears({"omnichannel": ["message.inbound"], "telegram.inbound": ["delivered"]})
        (inbound,) = story.subscriber.bodies("message.inbound")
        assert "a-test-token" not in str(inbound), "a file's address at Telegram has the token in it"
        message = inbound["payload"]["id"]
        url = f"{story.at_work.base_url}/workspaces/{story.workspace}/messages/{message}/media/0"
        headers = {"authorization": f"AccessKey {story.at_work.root_key}"}
        async with story.at_work.http.get(url, headers=headers) as response:
            assert (response.status, response.content_type, await response.read()) == (200, "image/jpeg", b"hello")


async def test_a_bot_without_a_webhook_asks_for_what_there_is(tmp_path: Path) -> None:
    async with telling(tmp_path, "telegram") as story:
        simulator = await telegram(story, {"pollSeconds": 0.05})
        message = await story.send(TO_ANA, "telegram")
        told = {"omnichannel": list(SENT), "telegram.outbound": ["accepted", "sent"]}
        await story.hears(told)
        assert simulator.act(simulator.taken[0]["id"], "callback_query", data="y") == []
        told["omnichannel"] += ["message.delivered", "interaction.click"]
        told["telegram.outbound"] += ["delivered"]
        told["telegram.interaction"] = ["clicked"]
        await story.hears(told)
        assert list(simulator.bot.queries.values()) == [True]
        assert simulator.inbound(str(ANA), "Hi") == []
        told["omnichannel"] += ["message.inbound"]
        await story.hears({**told, "telegram.inbound": ["delivered"]})
        assert await story.stands(message) == "delivered"
        await until(lambda: not simulator.updates.waiting, what="what is on disk is confirmed to Telegram")


@pytest.mark.parametrize("fault", ["throttled", "error"])
async def test_what_was_not_taken_is_sent_again(fault: str, tmp_path: Path) -> None:
    async with telling(tmp_path, "telegram") as story:
        simulator = await telegram(story)
        simulator.order(Order(Fault(fault), seconds=20))
        began = story.clock.now()
        await story.send(TO_ANA, "telegram")
        await story.clock.skip_until(lambda: simulator.taken, most=90)
        if fault == "throttled":
            assert story.clock.now() - began >= 20_000
        await story.hears({"omnichannel": SENT, "telegram.outbound": ["accepted", "sent"]})
        assert len(simulator.taken) == 1


async def test_what_telegram_may_have_taken_is_not_sent_twice(tmp_path: Path) -> None:
    async with telling(tmp_path, "telegram", uncertain_grace=20) as story:
        simulator = await telegram(story)
        simulator.order("vanished")
        message = await story.send(TO_ANA, "telegram")
        told = story.subscriber
        await story.clock.skip_until(lambda: told.bodies("message.failed"), most=90)
        assert len(simulator.taken) == 1
        (hop,) = (await story.life(message))["hops"]
        assert hop["reason"]["cause"] == "uncertain"


async def test_what_is_refused_goes_another_way(tmp_path: Path) -> None:
    async with telling(tmp_path, "telegram", "sms") as story:
        simulator = await telegram(story)
        await story.channel("twilio")
        simulator.order(Order(Fault.REFUSED, code="403"))
        message = await story.send({**TO_ANA, "phoneNumber": "447700900001"}, "telegram", "sms")
        await story.hears(
            {
                "omnichannel": [*SENT, "message.delivered"],
                "telegram.outbound": ["accepted"],
                "sms.outbound": ["sent", "delivered"],
            }
        )
        hops = (await story.life(message))["hops"]
        assert [(hop["platform"], hop["stage"]) for hop in hops] == [("telegram", "failed"), ("sms", "delivered")]
        assert hops[0]["reason"]["code"] == "403"
