"""Instagram, from end to end: messages, comments and mentions, and what both vocabularies tell of them."""

from pathlib import Path
from typing import Any

import pytest

from support.attaching import attach
from support.stories import Story, telling
from support.waiting import until
from tidings.simulators.instagram import Instagram
from tidings.simulators.simulator import Fault, Order

SETTINGS = {
    "accountId": "17841400000000001",
    "accessToken": "a-token",
    "appSecret": "an-app-secret",
    "verifyToken": "a-verify-token",
}
ANA, RUI = "5210000000000001", "5210000000000002"
TO_ANA = {"instagramUserId": ANA}
SENT = {"omnichannel": ["message.sentRequest", "message.sent"], "instagram.outbound": ["accepted", "sent"]}
DAY = 24 * 3600


async def instagram(story: Story, settings: dict[str, Any] | None = None, **more: Any) -> Instagram:
    return await attach(story, Instagram, "instagram", {**SETTINGS, **(settings or {})}, **more)


def named(story: Story, event: str) -> list[str]:
    """The messages that an event was told of, in the order they were."""
    return [each["payload"]["id"] for each in story.subscriber.bodies(event)]


async def sent_in_turn(story: Story, simulator: Instagram, count: int) -> list[str]:
    messages = []
    for _ in range(count):
        before = len(simulator.taken)
        messages.append(await story.send(TO_ANA, "instagram"))
        await until(lambda: len(simulator.taken) > before, what="it is sent")  # noqa: B023 - awaited at once
    await story.quiet()
    return messages


async def test_a_message_rests_at_sent_until_it_is_read(tmp_path: Path) -> None:
    async with telling(tmp_path, "instagram") as story:
        simulator = await instagram(story)
        message = await story.send(TO_ANA, "instagram")
        await story.hears(SENT)
        await story.skip(2 * DAY)
        await story.quiet()
        assert await story.stands(message) == "sent", "nobody is told of a delivery, so none is waited for"
        read = simulator.act(simulator.taken[0]["id"], "read")
        simulator.post([*read, *read])  # What is delivered again is told once.
        await story.hears(
            {
                "omnichannel": [*SENT["omnichannel"], "message.delivered", "message.read"],
                "instagram.outbound": [*SENT["instagram.outbound"], "delivered"],
                "instagram.interaction": ["read"],
            }
        )
        (delivered,) = story.subscriber.bodies("message.delivered")
        assert delivered["payload"]["details"]["implied"] is True


@pytest.mark.parametrize("fault", ["duplicate", "reordered", "early", "late"])
async def test_what_goes_wrong_with_callbacks_is_not_told(fault: str, tmp_path: Path) -> None:
    async with telling(tmp_path, "instagram") as story:
        simulator = await instagram(story, statuses=("echo", "read"))
        simulator.order(Order(Fault(fault), seconds=0.1))
        message = await story.send(TO_ANA, "instagram")
        await story.hears_of("message.read")
        await story.quiet()
        assert await story.stands(message) == "read"
        assert named(story, "message.read") == [message]


async def test_a_read_means_every_message_up_to_the_one_it_names(tmp_path: Path) -> None:
    async with telling(tmp_path, "instagram") as story:
        simulator = await instagram(story)
        messages = await sent_in_turn(story, simulator, 5)
        await story.send({"instagramUserId": RUI}, "instagram")
        await until(lambda: len(simulator.taken) == 6)
        await story.quiet()
        for _ in range(2):
            simulator.post(simulator.act(simulator.taken[2]["id"], "read"))
            await story.quiet()
        assert sorted(named(story, "message.read")) == messages[:3]
        simulator.post(simulator.act(simulator.taken[4]["id"], "read", watermark=True))
        await story.quiet()
        assert sorted(named(story, "message.read")) == messages


async def test_a_read_that_overtakes_the_answer_is_not_lost(tmp_path: Path) -> None:
    async with telling(tmp_path, "instagram") as story:
        simulator = await instagram(story, statuses=())
        earlier = await sent_in_turn(story, simulator, 1)
        simulator.statuses = ("read",)
        simulator.order("early")
        last = await story.send(TO_ANA, "instagram")
        await until(lambda: len(named(story, "message.read")) == 2)
        assert sorted(named(story, "message.read")) == [*earlier, last]


async def test_a_message_in_parts_is_read_when_its_last_part_is(tmp_path: Path) -> None:
    async with telling(tmp_path, "instagram") as story:
        simulator = await instagram(story)
        (earlier,) = await sent_in_turn(story, simulator, 1)
        film = {"type": "video/mp4", "url": "https://films.example/1.mp4"}
        message = await story.send(TO_ANA, "instagram", messageParts=[film])
        await until(lambda: len(simulator.taken) == 3)
        await story.quiet()
        first, last = (each["id"] for each in simulator.taken[1:])
        simulator.post(simulator.act(first, "read"))
        await story.quiet()
        assert (named(story, "message.read"), await story.stands(message)) == ([earlier], "sent")
        simulator.post(simulator.act(last, "read"))
        await story.quiet()
        assert named(story, "message.read") == [earlier, message]


async def test_an_echo_may_be_taken_for_the_delivery(tmp_path: Path) -> None:
    async with telling(tmp_path, "instagram") as story:
        await instagram(story, {"deliveredByEcho": True})
        await story.send(TO_ANA, "instagram")
        await story.hears(
            {
                "omnichannel": [*SENT["omnichannel"], "message.delivered"],
                "instagram.outbound": [*SENT["instagram.outbound"], "delivered"],
            }
        )


async def test_a_person_reacts_takes_it_back_and_unsends_what_they_wrote(tmp_path: Path) -> None:
    async with telling(tmp_path, "instagram") as story:
        simulator = await instagram(story)
        message = await story.send(TO_ANA, "instagram")
        await story.hears(SENT)
        ours = simulator.taken[0]["id"]
        for callbacks in (
            simulator.act(ours, "reaction", reaction="love", emoji="❤️"),
            simulator.act(ours, "unreact"),
            simulator.inbound(ANA, "Oops"),
        ):
            simulator.post(callbacks)
            await story.quiet()
        (inbound,) = story.subscriber.bodies("instagram.inbound")
        theirs = inbound["payload"]["parts"][0]["platformReference"]
        simulator.post(simulator.act(theirs, "deleted", sender=ANA))
        await story.hears(
            {
                "omnichannel": [*SENT["omnichannel"], "message.delivered", "message.inbound"],
                "instagram.outbound": [*SENT["instagram.outbound"], "delivered"],
                "instagram.interaction": ["reaction", "reaction", "delete-request"],
                "instagram.inbound": ["delivered"],
            }
        )
        deeds = [each["payload"]["messageId"] for each in story.subscriber.bodies("instagram.interaction")]
        assert deeds == [message, message, inbound["payload"]["id"]]


async def test_comments_and_mentions_come_in_and_are_answered_where_they_stand(tmp_path: Path) -> None:
    async with telling(tmp_path, "instagram") as story:
        simulator = await instagram(story)
        simulator.post(simulator.inbound(ANA, "Price?", comment="18000000000009039", bare=True))
        comment = (await story.hears_of("instagram.inbound"))["payload"]
        assert comment["body"]["text"]["text"] == "Price?"
        assert comment["meta"]["extraInformation"]["kind"] == "comment"
        text = {"type": "text", "text": {"text": "We wrote to you."}}
        reply = {"replyTo": {"id": comment["parts"][0]["platformReference"]}}
        await story.send_by("instagram", "instagramuserid", ANA, text, **reply)
        await until(lambda: simulator.taken)
        assert simulator.taken[0]["body"]["recipient"] == {"comment_id": "18000000000009039"}

        simulator.post(simulator.inbound(RUI, "I like @shop", mention="18000000000001021"))
        mention = (await story.hears_of("instagram.inbound", 2))["payload"]
        place = mention["sender"]["contact"]["identifierValue"]
        assert place == "mention:18000000000004551:18000000000001021"
        words = await story.ask("GET", f"/workspaces/{story.workspace}/messages/{mention['id']}/media/0")
        assert words["mentioned_comment"]["text"] == "I like @shop"
        simulator.order("lost")  # Of its own comment the account is told, and that is left for nobody.
        await story.send({"instagramUserId": place}, "instagram", body="Thank you!")
        await until(lambda: simulator.public)
        assert simulator.public[0] | {"id": ""} == {"id": "", "below": "18000000000001021", "message": "Thank you!"}


async def test_a_picture_of_a_story_is_gone_with_the_story(tmp_path: Path) -> None:
    async with telling(tmp_path, "instagram") as story:
        simulator = await instagram(story)
        simulator.post(simulator.inbound(ANA, "", story=True))
        inbound = (await story.hears_of("instagram.inbound"))["payload"]
        assert inbound["meta"]["extraInformation"]["kind"] == "story_mention"
        url = f"{story.at_work.base_url}/workspaces/{story.workspace}/messages/{inbound['id']}/media/0"
        key = {"authorization": f"AccessKey {story.at_work.root_key}"}
        async with story.at_work.http.get(url, headers=key) as answer:
            assert (answer.status, await answer.read()) == (200, b"a picture")
        simulator.stories.clear()
        async with story.at_work.http.get(url, headers=key) as answer:
            assert answer.status == 410
