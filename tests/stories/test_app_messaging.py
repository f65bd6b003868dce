"""In-app messaging, whole: people with devices, the integrator's server, messages of the hub's, and what is told."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from support.apps import SENDER, Apps, apps_at
from support.hub import running
from support.published import ETAG, TIME, UUID, As, Form, compare, example
from support.stories import Story, telling

PROFILE: Final = "anon_4c191a33-050b-4bab-9147-38300445fdd4"
"""Of the published examples."""
CONVERSATION: Final = f"Customer_Services_{PROFILE}"
ENVELOPE: Final[Mapping[str, Form]] = {
    "eventId": UUID,
    "apiSpaceId": UUID,
    "payload.id": UUID,
    "etag": ETAG,
    "timestamp": TIME,
}
RECEIPT: Final[Mapping[str, Form]] = {
    **ENVELOPE,
    "payload.updatedOn": As("payload.details.channelStatus.timestamp"),
    "payload.details.channelStatus.messageId": As("payload.id"),
    "payload.details.channelStatus.sentOn": TIME,
    "payload.details.channelStatus.timestamp": TIME,
}


async def apps_of(story: Story) -> Apps:
    return await apps_at(story.at_work, story.workspace)


async def test_the_published_life_of_a_message_and_its_answer(tmp_path: Path) -> None:
    async with telling(tmp_path, "app-messaging") as story:
        apps = await apps_of(story)
        person = await apps.device(PROFILE)
        message = await story.send({"profileId": PROFILE}, "appMessaging", conversationId="")
        sent = await story.hears_of("message.sent")
        answer = "payload.details.additionalInfo.conversationMessageId"
        forms = {**ENVELOPE, "payload.updatedOn": TIME, answer: As("payload.id")}
        compare(sent, example("omnichannel", "05"), forms)

        await person.mark(CONVERSATION, "delivered", message)
        compare(await story.hears_of("message.delivered"), example("omnichannel", "10"), RECEIPT)
        await person.mark(CONVERSATION, "read", message)
        compare(await story.hears_of("message.read"), example("omnichannel", "13"), RECEIPT)

        said = await person.say(CONVERSATION, "Hi there")
        inbound = await story.hears_of("message.inbound")
        forms = {
            **ENVELOPE,
            "payload.correlation.messageId": UUID,
            "payload.channelData.messageId": UUID,
            "payload.channelData.context.sentOn": TIME,
            "payload.receivedOn": TIME,
        }
        compare(inbound, example("omnichannel", "25"), forms)
        assert inbound["payload"]["correlation"]["messageId"] == message
        assert inbound["payload"]["channelData"]["messageId"] == said["id"]
        assert inbound["payload"]["to"]["profileId"] == SENDER


async def test_either_vocabulary_sends_into_a_named_conversation(tmp_path: Path) -> None:
    async with telling(tmp_path, "app-messaging") as story:
        apps = await apps_of(story)
        ann = await apps.device("ann")
        talk = await apps.ask("POST", "/conversations", {"id": "order-17", "participants": [{"id": "ann"}]}, expect=201)
        first = await story.send({"profileId": "ann"}, "appMessaging", conversationId=talk["id"])
        story.channels["app-messaging"] = apps.channel
        text = {"type": "text", "text": {"text": "By the other vocabulary"}}
        second = await story.send_by("app-messaging", "profileid", "ann", text, conversationId=talk["id"])
        await story.hears_of("message.sent", 2)
        said = (await ann.ask("GET", f"/conversations/{talk['id']}/messages"))["messages"]
        assert {each["id"] for each in said} == {first, second}
        await ann.mark(talk["id"], "read", first, second)
        read = await story.hears_of("message.read", 2)
        assert read["payload"]["conversationId"] == talk["id"]


async def test_what_people_do_with_a_message_is_told(tmp_path: Path) -> None:
    async with telling(tmp_path, "app-messaging") as story:
        apps = await apps_of(story)
        ann = await apps.device("ann")
        message = await story.send({"profileId": "ann"}, "appMessaging")
        await story.hears_of("message.sent")
        path = "/conversations/Customer_Services_ann/messages"
        await ann.ask("POST", f"{path}/{message}/reactions", {"emoji": "👍"}, expect=202)
        await ann.ask("POST", f"{path}/{message}/deleterequests", expect=202)
        tapped = {"action": "order-yes", "messageId": message, "label": "Yes"}
        part = {"type": "application/x-hub-action", "data": json.dumps(tapped)}
        await ann.ask("POST", path, {"parts": [part]}, expect=201)
        click = await story.hears_of("interaction.click")
        assert click["payload"]["button"] == {"payload": "order-yes"}
        await story.hears_of("app-messaging.interaction", 3)
        told = story.subscriber.bodies("app-messaging.interaction")
        assert {each["payload"]["type"] for each in told} == {"reaction", "delete-request", "clicked"}
        assert not story.subscriber.bodies("message.inbound"), "a tap is no message"


async def test_nobody_takes_a_message_in_time_and_it_expires(tmp_path: Path) -> None:
    async with telling(tmp_path, "app-messaging") as story:
        apps = await apps_of(story)
        await apps.device("ann")
        await story.send({"profileId": "ann"}, "appMessaging")
        await story.hears_of("message.sent")
        await story.skip(24 * 3600 + 1)
        expired = await story.hears_of("message.expired")
        assert expired["payload"]["details"]["channel"] == "appMessaging"


async def test_whom_the_app_does_not_know_is_reached_by_the_next_rule(tmp_path: Path) -> None:
    async with telling(tmp_path, "app-messaging", "mms") as story:
        await apps_of(story)
        await story.channel("custom")
        await story.send({"profileId": "nobody", "phoneNumber": "447700900001"}, "appMessaging", "mms")
        sent = await story.hears_of("message.sent")
        assert sent["payload"]["details"]["channel"] == "mms"
        await story.hears_of("message.delivered")


async def test_what_happened_before_a_hub_was_killed_is_told_by_the_next(tmp_path: Path) -> None:
    """The kill is the worst one: what was committed is on disk, and nothing of it has been told."""
    async with running(tmp_path) as first:
        apps = await apps_at(first)
        ann = await apps.device("ann")
        made = await ann.ask("POST", "/conversations", {}, expect=201)
        first.world.conversations.tell = lambda _: None
        said = await ann.say(made["id"], "Hi there")
    async with running(tmp_path) as second:
        path = f"/workspaces/{apps.workspace}/events?types=inbound"

        async def heard() -> list[Any]:
            found: list[Any] = (await second.ask("GET", path))["results"]
            return found

        async with asyncio.timeout(15):
            while not (events := await heard()):
                await asyncio.sleep(0.1)
        life = await second.ask("GET", f"/workspaces/{apps.workspace}/messages/{events[0]['messageId']}")
        assert said["id"] in json.dumps(life)
        assert len(await heard()) == 1
