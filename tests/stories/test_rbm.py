"""RCS for Business, from end to end: what is sent, what people do with it, and what both vocabularies tell of it."""

from pathlib import Path
from typing import Any

from support.attaching import attach
from support.stories import Story, telling
from support.waiting import until
from tidings.cli.simulation import sample
from tidings.simulators.rbm import Rbm

PHONE = "+447700900123"
SETTINGS = {**sample("rbm")[1], "accessToken": "", "tokenExpiresAt": 0}
ASKED = {
    "type": "text",
    "text": {
        "text": "Are you coming?",
        "actions": [{"type": "postback", "postback": {"text": "Yes", "payload": "COMING"}}],
    },
}


async def rcs(story: Story, **more: Any) -> Rbm:
    settings = {name: value for name, value in SETTINGS.items() if name not in ("accessToken", "tokenExpiresAt")}
    return await attach(story, Rbm, "rcs", settings, **more)


def ordinary() -> dict[str, Any]:
    """What is told of a message that is read."""
    return {
        "omnichannel": ["message.sentRequest", "message.sent", "message.delivered", "message.read"],
        "rcs.outbound": ["accepted", "sent", "delivered"],
        "rcs.interaction": ["read"],
    }


async def test_the_hub_gets_a_token_once_for_many_messages_and_each_is_read(tmp_path: Path) -> None:
    async with telling(tmp_path, "rcs") as story:
        simulator = await rcs(story)
        messages = [await story.send({"phoneNumber": f"44770090012{number}"}, "rcs") for number in range(4)]
        await until(lambda: len(story.subscriber.bodies("message.read")) == 4)
        assert [await story.stands(each) for each in messages] == ["read"] * 4
        assert len(simulator.tokens) == 1


async def test_a_token_that_is_refused_is_renewed_and_nothing_is_lost(tmp_path: Path) -> None:
    async with telling(tmp_path, "rcs") as story:
        simulator = await rcs(story)
        await story.send({"phoneNumber": PHONE}, "rcs")
        await story.hears(ordinary())
        simulator.tokens.clear()
        second = await story.send({"phoneNumber": PHONE}, "rcs")
        await story.clock.skip_until(lambda: len(story.subscriber.bodies("message.read")) == 2, most=60)
        assert await story.stands(second) == "read"


async def test_a_person_taps_an_answer(tmp_path: Path) -> None:
    async with telling(tmp_path, "rcs") as story:
        simulator = await rcs(story)
        message = await story.send_by("rbm", "phonenumber", PHONE, ASKED)
        told = ordinary()
        await story.hears(told)
        tap = simulator.act(message, "tap", text="Yes")
        simulator.post([*tap, *tap])  # What comes twice is told once.
        told["omnichannel"] += ["interaction.click", "message.inbound"]
        told["rcs.interaction"] += ["clicked"]
        await story.hears({**told, "rcs.inbound": ["delivered"]})
        (inbound,) = story.subscriber.bodies("message.inbound")
        assert (inbound["payload"]["body"], inbound["payload"]["correlation"]["messageId"]) == ("Yes", message)
        click = story.subscriber.bodies("rcs.interaction")[-1]["payload"]
        assert (click["messageId"], click["metadata"]["button"]) == (message, {"payload": "COMING"})


async def test_a_message_that_is_taken_without_an_answer_is_sent_again_and_is_one(tmp_path: Path) -> None:
    async with telling(tmp_path, "rcs") as story:
        simulator = await rcs(story)
        simulator.order("vanished")
        message = await story.send({"phoneNumber": PHONE}, "rcs")
        await story.clock.skip_until(lambda: story.subscriber.bodies("message.read"), most=60)
        assert await story.stands(message) == "read"
        assert [each["id"] for each in simulator.taken] == [message]


async def test_a_phone_that_cannot_be_reached_is_tried_by_the_next_rule(tmp_path: Path) -> None:
    async with telling(tmp_path, "rcs") as story:
        await rcs(story, unreachable=(PHONE,))
        await story.channel("twilio")
        message = await story.send({"phoneNumber": PHONE}, "rcs", "sms")
        await story.hears_of("message.delivered")
        life = await story.life(message)
        assert [(hop["platform"], hop["stage"]) for hop in life["hops"]] == [("rcs", "failed"), ("sms", "delivered")]
        assert life["hops"][0]["reason"]["cause"] == "unreachable"


async def test_what_is_revoked_when_its_time_is_up_has_expired_and_may_arrive_all_the_same(tmp_path: Path) -> None:
    async with telling(tmp_path, "rcs") as story:
        simulator = await rcs(story, statuses=("TTL_EXPIRATION_REVOKED",))
        message = await story.send({"phoneNumber": PHONE}, "rcs")
        await story.hears_of("message.expired")
        simulator.post(simulator.act(message, "DELIVERED"))
        await story.hears_of("message.delivered")
        assert await story.stands(message) == "delivered"


async def test_who_wants_no_more_is_heard_once(tmp_path: Path) -> None:
    async with telling(tmp_path, "rcs") as story:
        simulator = await rcs(story)
        message = await story.send({"phoneNumber": PHONE}, "rcs")
        told = ordinary()
        await story.hears(told)
        simulator.post(simulator.act(message, "stop"))
        told["omnichannel"] += ["message.inbound"]
        told["rcs.interaction"] += ["unsubscribe-request"]
        await story.hears({**told, "rcs.inbound": ["delivered"]})
        assert story.subscriber.bodies("rcs.interaction")[-1]["payload"]["messageId"] == message


async def test_google_is_told_that_the_url_is_ours(tmp_path: Path) -> None:
    async with telling(tmp_path, "rcs") as story:
        simulator = await rcs(story)
        assert await simulator.shake_hands()
        assert not await simulator.shake_hands(client_token="another")
