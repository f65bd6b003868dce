"""Vonage, from end to end: what is sent by either API, what people write, and what both vocabularies tell of it."""

from pathlib import Path
from typing import Any

import pytest

from support.attaching import attach
from support.stories import telling
from tidings.simulators.vonage import Vonage

SETTINGS = {
    "apiKey": "abcd1234",
    "apiSecret": "an-api-secret",
    "signatureSecret": "a-signature-secret",
    "sender": "+447418340000",
}
ANN = "447700900001"
BOTH = pytest.mark.parametrize("api", ["sms", "messages"])


def ordinary() -> dict[str, Any]:
    """What is told of a message that is delivered."""
    return {
        "omnichannel": ["message.sentRequest", "message.sent", "message.delivered"],
        "sms.outbound": ["accepted", "sent", "delivered"],
    }


@BOTH
async def test_a_message_is_delivered_and_answered(tmp_path: Path, api: str) -> None:
    async with telling(tmp_path, "sms") as story:
        simulator = await attach(story, Vonage, "sms", {**SETTINGS, "api": api})
        simulator.order("early")
        message = await story.send({"phoneNumber": ANN}, "sms", metadata={"order": 7})
        await story.hears(ordinary())
        wrote = simulator.inbound(f"+{ANN}", "Thanks")
        simulator.post([*wrote, *wrote])  # What comes twice is told once.
        told = ordinary()
        told["omnichannel"] += ["message.inbound"]
        await story.hears({**told, "sms.inbound": ["delivered"]})
        (inbound,) = story.subscriber.bodies("message.inbound")
        assert inbound["payload"]["from"]["phoneNumber"] == ANN
        assert inbound["payload"]["to"]["phoneNumber"] == "447418340000"
        assert inbound["payload"]["correlation"] == {"messageId": message, "metadata": {"order": 7}}


async def test_a_long_text_of_a_person_is_told_whole_whatever_order_its_parts_come_in(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms") as story:
        simulator = await attach(story, Vonage, "sms", SETTINGS)
        text = "STOP it, she said. " + "A" * 300
        parts = simulator.inbound(f"+{ANN}", text, shuffled=True)
        simulator.post([*parts, parts[0]])
        told = await story.hears_of("message.inbound")
        assert told["payload"]["body"] == text
        assert len(story.subscriber.bodies("message.inbound")) == 1
        # Only a whole text that is the word is a wish to hear no more.
        assert story.subscriber.bodies("sms.interaction") == []


async def test_a_long_message_is_delivered_when_its_last_part_is(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms") as story:
        simulator = await attach(story, Vonage, "sms", SETTINGS, path=("buffered",))
        message = await story.send({"phoneNumber": ANN}, "sms", body="A" * 400)
        told: dict[str, Any] = {
            "omnichannel": ["message.sentRequest", "message.sent"],
            "sms.outbound": ["accepted", "sent"],
        }
        await story.hears(told)
        *most, last = simulator.act(simulator.taken[0]["id"], "delivered")
        simulator.post(most)
        await story.hears(told)
        simulator.post([last])
        await story.hears(ordinary())
        (sent,) = story.subscriber.bodies("message.sent")
        assert sent["payload"]["channelData"]["sms"]["segmentCount"] == 3
        assert await story.stands(message) == "delivered"


async def test_one_lost_part_loses_the_message(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms") as story:
        simulator = await attach(story, Vonage, "sms", SETTINGS, path=("buffered",))
        message = await story.send({"phoneNumber": ANN}, "sms", body="A" * 200)
        await story.hears_of("message.sent")
        reference = simulator.taken[0]["id"]
        lost, _ = simulator.act(reference, "failed", code="2")
        _, arrived = simulator.act(reference, "delivered")
        simulator.post([arrived, lost])
        await story.hears(
            {
                "omnichannel": ["message.sentRequest", "message.sent", "message.failed"],
                "sms.outbound": ["accepted", "sent", "delivery_failed"],
            }
        )
        reason = (await story.life(message))["reason"]
        assert (reason["cause"], reason["code"], reason["permanent"]) == ("unreachable", "2", False)


@BOTH
async def test_a_person_who_stops_is_heard(tmp_path: Path, api: str) -> None:
    async with telling(tmp_path, "sms") as story:
        simulator = await attach(story, Vonage, "sms", {**SETTINGS, "api": api})
        message = await story.send({"phoneNumber": ANN}, "sms")
        await story.hears(ordinary())
        simulator.post(simulator.act(simulator.taken[0]["id"], "stop"))
        deed = await story.hears_of("sms.interaction")
        assert (deed["payload"]["type"], deed["payload"]["messageId"]) == ("unsubscribe-request", message)


async def test_a_message_whose_fate_is_unknown_is_not_sent_again(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms") as story:
        simulator = await attach(story, Vonage, "sms", SETTINGS)
        simulator.order("vanished")
        await story.send({"phoneNumber": ANN}, "sms")
        await story.hears(ordinary())
        assert len(simulator.taken) == 1
