"""Messages as clients read them back."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Raw
from msgspec.structs import replace

from support.tellings import load_telling
from tidings.dialects.omnichannel import show_message
from tidings.model.content import Content, Media
from tidings.model.messages import Direction, Hop, Life, Message, Recipient, Route
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.redaction import redact_message

CREATED = 1504171574798
REQUEST = b'{"to":{"phoneNumber":"447700900123"},"rules":["sms"],"body":"Hello","metadata":{"order":7}}'

MESSAGE = Message(
    id="m-1",
    workspace="ws",
    direction=Direction.OUTGOING,
    created_at=CREATED,
    dialect="omnichannel",
    recipients=(Recipient("c-1", {"phonenumber": "+447700900123", "facebookuserid": "19"}, country="GB"),),
    routes=(Route("facebook"), Route("sms")),
    content=Content(title="T", text="Hello", media=(Media(type="image/png", url="https://a.test/1"),)),
    conversation="conv",
    metadata=Raw(b'{"order":7}'),
    expires_at=CREATED + 90_000,
    request=Raw(REQUEST),
)


def shown(message: Message, life: Life) -> Any:
    return json.loads(msgspec.json.encode(show_message(message, life)))


def hop(number: int, platform: str, stage: Stage, **more: Any) -> Hop:
    return Hop(number, platform, f"channel-{number}", "", stage=stage, updated_at=CREATED + number, **more)


def test_a_message_is_shown_with_its_request_and_where_it_stands() -> None:
    refusal = Reason(Cause.WINDOW, "Outside the window", "10")
    hops = (
        hop(0, "facebook", Stage.FAILED, reason=refusal, data=Raw(b'{"code":10}')),
        hop(1, "sms", Stage.DELIVERED, submitted=True),
    )
    life = Life("m-1", revision=4, stage=Stage.DELIVERED, hops=hops, updated_at=CREATED + 1)
    assert shown(MESSAGE, life) == {
        **json.loads(REQUEST),
        "messageId": "m-1",
        "direction": "outbound",
        "status": "delivered",
        "statusDetails": {
            "fbMessenger": {
                "status": "failed",
                "channelId": "channel-0",
                "updatedOn": "2017-08-31T09:26:14.798Z",
                "details": {"reason": "Outside the window", "data": {"code": 10}},
            },
            "sms": {"status": "delivered", "channelId": "channel-1", "updatedOn": "2017-08-31T09:26:14.799Z"},
        },
        "sentOn": "2017-08-31T09:26:14.798Z",
        "_createdOn": "2017-08-31T09:26:14.798Z",
        "_updatedOn": "2017-08-31T09:26:14.799Z",
    }


@pytest.mark.parametrize(
    ("life", "status", "more"),
    [
        (Life("m-1"), "processing", {}),
        (Life("m-1", stage=Stage.PROCESSING, hops=(hop(0, "sms", Stage.PROCESSING),)), "processing", {}),
        (Life("m-1", hops=(hop(0, "sms", Stage.PROCESSING, tries=2),)), "retrying", {}),
        (Life("m-1", stage=Stage.SENT), "sent", {}),
        (Life("m-1", stage=Stage.READ), "read", {}),
        (
            Life("m-1", stage=Stage.EXPIRED, reason=Reason(Cause.EXPIRED, "Too late")),
            "expired",
            {"failureReason": "Too late"},
        ),
        (Life("m-1", stage=Stage.FAILED), "failed", {}),
        (
            Life("m-1", stage=Stage.FAILED, reason=Reason(Cause.BLOCKED, "No")),
            "failed",
            {"failureReason": "No"},
        ),
        (
            Life("m-1", stage=Stage.FAILED, reason=Reason(Cause.FILTERED, "Spam")),
            "filtered",
            {"failureReason": "Spam"},
        ),
        (
            Life("m-1", stage=Stage.DELIVERED, late_failure=Reason(Cause.UNKNOWN, "Or not")),
            "delivered",
            {"lateFailure": "Or not"},
        ),
    ],
)
def test_the_status_is_one_of_the_published_words(life: Life, status: str, more: dict[str, str]) -> None:
    told = shown(MESSAGE, life)
    assert told["status"] == status
    assert {name: told[name] for name in ("failureReason", "lateFailure") if name in told} == more
    assert "sentOn" not in told


def test_a_hop_may_be_cancelled_or_have_no_words() -> None:
    hops = (
        hop(0, "sms", Stage.PROCESSING, cancelled=True),
        hop(1, "whatsapp", Stage.FAILED, submitted=True, reason=Reason(Cause.UNKNOWN)),
        Hop(2, "mms", "channel-2", "", stage=Stage.SENT, updated_at=10**18),
    )
    assert shown(MESSAGE, Life("m-1", hops=hops))["statusDetails"] == {
        "sms": {"status": "cancelled", "channelId": "channel-0", "updatedOn": "2017-08-31T09:26:14.798Z"},
        "whatsApp": {
            "status": "failed",
            "channelId": "channel-1",
            "updatedOn": "2017-08-31T09:26:14.799Z",
            "details": {"reason": "Channel reported the message was undeliverable"},
        },
        "mms": {"status": "sent", "channelId": "channel-2", "updatedOn": "2017-08-31T09:26:14.798Z"},
    }


STANDING = {
    "messageId": "m-1",
    "direction": "outbound",
    "status": "processing",
    "statusDetails": {},
    "_createdOn": "2017-08-31T09:26:14.798Z",
    "_updatedOn": "2017-08-31T09:26:14.798Z",
}


def test_a_message_of_another_vocabulary_is_shown_from_what_is_known() -> None:
    assert shown(replace(MESSAGE, dialect="channels"), Life("m-1")) == {
        **STANDING,
        "to": {"phoneNumber": "447700900123", "fbMessengerId": "19", "profileId": "c-1"},
        "rules": ["fbMessenger", "sms"],
        "title": "T",
        "body": "Hello",
        "messageParts": [{"type": "image/png", "url": "https://a.test/1"}],
        "conversationId": "conv",
        "expiresOn": "2017-08-31T09:27:44.798Z",
        "metadata": {"order": 7},
    }


def test_an_emptied_message_shows_nothing_of_what_it_said() -> None:
    assert shown(redact_message(MESSAGE), Life("m-1")) == {
        **STANDING,
        "to": {"phoneNumber": "447700900123", "fbMessengerId": "19", "profileId": "c-1"},
        "rules": ["fbMessenger", "sms"],
        "conversationId": "conv",
        "expiresOn": "2017-08-31T09:27:44.798Z",
        "metadata": {"order": 7},
    }


def test_a_message_may_be_nearly_empty() -> None:
    bare = Message(id="m-1", workspace="ws", direction=Direction.OUTGOING, created_at=CREATED)
    assert shown(bare, Life("m-1")) == {**STANDING, "rules": []}
    anonymous = replace(bare, recipients=(Recipient("", {"phonenumber": "+447"}),))
    assert shown(anonymous, Life("m-1")) == {**STANDING, "rules": [], "to": {"phoneNumber": "447"}}


def test_an_incoming_message_is_shown_as_its_event_told_it() -> None:
    path = Path(__file__).parent / "goldens" / "26-inbound-rcs.json"
    telling, told = load_telling(path)
    life = Life(telling.message.id, stage=Stage.DELIVERED, updated_at=telling.message.created_at)
    payload = told["payload"]
    assert shown(telling.message, life) == {
        **{name: value for name, value in payload.items() if name != "id"},
        "messageId": payload["id"],
        "direction": "inbound",
        "status": "delivered",
        "statusDetails": {},
        "sentOn": payload["receivedOn"],
        "_createdOn": payload["receivedOn"],
        "_updatedOn": payload["receivedOn"],
    }
