"""The simulator of Vonage, met by the connector over loopback."""

import base64
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from time import time
from typing import Any

import aiohttp
import jwt
import pytest
from vonage_sms.responses import SmsResponse

import tidings.connectors
from support.carrier import carry
from support.listening import Listening, listening
from tidings.connectors.proving.samples import Folder
from tidings.connectors.vonage import Vonage
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.reports import Inbound, Interaction, Receipt
from tidings.model.stages import Cause, Stage
from tidings.simulators.simulator import Fault, Order
from tidings.simulators.vonage import Vonage as Vonages

SETTINGS = Folder(Vonage, Path(tidings.connectors.__file__).parent / "samples" / "vonage").channel.settings
ANN = "+447700900123"
ALL = [Stage.SENT, Stage.DELIVERED]
BOTH = pytest.mark.parametrize("api", ["sms", "messages"])


def hub(*, given: dict[str, Any] | None = None, **simulated: Any) -> AbstractAsyncContextManager[Listening[Vonages]]:
    settings = {name: value for name, value in {**SETTINGS, **(given or {})}.items() if value is not None}
    return listening(Vonage, Vonages, settings, outgoing={"to": ANN, "message": "msg-1"}, **simulated)


@pytest.mark.parametrize("transport", ["form", "get", "json"])
@pytest.mark.parametrize("method", ["md5hash", "md5", "sha1", "sha256", "sha512"])
async def test_receipts_come_in_every_transport_signed_by_every_method(transport: Any, method: str) -> None:
    async with hub(given={"signatureMethod": method}, transport=transport) as told:
        sent = await told.send("Salut & bună = ziua")
        assert told.stages == ALL
        [receipt, _] = told.reports
        assert isinstance(receipt, Receipt)
        assert (receipt.target.message, receipt.target.hop) == ("msg-1", 1)
        assert receipt.target.reference == sent.pieces[0].reference == told.simulator.taken[0]["id"]


@pytest.mark.parametrize("version", ["v1", "v0.1"])
async def test_statuses_come_in_both_versions(version: Any) -> None:
    async with hub(given={"api": "messages"}, version=version) as told:
        await told.send("Ж" * 100)
        assert told.stages == ALL
        units = [report.units for report in told.reports if isinstance(report, Receipt)]
        assert units == ([2, 2] if version == "v1" else [None, None])
        assert told.callbacks[0].headers["authorization"].startswith("Bearer ")


async def test_every_part_of_a_long_text_has_an_id_and_receipts() -> None:
    async with hub() as told:
        sent = await told.send("A" * 400)
        references = [piece.reference for piece in sent.pieces]
        assert (len(set(references)), sent.units) == (3, 3)
        delivered = [
            report.target.reference
            for report in told.reports
            if isinstance(report, Receipt) and report.stage is Stage.DELIVERED
        ]
        assert delivered == references


async def test_answer_is_what_vonages_own_library_reads() -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        fields = {"api_key": "abcd1234", "api_secret": SETTINGS["apiSecret"], "from": "A", "to": "447700900123"}
        url = f"{told.simulator.base_url}/sms/json"
        async with session.post(url, json={**fields, "text": "Ж", "type": "text", "status-report-req": 0}) as reply:
            answer = SmsResponse(**await reply.json())
        assert [part.status for part in answer.messages] == ["0"]
        await told.simulator.settle()
        assert (told.simulator.taken[0]["text"], told.callbacks) == ("?", [])


async def test_options_and_expiry_are_understood() -> None:
    async with hub() as told:
        await told.send(options={"messageClass": 0}, expires_at=int(time() * 1000) + 60_000)
        fields = told.simulator.taken[0]["fields"]
        assert (fields["message-class"], fields["type"]) == ("0", "text")


async def test_account_may_sign_its_requests() -> None:
    async with hub(given={"apiSecret": None}) as told:
        await told.send("a&b=c")
        assert told.stages == ALL
        assert "api_secret" not in told.simulator.taken[0]["fields"]


@pytest.mark.parametrize(
    ("given", "wrong", "code"),
    [
        ({}, {"apiSecret": "another"}, "4"),
        ({}, {"apiKey": "another"}, "4"),
        ({}, {"apiSecret": None, "signatureSecret": "another"}, "14"),
        ({"api": "messages"}, {"applicationId": "another"}, "401"),
        ({"api": "messages", "applicationId": "", "privateKey": None}, {"apiSecret": "another"}, "401"),
        ({"api": "messages"}, {"applicationId": "", "privateKey": None, "apiSecret": "another"}, "401"),
    ],
)
async def test_wrong_credentials_stop_the_channel(given: dict[str, Any], wrong: dict[str, Any], code: str) -> None:
    async with hub(given=given) as told:
        told.channel(**wrong)
        with pytest.raises(SendDeferred) as deferred:
            await told.send()
        assert (deferred.value.reason.cause, deferred.value.reason.code) == (Cause.ACCOUNT, code)
        assert deferred.value.channel_wide
        assert told.simulator.taken == []


async def test_signature_of_long_ago_is_refused() -> None:
    async with hub(given={"apiSecret": None}) as told:
        with pytest.raises(SendDeferred) as deferred:
            await told.send(now=1_000_000)
        assert deferred.value.reason.code == "14"


async def test_token_that_is_forged_is_refused() -> None:
    async with hub(given={"api": "messages"}) as told, aiohttp.ClientSession() as session:
        url = f"{told.simulator.base_url}/v1/messages"
        for token in ("no token", jwt.encode({"application_id": SETTINGS["applicationId"]}, "k" * 32, "HS256")):
            async with session.post(url, json={}, headers={"Authorization": f"Bearer {token}"}) as reply:
                assert reply.status == 401


GOOD = {"api_key": "abcd1234", "api_secret": SETTINGS["apiSecret"], "from": "Shop", "to": "447700900123", "text": "Hi"}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "0"),
        ({"type": "binary", "body": "00", "udh": "00"}, "0"),
        ({"text": ""}, "2"),
        ({"from": ""}, "2"),
        ({"to": ""}, "2"),
        ({"type": "binary"}, "2"),
        ({"type": "fax"}, "3"),
        ({"ttl": "1"}, "3"),
        ({"ttl": "soon"}, "3"),
        ({"message-class": "4"}, "3"),
        ({"client-ref": "x" * 101}, "3"),
        ({"to": "+447700900123"}, "6"),
        ({"from": "TwelveLetter"}, "15"),
        ({"text": "x" * 3201}, "12"),
        ({"callback": "https://hub.example.test/" + "x" * 100}, "23"),
        ({"callback": "hub"}, "23"),
        ({"sig": "00"}, "32"),
    ],
)
async def test_message_that_the_sms_api_takes_or_refuses(fields: dict[str, str], status: str) -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        async with session.post(f"{told.simulator.base_url}/sms/json", data={**GOOD, **fields}) as reply:
            assert reply.status == 200
            assert (await reply.json())["messages"][0]["status"] == status
        assert len(told.simulator.taken) == (status == "0")
        await told.simulator.settle()


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"to": "+447700900123"}, ["to"]),
        ({"from": ""}, ["from"]),
        ({"channel": "fax", "message_type": "fax"}, ["channel", "message_type"]),
        ({"text": ""}, ["text"]),
        ({"ttl": 1, "client_ref": "x" * 101}, ["ttl", "client_ref"]),
        ({"webhook_url": "hub", "webhook_version": "v2"}, ["webhook_url", "webhook_version"]),
    ],
)
async def test_message_that_the_messages_api_refuses(body: dict[str, Any], wrong: list[str]) -> None:
    good = {"to": "447700900123", "from": "Shop", "channel": "sms", "message_type": "text", "text": "Hi"}
    token = base64.b64encode(f"abcd1234:{SETTINGS['apiSecret']}".encode()).decode()
    async with hub(given={"api": "messages"}) as told, aiohttp.ClientSession() as session:
        url = f"{told.simulator.base_url}/v1/messages"
        async with session.post(url, json={**good, **body}, headers={"Authorization": f"Basic {token}"}) as reply:
            assert reply.status == 422
            assert [each["name"] for each in (await reply.json())["invalid_parameters"]] == wrong


@BOTH
async def test_faults_of_the_connection(api: str) -> None:
    async with hub(given={"api": api}) as told:
        told.simulator.order(Order(Fault.THROTTLED, seconds=7), Fault.ERROR, Fault.VANISHED)
        with pytest.raises(SendDeferred) as wait:
            await told.send()
        assert (wait.value.after, wait.value.channel_wide) == (7, True)
        with pytest.raises(SendDeferred):
            await told.send()
        assert told.simulator.taken == []
        with pytest.raises(NoReply) as silence:
            await told.send()
        assert silence.value.taken
        await told.simulator.settle()
        assert told.stages == ALL


@pytest.mark.parametrize(
    ("api", "code", "cause"),
    [
        ("sms", "15", Cause.ACCOUNT),
        ("sms", "77", Cause.UNKNOWN),
        ("messages", "402", Cause.ACCOUNT),
        ("messages", "1240", Cause.OPTED_OUT),
    ],
)
async def test_message_that_is_refused_with_a_code(api: str, code: str, cause: Cause) -> None:
    async with hub(given={"api": api}) as told:
        told.simulator.order(Order(Fault.REFUSED, code=code))
        with pytest.raises(SendFailed) as refused:
            await told.send()
        assert (refused.value.reason.cause, refused.value.reason.code) == (cause, code)


@pytest.mark.parametrize(
    ("fault", "stages"),
    [
        (Fault.EARLY, ALL),
        (Fault.LOST, []),
        (Fault.REORDERED, ALL[::-1]),
        (Fault.DUPLICATE, [Stage.SENT, Stage.SENT, Stage.DELIVERED, Stage.DELIVERED]),
    ],
)
async def test_faults_of_the_callbacks(fault: Fault, stages: list[Stage]) -> None:
    async with hub() as told:
        told.simulator.order(fault)
        await told.send()
        assert told.stages == stages


async def test_callback_is_stamped_anew_each_time_it_is_made() -> None:
    async with hub(path=("delivered",)) as told:
        told.answers = [500, 302]
        await told.send()
        assert told.simulator.answers == [500, 302, 200]
        assert told.stages == [Stage.DELIVERED]
        assert len({callback.body for callback in told.callbacks}) == 3


@BOTH
async def test_callback_that_comes_unsigned_is_asked_for_again(api: str) -> None:
    async with hub(given={"api": api}, path=("delivered",), signed=False) as told:
        await told.send()
        assert told.simulator.answers == [503, 503, 503]
        assert told.reports == []


@pytest.mark.parametrize("transport", ["form", "get", "json"])
async def test_callback_that_comes_unsigned_to_the_url_with_the_token_is_believed(transport: Any) -> None:
    async with hub(given={"callbackToken": "a-long-random-text"}, transport=transport, signed=False) as told:
        await told.send()
        assert told.stages == ALL


@pytest.mark.parametrize(("api", "code"), [("sms", "6"), ("messages", "1210")])
async def test_message_that_was_taken_fails_later(api: str, code: str) -> None:
    async with hub(given={"api": api}, failing={ANN[1:]: "6"}) as told:
        await told.send()
        [failed] = told.reports
        assert isinstance(failed, Receipt)
        assert failed.reason
        assert (failed.stage, failed.reason.cause, failed.reason.code) == (Stage.FAILED, Cause.FILTERED, code)


@BOTH
async def test_person_writes(api: str) -> None:
    async with hub(given={"api": api, "sender": "+447418340000"}) as told:
        [inbound] = await told.happens(told.simulator.inbound(ANN, "Hello & welcome"))
        assert isinstance(inbound, Inbound)
        assert (inbound.sender, inbound.to, inbound.content.text) == (ANN, "+447418340000", "Hello & welcome")


@BOTH
async def test_person_who_stops_is_told_and_refused_until_they_start_again(api: str) -> None:
    async with hub(given={"api": api}) as told:
        sent = await told.send()
        inbound, stopped = await told.happens(told.simulator.act(sent.pieces[0].reference, "stop"))
        assert isinstance(inbound, Inbound)
        assert isinstance(stopped, Interaction)
        assert (stopped.deed, stopped.sender) == ("unsubscribe-request", ANN)
        before = len(told.reports)
        await told.send()
        failed, again = told.reports[before:]
        assert isinstance(failed, Receipt)
        assert failed.reason
        assert failed.reason.cause is Cause.OPTED_OUT
        assert isinstance(again, Interaction)
        await told.happens(told.simulator.inbound(ANN, "START"))
        await told.send()
        assert told.stages[-1] is Stage.DELIVERED


async def test_long_text_comes_in_parts_of_which_the_last_may_be_the_first() -> None:
    async with hub() as told:
        text = "STOP " + "A" * 300
        parts = await told.happens(told.simulator.inbound(ANN, text, shuffled=True))
        assert all(isinstance(part, Inbound) for part in parts)
        inbounds = [part for part in parts if isinstance(part, Inbound)]
        fragments = [part.fragment for part in inbounds if part.fragment is not None]
        assert [each.number for each in fragments] == [2, 1]
        assert len({each.group for each in fragments}) == 1
        assert "".join(part.content.text for part in inbounds[::-1]) == text


async def test_long_text_comes_whole_from_the_messages_api() -> None:
    async with hub(given={"api": "messages"}, version="v0.1") as told:
        [inbound] = await told.happens(told.simulator.inbound(ANN, "A" * 400))
        assert isinstance(inbound, Inbound)
        assert inbound.content.text == "A" * 400


async def test_picture_of_a_person_is_fetched_with_our_token() -> None:
    async with hub(given={"api": "messages"}) as told:
        octets = base64.b64encode(b"\xff\xd8").decode()
        [inbound] = await told.happens(told.simulator.inbound(ANN, "", media=octets))
        assert isinstance(inbound, Inbound)
        [media] = inbound.content.media
        got = await carry(told.connector.fetch(media, int(time() * 1000)))
        assert (inbound.platform, media.type, got.body) == ("mms", "image/jpeg", b"\xff\xd8")
        async with aiohttp.ClientSession() as session:
            async with session.get(media.url) as reply:
                assert reply.status == 401
            token = base64.b64encode(f"abcd1234:{SETTINGS['apiSecret']}".encode()).decode()
            async with session.get(f"{media.url}x", headers={"Authorization": f"Basic {token}"}) as reply:
                assert reply.status == 404


async def test_message_that_is_not_there_gets_no_status() -> None:
    async with hub() as told:
        with pytest.raises(ValueError, match="no message"):
            told.simulator.act("nothing", "delivered")


async def test_status_of_ones_choice() -> None:
    async with hub(path=("buffered",)) as told:
        sent = await told.send()
        [lost] = await told.happens(told.simulator.act(sent.pieces[0].reference, "expired", code="1"))
        assert isinstance(lost, Receipt)
        assert lost.stage is Stage.EXPIRED
