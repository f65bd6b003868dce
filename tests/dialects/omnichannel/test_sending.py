"""Requests to send, and what becomes of them in the read model."""

import json
from typing import Any

import pytest
from msgspec import Raw

from tidings.dialects.omnichannel import read_batch, read_redaction, read_send
from tidings.model.content import Content, Media, Template
from tidings.model.drafts import Addressee, Draft
from tidings.model.errors import FieldError, Refused
from tidings.model.messages import Route

NOW = 1_773_500_966_000
"""2026-03-14T15:09:26Z."""

SIMPLE = {"to": {"phoneNumber": "447700900123"}, "rules": ["sms"], "body": "Hello"}


def send(change: dict[str, Any] | None = None, **more: Any) -> Draft:
    return read_send(json.dumps(SIMPLE | (change or {}) | more).encode(), now=NOW)


def refused(change: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as refusal:
        send(change)
    assert refusal.value.status == 400
    return refusal.value


def told(refusal: Refused) -> list[tuple[str, str]]:
    return [(error.path, error.code) for error in refusal.errors]


def test_a_simple_request() -> None:
    body = b'{"to":{"phoneNumber":"447700900123"},"rules":["sms"],"body":"Hello"}'
    assert read_send(body, now=NOW) == Draft(
        dialect="omnichannel",
        to=(Addressee(addresses={"phonenumber": "447700900123"}),),
        routes=(Route("sms"),),
        content=Content(text="Hello"),
        profile={"phoneNumber": "447700900123"},
        request=Raw(body),
    )


def test_a_full_request() -> None:
    request: dict[str, Any] = {
        "to": {
            "profileId": "anon_1",
            "phoneNumber": "+44 7700 900123",
            "email": "jo@example.test",
            "fbMessengerId": "1924625277645988",
            "pigeonId": "9",
            "lastName": "",
        },
        "rules": [
            "fbMessenger",
            {"channel": "whatsApp", "channelId": "7", "timeout": 2.5},
            "appMessaging",
            "RCS",
            "pigeon-post",
        ],
        "title": "Order",
        "body": "Hi {{profile.lastName}}",
        "messageParts": [
            {"name": "laptop", "type": "image/png", "url": "https://a.test/1.png", "size": 9, "channels": ["mms"]},
            {"type": "text/html; charset=utf-8", "data": "<p>Hi</p>", "channels": ["email"]},
            {"type": "text/html", "data": "<b>Hi</b>"},
            {"type": "text/plain", "data": "Other"},
            {"type": "text/plain", "data": "Hi {{profile.lastName}}"},
        ],
        "templateId": "welcome",
        "customBody": {"fbMessenger": {"text": "Hi"}, "pigeon-post": "coo"},
        "channelOptions": {"whatsApp": {"from": "1055", "own": [1]}, "rcs": {"agentId": "agent"}},
        "conversationId": "c-1",
        "metadata": {"order": 7},
        "expiresOn": "2026-03-14T15:10:26.001Z",
        "requireOptIn": True,
        "shortenLinks": "marked",
    }
    body = json.dumps(request).encode()
    draft = read_send(body, now=NOW)
    assert draft == Draft(
        dialect="omnichannel",
        to=(
            Addressee(
                contact="anon_1",
                addresses={
                    "phonenumber": "+44 7700 900123",
                    "emailaddress": "jo@example.test",
                    "facebookuserid": "1924625277645988",
                    "pigeonid": "9",
                },
            ),
        ),
        routes=(
            Route("facebook"),
            Route("whatsapp", "7", 2500),
            Route("app-messaging"),
            Route("rcs"),
            Route("pigeon-post"),
        ),
        content=Content(
            title="Order",
            text="Hi {{profile.lastName}}",
            html="<p>Hi</p>\n<b>Hi</b>",
            media=(
                Media(type="text/plain", data="Other"),
                Media(type="image/png", url="https://a.test/1.png", name="laptop", size=9, platforms=("mms",)),
            ),
            template=Template("welcome"),
            native={"facebook": Raw(b'{"text": "Hi"}'), "pigeon-post": Raw(b'"coo"')},
        ),
        metadata=Raw(b'{"order": 7}'),
        conversation="c-1",
        options={"whatsapp": {"from": "1055", "own": [1]}, "rcs": {"agentId": "agent"}},
        profile=request["to"],
        expires_at=NOW + 60_001,
        track_links="marked",
        require_opt_in=True,
        request=Raw(body),
    )


def test_text_parts_are_the_body_where_none_is_given() -> None:
    parts = [
        {"type": "text/plain", "data": "One"},
        {"type": "text/plain", "data": "Two"},
        {"type": "text/plain", "data": "Only here", "channels": ["appMessaging"]},
        {"type": "text/plain", "url": "https://a.test/readme.txt"},
        {"type": "text/html", "data": "<p>", "channels": ["email", "appMessaging"]},
    ]
    assert send(body="", messageParts=parts).content == Content(
        text="One\nTwo",
        media=(
            Media(type="text/plain", data="Only here", platforms=("app-messaging",)),
            Media(type="text/plain", url="https://a.test/readme.txt"),
            Media(type="text/html", data="<p>", platforms=("email", "app-messaging")),
        ),
    )


def test_html_for_email_may_be_an_option() -> None:
    parts = [{"type": "text/html", "data": "<p>part</p>"}]
    draft = send(channelOptions={"email": {"html": "<p>option</p>"}}, messageParts=parts)
    assert draft.content == Content(text="Hello", html="<p>option</p>")
    assert send(channelOptions={"email": {"from": "a@b.test"}}).content == Content(text="Hello")


def test_content_is_narrowed_to_one_platform() -> None:
    for_mms, for_all = Media(url="https://a.test/1", platforms=("mms",)), Media(url="https://a.test/2")
    content = Content(text="Hello", html="<p>", media=(for_mms, for_all))
    assert content.on("sms") == Content(text="Hello", media=(for_all,))
    assert content.on("mms") == Content(text="Hello", media=(for_mms, for_all))
    assert content.on("email") == Content(text="Hello", html="<p>", media=(for_all,))
    assert Content(html="<p>").on("sms") == Content(html="<p>")


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"to": {}}, [("to", "required")]),
        ({"to": {"pigeonId": ""}}, [("to", "required")]),
        ({"to": {"phoneNumber": "0123"}}, [("to.phoneNumber", "address")]),
        ({"to": {"email": "nobody"}}, [("to.email", "address")]),
        ({"to": {"pigeonId": "1", "PIGEONID": "2"}}, [("to.PIGEONID", "duplicate")]),
        ({"to": {"phoneNumber": 447700900123}}, [("to.phoneNumber", "type")]),
        ({"to": "447700900123"}, [("to", "type")]),
        ({"rules": []}, [("rules", "type")]),
        ({"rules": "sms"}, [("rules", "type")]),
        ({"rules": ["sms", "a b"]}, [("rules[1]", "platform")]),
        ({"rules": ["sms", "mms", "SMS"]}, [("rules[2]", "duplicate")]),
        ({"rules": [{"channel": "sms", "timeout": 0}]}, [("rules[0].timeout", "type")]),
        ({"rules": [{"channel": "sms", "wait": 5}]}, [("rules[0].wait", "unknown")]),
        ({"body": ""}, [("body", "empty")]),
        ({"body": 5}, [("body", "type")]),
        ({"body": "a\0"}, [("body", "text")]),
        ({"metadata": [1]}, [("metadata", "type")]),
        ({"metadata": None}, [("metadata", "type")]),
        ({"metadata": "x"}, [("metadata", "type")]),
        ({"expiresOn": "tomorrow"}, [("expiresOn", "time")]),
        ({"expiresOn": "2026-03-14T15:10:26Z"}, [("expiresOn", "too-soon")]),
        ({"shortenLinks": "always"}, [("shortenLinks", "type")]),
        ({"expireOn": "x"}, [("expireOn", "unknown")]),
        ({"customBody": {"sms": None}}, [("customBody.sms", "type")]),
        ({"customBody": {"a b": {}}}, [("customBody.a b", "platform")]),
        ({"customBody": {"sms": {}, "SMS": {}}}, [("customBody.SMS", "duplicate")]),
        (
            {"customBody": {"whatsApp": {}}, "channelOptions": {"whatsapp": {}, "sms": {}}},
            [("channelOptions.whatsapp", "conflict")],
        ),
        ({"channelOptions": {"sms": []}}, [("channelOptions.sms", "type")]),
        (
            {"channelOptions": {"sms": {"from": 5, "allowUnicode": "yes", "unicodeConversion": 1}}},
            [
                ("channelOptions.sms.from", "type"),
                ("channelOptions.sms.allowUnicode", "type"),
                ("channelOptions.sms.unicodeConversion", "type"),
            ],
        ),
        (
            {"channelOptions": {"fbMessenger": {"messagingType": "NEWS"}}},
            [("channelOptions.fbMessenger.messagingType", "unknown")],
        ),
        (
            {"channelOptions": {"fbMessenger": {"messagingType": "MESSAGE_TAG"}}},
            [("channelOptions.fbMessenger.messageTag", "required")],
        ),
        (
            {"channelOptions": {"fbMessenger": {"messagingType": 5}}},
            [("channelOptions.fbMessenger.messagingType", "type")],
        ),
        ({"messageParts": [{"type": "image/png"}]}, [("messageParts[0]", "source")]),
        ({"messageParts": [{"type": "a/b", "data": "x", "url": "https://a.test"}]}, [("messageParts[0]", "source")]),
        ({"messageParts": [{"type": "a/b", "url": "file:///etc"}]}, [("messageParts[0].url", "url")]),
        (
            {"messageParts": [{"type": "a/b", "data": "x", "channels": ["a b"]}]},
            [("messageParts[0].channels[0]", "platform")],
        ),
        ({"messageParts": [{"type": "", "data": "x"}]}, [("messageParts[0].type", "type")]),
    ],
)
def test_a_request_is_refused_naming_the_field(change: dict[str, Any], errors: list[tuple[str, str]]) -> None:
    assert told(refused(change)) == errors


def test_options_that_are_right_and_those_we_do_not_know_pass() -> None:
    options = {
        "sms": {"from": "Acme", "allowUnicode": True, "unicodeConversion": False, "flash": True},
        "fbMessenger": {"messagingType": "MESSAGE_TAG", "messageTag": "ACCOUNT_UPDATE"},
        "pigeon-post": {"wind": None},
    }
    draft = send(channelOptions=options)
    assert draft.options == {
        "sms": options["sms"],
        "facebook": options["fbMessenger"],
        "pigeon-post": options["pigeon-post"],
    }


def test_all_that_is_wrong_is_told_at_once() -> None:
    refusal = refused({"to": {"email": "x"}, "rules": ["?"], "body": "", "metadata": 5, "expiresOn": "x"})
    assert [path for path, _ in told(refusal)] == ["to.email", "rules[0]", "body", "metadata", "expiresOn"]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b"{}", b"[" * 5000])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        read_send(body, now=NOW)


def test_a_deep_request_is_refused() -> None:
    deep: Any = 1
    for _ in range(70):
        deep = {"a": deep}
    assert [code for _, code in told(refused({"metadata": deep}))] == ["too-deep"]


def test_a_batch_takes_each_item_for_itself() -> None:
    good = json.dumps(SIMPLE).encode()
    bad = b'{"to":{},"rules":["sms"],"body":"Hello"}'
    first, second, third, fourth = read_batch(b"[ %b , %b, 5,%b]" % (good, bad, good), now=NOW)
    assert first == fourth == read_send(good, now=NOW)
    assert isinstance(second, Refused)
    assert told(second) == [("to", "required")]
    assert isinstance(third, Refused)
    assert told(third) == [("", "type")]
    assert read_batch(b"[]", now=NOW) == []


def test_a_batch_may_hold_broken_text_in_one_item() -> None:
    first, second = read_batch(b'[{"to":{"a":"\xff"},"rules":["sms"],"body":"x"},{"to":{"a":"1"}}]', now=NOW)
    assert isinstance(first, Refused)
    assert isinstance(second, Refused)
    assert told(second) == [("rules", "required")]


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[1", b"[" * 100_000])
def test_what_is_no_batch_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        read_batch(body, now=NOW)
    assert refusal.value.errors == (FieldError("", "A batch is a JSON array of messages.", "type"),)


def test_a_batch_too_long_is_refused_as_a_whole() -> None:
    with pytest.raises(Refused) as refusal:
        read_batch(b"[" + b"1," * 5000 + b"1]", now=NOW)
    assert told(refusal.value) == [("", "too-many")]
    assert len(read_batch(b"[" + b"1," * 4999 + b"1]", now=NOW)) == 5000


def test_a_redaction_says_who_asks() -> None:
    assert read_redaction(b'{"redact":true,"redactSource":"chat"}') == "chat"
    assert read_redaction(b'{"redact":true}') == "message"


@pytest.mark.parametrize("body", [b"{}", b'{"redact":false}', b'{"redact":true,"redactSource":"me"}'])
def test_what_is_no_redaction_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        read_redaction(body)
