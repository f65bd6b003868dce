"""Infobip, from end to end: what is sent, what people do with it, and what both vocabularies tell of it."""

import asyncio
from pathlib import Path
from typing import Any

from support.attaching import attach
from support.stories import telling
from tidings.simulators.infobip import Infobip

SETTINGS = {
    "baseUrl": "http://127.0.0.1",
    "apiKey": "an-api-key",
    "sender": "+447418340000",
    "callbackToken": "a-long-random-text",
    "shortenUrls": True,
}
ANN = "447700900001"
HOUR = 3600


def ordinary() -> dict[str, Any]:
    """What is told of a message that is delivered."""
    return {
        "omnichannel": ["message.sentRequest", "message.sent", "message.delivered"],
        "sms.outbound": ["accepted", "sent", "delivered"],
    }


async def test_a_message_is_delivered_its_link_opened_and_answered(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms") as story:
        simulator = await attach(story, Infobip, "sms", SETTINGS)
        simulator.order("reordered")
        message = await story.send({"phoneNumber": ANN}, "sms", body="See https://a.example.test", shortenLinks="on")
        told = ordinary()
        await story.hears(told)
        (reference,) = (each["id"] for each in simulator.taken)
        click = simulator.act(reference, "clicked", url="https://a.example.test")
        simulator.post([*click, *click])  # What comes twice is told once.
        told["omnichannel"] += ["interaction.click"]
        told["sms.interaction"] = ["clicked"]
        await story.hears(told)
        (clicked,) = story.subscriber.bodies("interaction.click")
        assert (clicked["payload"]["id"], clicked["payload"]["url"]) == (message, "https://a.example.test")
        simulator.post(simulator.inbound(f"+{ANN}", "Thanks"))
        told["omnichannel"] += ["message.inbound"]
        await story.hears({**told, "sms.inbound": ["delivered"]})
        (inbound,) = story.subscriber.bodies("message.inbound")
        assert inbound["payload"]["correlation"]["messageId"] == message
        assert inbound["payload"]["channelData"]["keyword"] == "THANKS"


async def test_a_message_whose_answer_is_lost_is_made_again_and_taken_once(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms") as story:
        simulator = await attach(story, Infobip, "sms", SETTINGS, path=())
        simulator.order("vanished")
        await story.send({"phoneNumber": ANN}, "sms")
        await story.clock.skip_until(lambda: story.subscriber.bodies("message.sent"), most=60)
        simulator.post(simulator.act(simulator.taken[0]["id"], "DELIVERED_TO_HANDSET"))
        await story.hears(ordinary())
        assert len(simulator.taken) == 1


async def test_a_message_that_the_flooding_filter_holds_back_goes_an_hour_later(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms") as story:
        simulator = await attach(story, Infobip, "sms", SETTINGS, rejecting={ANN: 20})
        message = await story.send({"phoneNumber": ANN}, "sms")
        while await story.stands(message) != "retrying":
            await asyncio.sleep(0.01)
        simulator.rejecting.clear()
        await story.skip(HOUR - 60)
        await story.quiet()
        assert simulator.taken == []
        story.clock.skip(60)
        await story.hears(ordinary())
        (taken,) = simulator.taken
        assert taken["id"] == f"{message}:0-2"


async def test_a_person_who_stops_is_heard_and_not_reached(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms") as story:
        simulator = await attach(story, Infobip, "sms", SETTINGS)
        message = await story.send({"phoneNumber": ANN}, "sms")
        await story.hears(ordinary())
        simulator.post(simulator.act(simulator.taken[0]["id"], "stop"))
        deed = await story.hears_of("sms.interaction")
        assert (deed["payload"]["type"], deed["payload"]["messageId"]) == ("unsubscribe-request", message)
        again = await story.send({"phoneNumber": ANN}, "sms")
        failed = await story.hears_of("message.failed")
        assert failed["payload"]["id"] == again
        assert (await story.life(again))["reason"]["cause"] == "opted-out"


async def test_what_infobip_cannot_post_is_asked_for(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms") as story:
        kept = {name: SETTINGS[name] for name in ("baseUrl", "apiKey", "sender")}
        simulator = await attach(story, Infobip, "sms", {**kept, "pollSeconds": 60})
        await story.send({"phoneNumber": ANN}, "sms")
        await story.hears_of("message.sent")
        simulator.inbound(f"+{ANN}", "Thanks")
        bodies = story.subscriber.bodies
        await story.clock.skip_until(lambda: bodies("message.inbound") and bodies("message.delivered"), most=600)
        await story.quiet()
        assert sorted(story.subscriber.told["omnichannel"]) == sorted([*ordinary()["omnichannel"], "message.inbound"])
