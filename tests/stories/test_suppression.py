"""People who want no more of us, as both vocabularies tell it: on one platform they are left alone, on another not."""

from pathlib import Path
from typing import Any

from support.stories import STANDS, Story, telling
from support.waiting import until

ANN = "447700900001"
TO = {"phoneNumber": ANN, "email": "ann@example.com"}


async def listed(story: Story) -> list[tuple[str, str, str]]:
    """Whom the workspace does not write to, and why."""
    told = await story.ask("GET", f"/workspaces/{story.workspace}/suppressions")
    return [(each["platform"], each["address"], each["reason"]) for each in told["results"]]


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": {"text": said}}


async def test_whoever_stops_texts_gets_mail_until_they_start_again(tmp_path: Path) -> None:
    async with telling(tmp_path, "sms", "email") as story:
        phones = await story.channel("twilio")
        mails = await story.channel("mailgun")
        await story.send(TO, "sms", "email")
        told = {
            "omnichannel": ["message.sentRequest", "message.sent", "message.delivered"],
            "sms.outbound": ["accepted", "sent", "delivered"],
        }
        await story.hears(told)
        phones.post(phones.act(phones.taken[0]["id"], "stop"))
        told["omnichannel"] += ["message.inbound"]
        told |= {"sms.inbound": ["delivered"], "sms.interaction": ["unsubscribe-request"]}
        await story.hears(told)
        assert await listed(story) == [("sms", f"+{ANN}", "unsubscribed")]

        # By fallback the mail goes instead; the text is not even tried.
        again = await story.send(TO, "sms", "email")
        told["omnichannel"] += ["message.sentRequest", "message.sent", "message.delivered"]
        told["sms.outbound"] += ["accepted"]
        told["email.outbound"] = ["sent", "delivered"]
        await story.hears(told)
        assert (len(phones.taken), len(mails.taken)) == (1, 1)
        first, second = (await story.life(again))["hops"]
        assert (first["reason"]["code"], second["stage"]) == ("suppressed", "delivered")

        # In the other vocabulary a message has one channel, and fails.
        await story.send_by("twilio", "phonenumber", f"+{ANN}", text("Hello"))
        told["omnichannel"] += ["message.sentRequest", "message.failed"]
        told["sms.outbound"] += ["accepted", "sending_failed"]
        await story.hears(told)
        failure = story.subscriber.bodies("sms.outbound")[-1]["payload"]
        assert failure["reason"] == "The recipient has unsubscribed from messages on sms."
        (reason,) = story.subscriber.bodies("message.failed")
        assert reason["payload"]["details"]["channelStatus"]["sms"]["details"]["reason"] == failure["reason"]

        phones.post(phones.inbound(f"+{ANN}", "START"))
        told["omnichannel"] += ["message.inbound"]
        told["sms.inbound"] += ["delivered"]
        await story.hears(told)
        assert await listed(story) == []
        await story.send(TO, "sms", requireOptIn=True)
        told["omnichannel"] += ["message.sentRequest", "message.sent", "message.delivered"]
        told["sms.outbound"] += ["accepted", "sent", "delivered"]
        await story.hears(told)


async def test_a_mailbox_that_is_not_there_and_a_complaint_keep_further_mail_from_them(tmp_path: Path) -> None:
    async with telling(tmp_path, "email") as story:
        mails = await story.channel("mailgun")
        gone = {"email": "hard-5.1.1@example.com"}
        await story.send(gone, "email")
        await story.hears_of("message.failed")
        await story.send(STANDS["mailgun"].to, "email")
        await story.hears_of("message.delivered")
        mails.post(mails.act(mails.taken[1]["id"], "complained"))
        await story.hears_of("email.interaction")
        assert await listed(story) == [
            ("email", "ann@example.com", "complained"),
            ("email", "hard-5.1.1@example.com", "hard-bounced"),
        ]
        for person in (gone, STANDS["mailgun"].to):
            refused = await story.send(person, "email", transactional=True)
            assert await story.stands(refused) == "failed"
        await until(lambda: len(story.subscriber.bodies("message.failed")) == 3, what="the refusals are told")
        assert len(mails.taken) == 2
