"""What is particular to Infobip; its samples are proven by the suite over every connector."""

import hmac
from base64 import b64encode
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tidings.connectors
from tidings.connectors.connector import Outgoing, Polled, read_settings
from tidings.connectors.infobip import Infobip
from tidings.connectors.infobip.codes import ERRORS, STATUSES
from tidings.connectors.proving.samples import Folder, Sample
from tidings.model.content import Content, Media
from tidings.model.errors import BadSignature, NoReply, Refused, SendDeferred, SendFailed
from tidings.model.exchange import Call, Callback, Exchange, Reply
from tidings.model.reports import Inbound, Receipt, Unknown
from tidings.model.stages import Cause, Reason, Stage

FOLDER = Folder(Infobip, Path(tidings.connectors.__file__).parent / "samples" / "infobip")
SETTINGS = FOLDER.channel.settings
SECRET = "hub-infobip-secret"
VECTOR = b'{"results":[{"messageId":"hub-1","to":"447700900123"}]}'
VECTOR_SIGNATURE = "c2c90f049914369b5c196c7605e0bcdbbe9dac6bc8879d8abbe6c7135f124a69"
TOKEN = SETTINGS["callbackToken"]
NOW = FOLDER.channel.now
URL = FOLDER.channel.callback_url
NO_PROOF = {"callbackToken": None, "hmacSecret": None, "webhookUser": "", "webhookPassword": None}


def connector(**settings: Any) -> Infobip:
    return Infobip(read_settings(Infobip, {**SETTINGS, **settings}), "sms")


def callback(body: bytes, *, token: str = "", **headers: str) -> Callback:
    url = f"{URL}?token={token}" if token else URL
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Callback(method="POST", url=url, headers=named, body=body, received_at=NOW)


def believed(by: Infobip, told: Callback) -> bool:
    try:
        by.verify(told)
    except BadSignature:
        return False
    return True


def outgoing(**given: Any) -> Outgoing:
    whole = {"message": "msg-1", "hop": 0, "workspace": "ws-1", "platform": "sms", "to": "+447700900123", "now": NOW}
    return Outgoing(**{"content": Content(text="Parcel ready"), **whole, **given})


def results(*items: Any, **more: Any) -> Reply:
    return Reply(status=200, body=msgspec.json.encode({"results": items, **more}))


# The proof of webhooks


def test_signature_vector_is_believed_and_another_body_is_not() -> None:
    by = connector(**{**NO_PROOF, "hmacSecret": SECRET})
    assert believed(by, callback(VECTOR, x_hub_signature=VECTOR_SIGNATURE))
    assert believed(by, callback(VECTOR, x_hub_signature=f"sha256={VECTOR_SIGNATURE.upper()}"))
    assert not believed(by, callback(VECTOR + b" ", x_hub_signature=VECTOR_SIGNATURE))
    assert not believed(by, callback(VECTOR, x_hub_signature=f"sha1={VECTOR_SIGNATURE}"))
    assert not believed(by, callback(VECTOR))


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_signature_may_be_by_any_algorithm_in_any_header_and_writing(algorithm: str, encoding: str) -> None:
    by = connector(hmacAlgorithm=algorithm, hmacEncoding=encoding, hmacHeader="X-Infobip-Signature")
    digest = hmac.digest(SECRET.encode(), VECTOR, algorithm)
    written, other = digest.hex(), b64encode(digest).decode()
    if encoding == "base64":
        written, other = other, written
    assert believed(by, callback(VECTOR, x_infobip_signature=written))
    assert not believed(by, callback(VECTOR, x_infobip_signature=other))
    assert not believed(by, callback(VECTOR, x_hub_signature=written))


def test_one_proof_is_enough_and_none_is_not() -> None:
    basic = f"Basic {b64encode(b'tidings:a-webhook-password').decode()}"
    assert believed(connector(), callback(VECTOR, token=TOKEN))
    assert believed(connector(), callback(VECTOR, authorization=basic))
    assert not believed(connector(webhookUser="", webhookPassword=None), callback(VECTOR, authorization=basic))
    assert not believed(connector(callbackToken=None), callback(VECTOR, token=TOKEN))
    assert not believed(connector(callbackToken=None), callback(VECTOR, token=""))
    by_polling = connector(**{**NO_PROOF, "pollSeconds": 30})
    assert not believed(
        by_polling, callback(VECTOR, token=TOKEN, authorization=basic, x_hub_signature=VECTOR_SIGNATURE)
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (NO_PROOF, "to prove callbacks"),
        ({"callbackToken": "short"}, "callbackToken"),
        ({"webhookPassword": None}, "go together"),
        ({"webhookUser": ""}, "go together"),
        ({"callbackToken": None, "shortenUrls": True}, "to hear of clicks"),
        ({"baseUrl": "xyz123.api.infobip.com"}, "baseUrl"),
        ({"hmacHeader": "X Hub"}, "hmacHeader"),
        ({"hmacAlgorithm": "crc32"}, "hmacAlgorithm"),
        ({"pollSeconds": 1}, "pollSeconds"),
        ({"apiVersion": "1"}, "apiVersion"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused) as refused:
        connector(**settings)
    assert told in f"{refused.value.errors}"


def test_sender_of_the_channel() -> None:
    assert connector().sender == "HUBTEST"


# Sending


def test_send_refuses_what_check_refuses() -> None:
    asked = outgoing(content=Content(text="a" * 4000))
    [error] = connector().check(asked)
    with pytest.raises(SendFailed) as failed:
        next(connector().send(asked, report_to=URL))
    assert failed.value.reason == Reason(Cause.INVALID, f"body: {error.message}", "TooLong")


def test_text_that_cannot_be_written_is_refused() -> None:
    [error] = connector().check(outgoing(content=Content(text="\ud800")))
    assert (error.path, error.code) == ("body", "Invalid")


def test_how_many_parts_a_national_alphabet_takes_is_left_to_infobip() -> None:
    text = Content(text="ş" * 2000)
    assert [error.code for error in connector().check(outgoing(content=text))] == ["TooLong"]
    assert connector().check(outgoing(content=text, options={"languageCode": "TR"})) == ()
    assert connector().check(outgoing(content=text, options={"transliteration": "TURKISH"})) == ()


def test_sender_may_stand_in_a_body_of_ones_own() -> None:
    native = Content(native={"sms": msgspec.Raw(b'{"sender":"Shop","content":{"text":"Hi"}}')})
    assert connector(sender="").check(outgoing(content=native)) == ()


def test_ids_are_the_same_at_every_try() -> None:
    bodies = [next(connector().send(outgoing(tries=tries), report_to=URL)).body for tries in (0, 1, 5)]
    assert len(set(bodies)) == 1


def test_message_that_is_refused_for_the_time_being_again_and_again_is_given_up() -> None:
    exchange, ids = connector().send(outgoing(tries=20), report_to=URL), []
    asked = next(exchange)
    with pytest.raises(SendFailed) as failed:
        while True:
            [message] = msgspec.json.decode(asked.body)["messages"]
            ids.append(message["destinations"][0]["messageId"])
            duplicate = {"groupId": 5, "id": 23, "name": "REJECTED_DUPLICATE_MESSAGE_ID"}
            body = msgspec.json.encode({"messages": [{"messageId": ids[-1], "status": duplicate}]})
            exchange.send(Reply(status=200, body=body))
            asked = exchange.send(results({"messageId": ids[-1], "status": {"groupId": 5, "id": 20}}))
    assert ids == ["msg-1:0", *(f"msg-1:0-{turn}" for turn in range(2, 11))]
    assert failed.value.reason.code == "REJECTED_DUPLICATE_MESSAGE_ID"


@pytest.mark.parametrize("number", [number for number, each in STATUSES.items() if each.stage is Stage.FAILED])
def test_status_means_the_same_at_once_and_later(number: int) -> None:
    if number == 23:
        return
    status = {"groupId": 5, "id": number, "name": "REJECTED_SO", "description": "So"}
    exchange, meaning = connector().send(outgoing(), report_to=URL), STATUSES[number]
    next(exchange)
    body = msgspec.json.encode({"messages": [{"messageId": "msg-1:0", "status": status}]})
    with pytest.raises((SendFailed, SendDeferred)) as raised:
        exchange.send(Reply(status=200, body=body))
    error: Any = raised.value
    assert isinstance(error, SendDeferred if meaning.after else SendFailed)
    told = callback(msgspec.json.encode({"results": [{"messageId": "msg-1:0", "to": "1", "status": status}]}))
    receipt = connector().parse(told)[0]
    assert isinstance(receipt, Receipt)
    assert (receipt.stage, receipt.reason) == (Stage.FAILED, error.reason)
    assert error.reason == Reason(meaning.cause, "So", "REJECTED_SO", meaning.permanent)


# Polling


def polled(by: Infobip, place: str, reply: Reply | NoReply) -> tuple[Call, Polled]:
    exchange: Exchange[Polled] = by.poll(place, NOW)
    asked = next(exchange)
    try:
        _ = exchange.throw(reply) if isinstance(reply, NoReply) else exchange.send(reply)
    except StopIteration as end:
        return asked, end.value
    raise AssertionError("it goes on asking")


def sampled(name: str) -> Any:
    return msgspec.json.decode(Sample(FOLDER, FOLDER.path / f"{name}.http").received()[1].body)["results"]


def test_reports_are_asked_for_and_then_the_inbox() -> None:
    by = connector(pollSeconds=30)
    assert by.poll_seconds == 30
    asked, first = polled(by, "", results(*sampled("batch")))
    assert asked.url == "https://xyz123.api.infobip.com/sms/3/reports?limit=1000"
    assert asked.headers["authorization"] == "App infobip-api-key-0001"
    kinds = [type(report) for report in first.reports]
    assert (kinds, first.place, first.more) == ([Receipt, Receipt, Receipt, Unknown], "inbox", True)
    asked, second = polled(by, first.place, results(*sampled("inbound_text"), pendingMessageCount=0))
    assert asked.url == "https://xyz123.api.infobip.com/sms/1/inbox/reports?limit=1000"
    assert ([type(report) for report in second.reports], second.place, second.more) == ([Inbound], "reports", False)


def test_older_accounts_are_asked_at_the_older_place() -> None:
    asked, _ = polled(connector(pollSeconds=30, apiVersion="2"), "reports", results())
    assert asked.url.endswith("/sms/1/reports?limit=1000")


def test_what_does_not_fit_in_one_answer_is_asked_for_at_once() -> None:
    by = connector(pollSeconds=30)
    _, full = polled(by, "reports", results(*([None] * 1000)))
    assert (len(full.reports), full.place, full.more) == (1000, "reports", True)
    _, pending = polled(by, "inbox", results(*sampled("inbound_text"), pendingMessageCount=3))
    assert (pending.place, pending.more) == ("inbox", True)
    _, empty = polled(by, "inbox", results(pendingMessageCount=3))
    assert (empty.place, empty.more) == ("reports", False)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=401), SendDeferred),
        (Reply(status=403), SendFailed),
        (Reply(status=429), SendDeferred),
        (Reply(status=502), NoReply),
        (Reply(status=200, body=b"<xml/>"), SendDeferred),
        (NoReply("timeout", taken=True), NoReply),
    ],
)
def test_answer_that_is_no_list_is_told_as_trouble(reply: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        polled(connector(pollSeconds=30), "", reply)


def test_channel_that_is_called_asks_for_nothing() -> None:
    assert connector().poll_seconds is None


# Files


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://xyz123.api.infobip.com/mms/1/media/1", True),
        ("https://xyz123.api.infobip.com.example.test/mms/1/media/1", False),
        ("http://xyz123.api.infobip.com/mms/1/media/1", False),
    ],
)
def test_file_of_a_person_is_fetched_with_our_key_from_the_account_only(url: str, trusted: bool) -> None:
    asked = next(connector().fetch(Media(url=url), 0))
    assert (asked.url, asked.follow, "authorization" in asked.headers) == (url, True, trusted)


# The codes

STAGES = {
    Stage.ACCEPTED: "26",
    Stage.SENT: "2 3 7",
    Stage.DELIVERED: "5",
    Stage.EXPIRED: "15 29",
    Stage.FAILED: "4 6 8 9 10 11 12 13 14 17 18 19 20 21 23 24 25 31 51 52 56 77 87 100",
}
FOR_NOW = {9, 12, 20, 21, 31, 100}


def test_every_status_means_what_its_page_says() -> None:
    expected = {int(number): stage for stage, numbers in STAGES.items() for number in numbers.split()}
    assert {number: meaning.stage for number, meaning in STATUSES.items()} == expected
    lost = {number for number, meaning in STATUSES.items() if not meaning.permanent}
    assert lost == FOR_NOW
    assert {number: meaning.after for number, meaning in STATUSES.items() if meaning.after} == {20: 3600, 21: 60}


@pytest.mark.parametrize(
    ("cause", "numbers"),
    [
        (Cause.BAD_ADDRESS, [1, 351, 3041]),
        (Cause.UNREACHABLE, [6, 27, 31, 256, 1152, 1166]),
        (Cause.BLOCKED, [9, 566]),
        (Cause.OPTED_OUT, [573, 603, 2052]),
        (Cause.FILTERED, [607, 608]),
        (Cause.THROTTLED, [541, 4103]),
        (Cause.ACCOUNT, [368, 577, 580, 2053]),
        (Cause.UNSUPPORTED, [565]),
        (Cause.INVALID, [355]),
        (Cause.EXPIRED, [4101]),
        (Cause.PROVIDER, [34, 500, 1796]),
    ],
)
def test_errors_mean_what_their_page_says(cause: Cause, numbers: list[int]) -> None:
    assert {ERRORS[number] for number in numbers} == {cause}


def test_no_error_is_told_of_what_is_none() -> None:
    assert {0, 255, 1797} & set(ERRORS) == set()
