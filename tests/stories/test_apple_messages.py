"""A conversation on Apple Messages, as both vocabularies tell it."""

from pathlib import Path
from typing import Any, Final

import pytest

from support.stories import PACE, RETRY_SECONDS, Story, telling
from support.waiting import until
from tidings.simulators.apple_messages import AppleMessages
from tidings.simulators.simulator import Fault

SETTINGS: Final = {
    "mspId": "11111111-2222-3333-4444-555555555555",
    "secret": "QXBwbGVNc3BTZWNyZXRLZXlGb3JUZXN0c09ubHkhITE=",
    "businessId": "biz-1",
}
ANA: Final = "urn:mbid:AQAAY45PVG4jg/ni/q6r+Ab="
PLATFORM: Final = "apple-business-chat"
OFFER: Final = {
    "type": "text",
    "text": {
        "text": "When shall we come?",
        "actions": [
            {"type": "postback", "postback": {"text": "Monday", "payload": "mon"}},
            {"type": "postback", "postback": {"text": "Tuesday", "payload": "tue"}},
        ],
    },
}
CHANNELS: Final = "applebusinesschat"


async def on_apple(story: Story, **simulated: Any) -> AppleMessages:
    """Set up the channel, with a clock that both sides share."""
    simulator = AppleMessages(SETTINGS, pace=PACE, retry_seconds=RETRY_SECONDS, **simulated)
    settings = {**SETTINGS, "baseUrl": await simulator.start()}
    channel = await story.at_work.channel(story.workspace, PLATFORM, "apple-messages", settings)
    simulator.callback_url = channel["callbackUrl"]
    story.channels["apple-messages"] = channel
    story.simulators.append(simulator)
    return simulator


async def offer(story: Story) -> str:
    """Offer two days; give the message's id."""
    return await story.send_by("apple-messages", "applebusinesschatid", ANA, OFFER, reference="r-7")


@pytest.mark.parametrize("large", [False, True])
async def test_a_person_writes_is_answered_picks_reacts_and_closes(large: bool, tmp_path: Path) -> None:
    async with telling(tmp_path, CHANNELS) as story:
        apple = await on_apple(story, large_answers=large)
        apple.post(apple.inbound(ANA, "Please call", intent="repair"))
        told = {"omnichannel": ["message.inbound"], f"{CHANNELS}.inbound": ["delivered"]}
        await story.hears(told)
        (written,) = story.subscriber.bodies("message.inbound")
        assert (written["payload"]["body"], written["payload"]["channel"]) == ("Please call", CHANNELS)

        message = await offer(story)
        told["omnichannel"] += ["message.sentRequest", "message.sent"]
        told[f"{CHANNELS}.outbound"] = ["accepted", "sent"]
        await story.hears(told)
        assert await story.stands(message) == "sent"

        (taken,) = apple.taken
        picked = apple.act(taken["id"], "quick-reply", picked=["tue"])
        apple.post([*picked, *picked])  # What comes twice is told once.
        # Nobody can pick from a message that they did not get.
        told["omnichannel"] += ["message.delivered", "message.inbound", "interaction.click"]
        told[f"{CHANNELS}.outbound"] += ["delivered"]
        told[f"{CHANNELS}.inbound"] += ["delivered"]
        told[f"{CHANNELS}.interaction"] = ["clicked"]
        await until(lambda: len(story.subscriber.bodies(f"{CHANNELS}.interaction")) == 1)
        await story.quiet()
        assert {name: sorted(words) for name, words in story.subscriber.told.items()} == {
            name: sorted(words) for name, words in told.items()
        }
        (click,) = story.subscriber.bodies("interaction.click")
        assert (click["payload"]["id"], click["payload"]["button"]) == (message, {"payload": "tue"})
        answer = story.subscriber.bodies("message.inbound")[-1]["payload"]
        assert (answer["body"], answer["correlation"]["messageId"]) == ("Tuesday", message)

        apple.post(apple.act(taken["id"], "tapback", text="Loved “When shall we come?”"))
        apple.post(apple.act(taken["id"], "close"), delay=0.1)
        await story.hears_of(f"{CHANNELS}.interaction", 3)
        _, loved, closed = story.subscriber.bodies(f"{CHANNELS}.interaction")
        assert loved["payload"]["metadata"]["reaction"] == {"emoji": "❤️", "action": "react"}
        assert (closed["payload"]["type"], closed["payload"]["messageId"]) == ("unsubscribe-request", message)


async def test_a_file_that_a_person_sends_is_given_out_decrypted(tmp_path: Path) -> None:
    async with telling(tmp_path, CHANNELS) as story:
        apple = await on_apple(story)
        apple.post(apple.inbound(ANA, "Look", files=[("a.png", b"a picture")]))
        inbound = await story.hears_of("message.inbound")
        where = f"/workspaces/{story.workspace}/messages/{inbound['payload']['id']}/media/0"
        headers = {"authorization": f"AccessKey {story.at_work.root_key}"}
        async with story.at_work.http.get(story.at_work.base_url + where, headers=headers) as answer:
            assert (answer.status, await answer.read()) == (200, b"a picture")
            assert answer.content_type == "image/png"


async def test_what_apple_did_not_answer_is_sent_again_and_taken_once(tmp_path: Path) -> None:
    async with telling(tmp_path, CHANNELS) as story:
        apple = await on_apple(story, people=[ANA])
        apple.order(Fault.VANISHED)
        message = await offer(story)
        await story.clock.skip_until(lambda: story.subscriber.bodies("message.sent"), most=90)
        await story.hears(
            {"omnichannel": ["message.sentRequest", "message.sent"], f"{CHANNELS}.outbound": ["accepted", "sent"]}
        )
        assert len(apple.taken) == 1
        assert await story.stands(message) == "sent"


async def test_a_person_who_never_wrote_is_not_reached(tmp_path: Path) -> None:
    async with telling(tmp_path, CHANNELS) as story:
        await on_apple(story)
        message = await offer(story)
        await story.hears(
            {
                "omnichannel": ["message.sentRequest", "message.failed"],
                f"{CHANNELS}.outbound": ["accepted", "sending_failed"],
            }
        )
        assert (await story.life(message))["reason"]["cause"] == "bad-address"
