"""LINE, from end to end: what is sent, what people do with it, and what both vocabularies tell of it."""

from pathlib import Path

from support.attaching import attach
from support.stories import telling
from tidings.simulators.line import Line

SETTINGS = {"accessToken": "a-token", "channelSecret": "a-secret", "userId": "U" + "0" * 32}
ANN = "U" + "a" * 32
ASKED = {
    "type": "text",
    "text": {
        "text": "Are you coming?",
        "actions": [{"type": "postback", "postback": {"text": "Yes", "payload": "COMING"}}],
    },
}
DAY = 24 * 3600


async def test_a_message_rests_at_sent_until_a_tap_proves_that_it_arrived(tmp_path: Path) -> None:
    async with telling(tmp_path, "line") as story:
        simulator = await attach(story, Line, "line", SETTINGS)
        message = await story.send_by("line", "lineuserid", ANN, ASKED)
        told = {"omnichannel": ["message.sentRequest", "message.sent"], "line.outbound": ["accepted", "sent"]}
        await story.hears(told)
        await story.skip(2 * DAY)
        await story.quiet()
        assert await story.stands(message) == "sent", "nobody is told of a delivery, so none is waited for"

        tap = simulator.act(simulator.taken[0]["id"], "postback", label="Yes")
        simulator.post([*tap, *tap])  # What is delivered again is told once.
        told["omnichannel"] += ["message.delivered", "message.inbound", "interaction.click"]
        told["line.outbound"] += ["delivered"]
        await story.hears({**told, "line.inbound": ["delivered"], "line.interaction": ["clicked"]})
        (inbound,) = story.subscriber.bodies("message.inbound")
        assert inbound["payload"]["correlation"]["messageId"] == message
        (click,) = story.subscriber.bodies("line.interaction")
        assert click["payload"]["messageId"] == message
        assert click["payload"]["metadata"] == {"button": {"payload": "COMING"}, "prefetched": False}


async def test_a_push_whose_answer_is_lost_is_made_again_and_taken_once(tmp_path: Path) -> None:
    async with telling(tmp_path, "line") as story:
        simulator = await attach(story, Line, "line", SETTINGS)
        simulator.order("vanished")
        await story.send({"lineUserId": ANN}, "line")
        await story.clock.skip_until(lambda: story.subscriber.bodies("message.sent"), most=60)
        await story.hears(
            {"omnichannel": ["message.sentRequest", "message.sent"], "line.outbound": ["accepted", "sent"]}
        )
        (taken,) = simulator.taken
        (sent,) = story.subscriber.bodies("message.sent")
        assert sent["payload"]["details"]["additionalInfo"]["sentMessages"][0]["id"] == taken["id"]


async def test_of_two_notification_messages_the_one_that_arrived_is_delivered(tmp_path: Path) -> None:
    async with telling(tmp_path, "line") as story:
        simulator = await attach(story, Line, "line", {**SETTINGS, "notificationMessages": True})
        body = {"type": "text", "text": {"text": "It comes today."}}
        simulator.order("lost")
        lost = await story.send_by("line", "lineuserid", "+818000001234", body)
        await story.hears_of("message.sent")
        arrived = await story.send_by("line", "lineuserid", "+818000001234", body)
        await story.hears(
            {
                "omnichannel": [*("message.sentRequest", "message.sent") * 2, "message.delivered"],
                "line.outbound": [*("accepted", "sent") * 2, "delivered"],
            }
        )
        assert [await story.stands(each) for each in (lost, arrived)] == ["sent", "delivered"]


async def test_what_a_person_takes_back_is_told_of_what_they_wrote(tmp_path: Path) -> None:
    async with telling(tmp_path, "line") as story:
        simulator = await attach(story, Line, "line", SETTINGS)
        (wrote,) = simulator.inbound(ANN, "Hi")
        simulator.post([wrote])
        await story.hears({"omnichannel": ["message.inbound"], "line.inbound": ["delivered"]})
        (inbound,) = story.subscriber.bodies("line.inbound")
        simulator.post(simulator.act(inbound["payload"]["parts"][0]["platformReference"], "unsend", sender=ANN))
        await story.hears(
            {
                "omnichannel": ["message.inbound"],
                "line.inbound": ["delivered"],
                "line.interaction": ["delete-request"],
            }
        )
        (deed,) = story.subscriber.bodies("line.interaction")
        assert deed["payload"]["messageId"] == inbound["payload"]["id"]
