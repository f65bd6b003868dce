"""The simulator of Infobip, met by the connector over loopback."""

import base64
from contextlib import AbstractAsyncContextManager
from time import time
from typing import Any

import aiohttp
import pytest

from support.carrier import carry
from support.listening import Listening, listening
from tidings.connectors.connector import Polled
from tidings.connectors.infobip import Infobip
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.reports import Inbound, Interaction, Receipt
from tidings.model.stages import Cause, Stage
from tidings.simulators.infobip import Infobip as Infobips
from tidings.simulators.infobip.words import STATUSES
from tidings.simulators.simulator import Fault, Order

KEY = "infobip-api-key-0001"
TOKEN = "a-long-random-text-0001"
SETTINGS = {"baseUrl": "http://127.0.0.1", "apiKey": KEY, "sender": "HUBTEST", "callbackToken": TOKEN}
ANN, BOB = "+447700900123", "+447700900124"
ALL = [Stage.SENT, Stage.SENT, Stage.DELIVERED]
BOTH = pytest.mark.parametrize("version", ["3", "2"])


def hub(*, given: dict[str, Any] | None = None, **simulated: Any) -> AbstractAsyncContextManager[Listening[Infobips]]:
    settings = {name: value for name, value in {**SETTINGS, **(given or {})}.items() if value is not None}
    return listening(Infobip, Infobips, settings, outgoing={"to": ANN, "message": "msg-1"}, **simulated)


@BOTH
async def test_life_of_a_message(version: str) -> None:
    async with hub(given={"apiVersion": version}) as told:
        sent = await told.send("Ж" * 100, expires_at=int(time() * 1000) + 3_600_000)
        assert (sent.pieces[0].reference, sent.units, sent.sender) == ("msg-1:1", 2, "HUBTEST")
        assert told.stages == ALL
        for receipt in told.reports:
            assert isinstance(receipt, Receipt)
            assert (receipt.target.message, receipt.target.hop, receipt.units) == ("msg-1", 1, 2)


@BOTH
async def test_message_that_comes_again_is_taken_once(version: str) -> None:
    async with hub(given={"apiVersion": version}) as told:
        told.simulator.order(Fault.VANISHED)
        with pytest.raises(NoReply):
            await told.send()
        again = await told.send(tries=1)
        assert again.pieces[0].reference == "msg-1:1"
        assert len(told.simulator.taken) == 1
        assert told.stages == ALL


async def test_message_that_was_refused_for_the_time_being_is_taken_under_another_id() -> None:
    async with hub(rejecting={ANN[1:]: 20}) as told:
        with pytest.raises(SendDeferred) as wait:
            await told.send()
        assert (wait.value.after, wait.value.channel_wide) == (3600, False)
        with pytest.raises(SendDeferred):
            await told.send(tries=1)
        told.simulator.rejecting.clear()
        sent = await told.send(tries=2)
        assert sent.pieces[0].reference == "msg-1:1-3"
        assert {report.target.message for report in told.reports if isinstance(report, Receipt)} == {"msg-1"}
        assert told.stages == ALL


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"to": "+44770090012x"}, "REJECTED_DESTINATION"),
        ({"to": ""}, "MISSING_TO"),
        ({"sender": "+4477009001234567"}, "REJECTED_SENDER"),
        ({"content": "Ж" * 1700, "options": {"languageCode": "RU"}}, "REJECTED_MESSAGE_TOO_LONG"),
    ],
)
async def test_message_is_refused_within_an_answer_of_200(given: dict[str, Any], code: str) -> None:
    async with hub() as told:
        with pytest.raises(SendFailed) as refused:
            await told.send(**given)
        assert refused.value.reason.code == code
        assert told.simulator.taken == []


@BOTH
@pytest.mark.parametrize(
    "body",
    [
        [],
        {"messages": []},
        {"messages": [{"destinations": [{"to": "1"}], "content": {"text": "a"}, "text": "a"}]},
        {"messages": [{"destinations": [{"messageId": "1"}, {"messageId": "2"}]}]},
        {"messages": [{"destinations": [{"messageId": "1"}], "content": {}}]},
        {
            "messages": [
                {
                    "destinations": [{"messageId": "1"}],
                    "content": {"text": "a"},
                    "text": "a",
                    "options": {"validityPeriod": {"amount": 3, "timeUnit": "DAYS"}},
                    "validityPeriod": 4320,
                }
            ]
        },
    ],
)
async def test_request_that_makes_no_sense_is_refused(version: str, body: Any) -> None:
    path = "/sms/3/messages" if version == "3" else "/sms/2/text/advanced"
    async with hub(given={"apiVersion": version}) as told, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"App {KEY}"}
        async with session.post(f"{told.simulator.base_url}{path}", json=body, headers=headers) as reply:
            assert reply.status == 400
            assert (await reply.json())["requestError"]["serviceException"]["messageId"] == "BAD_REQUEST"


async def test_older_name_of_the_sender_is_understood() -> None:
    async with hub() as told, aiohttp.ClientSession(headers={"Authorization": f"App {KEY}"}) as session:
        message = {"from": "Shop", "destinations": [{"to": ANN[1:], "messageId": "1"}], "content": {"text": "a"}}
        async with session.post(f"{told.simulator.base_url}/sms/3/messages", json={"messages": [message]}) as reply:
            assert (await reply.json())["messages"][0]["status"]["id"] == 26
        assert told.simulator.taken[0]["from"] == "Shop"


async def test_wrong_key_stops_the_channel() -> None:
    async with hub() as told:
        told.channel(apiKey="another")
        with pytest.raises(SendDeferred) as deferred:
            await told.send()
        assert (deferred.value.reason.cause, deferred.value.channel_wide) == (Cause.ACCOUNT, True)
        async with aiohttp.ClientSession() as session:
            for path in ("sms/3/reports", "sms/3/logs", "sms/1/inbox/reports", "mms/1/media/1"):
                async with session.get(f"{told.simulator.base_url}/{path}") as reply:
                    assert reply.status == 401


async def test_faults_of_the_connection() -> None:
    async with hub() as told:
        told.simulator.order(
            Order(Fault.THROTTLED, seconds=7), Fault.ERROR, Order(Fault.REFUSED, "403"), Order(Fault.REFUSED, "12")
        )
        with pytest.raises(SendDeferred) as wait:
            await told.send()
        assert (wait.value.after, wait.value.channel_wide) == (7, True)
        with pytest.raises(SendDeferred):
            await told.send()
        codes = []
        for _ in range(2):
            with pytest.raises(SendFailed) as refused:
                await told.send()
            codes.append(refused.value.reason.code)
        assert codes == ["FORBIDDEN", "REJECTED_NOT_ENOUGH_CREDITS"]
        assert told.simulator.taken == []


@pytest.mark.parametrize(
    ("fault", "stages"),
    [
        (Fault.EARLY, ALL),
        (Fault.LOST, []),
        (Fault.REORDERED, ALL[::-1]),
        (Fault.DUPLICATE, [Stage.SENT] * 4 + [Stage.DELIVERED] * 2),
    ],
)
async def test_faults_of_the_callbacks(fault: Fault, stages: list[Stage]) -> None:
    async with hub() as told:
        told.simulator.order(fault)
        await told.send()
        assert told.stages == stages


async def test_callback_is_repeated_until_it_is_taken() -> None:
    async with hub(path=(5,)) as told:
        told.answers = [500, 404]
        await told.send()
        assert told.simulator.answers == [500, 404, 200]
        assert told.stages == [Stage.DELIVERED]


@pytest.mark.parametrize(
    ("failing", "stage", "cause", "permanent"),
    [
        ((9, 27), Stage.FAILED, Cause.UNREACHABLE, False),
        ((4, 1), Stage.FAILED, Cause.BAD_ADDRESS, True),
        ((29, 0), Stage.EXPIRED, Cause.EXPIRED, True),
        ((4, 607), Stage.FAILED, Cause.FILTERED, True),
    ],
)
async def test_message_that_was_taken_fails_later(
    failing: tuple[int, int], stage: Stage, cause: Cause, permanent: bool
) -> None:
    async with hub(failing={ANN[1:]: failing}) as told:
        await told.send()
        [failed] = told.reports
        assert isinstance(failed, Receipt)
        assert failed.reason
        assert (failed.stage, failed.reason.cause, failed.reason.permanent) == (stage, cause, permanent)


@BOTH
async def test_reports_come_by_the_hundred(version: str) -> None:
    async with hub(given={"apiVersion": version}, path=()) as told:
        for number in range(101):
            await told.send(message=f"msg-{number}")
        told.simulator.post(
            told.simulator.act_on([each["id"] for each in told.simulator.taken], "DELIVERED_TO_HANDSET")
        )
        await told.simulator.settle()
        assert len(told.callbacks) == 2
        messages = [report.target.message for report in told.reports if isinstance(report, Receipt)]
        assert messages == [f"msg-{number}" for number in range(101)]


async def test_person_writes() -> None:
    async with hub(given={"sender": "+447418340000"}) as told:
        [inbound] = await told.happens(told.simulator.inbound(ANN, "Hello there"))
        assert isinstance(inbound, Inbound)
        assert (inbound.sender, inbound.to, inbound.content.text) == (ANN, "+447418340000", "Hello there")
        assert (inbound.extra["keyword"], inbound.extra["cleanText"]) == ("HELLO", "there")


async def test_person_who_stops_is_told_and_refused_until_they_start_again() -> None:
    async with hub() as told:
        sent = await told.send()
        inbound, stopped = await told.happens(told.simulator.act(sent.pieces[0].reference, "stop"))
        assert isinstance(inbound, Inbound)
        assert isinstance(stopped, Interaction)
        assert (stopped.deed, stopped.sender) == ("unsubscribe-request", ANN)
        before = len(told.reports)
        await told.send(message="msg-2")
        failed, again = told.reports[before:]
        assert isinstance(failed, Receipt)
        assert isinstance(again, Interaction)
        assert failed.reason
        assert (failed.reason.cause, failed.reason.code) == (Cause.OPTED_OUT, "EC_CONTENT_BLOCKED")
        await told.happens(told.simulator.inbound(ANN, "START"))
        await told.send(message="msg-3")
        assert told.stages[-1] is Stage.DELIVERED


@BOTH
async def test_link_that_is_opened_is_told(version: str) -> None:
    async with hub(given={"shortenUrls": True, "apiVersion": version}) as told:
        sent = await told.send("Look: https://shop.example.test/track/42", track_links="on")
        assert told.simulator.taken[0]["tracking"] == f"{told.url}?token={TOKEN}"
        [click] = await told.happens(told.simulator.act(sent.pieces[0].reference, "clicked"))
        assert isinstance(click, Interaction)
        assert (click.deed, click.url, click.sender) == ("clicked", "https://shop.example.test/track/42", ANN)
        assert (click.target.message, click.target.hop) == ("msg-1", 1)


async def test_picture_of_a_person_is_fetched_with_our_key() -> None:
    async with hub() as told:
        octets = base64.b64encode(b"\xff\xd8").decode()
        bare, described = await told.happens(
            [*told.simulator.inbound(ANN, "", media=octets), *told.simulator.inbound(BOB, "Look", media=octets)]
        )
        assert isinstance(bare, Inbound)
        assert isinstance(described, Inbound)
        assert (bare.platform, bare.content.text, described.content.text) == ("mms", "", "Look")
        [media] = bare.content.media
        got = await carry(told.connector.fetch(media, 0))
        assert (got.status, got.body) == (200, b"\xff\xd8")
        headers = {"Authorization": f"App {KEY}"}
        async with aiohttp.ClientSession() as session, session.get(f"{media.url}x", headers=headers) as reply:
            assert reply.status == 404


PROFILES: list[dict[str, Any]] = [
    {"hmacSecret": "hub-infobip-secret"},
    {"hmacSecret": "hub-infobip-secret", "hmacAlgorithm": "sha512", "hmacEncoding": "base64", "hmacHeader": "X-Sig"},
    {"webhookUser": "tidings", "webhookPassword": "a-webhook-password"},
]


@pytest.mark.parametrize("profile", PROFILES)
async def test_subscriptions_webhooks_are_proven_as_their_profile_says(profile: dict[str, Any]) -> None:
    async with hub(given={**profile, "callbackToken": None}) as told:
        await told.send()
        assert told.simulator.taken[0]["url"] == ""
        assert told.stages == ALL


@pytest.mark.parametrize("profile", PROFILES)
async def test_webhooks_that_nothing_proves_are_refused(profile: dict[str, Any]) -> None:
    async with hub(given={**profile, "callbackToken": None}, signed=False, path=(5,)) as told:
        await told.send()
        assert told.simulator.answers == [403, 403, 403]
        assert told.reports == []


@BOTH
async def test_what_is_asked_for_is_given_once(version: str) -> None:
    async with hub(given={"pollSeconds": 30, "callbackToken": None, "apiVersion": version}) as told:
        await told.send()
        assert told.simulator.inbound(ANN, "Hi") == []

        async def ask(place: str) -> Polled:
            return await carry(told.connector.poll(place, 0))

        reports = await ask("")
        assert [report.stage for report in reports.reports if isinstance(report, Receipt)] == ALL
        inbox = await ask(reports.place)
        [inbound] = inbox.reports
        assert isinstance(inbound, Inbound)
        assert inbound.content.text == "Hi"
        assert [(await ask(place)).reports for place in ("reports", "inbox")] == [(), ()]
        assert told.callbacks == []


async def test_message_that_is_not_there_gets_no_report() -> None:
    async with hub() as told:
        with pytest.raises(ValueError, match="no message"):
            told.simulator.act("nothing", "DELIVERED_TO_HANDSET")


@pytest.mark.parametrize("number", STATUSES)
async def test_every_status_that_is_played_is_one_that_we_know(number: int) -> None:
    async with hub(path=(number,)) as told:
        await told.send()
        assert all(not isinstance(report, Inbound) for report in told.reports)
        assert isinstance(told.reports[0], Receipt)
