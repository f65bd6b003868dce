"""Twilio's oddities: its signature against its own library, and what follows from its error codes."""

import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.twilio import Twilio
from tidings.connectors.twilio.codes import VERDICTS
from tidings.model.content import Content
from tidings.model.errors import BadSignature, Refused, SendDeferred, SendFailed
from tidings.model.exchange import Answer, Callback, Reply
from tidings.model.reports import Receipt
from tidings.model.stages import Cause, Reason, Stage

ACCOUNT = "AC00112233445566778899aabbccddeeff"
TOKEN, OTHER = "hub-test-auth-token-0001", "hub-test-auth-token-0002"
HOST = "https://hub.example.test"
FORM = "application/x-www-form-urlencoded"
STATUS = (
    "AccountSid=AC00112233445566778899aabbccddeeff&ApiVersion=2010-04-01&From=%2B15005550006"
    "&MessageSid=SM0123456789abcdef0123456789abcdef&MessageStatus=delivered"
    "&SmsSid=SM0123456789abcdef0123456789abcdef&SmsStatus=delivered&To=%2B447700900123&RawDlrDoneDate=2603141509"
)
INBOUND = urlencode(
    {
        "From": "+447700900123",
        "To": "+15005550006",
        "Body": "café €5",
        "NumMedia": "0",
        "MessageSid": "SM11112222333344445555666677778888",
    }
)
CLICKED = '{"type":"com.twilio.daptbt.link-shortening.link-clicked","id":"evt-1"}'
HASH = "f14312e13b9612dad5d603a5f00710d58c2da2dd450eeef4684a06e282608586"


def twilio(**settings: Any) -> Twilio:
    given_settings = {"accountSid": ACCOUNT, "authToken": TOKEN, "sender": "+15005550006", **settings}
    return Twilio(read_settings(Twilio, given_settings), "sms")


def callback(url: str, body: str, signature: str, *, content_type: str = FORM, method: str = "POST") -> Callback:
    headers = {"content-type": content_type, "x-twilio-signature": signature}
    return Callback(method=method, url=url, headers=headers, body=body.encode(), received_at=0)


def believed(connector: Twilio, told: Callback) -> bool:
    try:
        connector.verify(told)
    except BadSignature:
        return False
    return True


class Pairs:
    """Form fields as Twilio's library wants them where names come more than once."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self.pairs])

    def __len__(self) -> int:
        return len(self.pairs)

    def getlist(self, name: str) -> list[str]:
        return [value for other, value in self.pairs if other == name]


@pytest.mark.parametrize(
    ("url", "body", "signature", "content_type"),
    [
        (f"{HOST}/cb/twilio/status?ch=7", STATUS, "WAKDOnHNSMnZ9eybCzq5MlcmBxs=", FORM),
        (f"{HOST}:443/cb/twilio/status?ch=7", STATUS, "8JLu+g6XcFWqagwGRqdBUzFUlWM=", FORM),
        (f"{HOST}/cb/twilio/inbound", INBOUND, "6eR9vfyKt1DiX50+/oBJPpb6s5c=", FORM),
        (f"{HOST}/cb/twilio/json?bodySHA256={HASH}", CLICKED, "PaCtHCOSA3qzChMup28+Bx04vVE=", "application/json"),
    ],
)
def test_signature_of_the_published_vectors(url: str, body: str, signature: str, content_type: str) -> None:
    told = callback(url, body, signature, content_type=content_type)
    assert believed(twilio(), told)
    assert believed(twilio(authToken=OTHER, otherAuthToken=TOKEN), told)
    assert not believed(twilio(authToken=OTHER), told)
    assert not believed(twilio(), callback(url, body + " ", signature, content_type=content_type))
    assert not believed(twilio(), callback(url + "1", body, signature, content_type=content_type))


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(names, values), max_size=8), st.sampled_from(["", ":443", ":8443"]), st.booleans())
def test_signature_is_what_twilios_library_makes(pairs: list[tuple[str, str]], port: str, json: bool) -> None:
    url = f"https://hub.example.test{port}/callbacks/7/status?m=a%3Ab&h=0"
    body = msgspec.json.encode(pairs).decode() if json else urlencode(pairs)
    if json:
        url += f"&bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
    signature = RequestValidator(TOKEN).compute_signature(url, {} if json else Pairs(pairs))
    told = callback(url, body, signature, content_type="application/json" if json else FORM)
    assert believed(twilio(), told)
    assert not believed(twilio(authToken=OTHER), told)


@pytest.mark.parametrize(
    ("ours", "signed"),
    [
        ("https://hub.example.test/a?b=c", "https://hub.example.test:443/a?b=c"),
        ("https://hub.example.test:443/a", "https://hub.example.test/a"),
        ("http://hub.example.test/a", "http://hub.example.test:80/a"),
        ("http://hub.example.test:8080", "http://hub.example.test"),
        ("https://[2001:db8::1]/a", "https://[2001:db8::1]:443/a"),
        ("https://[2001:db8::1]:8443/a", "https://[2001:db8::1]/a"),
        ("https://hub.example.test/a#rc=3", "https://hub.example.test/a"),
        ("hub.example.test/a", "hub.example.test/a"),
    ],
)
def test_signature_counts_with_and_without_the_port(ours: str, signed: str) -> None:
    signature = RequestValidator(TOKEN).compute_signature(signed, {"MessageSid": "SM1"})
    assert believed(twilio(), callback(ours, "MessageSid=SM1", signature))
    elsewhere = RequestValidator(TOKEN).compute_signature(signed + "b", {"MessageSid": "SM1"})
    assert not believed(twilio(), callback(ours, "MessageSid=SM1", elsewhere))


def test_a_token_that_is_empty_signs_nothing() -> None:
    signature = RequestValidator("").compute_signature(HOST, {})
    assert not believed(twilio(authToken="", otherAuthToken=""), callback(HOST, "", signature))


def test_body_that_is_neither_form_nor_hashed_is_not_covered() -> None:
    signature = RequestValidator(TOKEN).compute_signature(f"{HOST}/a", {})
    assert believed(twilio(), callback(f"{HOST}/a", "", signature, content_type="text/plain"))
    assert not believed(twilio(), callback(f"{HOST}/a", STATUS, signature, content_type="text/plain"))
    assert not believed(twilio(), callback(f"{HOST}/a", STATUS, signature, method="GET"))


def test_every_callback_is_answered_with_a_reply_that_says_nothing() -> None:
    expected = Answer(body=b'<?xml version="1.0" encoding="UTF-8"?><Response/>', content_type="text/xml")
    assert twilio().answer(callback(f"{HOST}/inbound", INBOUND, "")) == expected


def test_sender_of_the_channel() -> None:
    service = "MG00000000000000000000000000000001"
    assert twilio().sender == "+15005550006"
    assert twilio(sender="", messagingServiceSid=service).sender == service
    assert twilio(sender="").sender == ""


@pytest.mark.parametrize(("name", "value"), [("accountSid", "AC1"), ("messagingServiceSid", "SM1"), ("other", "")])
def test_settings_that_cannot_be(name: str, value: str) -> None:
    with pytest.raises(Refused) as refused:
        twilio(**{name: value})
    assert name in f"{refused.value.errors}"


# Twilio's codes: what they mean, and whether the same message may pass later.
MEANINGS = {
    Cause.ACCOUNT: (
        [
            *["20404", "21606", "21608", "21609", "21659", "21660"],
            *["30002", "30010", "30018", "30032", "30034", "30035", "63035"],
        ],
        ["20003"],
    ),
    Cause.BAD_ADDRESS: (["21211", "21604", "21614", "30005", "30006", "63024"], []),
    Cause.COUNTRY: (["21408"], []),
    Cause.OPTED_OUT: (["21610"], []),
    Cause.BLOCKED: (["30004", "63033"], []),
    Cause.FILTERED: (["30007"], []),
    Cause.EXPIRED: (["30036"], []),
    Cause.WINDOW: (["63016"], []),
    Cause.INVALID: (["21602", "21603", "21617", "21620", "21623", *map(str, range(30111, 30120))], []),
    Cause.UNSUPPORTED: (["21612", "21621", "21622", "30011", "30019"], []),
    Cause.UNREACHABLE: (["63036"], ["30003"]),
    Cause.UNKNOWN: ([], ["30008"]),
    Cause.PROVIDER: ([], ["30410"]),
    Cause.THROTTLED: ([], ["20429", "21611", "30001", "30017", "30022", "30023", "63018"]),
}


def test_every_code_means_what_its_page_says() -> None:
    expected = {
        code: (cause, later) for cause, lists in MEANINGS.items() for later, codes in enumerate(lists) for code in codes
    }
    assert {code: (verdict.cause, verdict.later) for code, verdict in VERDICTS.items()} == expected
    assert all(verdict.text for verdict in VERDICTS.values())


@pytest.mark.parametrize("code", VERDICTS)
def test_code_means_the_same_at_once_and_later(code: str) -> None:
    verdict = VERDICTS[code]
    reason = Reason(verdict.cause, verdict.text, code, permanent=not verdict.later)
    outgoing = Outgoing(
        message="msg-1", hop=0, workspace="ws-1", platform="sms", to="+447700900123", content=Content(text="x"), now=0
    )
    exchange = twilio().send(outgoing, report_to=f"{HOST}/callbacks/7")
    next(exchange)
    body = msgspec.json.encode({"code": int(code)})
    with pytest.raises((SendDeferred, SendFailed)) as raised:
        exchange.send(Reply(status=400, body=body))
    error: Any = raised.value
    assert (type(error), error.reason) == (SendDeferred if verdict.later else SendFailed, reason)
    fields = urlencode({"MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": code})
    receipt = twilio().parse(callback(f"{HOST}/callbacks/7/status", fields, ""))[0]
    assert isinstance(receipt, Receipt)
    stage = Stage.EXPIRED if code == "30036" else Stage.FAILED
    assert (receipt.stage, receipt.reason) == (stage, reason)


def test_message_that_check_refuses_is_not_sent() -> None:
    outgoing = Outgoing(
        message="msg-1", hop=0, workspace="ws-1", platform="sms", to="+447700900123", content=Content(), now=0
    )
    with pytest.raises(SendFailed) as failed:
        next(twilio().send(outgoing, report_to=HOST))
    assert failed.value.reason == Reason(Cause.INVALID, "There is nothing to send on sms.", "Empty")
