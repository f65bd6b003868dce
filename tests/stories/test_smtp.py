"""E-mail by SMTP, from end to end: what mail servers, feedback loops and people say of a mail, and do with it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.attaching import attach
from support.stories import Story, telling
from tidings.simulators.smtp import Smtp

SETTINGS: Mapping[str, Any] = {
    "starttls": False,
    "sender": "Shop <shop@hub.example>",
    "domain": "hub.example",
    "inbox": "replies@hub.example",
    "complaints": "fbl@hub.example",
    "returnPathKey": "a-return-path-key",
    "unsubscribeKey": "an-unsubscribe-key",
    "deliveryReports": True,
}
ORDINARY = ["message.sentRequest", "message.sent", "message.delivered"]


@asynccontextmanager
async def mailing(tmp_path: Path, settings: Mapping[str, Any] = SETTINGS) -> AsyncIterator[tuple[Story, Smtp]]:
    async with telling(tmp_path, "email", mail_port=0) as story:
        simulator = await attach(story, Smtp, "email", settings)
        simulator.mail_door = f"127.0.0.1:{story.at_work.hub.mail.port}"
        yield story, simulator


def told(*omnichannel: str, outbound: tuple[str, ...] = ("delivered",), **more: list[str]) -> dict[str, list[str]]:
    return {
        "omnichannel": [*ORDINARY[:2], *omnichannel],
        "email.outbound": ["accepted", "sent", *outbound],
        **{f"email.{name}": words for name, words in more.items()},
    }


@pytest.mark.parametrize("dialect", ["postfix", "exchange", "plain", "utf8"])
async def test_a_bounce_in_any_manner_fails_the_mail(tmp_path: Path, dialect: str) -> None:
    async with mailing(tmp_path) as (story, _):
        message = await story.send({"email": f"bounce-5.1.1-{dialect}@example.com"}, "email")
        await story.hears(told("message.failed", outbound=("delivery_failed",)))
        reason = (await story.life(message))["reason"]
        assert (reason["cause"], reason["code"], reason["permanent"]) == ("bad-address", "5.1.1", True)


async def test_a_mail_that_waits_and_is_given_up_expires(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (story, _):
        message = await story.send({"email": "expire@example.com"}, "email")
        await story.hears(told("message.expired", outbound=("delivery_failed",)))
        assert await story.stands(message) == "expired"


async def test_a_failure_after_delivery_is_kept_beside_it(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (story, _):
        message = await story.send({"email": "late-bounce@example.com"}, "email")
        await story.hears(told("message.delivered"))
        life = await story.life(message)
        assert life["stage"] == "delivered"
        assert life["lateFailure"]["code"] == "5.1.1"


@pytest.mark.parametrize("who", ["complain", "complain-redacted"])
async def test_a_complaint_is_told_as_such(tmp_path: Path, who: str) -> None:
    async with mailing(tmp_path) as (story, _):
        await story.send({"email": f"{who}@example.com"}, "email")
        await story.hears(told("message.delivered", interaction=["reported-as-spam"]))


@pytest.mark.parametrize("who", ["unsub", "unsub-multipart", "unsub-mail"])
async def test_whoever_unsubscribes_is_heard_once(tmp_path: Path, who: str) -> None:
    async with mailing(tmp_path) as (story, simulator):
        message = await story.send({"email": f"{who}@example.com"}, "email")
        await story.hears(told("message.delivered", interaction=["unsubscribe-request"]))
        for deed in ("unsubscribes", "unsubscribes-by-mail"):
            simulator.post(simulator.act(simulator.taken[0]["id"], deed))
        await story.hears(told("message.delivered", interaction=["unsubscribe-request"]))
        (body,) = story.subscriber.bodies("email.interaction")
        assert body["payload"]["messageId"] == message


async def test_a_program_that_follows_every_link_unsubscribes_nobody(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (story, simulator):
        await story.send({"email": "scan@example.com"}, "email")
        await story.hears(told("message.delivered"))
        assert simulator.answers == [200, 200]


async def test_a_mail_that_is_read_is_told_as_read(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (story, simulator):
        options = {"email": {"readReceipt": True}}
        message = await story.send({"email": "read@example.com"}, "email", channelOptions=options)
        await story.hears(told("message.delivered", "message.read"))
        assert "Disposition-Notification-To: bounce+" in simulator.taken[0]["head"]
        assert await story.stands(message) == "read"


async def test_what_a_person_answers_is_tied_to_the_mail_and_their_programs_words_are_kept(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (story, simulator):
        message = await story.send({"email": "ada@example.com"}, "email", title="Parcel", body="When?")
        await story.hears(told("message.delivered"))
        simulator.post(simulator.inbound("ada@example.com", "At nine."))
        inbound = await story.hears_of("message.inbound")
        assert inbound["payload"]["body"] == "At nine."
        assert inbound["payload"]["correlation"]["messageId"] == message


async def test_each_recipient_has_their_own_outcome(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (story, _):
        people = ("ada@example.com", "refuse-5.1.1@example.com", "bounce-5.2.2@example.com")
        contacts = [{"identifierKey": "emailaddress", "identifierValue": each, "type": "to"} for each in people]
        body = {"type": "text", "text": {"text": "Hello"}}
        asked = {"receiver": {"contacts": contacts}, "body": body}
        made = await story.ask("POST", story.path("smtp"), asked, expect=202)
        await story.hears({"omnichannel": ORDINARY[:2], "email.outbound": ["accepted", "sent"]})
        life = await story.life(made["id"])
        parts = {part["recipient"]: part["stage"] for part in life["hops"][0]["parts"]}
        assert parts == {people[0]: "delivered", people[1]: "failed", people[2]: "failed"}


async def test_a_greylisted_mail_goes_when_it_is_offered_again(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (story, simulator):
        message = await story.send({"email": "defer-2@example.com"}, "email")
        await wait_for_tries(story, message, 1)
        story.clock.skip(61)
        await wait_for_tries(story, message, 2)
        await story.skip(301)
        await story.hears(told("message.delivered"))
        assert len(simulator.taken) == 1


async def test_a_mail_whose_answer_was_lost_is_offered_once_more_under_the_same_id(tmp_path: Path) -> None:
    async with mailing(tmp_path, {**SETTINGS, "deliveryReports": False}) as (story, simulator):
        message = await story.send({"email": "drop-after-dot@example.com"}, "email")
        await wait_for_tries(story, message, 1)
        story.clock.skip(61)
        await story.hears({"omnichannel": ORDINARY[:2], "email.outbound": ["accepted", "sent"]})
        first, second = simulator.taken
        assert first["message_id"] == second["message_id"]


async def test_a_mail_whose_answer_was_lost_is_not_offered_again_once_it_is_told_as_delivered(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (story, simulator):
        message = await story.send({"email": "drop-after-dot@example.com"}, "email")
        await wait_for_tries(story, message, 1)
        await story.hears(told("message.delivered"))
        story.clock.skip(61)
        await story.hears(told("message.delivered"))
        assert len(simulator.taken) == 1


async def test_a_callback_over_http_is_refused(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (story, simulator):
        await story.send({"email": "ada@example.com"}, "email")
        await story.hears(told("message.delivered"))
        path = simulator.taken[0]["return_path"]
        url = story.channels["smtp"]["callbackUrl"]
        for method in ("LMTP", "POST"):
            headers = {"rcpt-to": path, "mail-from": ""}
            async with story.at_work.http.request(method, url, data=b"x", headers=headers) as answer:
                assert answer.status in (400, 403)
        await story.hears(told("message.delivered"))


async def wait_for_tries(story: Story, message: str, tries: int) -> None:
    """Wait until a hop was put off so often."""
    for _ in range(400):
        if (await story.life(message))["hops"][0]["tries"] >= tries:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("It was not put off.")
