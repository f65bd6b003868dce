"""The simulator of LinkedIn, met by the connector over loopback."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest

from support.carrier import carry
from support.listening import Listening, listening
from support.waiting import until
from tidings.connectors.connector import Polled
from tidings.connectors.linkedin import LinkedIn
from tidings.model.content import Content
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report
from tidings.model.stages import Cause, Reason, Stage
from tidings.simulators.linkedin import LinkedIn as Provider
from tidings.simulators.simulator import Fault, Order

SETTINGS: dict[str, Any] = {
    "drivers": ["messages_v2", "compliance_poll", "org_social_webhook"],
    "accessToken": "test-token",
    "refreshToken": "test-refresh-token",
    "clientId": "86hub",
    "clientSecret": "test-client-secret",
    "member": "urn:li:person:adm1n",
    "organization": "urn:li:organization:90000017",
    "agentsOnly": False,
}
ANA = "urn:li:person:hUbM3mb3r"


def hub(other: Mapping[str, Any] | None = None, **simulated: Any) -> AbstractAsyncContextManager[Listening[Provider]]:
    return listening(LinkedIn, Provider, SETTINGS, outgoing={"to": ANA}, other=other, **simulated)


async def poll(told: Listening[Provider], place: str = "1") -> Polled:
    """Poll until there is no more; give the reports of all pages."""
    reports: list[Report] = []
    while True:
        page = await carry(told.connector.poll(place, told.now))
        reports += page.reports
        place = page.place
        if not page.more:
            return Polled(reports=tuple(reports), place=place)


async def test_message_is_taken_and_nothing_more_is_told_of_it() -> None:
    async with hub() as told:
        sent = await told.send()
        [taken] = told.simulator.taken
        assert [piece.reference for piece in sent.pieces] == [taken["id"]]
        assert (taken["to"], taken["body"]["body"]) == (ANA, "Hello")
        assert sent.sender == SETTINGS["member"]
        await told.simulator.settle()
        assert told.reports == []


async def test_second_message_to_a_person_goes_into_the_same_thread() -> None:
    async with hub() as told:
        await told.send()
        await told.send()
        await told.send(to="urn:li:person:other")
        first, second, third = (taken["thread"] for taken in told.simulator.taken)
        assert first == second != third


async def test_own_message_is_seen_among_the_events() -> None:
    async with hub() as told:
        sent = await told.send()
        [receipt] = (await poll(told)).reports
        assert isinstance(receipt, Receipt)
        assert (receipt.target.reference, receipt.stage) == (sent.pieces[0].reference, Stage.SENT)


async def test_message_of_a_person_is_polled_and_answered_in_its_thread() -> None:
    async with hub() as told:
        assert told.simulator.inbound(ANA, "Hi", kind="message", subject="Your offer") == []
        [inbound] = (await poll(told)).reports
        assert isinstance(inbound, Inbound)
        assert (inbound.sender, inbound.content) == (ANA, Content(title="Your offer", text="Hi"))
        await told.send(to=inbound.sender, reply_to=inbound.reference)
        [taken] = told.simulator.taken
        assert taken["thread"] == inbound.conversation
        assert "recipients" not in taken["body"]


async def test_channel_that_hears_no_notifications_gets_messages() -> None:
    simulator = Provider({**SETTINGS, "drivers": ["compliance_poll"]})
    assert simulator.inbound(ANA, "Hi") == []
    assert [each["resourceName"] for each in simulator.archive.events] == ["messages"]


async def test_many_events_come_in_pages_and_each_once() -> None:
    async with hub({"pollCount": 4}, most_events=3) as told:
        for number in range(8):
            told.simulator.inbound(ANA, str(number), kind="message")
        told.simulator.archive.record(ANA, "urn:li:messagingThread:1", "a post", resource="socialActions/comments")
        first = await poll(told)
        texts = [report.content.text for report in first.reports if isinstance(report, Inbound)]
        assert texts == [str(number) for number in range(8)]
        told.simulator.inbound(ANA, "8", kind="message")
        again = await poll(told, first.place)
        keys = {report.key for report in first.reports if isinstance(report, Inbound)}
        new = [report for report in again.reports if isinstance(report, Inbound) and report.key not in keys]
        assert [report.content.text for report in new] == ["8"]


async def test_events_older_than_28_days_are_gone() -> None:
    async with hub() as told:
        told.simulator.archive.write(ANA, "long ago", at=1_700_000_000_000)
        told.simulator.archive.write(ANA, "now")
        reports = (await poll(told)).reports
        assert [report.content.text for report in reports if isinstance(report, Inbound)] == ["now"]


async def test_versioned_events_need_a_version() -> None:
    async with hub({"version": "202406"}) as told:
        told.simulator.inbound(ANA, "Hi", kind="message")
        assert len((await poll(told)).reports) == 1
    async with hub() as told, aiohttp.ClientSession() as session:
        token = {"Authorization": "Bearer test-token"}
        for path in (
            "rest/complianceEvents?q=memberAndApplication",
            "v2/complianceEvents?q=everybody",
            "v2/complianceEvents?q=memberAndApplication&start=x",
        ):
            async with session.get(f"{told.simulator.base_url}/{path}", headers=token) as answer:
                assert answer.status == 400


async def test_stranger_cannot_be_written_to() -> None:
    async with hub(strangers=[ANA]) as told:
        with pytest.raises(SendFailed) as refused:
            await told.send()
        assert refused.value.reason.cause is Cause.BLOCKED
        assert told.simulator.taken == []


async def test_expired_token_is_renewed() -> None:
    async with hub() as told:
        told.simulator.token = "another"
        for attempt in (told.send(), poll(told)):
            with pytest.raises(SendDeferred) as wait:
                await attempt
            assert (wait.value.stale, wait.value.reason.code) == (True, "EXPIRED_ACCESS_TOKEN")
        exchange = told.connector.renewal(0, refused=True)
        assert exchange
        renewed = await carry(exchange)
        told.channel(**renewed)
        await told.send()
        assert len(told.simulator.taken) == 1


async def test_wrong_refresh_token_renews_nothing() -> None:
    async with hub({"refreshToken": "old"}) as told:
        exchange = told.connector.renewal(0, refused=True)
        assert exchange
        with pytest.raises(SendFailed) as refused:
            await carry(exchange)
        assert refused.value.reason.cause is Cause.ACCOUNT


async def test_faults() -> None:
    async with hub() as told:
        told.simulator.order(Order(Fault.REFUSED, code="404"), Fault.REFUSED, Order(Fault.THROTTLED, seconds=7))
        told.simulator.order(Fault.ERROR, Fault.VANISHED)
        for cause, code in ((Cause.BAD_ADDRESS, "NOT_FOUND"), (Cause.INVALID, "INVALID_REQUEST")):
            with pytest.raises(SendFailed) as refused:
                await told.send()
            assert refused.value.reason == Reason(cause, "Refused as ordered", code)
        with pytest.raises(SendDeferred) as wait:
            await told.send()
        assert (wait.value.after, wait.value.channel_wide) == (7.0, True)
        with pytest.raises(SendDeferred):
            await told.send()
        assert told.simulator.taken == []
        with pytest.raises(NoReply) as silence:
            await told.send()
        assert silence.value.taken
        assert len(told.simulator.taken) == 1


@pytest.mark.parametrize("kind", ["comment", "mention", "share"])
async def test_what_people_say_of_a_page_is_posted(kind: str) -> None:
    async with hub() as told:
        [inbound] = await told.happens(told.simulator.inbound(ANA, "Price?", kind=kind))
        assert isinstance(inbound, Inbound)
        assert (inbound.sender, inbound.content.text, inbound.extra["kind"]) == (ANA, "Price?", kind)
        assert inbound.to == SETTINGS["organization"]


async def test_comment_is_edited_deleted_and_its_post_liked() -> None:
    async with hub() as told:
        [comment] = await told.happens(told.simulator.inbound(ANA, "Price?"))
        assert isinstance(comment, Inbound)
        for callbacks in (
            told.simulator.act(comment.reference, "edit", text="The price?"),
            told.simulator.act(comment.reference, "delete"),
            told.simulator.act(comment.conversation, "like"),
        ):
            await told.happens(callbacks)
        _, edited, deleted, liked = told.reports
        assert isinstance(edited, Inbound)
        assert (edited.content.text, edited.extra["editedMessageId"]) == ("The price?", comment.reference)
        assert isinstance(deleted, Interaction)
        assert (deleted.deed, deleted.target.reference) == (Deed.DELETE_REQUEST, comment.reference)
        assert isinstance(liked, Interaction)
        assert (liked.deed, liked.target.reference, liked.sender) == (Deed.REACTION, comment.conversation, ANA)


async def test_notifications_come_ten_at_a_time() -> None:
    async with hub() as told:
        said = [told.simulator.social.said("comment", ANA, str(number)) for number in range(12)]
        callbacks = told.simulator.batch(said)
        assert len(callbacks) == 2
        await told.happens(callbacks)
        texts = [report.content.text for report in told.reports if isinstance(report, Inbound)]
        assert texts == [str(number) for number in range(12)]


async def test_notification_is_repeated_until_it_is_taken() -> None:
    async with hub() as told:
        told.answers = [500, 302]
        await told.happens(told.simulator.inbound(ANA, "Hi"))
        assert told.simulator.answers == [500, 302, 200]
        assert len(told.reports) == 1


async def test_challenge() -> None:
    async with hub() as told:
        assert await told.simulator.challenge()
        assert await told.simulator.challenge(applicationId="86hub")
        assert not await told.simulator.challenge(code="hmacsha256={}")
        assert not await told.simulator.challenge("http://127.0.0.1:1/callbacks/7")


async def test_endpoint_that_fails_three_challenges_in_a_row_hears_nothing_more() -> None:
    async with hub(challenge_seconds=0.01) as told:
        await asyncio.sleep(0.05)
        assert not told.simulator.blocked
        told.channel(clientSecret="another")
        await until(lambda: told.simulator.blocked, seconds=5)
        await told.happens(told.simulator.inbound(ANA, "Hi"))
        assert told.simulator.answers == [0, 0, 0]
        assert told.reports == []


async def test_subscribing_an_endpoint_challenges_it_first() -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        url, told.simulator.callback_url = told.url, ""
        door = f"{told.simulator.base_url}/rest/eventSubscriptions/(entity:urn:li:organization:90000017)"
        token = {"Authorization": "Bearer test-token"}
        for headers, webhook, status in (({}, url, 401), (token, told.simulator.base_url, 400), (token, url, 200)):
            async with session.put(door, json={"webhook": webhook}, headers=headers) as answer:
                assert answer.status == status
        assert told.simulator.callback_url == url


MESSAGE = {"recipients": [ANA], "body": "Hello", "messageType": "MEMBER_TO_MEMBER"}


@pytest.mark.parametrize(
    "message",
    [
        b"no JSON",
        [],
        {**MESSAGE, "text": "Hello"},
        {**MESSAGE, "thread": "urn:li:messagingThread:1"},
        {"body": "Hello"},
        {**MESSAGE, "recipients": []},
        {**MESSAGE, "recipients": ["ana"]},
        {"thread": "urn:li:messagingThread:unknown", "body": "Hello"},
        {**MESSAGE, "body": ""},
        {**MESSAGE, "body": "<b>Hello</b>"},
    ],
)
async def test_what_linkedin_would_refuse_is_refused(message: Any) -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        token = {"Authorization": "Bearer test-token"}
        given = {"data": message} if isinstance(message, bytes) else {"json": message}
        async with session.post(f"{told.simulator.base_url}/v2/messages", headers=token, **given) as answer:
            assert answer.status == 422
            assert (await answer.json())["code"] == "UNPROCESSABLE_ENTITY"
        assert told.simulator.taken == []
