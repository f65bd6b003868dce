"""What people do with messages, and write back, as both vocabularies tell it."""

from pathlib import Path
from typing import Any

from support.stories import STANDS, Story, telling
from support.waiting import until

ANN = "447700900001"
DAY = 24 * 3600
TELLING = {"metadata": {"order": 7}}


async def test_a_person_reads_reacts_takes_it_back_and_taps_a_reply(tmp_path: Path) -> None:
    async with telling(tmp_path, "whatsapp") as story:
        simulator = await story.channel("whatsapp-cloud")
        choice = {"type": "postback", "postback": {"text": "Yes", "payload": "COMING"}}
        body = {"type": "text", "text": {"text": "Are you coming?", "actions": [choice]}}
        more = {"meta": {"extraInformation": {"order": 7}}, "reference": "r-7"}
        message = await story.send_by("whatsapp-cloud", "phonenumber", f"+{ANN}", body, **more)
        read = {
            "omnichannel": ["message.sentRequest", "message.sent", "message.delivered", "message.read"],
            "whatsapp.outbound": ["accepted", "sent", "delivered"],
            "whatsapp.interaction": ["read"],
        }
        await story.hears(read)
        taken = simulator.taken[0]["id"]
        for callbacks in (
            simulator.act(taken, "reaction", emoji="👍"),
            simulator.act(taken, "reaction"),
            simulator.act(taken, "button_reply", id="COMING", title="Yes"),
        ):
            simulator.post([*callbacks, *callbacks])  # What comes twice is told once.
            await story.quiet()
        read["omnichannel"] += ["message.inbound", "interaction.click"]
        read["whatsapp.interaction"] += ["reaction", "reaction", "clicked"]
        await story.hears({**read, "whatsapp.inbound": ["delivered"]})

        said = [each["payload"].get("metadata") for each in story.subscriber.bodies("whatsapp.interaction")]
        assert said == [
            None,
            {"reaction": {"emoji": "👍", "action": "react"}},
            {"reaction": {"emoji": "", "action": "unreact"}},
            {"button": {"payload": "COMING"}, "prefetched": False},
        ]
        (inbound,) = story.subscriber.bodies("message.inbound")
        assert inbound["payload"]["correlation"] == {"messageId": message, **TELLING}
        (click,) = story.subscriber.bodies("interaction.click")
        assert (click["payload"]["id"], click["payload"]["button"]) == (message, {"payload": "COMING"})
        shown = await story.ask("GET", story.path("whatsapp-cloud", message, "interactions"))
        assert [each["type"] for each in shown["results"]] == ["read", "reaction", "reaction", "clicked"]


async def test_a_person_who_wants_no_more_is_heard_and_left_alone(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms") as story:
        simulator = await story.channel("twilio")
        message = await story.send({"phoneNumber": ANN}, "sms", **TELLING)
        told = {
            "omnichannel": ["message.sentRequest", "message.sent", "message.delivered"],
            "sms.outbound": ["accepted", "sent", "delivered"],
        }
        await story.hears(told)
        simulator.post(simulator.act(simulator.taken[0]["id"], "stop"))
        told["omnichannel"] += ["message.inbound"]
        told |= {"sms.inbound": ["delivered"], "sms.interaction": ["unsubscribe-request"]}
        await story.hears(told)
        (deed,) = story.subscriber.bodies("sms.interaction")
        assert deed["payload"]["messageId"] == message

        again = await story.send({"phoneNumber": ANN}, "sms")
        told["omnichannel"] += ["message.sentRequest", "message.failed"]
        told["sms.outbound"] += ["accepted", "sending_failed"]
        await story.hears(told)
        assert (await story.life(again))["reason"]["cause"] == "opted-out"
        assert len(simulator.taken) == 1


async def test_what_a_machine_opens_is_not_read_and_what_a_person_opens_is_read_once(tmp_path: Path) -> None:
    async with telling(tmp_path, "email") as story:
        simulator = await story.channel("mailgun")
        message = await story.send({"email": "ann@example.com"}, "email")
        told = {
            "omnichannel": ["message.sentRequest", "message.sent", "message.delivered"],
            "email.outbound": ["accepted", "sent", "delivered"],
        }
        await story.hears(told)
        taken = simulator.taken[0]["id"]
        simulator.post(simulator.act(taken, "opened", bot="apple", agent="Mozilla/5.0"))
        await story.hears({**told, "email.interaction": ["opened"]})
        assert await story.stands(message) == "delivered"
        for _ in range(2):
            simulator.post(simulator.act(taken, "opened"))
        told["omnichannel"] += ["message.read"]
        await story.hears({**told, "email.interaction": ["opened", "opened", "opened"]})
        assert await story.stands(message) == "read"
        opens = story.subscriber.bodies("email.interaction")
        assert [each["payload"]["metadata"]["prefetched"] for each in opens] == [True, False, False]


async def test_an_email_to_several_is_sent_and_tells_of_each_in_its_parts(tmp_path: Path) -> None:
    async with telling(tmp_path, "email") as story:
        await story.channel("mailgun")
        people = ["ann@example.com", "hard-5.1.1@example.com", "bob@example.com"]
        contacts = [{"identifierKey": "emailaddress", "identifierValue": each} for each in people]
        body = {"receiver": {"contacts": contacts}, "body": {"type": "text", "text": {"text": "Hello"}}}
        made = await story.ask("POST", story.path("mailgun"), body, expect=202)
        await story.hears(
            {"omnichannel": ["message.sentRequest", "message.sent"], "email.outbound": ["accepted", "sent"]}
        )
        shown = await story.ask("GET", story.path("mailgun", made["id"]))
        assert shown["status"] == "sent"
        statuses = {part["recipient"]: part["status"] for part in shown["parts"]}
        assert statuses == dict(zip(people, ("delivered", "delivery_failed", "delivered"), strict=True))


async def test_a_picture_that_a_person_sends_comes_as_an_mms(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms", "mms") as story:
        simulator = await story.channel("twilio")
        simulator.post(simulator.inbound(f"+{ANN}", "Look", media=[{"type": "image/png", "data": "a picture"}]))
        await story.hears({"omnichannel": ["message.inbound"], "mms.inbound": ["delivered"]})
        (inbound,) = story.subscriber.bodies("message.inbound")
        payload = inbound["payload"]
        assert (payload["channel"], payload["body"]) == ("mms", "Look")
        (part,) = payload["messageParts"]
        assert part["type"] == "image/png"
        assert part["url"].startswith(simulator.base_url)
        assert payload["to"] == {"phoneNumber": STANDS["twilio"].settings["sender"].removeprefix("+")}
        assert "correlation" not in payload


async def test_what_a_person_writes_within_a_week_answers_the_newest_message_to_them(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms") as story:
        simulator = await story.channel("twilio")
        await story.send({"phoneNumber": ANN}, "sms", metadata={"order": 6})
        await story.quiet()
        newest = await story.send({"phoneNumber": ANN}, "sms", **TELLING)
        await story.quiet()
        assert (await _answered(story, simulator, "within"))["correlation"] == {"messageId": newest, **TELLING}
        await story.skip(8 * DAY)
        assert "correlation" not in await _answered(story, simulator, "after")


async def _answered(story: Story, simulator: Any, text: str) -> dict[str, Any]:
    """Let the person write, and give what is told of it."""
    before = len(story.subscriber.bodies("message.inbound"))
    simulator.post(simulator.inbound(f"+{ANN}", text))
    await story.quiet()
    told: dict[str, Any] = story.subscriber.bodies("message.inbound")[before]["payload"]
    assert told["body"] == text
    return told


async def test_what_was_redacted_is_in_no_later_webhook(tmp_path: Path) -> None:
    hears = {"nothing": True}
    async with telling(tmp_path, "sms", "email", answer=lambda _: 503 if hears["nothing"] else 204) as story:
        story.subscriber.rewritten = True
        twilio, mailgun = await story.channel("twilio"), await story.channel("mailgun")
        mailgun.order("lost")
        messages = [
            await story.send({"phoneNumber": ANN}, "sms", body="The word is 4711."),
            await story.send({"email": "ann@example.com"}, "email", title="The word is 4711.", body="4711"),
        ]
        await until(lambda: mailgun.taken and twilio.answers == [200, 200])
        # Of each message and vocabulary, the first webhook was refused; the others wait behind it.
        await story.subscriber.receiver.wait_for(4)
        for message in messages:
            where = f"/apispaces/{story.workspace}/messages/{message}"
            await story.ask("PATCH", where, {"redact": True, "redactSource": "message"}, expect=202)
        before = list(story.subscriber.receiver.got)
        assert any(b"4711" in got.body for got in before), "or there was nothing to take away"
        hears["nothing"] = False
        mailgun.post(mailgun.act(mailgun.taken[0]["id"], "delivered"))  # It says the subject again.
        told = {"omnichannel": 6, "sms.outbound": 3, "email.outbound": 3}
        subscriber = story.subscriber
        await story.clock.skip_until(lambda: {e: len(n) for e, n in subscriber.told.items()} == told, most=200)
        assert not any(b"4711" in got.body for got in subscriber.receiver.got[len(before) :])
        for message in messages:
            assert "4711" not in str(await story.life(message))
            assert "4711" not in str(await story.ask("GET", f"/apispaces/{story.workspace}/messages/{message}"))
