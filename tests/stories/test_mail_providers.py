"""E-mail through SES, SendGrid and Postmark, from end to end: sent, delivered, opened, answered, and told of twice."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from support.attaching import attach
from support.stories import Story, telling
from support.waiting import until
from tidings.simulators.postmark import Postmark
from tidings.simulators.sendgrid import SendGrid
from tidings.simulators.ses import Ses
from tidings.simulators.simulator import Fault, Order, Simulator


class Provider(NamedTuple):
    """A provider's stand-in, and a channel's settings for it."""

    simulator: type[Simulator]
    settings: Mapping[str, Any]


PROVIDERS: Final = {
    "ses": Provider(
        Ses,
        {
            "accessKeyId": "AKIDEXAMPLE",
            "secretAccessKey": "a-secret",
            "region": "eu-west-1",
            "sender": "Shop <shop@hub.example>",
            "topics": ["arn:aws:sns:eu-west-1:123456789012:hub"],
            "configurationSet": "hub-events",
            "inboxBucket": "hub-inbox",
        },
    ),
    "sendgrid": Provider(
        SendGrid,
        {
            "apiKey": "SG.a-key",
            "publicKey": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDq4Gq/s7XwA2TsC+l76A2OkTUWjEFXPIKB29z67708ELbBQlrKUra49j/"
            "FRJanDG/v2Z2jpC26UEU46uKBMn6A==",
            "inboundLogin": "hub:a-password",
            "sender": "Shop <shop@hub.example>",
        },
    ),
    "postmark": Provider(
        Postmark,
        {"serverToken": "a-server-token", "webhookLogin": "hub:a-password", "sender": "Shop <shop@hub.example>"},
    ),
}
every_provider = pytest.mark.parametrize("provider", PROVIDERS)
ADA = {"email": "ada@example.com"}
DELIVERED = ["message.sentRequest", "message.sent", "message.delivered"]


async def attached(story: Story, provider: str, settings: dict[str, Any] | None = None, **more: Any) -> Any:
    kind, given = PROVIDERS[provider]
    return await attach(story, kind, "email", {**given, **(settings or {})}, **more)


def answers(provider: str, taken: dict[str, Any], message: str) -> dict[str, str]:
    """The head of an answer, as mail programs write it: by the Message-ID that the recipient has seen."""
    if provider == "ses":
        return {"In-Reply-To": f"<{taken['id']}@eu-west-1.amazonses.com>"}
    return {"In-Reply-To": f"<{message}.0@hub.example>"}


@every_provider
async def test_a_mail_is_delivered_opened_clicked_and_answered(provider: str, tmp_path: Path) -> None:
    async with telling(tmp_path, "email") as story:
        simulator = await attached(story, provider)
        message = await story.send(ADA, "email", title="Your order", metadata={"order": 7})
        told: dict[str, list[str]] = {
            "omnichannel": list(DELIVERED),
            "email.outbound": ["accepted", "sent", "delivered"],
        }
        await story.hears(told)
        (taken,) = simulator.taken
        for callbacks in (
            simulator.act(taken["id"], "opened", agent="Mozilla/5.0"),
            simulator.act(taken["id"], "opened"),
            simulator.act(taken["id"], "clicked", link="https://shop.example/track/42"),
            simulator.act(taken["id"], "complained"),
            simulator.act(taken["id"], "unsubscribed"),
        ):
            simulator.post([*callbacks, *callbacks])  # What is delivered again is told once.
            await story.quiet()
        # A machine has opened it first, which proves nothing; then a person did.
        told["omnichannel"] += ["message.read", "interaction.click"]
        told["email.interaction"] = ["opened", "opened", "clicked", "reported-as-spam", "unsubscribe-request"]
        await story.hears(told)
        said = [each["payload"].get("metadata") for each in story.subscriber.bodies("email.interaction")]
        assert [each["prefetched"] for each in said[:3]] == [True, False, False]
        assert said[2]["link"]["url"] == "https://shop.example/track/42"

        head = answers(provider, taken, message)
        attachment = {"name": "a.txt", "type": "text/plain", "data": "SGVsbG8="}
        more = {"subject": "Re: Your order", "headers": head, "attachments": [attachment]}
        simulator.post(simulator.inbound("Ada <ada@example.com>", "Thank you", **more))
        told["omnichannel"] += ["message.inbound"]
        told["email.inbound"] = ["delivered"]
        await story.hears(told)
        (inbound,) = story.subscriber.bodies("message.inbound")
        assert inbound["payload"]["body"] == "Thank you"
        assert inbound["payload"]["correlation"] == {"messageId": message, "metadata": {"order": 7}}
        assert await story.stands(message) == "read"


@every_provider
async def test_each_of_several_recipients_has_an_outcome_of_their_own(provider: str, tmp_path: Path) -> None:
    async with telling(tmp_path, "email") as story:
        simulator = await attached(story, provider)
        people = ["open@example.com", "hard-5.1.1@example.com", "suppressed@example.com"]
        contacts = [{"identifierKey": "emailaddress", "identifierValue": each} for each in people]
        contacts[1]["type"] = "cc"
        asked = {
            "receiver": {"contacts": contacts},
            "body": {"type": "text", "text": {"text": "Hello"}},
            "meta": {"email": {"subject": "Your order"}},
        }
        made = await story.ask("POST", story.path(provider), asked, expect=202)

        async def stages() -> dict[str, str]:
            (hop,) = (await story.life(made["id"]))["hops"]
            return {part["recipient"]: part["stage"] for part in hop["parts"]}

        await story.hears_of("email.interaction")
        await story.quiet()
        assert await stages() == {people[0]: "read", people[1]: "failed", people[2]: "failed"}
        assert await story.stands(made["id"]) == "sent"
        assert len(simulator.taken) == (3 if provider == "ses" else 1)


@every_provider
async def test_what_bounces_goes_another_way(provider: str, tmp_path: Path) -> None:
    async with telling(tmp_path, "email", "sms") as story:
        await attached(story, provider)
        await story.channel("twilio")
        to = {"email": "hard-5.1.1@example.com", "phoneNumber": "447700900001"}
        message = await story.send(to, "email", "sms", title="Your order")
        await story.hears_of("message.delivered")
        hops = (await story.life(message))["hops"]
        assert [(hop["platform"], hop["stage"]) for hop in hops] == [("email", "failed"), ("sms", "delivered")]
        assert hops[0]["reason"]["cause"] == "bad-address"


@every_provider
async def test_reports_that_come_early_twice_and_backwards_are_one_story(provider: str, tmp_path: Path) -> None:
    async with telling(tmp_path, "email") as story:
        simulator = await attached(story, provider)
        told = {"omnichannel": list(DELIVERED), "email.outbound": ["accepted", "sent", "delivered"]}
        for fault in (Fault.EARLY, Fault.DUPLICATE, Fault.REORDERED):
            simulator.order(fault)
            await story.send(ADA, "email", title="Your order")
            await until(lambda: not simulator.orders, what="it is sent")
            await story.quiet()
        assert sorted(story.subscriber.told["omnichannel"]) == sorted(told["omnichannel"] * 3)
        assert sorted(story.subscriber.told["email.outbound"]) == sorted(told["email.outbound"] * 3)


@every_provider
@pytest.mark.parametrize("fault", ["throttled", "error"])
async def test_what_was_not_taken_is_sent_again(provider: str, fault: str, tmp_path: Path) -> None:
    async with telling(tmp_path, "email") as story:
        simulator = await attached(story, provider)
        simulator.order(Order(Fault(fault), seconds=20))
        await story.send(ADA, "email", title="Your order")
        await story.clock.skip_until(lambda: simulator.taken, most=90)
        await story.hears({"omnichannel": DELIVERED, "email.outbound": ["accepted", "sent", "delivered"]})
        assert len(simulator.taken) == 1


@every_provider
async def test_what_may_have_been_taken_is_not_sent_twice_and_the_reports_tell(provider: str, tmp_path: Path) -> None:
    async with telling(tmp_path, "email") as story:
        simulator = await attached(story, provider)
        simulator.order("vanished")
        message = await story.send(ADA, "email", title="Your order")
        await story.hears({"omnichannel": DELIVERED, "email.outbound": ["accepted", "sent", "delivered"]})
        assert await story.stands(message) == "delivered"
        assert len(simulator.taken) == 1


async def test_ses_takes_a_large_mail_out_of_the_bucket(tmp_path: Path) -> None:
    async with telling(tmp_path, "email") as story:
        simulator = await attached(story, "ses")
        simulator.post(simulator.inbound("ada@example.com", "x" * 200_000))
        inbound = await story.hears_of("message.inbound")
        assert inbound["payload"]["body"] == "x" * 200_000


async def test_ses_believes_no_topic_that_is_not_its_own(tmp_path: Path) -> None:
    async with telling(tmp_path, "email") as story:
        simulator = await attached(story, "ses")
        simulator.topic.arn = "arn:aws:sns:eu-west-1:666666666666:evil"
        simulator.post(simulator.inbound("eve@example.com", "Believe me"))
        await until(lambda: len(simulator.answers) == 4, what="SNS gives up")
        assert set(simulator.answers) == {503}
        assert not simulator.topic.confirmed
        await story.hears({})


async def test_whom_ses_refuses_while_it_takes_others_is_a_part_that_failed(tmp_path: Path) -> None:
    async with telling(tmp_path, "email") as story:
        simulator = await attached(story, "ses")
        simulator.order(Order(Fault.LATE), Order(Fault.REFUSED, "BadRequestException Illegal address"))
        contacts = [{"identifierKey": "emailaddress", "identifierValue": f"{each}@example.com"} for each in "abc"]
        asked = {"receiver": {"contacts": contacts}, "body": {"type": "text", "text": {"text": "Hello"}}}
        made = await story.ask("POST", story.path("ses"), asked, expect=202)
        await until(lambda: len(simulator.taken) == 2, what="two of three are taken")
        await story.quiet()
        (hop,) = (await story.life(made["id"]))["hops"]
        parts = {part["recipient"]: (part["stage"], part.get("reason", {}).get("text")) for part in hop["parts"]}
        assert parts == {
            "a@example.com": ("delivered", None),
            "b@example.com": ("failed", "Illegal address"),
            "c@example.com": ("delivered", None),
        }
