"""A member and a page on LinkedIn, as both vocabularies tell of them."""

from pathlib import Path
from typing import Any, Final

from support.stories import PACE, Story, telling
from tidings.simulators.linkedin import LinkedIn

SETTINGS: Final[dict[str, Any]] = {
    "drivers": ["messages_v2", "org_social_webhook"],
    "accessToken": "a-token",
    "clientSecret": "a-client-secret",
    "member": "urn:li:person:adm1n",
    "organization": "urn:li:organization:90000017",
}
ANA: Final = "urn:li:person:hUbM3mb3r"
TEXT: Final = {"type": "text", "text": {"text": "Hi Ana, here is the link."}}


async def on_linkedin(story: Story, *drivers: str, **simulated: Any) -> LinkedIn:
    """Set up the channel, once LinkedIn has challenged it where it is one that hears."""
    chosen = {**SETTINGS, "drivers": list(drivers or SETTINGS["drivers"])}
    simulator = LinkedIn(chosen, pace=PACE, **simulated)
    settings = {**chosen, "baseUrl": await simulator.start()}
    channel = await story.at_work.channel(story.workspace, "linkedin", "linkedin", settings)
    simulator.callback_url = channel["callbackUrl"]
    story.channels["linkedin"] = channel
    story.simulators.append(simulator)
    assert await simulator.challenge() is ("org_social_webhook" in chosen["drivers"])
    return simulator


async def test_a_comment_is_heard_answered_by_a_message_and_taken_back(tmp_path: Path) -> None:
    async with telling(tmp_path, "linkedin") as story:
        linkedin = await on_linkedin(story)
        said = linkedin.inbound(ANA, "Price?")
        linkedin.post([*said, *said])  # What comes twice is told once.
        told = {"omnichannel": ["message.inbound"], "linkedin.inbound": ["delivered"]}
        await story.hears(told)
        (inbound,) = story.subscriber.bodies("message.inbound")
        assert (inbound["payload"]["body"], inbound["payload"]["channel"]) == ("Price?", "linkedin")

        message = await story.send_by("linkedin", "linkedinuserid", ANA, TEXT, tags=["origin:agent"])
        told["omnichannel"] += ["message.sentRequest", "message.sent"]
        told["linkedin.outbound"] = ["accepted", "sent"]
        await story.hears(told)
        (taken,) = linkedin.taken
        assert taken["body"]["recipients"] == [ANA]
        await story.skip(48 * 3600)
        await story.hears(told)
        assert await story.stands(message) == "sent", "LinkedIn says no more, and nothing is made up"

        comment = inbound["payload"]["channelData"]["decoratedGeneratedActivity"]["comment"]["entity"]
        linkedin.post(linkedin.act(comment, "delete"))
        deleted = await story.hears_of("linkedin.interaction")
        assert deleted["payload"]["type"] == "delete-request"
        assert deleted["payload"]["messageId"] == inbound["payload"]["id"]


async def test_what_is_written_to_a_member_is_polled_once_and_answered_in_its_thread(tmp_path: Path) -> None:
    async with telling(tmp_path, "linkedin") as story:
        linkedin = await on_linkedin(story, "messages_v2", "compliance_poll", most_events=2)
        for number in range(5):
            linkedin.inbound(ANA, f"Hello {number}")
        await story.clock.skip_until(lambda: len(story.subscriber.bodies("linkedin.inbound")) == 5, most=300)
        texts = [each["payload"]["body"]["text"]["text"] for each in story.subscriber.bodies("linkedin.inbound")]
        assert sorted(texts) == [f"Hello {number}" for number in range(5)]

        written = story.subscriber.bodies("message.inbound")[-1]["payload"]
        shown = await story.ask("GET", story.path("linkedin", written["id"]))
        reference = shown["parts"][0]["platformReference"]
        more = {"tags": ["origin:agent"], "replyTo": {"id": reference}}
        await story.send_by("linkedin", "linkedinuserid", ANA, TEXT, **more)
        await story.hears_of("message.sent")
        (taken,) = linkedin.taken
        assert taken["body"]["thread"] == taken["thread"] == reference.partition("#")[0]

        story.clock.skip(120)
        await story.quiet()
        assert len(story.subscriber.bodies("linkedin.inbound")) == 5, "what is asked for again is told once"


async def test_a_message_that_no_person_sends_is_refused(tmp_path: Path) -> None:
    async with telling(tmp_path, "linkedin") as story:
        linkedin = await on_linkedin(story)
        contacts = [{"identifierKey": "linkedinuserid", "identifierValue": ANA}]
        refused = await story.ask(
            "POST", story.path("linkedin"), {"receiver": {"contacts": contacts}, "body": TEXT}, expect=422
        )
        assert "by their own action" in str(refused["errors"])
        sent = await story.send({"linkedinUserId": ANA}, "linkedin", channelOptions={"linkedin": {"origin": "agent"}})
        await story.hears(
            {"omnichannel": ["message.sentRequest", "message.sent"], "linkedin.outbound": ["accepted", "sent"]}
        )
        assert await story.stands(sent) == "sent"
        assert len(linkedin.taken) == 1


async def test_a_stranger_cannot_be_written_to(tmp_path: Path) -> None:
    async with telling(tmp_path, "linkedin") as story:
        linkedin = await on_linkedin(story, strangers=[ANA])
        message = await story.send_by("linkedin", "linkedinuserid", ANA, TEXT, tags=["origin:agent"])
        await story.hears(
            {
                "omnichannel": ["message.sentRequest", "message.failed"],
                "linkedin.outbound": ["accepted", "sending_failed"],
            }
        )
        assert (await story.life(message))["reason"]["cause"] == "blocked"
        assert linkedin.taken == []
