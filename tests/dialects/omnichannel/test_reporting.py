"""What custom channels report: statuses and inbound messages."""

import hashlib
import json
from typing import Any

import pytest
from msgspec import Raw

from tidings.dialects.omnichannel import read_inbound, read_status
from tidings.model.content import Content, Media
from tidings.model.errors import Refused
from tidings.model.reports import Inbound, Receipt, Target
from tidings.model.stages import Cause, Reason, Stage

NOW = 1_773_500_966_000


@pytest.mark.parametrize(
    ("word", "stage", "cause"),
    [
        ("sent", Stage.SENT, None),
        ("delivered", Stage.DELIVERED, None),
        ("read", Stage.READ, None),
        ("expired", Stage.EXPIRED, Cause.EXPIRED),
        ("failed", Stage.FAILED, Cause.UNKNOWN),
        ("filtered", Stage.FAILED, Cause.FILTERED),
    ],
)
def test_a_status_is_a_receipt(word: str, stage: Stage, cause: Cause | None) -> None:
    body = b'{"channel":"pigeon-post"}'
    assert read_status(word, body, message_id="m-1", now=NOW) == (
        "pigeon-post",
        Receipt(Target("m-1"), stage, Raw(b"{}"), reason=Reason(cause) if cause else None),
    )


def test_a_status_keeps_the_words_of_its_channel() -> None:
    body = b"""{"channel":"WhatsApp","channelStatus": {"b": 1.0, "a": [] },"timestamp":"2026-03-14T15:09:20.5Z",
      "failureReason":"The bird got lost"}"""
    assert read_status("failed", body, message_id="m-1", now=NOW) == (
        "whatsapp",
        Receipt(
            Target("m-1"),
            Stage.FAILED,
            Raw(b'{"b": 1.0, "a": [] }'),
            at=NOW - 5_500,
            reason=Reason(Cause.UNKNOWN, "The bird got lost"),
        ),
    )


def test_a_status_may_hold_nulls() -> None:
    body = b'{"channel":"sms","channelStatus":null,"timestamp":null,"failureReason":null}'
    assert read_status("read", body, message_id="m", now=NOW)[1] == Receipt(Target("m"), Stage.READ, Raw(b"{}"))


@pytest.mark.parametrize(
    ("word", "change", "path", "status"),
    [
        ("seen", {}, "status", 404),
        ("SENT", {}, "status", 404),
        ("sent", {"channel": "a b"}, "channel", 400),
        ("sent", {"channel": None}, "channel", 400),
        ("sent", {"channelStatus": []}, "channelStatus", 400),
        ("sent", {"failureReason": "but why"}, "failureReason", 400),
        ("sent", {"timestamp": "noon"}, "timestamp", 400),
        ("sent", {"timestamp": "2026-03-14T16:09:26.001Z"}, "timestamp", 400),
        ("sent", {"timestamp": "1969-03-14T16:09:26Z"}, "timestamp", 400),
        ("sent", {"state": "x"}, "state", 400),
        ("failed", {"failureReason": "\0"}, "failureReason", 400),
    ],
)
def test_a_status_is_refused_naming_the_field(word: str, change: dict[str, Any], path: str, status: int) -> None:
    body = json.dumps({"channel": "sms", **change}).encode()
    with pytest.raises(Refused) as refusal:
        read_status(word, body, message_id="m", now=NOW)
    assert ([error.path for error in refusal.value.errors], refusal.value.status) == ([path], status)


def inbound(now: int = NOW, **fields: Any) -> tuple[str, Inbound]:
    return read_inbound(json.dumps({"channel": "sms", "from": "447700900123", "body": "Hi"} | fields).encode(), now=now)


def test_a_simple_inbound() -> None:
    body = b'{"channel":"sms","from":"447700900123","body":"Hi"}'
    key = hashlib.sha256(b"%d." % NOW + body).hexdigest()
    assert read_inbound(body, now=NOW) == (
        "sms",
        Inbound(key=f"inbound:{key}", sender="+447700900123", raw=Raw(b"{}"), content=Content(text="Hi"), at=NOW),
    )
    assert read_inbound(body, now=NOW + 1)[1].key != f"inbound:{key}"


def test_a_full_inbound() -> None:
    body = b"""{"channel":"appMessaging","from":{"profileId":"anon_1"},
      "to":{"conversationId":"c-1","profileId":"TEAM\\\\Service"},
      "messageParts":[{"type":"text/plain","data":"Hi"},{"type":"text/html","data":"<p>"},
        {"type":"image/png","url":"https://a.test/1.png","name":"1","size":5}],
      "channelData": {"messageId": "am-7", "scope":"a2p"}}"""
    assert read_inbound(body, now=NOW) == (
        "app-messaging",
        Inbound(
            key="inbound:am-7",
            sender="anon_1",
            raw=Raw(b'{"messageId": "am-7", "scope":"a2p"}'),
            to="TEAM\\Service",
            content=Content(
                text="Hi",
                html="<p>",
                media=(Media(type="image/png", url="https://a.test/1.png", name="1", size=5),),
            ),
            at=NOW,
            conversation="c-1",
        ),
    )


def test_an_inbound_with_data_only_is_taken_by_the_id_in_it() -> None:
    assert inbound(body="", channelData={"messageId": 5, "id": "x"})[1].key == "inbound:x"
    assert inbound(body="", channelData={"id": ""})[1].key != "inbound:"


@pytest.mark.parametrize(
    ("fields", "sender", "contact_key", "to"),
    [
        ({"from": {"phoneNumber": "+44 7700 900123", "profileId": "p"}, "to": "60777"}, "+447700900123", "", "60777"),
        ({"from": {"email": "Jo@A.test", "x": "y"}, "to": "15550001111"}, "Jo@a.test", "emailaddress", "+15550001111"),
        ({"from": {"phoneNumberCountryCode": "GB", "PigeonId": "9", "profileId": "p"}}, "9", "pigeonid", ""),
        ({"from": {"profileId": "p"}}, "p", "profileid", ""),
        ({"channel": "fbMessenger", "from": {"fbMessengerId": "19"}, "to": {}}, "19", "", ""),
        ({"channel": "rcs", "to": {"agentId": "agent"}}, "+447700900123", "", "agent"),
        ({"channel": "rcs", "to": {"phoneNumber": "15550001111"}}, "+447700900123", "", "+15550001111"),
        ({"channel": "pigeon-post", "from": "bird 9", "to": {"id": "loft"}}, "bird 9", "", "loft"),
    ],
)
def test_whom_an_inbound_is_from_and_to(fields: dict[str, Any], sender: str, contact_key: str, to: str) -> None:
    report = inbound(**fields)[1]
    assert (report.sender, report.contact_key, report.to) == (sender, contact_key, to)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"channel": ""}, "channel"),
        ({"from": {}}, "from"),
        ({"from": {"phoneNumberCountryCode": "GB"}}, "from"),
        ({"from": "nobody"}, "from"),
        ({"from": 5}, "from"),
        ({"body": ""}, "body"),
        ({"body": None}, "body"),
        ({"messageParts": [{"type": "a/b"}]}, "messageParts[0]"),
        ({"channelData": "x"}, "channelData"),
        ({"sender": "x"}, "sender"),
    ],
)
def test_an_inbound_is_refused_naming_the_field(change: dict[str, Any], path: str) -> None:
    with pytest.raises(Refused) as refusal:
        inbound(**change)
    assert ([error.path for error in refusal.value.errors], refusal.value.status) == ([path], 400)
