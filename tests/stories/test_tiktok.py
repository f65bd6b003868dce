"""TikTok, from end to end: what is sent, what people do with it, and what both vocabularies tell of it."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from support.attaching import attach
from support.stories import Story, telling
from support.waiting import until
from tidings.simulators.simulator import Fault, Order
from tidings.simulators.tiktok import TikTok

SETTINGS = {
    "businessId": "biz-open-id-1",
    "clientKey": "7000000000000000001",
    "clientSecret": "a-client-secret",
    "accessToken": "act.first",
    "refreshToken": "rft.first",
}
ANA, BOB = "7300000000000000001", "7300000000000000002"
TO_ANA = {"tiktokUserId": ANA}
SENT = ["message.sentRequest", "message.sent"]
HOUR = 3600


async def tiktok(story: Story, settings: dict[str, Any] | None = None, *, heard: bool = True, **more: Any) -> TikTok:
    simulator = await attach(story, TikTok, "tiktok", {**SETTINGS, **(settings or {})}, **more)
    if heard:
        simulator.account.hear(ANA)
        simulator.account.hear(BOB)
    return simulator


def named(story: Story, event: str) -> list[str]:
    """The messages that an event was told of, in the order they were."""
    return [each["payload"]["id"] for each in story.subscriber.bodies(event)]


async def sent_in_turn(story: Story, simulator: TikTok, count: int, to: str = ANA) -> list[str]:
    """Send messages one after the other; give our ids of them."""
    messages = []
    for number in range(count):
        before = len(simulator.taken)
        messages.append(await story.send({"tiktokUserId": to}, "tiktok", body=f"Number {number}"))
        await until(lambda: len(simulator.taken) > before, what="it is sent")  # noqa: B023 - awaited at once
    await story.quiet()
    return messages


async def test_a_person_writes_gets_an_answer_reads_it_reacts_and_taps(tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok") as story:
        simulator = await tiktok(story, heard=False)
        simulator.post(simulator.inbound(ANA, "Price?"))
        told: dict[str, list[str]] = {"omnichannel": ["message.inbound"], "tiktok.inbound": ["delivered"]}
        await story.hears(told)
        (came,) = story.subscriber.bodies("tiktok.inbound")
        assert came["payload"]["meta"]["extraInformation"]["userId"] == f"user-of-{ANA}"

        choice = {"type": "postback", "postback": {"text": "Red", "payload": "red"}}
        body = {"type": "text", "text": {"text": "10 €. Which one?", "actions": [choice]}}
        message = await story.send_by("tiktok", "tiktokuserid", ANA, body)
        told["omnichannel"] += SENT
        told["tiktok.outbound"] = ["accepted", "sent"]
        await story.hears(told)
        assert await story.stands(message) == "sent", "nobody tells that it arrived"

        (taken,) = simulator.taken
        for callbacks in (
            simulator.act(taken["id"], "own_read"),
            simulator.act(taken["id"], "read"),
            simulator.act(taken["id"], "reaction", emoji="🔥"),
            simulator.act(taken["id"], "unreaction", emoji="🔥"),
            simulator.act(taken["id"], "tap", id="red", title="Red"),
        ):
            simulator.post([*callbacks, *callbacks])  # What is delivered again is told once.
            await story.quiet()
        told["omnichannel"] += ["message.delivered", "message.read", "message.inbound", "interaction.click"]
        told["tiktok.outbound"] += ["delivered"]
        told["tiktok.interaction"] = ["read", "reaction", "reaction", "clicked"]
        told["tiktok.inbound"] += ["delivered"]
        await story.hears(told)
        said = [each["payload"].get("metadata") for each in story.subscriber.bodies("tiktok.interaction")]
        assert said[1:] == [
            {"reaction": {"emoji": "🔥", "action": "react"}},
            {"reaction": {"emoji": "🔥", "action": "unreact"}},
            {"button": {"payload": "red"}, "prefetched": False},
        ]
        assert story.subscriber.bodies("message.inbound")[1]["payload"]["correlation"]["messageId"] == message


# Read marks


async def test_a_read_means_every_message_up_to_its_time_once_and_not_one_more(tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok") as story:
        simulator = await tiktok(story)
        messages = await sent_in_turn(story, simulator, 5)
        others = await sent_in_turn(story, simulator, 2, BOB)
        third, fifth = simulator.taken[2]["id"], simulator.taken[4]["id"]

        simulator.post(simulator.act(fifth, "own_read"))
        await story.quiet()
        assert named(story, "message.read") == [], "what our own side reads is no news"
        for _ in range(2):
            simulator.post(simulator.act(third, "read"))
            await story.quiet()
        assert named(story, "message.read") == named(story, "message.delivered") == messages[:3]
        assert [await story.stands(each) for each in messages] == ["read"] * 3 + ["sent"] * 2

        simulator.post(simulator.act(simulator.taken[0]["id"], "read"))  # An earlier one comes late: it is no news.
        await story.quiet()
        assert named(story, "message.read") == messages[:3]
        simulator.post(simulator.act(fifth, "read"))
        await story.quiet()
        assert named(story, "message.read") == messages
        assert [await story.stands(each) for each in others] == ["sent", "sent"], "nobody else has read anything"
        reads = [each["payload"]["messageId"] for each in story.subscriber.bodies("tiktok.interaction")]
        assert reads == messages


async def test_messages_sent_all_at_once_are_told_apart_too(tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok") as story:
        simulator = await tiktok(story)
        bodies = [f"Number {number}" for number in range(8)]
        sending = (story.send(TO_ANA, "tiktok", body=body) for body in bodies)
        ids = dict(zip(await asyncio.gather(*sending), bodies, strict=True))
        await until(lambda: len(simulator.taken) == 8)
        await story.quiet()
        simulator.post(simulator.act(simulator.taken[4]["id"], "read"))
        await story.quiet()
        read = {ids[each] for each in named(story, "message.read")}
        assert read == {each["text"] for each in simulator.taken[:5]}


async def test_a_read_that_overtakes_the_echo_and_the_answer_is_kept(tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok") as story:
        simulator = await tiktok(story, echoes=False)
        (message,) = await sent_in_turn(story, simulator, 1)
        (taken,) = simulator.taken
        simulator.post(simulator.act(taken["id"], "read"))
        await story.quiet()
        said = {"message_id": taken["id"], "timestamp": simulator.account.sent_at[taken["id"]], "type": "text"}
        simulator.post([simulator.news.said(ANA, said, by_us=True)])
        await story.hears_of("message.read")
        assert named(story, "message.read") == [message]


@pytest.mark.parametrize("fault", ["duplicate", "early", "late"])
async def test_what_goes_wrong_with_echoes_is_not_told(fault: str, tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok") as story:
        simulator = await tiktok(story)
        simulator.order(Order(Fault(fault), seconds=0.1))
        await story.send(TO_ANA, "tiktok")
        told = {"omnichannel": list(SENT), "tiktok.outbound": ["accepted", "sent"]}
        await story.hears(told)
        simulator.post(simulator.act(simulator.taken[0]["id"], "read"))
        told["omnichannel"] += ["message.delivered", "message.read"]
        told["tiktok.outbound"] += ["delivered"]
        await story.hears({**told, "tiktok.interaction": ["read"]})
        assert set(simulator.answers) == {200}


async def test_the_echo_is_taken_for_the_delivery_where_that_is_set(tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok") as story:
        await tiktok(story, {"echoMeansDelivered": True})
        message = await story.send(TO_ANA, "tiktok")
        await story.hears(
            {"omnichannel": [*SENT, "message.delivered"], "tiktok.outbound": ["accepted", "sent", "delivered"]}
        )
        assert await story.stands(message) == "delivered"


async def test_what_is_sent_does_not_expire_for_want_of_a_receipt(tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok") as story:
        await tiktok(story)
        message = await story.send(TO_ANA, "tiktok")
        told = {"omnichannel": SENT, "tiktok.outbound": ["accepted", "sent"]}
        await story.hears(told)
        await story.skip(8 * 24 * HOUR)
        await story.hears(told)
        assert await story.stands(message) == "sent"


# The window


async def test_ten_messages_go_to_a_person_until_they_write_again(tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok") as story:
        simulator = await tiktok(story, window_messages=99)  # So that it is the hub that counts.
        simulator.post(simulator.inbound(ANA, "Hi"))
        await story.hears_of("message.inbound")
        await sent_in_turn(story, simulator, 10)
        refused = await story.send(TO_ANA, "tiktok")
        await story.hears_of("message.failed")
        assert (await story.life(refused))["reason"]["cause"] == "outside-window"
        assert len(simulator.taken) == 10
        simulator.post(simulator.inbound(ANA, "Go on"))
        await story.hears_of("message.inbound", 2)
        await sent_in_turn(story, simulator, 1)
        assert len(simulator.taken) == 11


async def test_the_window_closes_after_two_days(tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok", "sms") as story:
        simulator = await tiktok(story, settings={"toleranceSeconds": 86_400})
        await story.channel("twilio")
        simulator.post(simulator.inbound(ANA, "Hi"))
        await story.hears_of("message.inbound")
        await story.skip(48 * HOUR)
        message = await story.send({**TO_ANA, "phoneNumber": "447700900001"}, "tiktok", "sms")
        await story.hears_of("message.delivered")
        hops = (await story.life(message))["hops"]
        assert [(hop["platform"], hop["stage"]) for hop in hops] == [("tiktok", "failed"), ("sms", "delivered")]
        assert hops[0]["reason"]["cause"] == "outside-window"
        assert simulator.taken == []


async def test_tiktok_decides_where_nobody_knows_whether_they_wrote(tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok") as story:
        await tiktok(story, heard=False)
        message = await story.send(TO_ANA, "tiktok")
        await story.hears_of("message.failed")
        assert (await story.life(message))["reason"]["code"] == "40007"


# Tokens


async def test_a_used_up_token_is_renewed_and_no_message_is_lost(tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok") as story:
        simulator = await tiktok(story)
        for _ in range(2):
            simulator.account.expire()
            taken = len(simulator.taken)
            await story.send(TO_ANA, "tiktok")
            await story.clock.skip_until(lambda: len(simulator.taken) > taken, most=90)  # noqa: B023 - awaited at once
        await story.quiet()
        told = story.subscriber.told
        assert told == {"omnichannel": SENT * 2, "tiktok.outbound": ["accepted", "sent"] * 2}
        channel = story.channels["tiktok"]["id"]
        kept = story.at_work.world.directory.channels[channel].settings
        assert kept["refreshToken"] == simulator.account.refresh_token, "the rotated one, or the account were lost"
        shown = await story.ask("GET", f"/workspaces/{story.workspace}/channels/{channel}")
        assert simulator.account.access_token not in str(shown)


async def test_a_token_is_renewed_before_it_is_used_up(tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok") as story:
        soon = int(time.time() * 1000) + 60_000
        simulator = await tiktok(story, {"tokenExpiresAt": soon})
        first = simulator.account.access_token
        await story.send(TO_ANA, "tiktok")
        await story.hears({"omnichannel": SENT, "tiktok.outbound": ["accepted", "sent"]})
        assert simulator.account.access_token != first


async def test_messages_wait_where_tokens_cannot_be_renewed(tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok") as story:
        simulator = await tiktok(story)
        simulator.account.expire()
        good, simulator.account.refresh_token = simulator.account.access_token, "rft.of another"
        await story.send(TO_ANA, "tiktok")
        for _ in range(20):
            story.clock.skip(5)
            await asyncio.sleep(0.01)
        await story.hears({"omnichannel": ["message.sentRequest"], "tiktok.outbound": ["accepted"]})
        channel = story.channels["tiktok"]["id"]
        await story.ask(
            "PATCH", f"/workspaces/{story.workspace}/channels/{channel}", {"settings": {"accessToken": good}}
        )
        await story.clock.skip_until(lambda: simulator.taken, most=400)
        await story.hears({"omnichannel": SENT, "tiktok.outbound": ["accepted", "sent"]})


@pytest.mark.parametrize("fault", ["throttled", "error"])
async def test_what_was_not_taken_is_sent_again(fault: str, tmp_path: Path) -> None:
    async with telling(tmp_path, "tiktok") as story:
        simulator = await tiktok(story)
        simulator.order(Order(Fault(fault), seconds=20))
        await story.send(TO_ANA, "tiktok")
        await story.clock.skip_until(lambda: simulator.taken, most=90)
        await story.hears({"omnichannel": SENT, "tiktok.outbound": ["accepted", "sent"]})
        assert len(simulator.taken) == 1
