"""Viber, from end to end: what is sent, what people do with it, and what both vocabularies tell of it."""

from pathlib import Path
from typing import Any

from support.attaching import attach
from support.stories import telling
from tidings.simulators.viber import Viber

SETTINGS = {"authToken": "a-token", "senderName": "Shop"}
ANN = "hUbUs3rAbCdEf0="
ASKED = {
    "type": "text",
    "text": {
        "text": "Are you coming?",
        "actions": [{"type": "postback", "postback": {"text": "Yes", "payload": "COMING"}}],
    },
}


def ordinary() -> dict[str, Any]:
    """What is told of a message that is read."""
    return {
        "omnichannel": ["message.sentRequest", "message.sent", "message.delivered", "message.read"],
        "viber.outbound": ["accepted", "sent", "delivered"],
        "viber.interaction": ["read"],
    }


async def test_a_person_with_two_devices_reads_and_taps(tmp_path: Path) -> None:
    async with telling(tmp_path, "viber") as story:
        simulator = await attach(story, Viber, "viber", SETTINGS, devices=2)
        message = await story.send_by("viber", "viberuserid", ANN, ASKED)
        told = ordinary()
        await story.hears(told)
        tap = simulator.act(simulator.taken[0]["id"], "reply", name="Ann")
        simulator.post([*tap, *tap])  # What comes twice is told once.
        told["omnichannel"] += ["message.inbound", "interaction.click"]
        told["viber.interaction"] += ["clicked"]
        await story.hears({**told, "viber.inbound": ["delivered"]})
        (inbound,) = story.subscriber.bodies("message.inbound")
        assert (inbound["payload"]["body"], inbound["payload"]["correlation"]["messageId"]) == ("COMING", message)
        click = story.subscriber.bodies("viber.interaction")[-1]["payload"]
        assert (click["messageId"], click["metadata"]["button"]) == (message, {"payload": "COMING"})


async def test_a_message_that_is_seen_before_it_is_delivered_is_told_in_order(tmp_path: Path) -> None:
    async with telling(tmp_path, "viber") as story:
        simulator = await attach(story, Viber, "viber", SETTINGS)
        simulator.order("reordered")
        message = await story.send({"viberUserId": ANN}, "viber")
        await story.hears(ordinary())
        assert await story.stands(message) == "read"


async def test_a_message_that_was_taken_fails_later(tmp_path: Path) -> None:
    async with telling(tmp_path, "viber") as story:
        await attach(story, Viber, "viber", SETTINGS, failing={ANN: "the keyboard is not valid"})
        message = await story.send({"viberUserId": ANN}, "viber")
        await story.hears(
            {
                "omnichannel": ["message.sentRequest", "message.sent", "message.failed"],
                "viber.outbound": ["accepted", "sent", "delivery_failed"],
            }
        )
        assert (await story.life(message))["reason"]["text"] == "the keyboard is not valid"


async def test_a_person_who_goes_is_heard_and_refused_by_viber(tmp_path: Path) -> None:
    async with telling(tmp_path, "viber") as story:
        simulator = await attach(story, Viber, "viber", SETTINGS)
        message = await story.send({"viberUserId": ANN}, "viber")
        told = ordinary()
        await story.hears(told)
        simulator.post(simulator.act(simulator.taken[0]["id"], "unsubscribed"))
        told["viber.interaction"] += ["unsubscribe-request"]
        await story.hears(told)
        (_, deed) = story.subscriber.bodies("viber.interaction")
        assert deed["payload"]["messageId"] == message
        again = await story.send({"viberUserId": ANN}, "viber")
        told["omnichannel"] += ["message.sentRequest", "message.failed"]
        told["viber.outbound"] += ["accepted", "sending_failed"]
        await story.hears(told)
        assert (await story.life(again))["reason"]["cause"] == "opted-out"
