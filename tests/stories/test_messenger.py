"""Messenger, from end to end: what is sent, what people do with it, and what both vocabularies tell of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from support.attaching import attach
from support.stories import Story, telling
from support.waiting import until
from tidings.simulators.messenger import Messenger
from tidings.simulators.simulator import Fault, Order

SETTINGS = {
    "pageId": "220000000000118",
    "accessToken": "a-token",
    "appSecret": "an-app-secret",
    "verifyToken": "a-verify-token",
}
ANN, BOB = "7300000000001924", "7300000000001925"
TO_ANN = {"fbMessengerId": ANN}
DELIVERED = ["message.sentRequest", "message.sent", "message.delivered"]
BY_MIDS = {"mids": True}
BY_TIME = {"mids": False}


async def messenger(story: Story, settings: dict[str, Any] | None = None, **more: Any) -> Messenger:
    return await attach(story, Messenger, "facebook", {**SETTINGS, **(settings or {})}, **more)


def named(story: Story, event: str) -> list[str]:
    """The messages that an event was told of, in the order they were."""
    return [each["payload"]["id"] for each in story.subscriber.bodies(event)]


async def sent_in_turn(story: Story, simulator: Messenger, count: int, to: dict[str, str] | None = None) -> list[str]:
    """Send messages one after the other; give our ids of them."""
    messages = []
    for number in range(count):
        before = len(simulator.taken)
        messages.append(await story.send(to or TO_ANN, "fbMessenger", body=f"Number {number}"))
        await until(lambda: len(simulator.taken) > before, what="it is sent")  # noqa: B023 - awaited at once
    await story.quiet()
    return messages


def by_meta(simulator: Messenger, person: str = ANN) -> list[tuple[str, str]]:
    """What the provider took for somebody, in its order: its own id, and ours."""
    taken = [each for each in simulator.taken if each["to"] == person]
    return [(each["id"], each["body"]["message"]["metadata"].partition(":")[0]) for each in taken]


async def test_a_person_writes_gets_an_answer_reads_it_and_taps(tmp_path: Path) -> None:
    async with telling(tmp_path, "facebook") as story:
        simulator = await messenger(story)
        simulator.post(simulator.inbound(ANN, "Are you open?"))
        told: dict[str, list[str]] = {"omnichannel": ["message.inbound"], "facebook.inbound": ["delivered"]}
        await story.hears(told)
        choice = {"type": "postback", "postback": {"text": "Monday", "payload": "DAY_MON"}}
        body = {"type": "text", "text": {"text": "Which day?", "actions": [choice]}}
        message = await story.send_by("messenger", "facebookuserid", ANN, body)
        told["omnichannel"] += DELIVERED
        told["facebook.outbound"] = ["accepted", "sent", "delivered"]
        await story.hears(told)
        (taken,) = simulator.taken
        for callbacks in (
            simulator.act(taken["id"], "read"),
            simulator.act(taken["id"], "reaction", reaction="love", emoji="❤️"),
            simulator.act(taken["id"], "unreact"),
            simulator.act(taken["id"], "quick_reply", title="Monday", payload="DAY_MON"),
        ):
            simulator.post([*callbacks, *callbacks])  # What is delivered again is told once.
            await story.quiet()
        told["omnichannel"] += ["message.read", "message.inbound", "interaction.click"]
        told["facebook.interaction"] = ["read", "reaction", "reaction", "clicked"]
        told["facebook.inbound"] += ["delivered"]
        await story.hears(told)
        said = [each["payload"].get("metadata") for each in story.subscriber.bodies("facebook.interaction")]
        assert said[1:] == [
            {"reaction": {"emoji": "❤️", "action": "react"}},
            {"reaction": {"emoji": "", "action": "unreact"}},
            {"button": {"payload": "DAY_MON"}, "prefetched": False},
        ]
        assert {each["payload"]["messageId"] for each in story.subscriber.bodies("facebook.interaction")} == {message}
        assert story.subscriber.bodies("message.inbound")[1]["payload"]["correlation"]["messageId"] == message


@pytest.mark.parametrize("fault", ["duplicate", "reordered", "early", "late", "vanished", "hanging"])
async def test_what_goes_wrong_with_callbacks_and_answers_is_not_told(fault: str, tmp_path: Path) -> None:
    async with telling(tmp_path, "facebook", provider_timeout=0.5 if fault == "hanging" else 30.0) as story:
        simulator = await messenger(story, statuses=("echo", "delivered", "read"))
        simulator.order(Order(Fault(fault), seconds=2 if fault == "hanging" else 0.1))
        message = await story.send(TO_ANN, "fbMessenger")
        await story.hears(
            {
                "omnichannel": [*DELIVERED, "message.read"],
                "facebook.outbound": ["accepted", "sent", "delivered"],
                "facebook.interaction": ["read"],
            }
        )
        assert await story.stands(message) == "read"
        assert len(simulator.taken) == 1
        assert set(simulator.answers) == {200}


@pytest.mark.parametrize("fault", ["throttled", "error"])
async def test_what_was_not_taken_is_sent_again(fault: str, tmp_path: Path) -> None:
    async with telling(tmp_path, "facebook") as story:
        simulator = await messenger(story)
        simulator.order(Order(Fault(fault), seconds=20))
        await story.send(TO_ANN, "fbMessenger")
        await story.clock.skip_until(lambda: simulator.taken, most=90)
        await story.hears({"omnichannel": DELIVERED, "facebook.outbound": ["accepted", "sent", "delivered"]})
        assert len(simulator.taken) == 1


# Watermarks


async def test_a_read_means_every_message_up_to_its_time_once_and_not_one_more(tmp_path: Path) -> None:
    async with telling(tmp_path, "facebook") as story:
        simulator = await messenger(story, statuses=("echo",))
        messages = await sent_in_turn(story, simulator, 5)
        others = await sent_in_turn(story, simulator, 2, {"fbMessengerId": BOB})
        third, last = simulator.taken[2]["id"], simulator.taken[4]["id"]

        for _ in range(2):
            simulator.post(simulator.act(third, "read"))
            await story.quiet()
        assert named(story, "message.read") == named(story, "message.delivered") == messages[:3]
        assert [await story.stands(each) for each in messages] == ["read"] * 3 + ["sent"] * 2

        simulator.post(simulator.act(simulator.taken[0]["id"], "read"))  # An earlier one comes late: it is no news.
        simulator.post(simulator.act(last, "delivered", **BY_TIME))
        await story.quiet()
        assert named(story, "message.read") == messages[:3]
        assert named(story, "message.delivered") == messages
        simulator.post(simulator.act(last, "read"))
        await story.quiet()
        assert named(story, "message.read") == messages
        assert [await story.stands(each) for each in others] == ["sent", "sent"], "nobody else has read anything"
        raw = [each["payload"]["details"]["channelStatus"] for each in story.subscriber.bodies("message.read")]
        assert [each["read"]["watermark"] for each in raw] == [
            simulator.sent_at(each) for each in [third] * 3 + [last] * 2
        ]


async def test_messages_sent_all_at_once_are_told_apart_too(tmp_path: Path) -> None:
    async with telling(tmp_path, "facebook") as story:
        simulator = await messenger(story, statuses=("echo",))
        await asyncio.gather(*(story.send(TO_ANN, "fbMessenger") for _ in range(12)))
        await until(lambda: len(simulator.taken) == 12)
        await story.quiet()
        order = by_meta(simulator)
        for number in (3, 8):
            simulator.post(simulator.act(order[number][0], "read"))
            await story.quiet()
            expected = [ours for _, ours in order[: number + 1]]
            assert sorted(named(story, "message.read")) == sorted(expected)
            assert sorted(named(story, "message.delivered")) == sorted(expected)


@pytest.mark.parametrize("status", ["delivered", "read"])
async def test_a_watermark_that_overtakes_the_echo_waits_for_it(status: str, tmp_path: Path) -> None:
    async with telling(tmp_path, "facebook") as story:
        simulator = await messenger(story, statuses=())
        messages = await sent_in_turn(story, simulator, 3)
        ids = [each["id"] for each in simulator.taken]
        simulator.post(simulator.act(ids[1], status, **BY_TIME))
        await story.quiet()
        for each in reversed(ids):
            simulator.post(simulator.act(each, "echo"))
            await story.quiet()
        assert sorted(named(story, f"message.{status}")) == sorted(messages[:2])
        assert await story.stands(messages[2]) == "sent"


async def test_a_message_in_parts_is_read_when_its_last_part_is(tmp_path: Path) -> None:
    async with telling(tmp_path, "facebook") as story:
        simulator = await messenger(story, statuses=("echo",))
        picture = {"type": "image/png", "url": "https://pictures.example/1.png"}
        message = await story.send(TO_ANN, "fbMessenger", messageParts=[picture])
        await until(lambda: len(simulator.taken) == 2)
        await story.quiet()
        first, last = (each["id"] for each in simulator.taken)
        simulator.post([*simulator.act(first, "read"), *simulator.act(first, "delivered", **BY_MIDS)])
        await story.quiet()
        assert await story.stands(message) == "sent"
        simulator.post(simulator.act(last, "delivered", **BY_MIDS))
        await story.quiet()
        assert await story.stands(message) == "delivered"
        simulator.post(simulator.act(last, "read"))
        await story.quiet()
        assert named(story, "message.read") == [message]


async def test_without_echoes_our_own_clock_has_to_do(tmp_path: Path) -> None:
    async with telling(tmp_path, "facebook") as story:
        simulator = await messenger(story, {"echoes": False}, statuses=())
        messages = await sent_in_turn(story, simulator, 3)
        simulator.post(simulator.act(simulator.taken[1]["id"], "read"))
        await story.quiet()
        assert named(story, "message.read") == messages[:2]
        simulator.post(simulator.act(simulator.taken[2]["id"], "delivered", **BY_MIDS))
        await story.quiet()
        assert named(story, "message.delivered") == messages


async def test_without_echoes_a_read_that_overtakes_the_answer_is_not_lost(tmp_path: Path) -> None:
    async with telling(tmp_path, "facebook") as story:
        simulator = await messenger(story, {"echoes": False}, statuses=("read",))
        simulator.order("early")
        message = await story.send(TO_ANN, "fbMessenger")
        await story.hears_of("message.read")
        await story.quiet()
        assert named(story, "message.read") == [message]


async def test_a_page_that_reads_its_own_conversations_leaves_nothing_behind(tmp_path: Path) -> None:
    async with telling(tmp_path, "facebook") as story:
        simulator = await messenger(story)
        simulator.post(simulator.act("m_typed_in_the_inbox", "read", sender=ANN))
        await story.hears({})
        message = await story.send(TO_ANN, "fbMessenger")
        await story.hears({"omnichannel": DELIVERED, "facebook.outbound": ["accepted", "sent", "delivered"]})
        assert await story.stands(message) == "delivered", "what was read before it was sent says nothing of it"


# People


async def test_outside_the_window_only_people_of_ours_and_templates_get_through(tmp_path: Path) -> None:
    async with telling(tmp_path, "facebook") as story:
        simulator = await messenger(story)
        simulator.post(simulator.inbound(ANN, "Are you open?"))
        await story.hears_of("message.inbound")
        await story.skip(25 * 3600)
        late = await story.send(TO_ANN, "fbMessenger")
        await story.hears_of("message.failed")
        assert (await story.life(late))["reason"]["cause"] == "outside-window"
        assert simulator.taken == [], "it is refused before Meta is asked"
        await story.send(TO_ANN, "fbMessenger", channelOptions={"fbMessenger": {"messageTag": "HUMAN_AGENT"}})
        await story.hears_of("message.delivered")
        await story.send(TO_ANN, "fbMessenger", templateId="order_update", body="")
        await story.hears_of("message.delivered", 2)
        simulator.post(simulator.inbound(ANN, "Hello?"))
        await story.hears_of("message.inbound", 2)
        await story.send(TO_ANN, "fbMessenger")
        await story.hears_of("message.delivered", 3)


async def test_a_person_who_cannot_be_reached_is_told_why(tmp_path: Path) -> None:
    async with telling(tmp_path, "facebook") as story:
        await messenger(story, blocked=[ANN], people=[ANN])
        for person, cause in ((ANN, "blocked"), (BOB, "bad-address")):
            message = await story.send({"fbMessengerId": person}, "fbMessenger")
            await until(lambda: len(story.subscriber.bodies("message.failed")) > (person == BOB))  # noqa: B023
            assert (await story.life(message))["reason"]["cause"] == cause


async def test_a_comment_is_answered_in_private_and_in_public(tmp_path: Path) -> None:
    async with telling(tmp_path, "facebook") as story:
        simulator = await messenger(story)
        simulator.post(simulator.inbound(ANN, "Price?", comment="220000000000118_1001"))
        inbound = (await story.hears_of("facebook.inbound"))["payload"]
        assert inbound["body"]["text"]["text"] == "Price?"
        assert inbound["meta"]["extraInformation"]["kind"] == "comment"
        reply = {"replyTo": {"id": inbound["parts"][0]["platformReference"]}}
        text = {"type": "text", "text": {"text": "We wrote to you."}}
        await story.send_by("messenger", "facebookuserid", ANN, text, **reply)
        await story.hears_of("message.delivered")
        assert simulator.taken[0]["body"]["recipient"] == {"comment_id": "220000000000118_1001"}
        assert simulator.taken[0]["to"] == ANN
        again = await story.send_by("messenger", "facebookuserid", ANN, text, **reply)
        await story.hears_of("message.failed")
        assert (await story.life(again))["reason"]["code"] == "10900"
