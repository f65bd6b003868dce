"""Webhooks: what may be asked for, what is shown, and which events they get."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from support.keys import hmac_key
from support.tellings import load_telling
from tidings.dialects.dialect import Telling
from tidings.dialects.omnichannel import Omnichannel, available_events, read_webhook, show_webhook, validation_failures
from tidings.model.drafts import SubscriptionDraft
from tidings.model.errors import FieldError, Refused
from tidings.model.messages import Correlation, Recipient
from tidings.model.secrets import Secret
from tidings.model.subscriptions import Filter, Subscription, Wanted

GOLDENS = Path(__file__).parent / "goldens"
SECRET = "0123456789abcdef"


def telling(name: str) -> Telling:
    return load_telling(GOLDENS / f"{name}.json")[0]


def wanting(*wanted: Wanted, **more: Any) -> Subscription:
    return Subscription(
        id="hook-1",
        serial=1,
        workspace="ws",
        dialect="omnichannel",
        url="https://a.test/hook",
        wanted=wanted,
        secret=Secret(SECRET),
        keys=(hmac_key(),),
        created_at=1504171574798,
        updated_at=1504171574799,
        **more,
    )


def gets(told: Telling, *wanted: Wanted) -> bool:
    return Omnichannel().wants(wanting(*wanted), (), told)


WEBHOOK = {
    "name": "Orders",
    "url": "https://a.test/hook",
    "secret": SECRET,
    "subscriptions": [
        {"type": "message.*", "filters": [{"name": "channel", "value": "sms"}]},
        {"type": "interaciton.click"},
    ],
    "batch": True,
    "maxBatchSize": 500,
    "batchTimeout": 60,
}


def test_a_webhook_is_read_and_shown_without_its_secret() -> None:
    draft = read_webhook(json.dumps(WEBHOOK).encode())
    assert draft == SubscriptionDraft(
        url="https://a.test/hook",
        wanted=(Wanted("message.*", (Filter("channel", "sms"),)), Wanted("interaciton.click")),
        secret=SECRET,
        name="Orders",
        active=True,
        options={"batch": True, "maxBatchSize": 500, "batchTimeout": 60},
    )
    shown = show_webhook(wanting(*draft.wanted, name=draft.name, options=draft.options))
    assert shown == {
        "id": "hook-1",
        "name": "Orders",
        "url": "https://a.test/hook",
        "subscriptions": [
            {"type": "message.*", "filters": [{"name": "channel", "value": "sms"}]},
            {"type": "interaciton.click", "filters": []},
        ],
        "active": True,
        "batch": True,
        "maxBatchSize": 500,
        "batchTimeout": 60,
        "_createdOn": "2017-08-31T09:26:14.798Z",
        "_updatedOn": "2017-08-31T09:26:14.799Z",
    }
    again = read_webhook(json.dumps(shown).encode())
    assert again == SubscriptionDraft(url=draft.url, wanted=draft.wanted, name="Orders", options=draft.options)


def test_a_webhook_needs_little() -> None:
    body = b'{"url":"http://127.0.0.1:9/","subscriptions":[{"type":"message.sentRequest"}]}'
    assert read_webhook(body) == SubscriptionDraft(
        url="http://127.0.0.1:9/",
        wanted=(Wanted("message.sentRequest"),),
        options={"batch": False, "maxBatchSize": 100, "batchTimeout": 5},
    )


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"url": "ftp://a.test/"}, "url", "url"),
        ({"url": "https:///nowhere"}, "url", "url"),
        ({"url": "https://[::1"}, "url", "url"),
        ({"url": "https://a.test:99999/"}, "url", "url"),
        ({"url": "https://a.test:0/"}, "url", "url"),
        ({"url": "https://a.test/#here"}, "url", "url"),
        ({"url": "https://a.test/a b"}, "url", "url"),
        ({"url": "https://a.test/\n"}, "url", "url"),
        ({"url": "https://a.test/" + "a" * 2048}, "url", "url"),
        ({"url": 5}, "url", "type"),
        ({"secret": "0123456789abcde"}, "secret", "too-short"),
        ({"maxBatchSize": 0}, "maxBatchSize", "type"),
        ({"maxBatchSize": 501}, "maxBatchSize", "type"),
        ({"batchTimeout": 0}, "batchTimeout", "type"),
        ({"batchTimeout": 61}, "batchTimeout", "type"),
        ({"batch": "yes"}, "batch", "type"),
        ({"subscriptions": []}, "subscriptions", "type"),
        ({"subscriptions": [{"type": "message.seen"}]}, "subscriptions[0].type", "unknown"),
        ({"filters": []}, "filters", "unknown"),
        ({"name": "a\0b"}, "name", "text"),
    ],
)
def test_a_webhook_is_refused_naming_the_field(change: dict[str, Any], path: str, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        read_webhook(json.dumps(WEBHOOK | change).encode())
    assert refusal.value.status == 400
    assert [(error.path, error.code) for error in refusal.value.errors] == [(path, code)]


@pytest.mark.parametrize("name", ["status", "metadata", "metadata.", "metadata..a", "Channel", ""])
def test_an_unknown_filter_is_refused_naming_those_there_are(name: str) -> None:
    filters = [{"name": "channel", "value": "sms"}, {"name": name, "value": "x"}]
    body = json.dumps(WEBHOOK | {"subscriptions": [{"type": "message.sent", "filters": filters}]}).encode()
    with pytest.raises(Refused) as refusal:
        read_webhook(body)
    assert refusal.value.errors == (
        FieldError(
            "subscriptions[0].filters[1].name",
            "There is no filter of this name; there are "
            "channel, channelId, messageId, profileId, conversationId, metadata.<field>.",
            "unknown",
        ),
    )


def test_everything_wrong_is_told_at_once_also_as_validation_failures() -> None:
    with pytest.raises(Refused) as refusal:
        read_webhook(b'{"url":"nowhere","secret":"short","subscriptions":[{"type":"x"}]}')
    failures = validation_failures(refusal.value.errors)
    assert [failure["paramName"] for failure in failures] == ["url", "secret", "subscriptions[0].type"]
    assert failures[1] == {"paramName": "secret", "message": "A secret has at least 16 characters."}


@pytest.mark.parametrize(
    ("golden", "wanted", "expected"),
    [
        ("01-sent-sms", "message.sent", True),
        ("01-sent-sms", "message.delivered", False),
        ("01-sent-sms", "message.*", True),
        ("22-inbound-sms", "message.*", True),
        ("sent-request", "message.*", False),
        ("sent-request", "message.sentRequest", True),
        ("click-sms", "message.*", False),
        ("click-sms", "interaction.click", True),
        ("click-sms", "interaciton.click", True),
        ("01-sent-sms", "interaciton.click", False),
    ],
)
def test_a_webhook_gets_what_it_names(golden: str, wanted: str, expected: bool) -> None:
    assert gets(telling(golden), Wanted(wanted)) is expected


def test_nothing_wanted_and_nothing_nameable_is_never_got() -> None:
    told = telling("click-sms")
    assert not gets(told)
    event = replace(told.event, fact=replace(told.event.fact, interaction=None))
    assert not gets(replace(told, event=event), Wanted("interaction.click"))


def test_one_of_several_wants_is_enough() -> None:
    narrow = Wanted("message.sent", (Filter("channel", "mms"),))
    assert not gets(telling("01-sent-sms"), narrow)
    assert gets(telling("01-sent-sms"), narrow, Wanted("message.*"))


METADATA = Raw(b'{"order":7,"vip":true,"none":null,"who":{"name":"Jo","tags":["a",1]},"a.b":"x"}')


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([("channel", "whatsApp")], True),
        ([("channel", "whatsapp")], True),
        ([("channel", "sms")], False),
        ([("channel", "sms"), ("channel", "whatsApp")], True),
        ([("channel", "whatsApp"), ("messageId", "other")], False),
        ([("channelId", "0190b6ce-0000-7000-8000-000000000007")], True),
        ([("messageId", "0190b6ce-1111-7000-8000-000000000001"), ("profileId", "anon_1")], True),
        ([("profileId", "person")], True),
        ([("profileId", "")], False),
        ([("conversationId", "c-1")], True),
        ([("conversationId", "c-2")], False),
        ([("metadata.order", "7")], True),
        ([("metadata.order", "8"), ("metadata.order", "7"), ("metadata.vip", "true")], True),
        ([("metadata.order", "7"), ("metadata.vip", "false")], False),
        ([("metadata.none", "null")], True),
        ([("metadata.who.name", "Jo")], True),
        ([("metadata.who.tags", '["a",1]')], True),
        ([("metadata.who.age", "5")], False),
        ([("metadata.order.deeper", "7")], False),
    ],
)
def test_filters_are_alternatives_by_name_and_all_names_must_hold(
    filters: list[tuple[str, str]], expected: bool
) -> None:
    told = telling("delivered-whatsapp")
    person = Recipient("person", {"profileid": "anon_1"})
    message = replace(told.message, metadata=METADATA, conversation="c-1", recipients=(person,))
    wanted = Wanted("message.delivered", tuple(Filter(name, value) for name, value in filters))
    assert gets(replace(told, message=message), wanted) is expected


def test_an_inbound_message_is_filtered_by_the_metadata_of_what_it_answers() -> None:
    told = telling("22-inbound-sms")
    wanted = Wanted("message.inbound", (Filter("metadata.order", "7"),))
    assert not gets(told, wanted)
    answers = replace(told.message, correlation=Correlation("m", METADATA))
    assert gets(replace(told, message=answers), wanted)


def test_the_available_events_are_all_that_can_be_subscribed_to() -> None:
    events = available_events()
    assert [event["type"] for event in events] == list(Omnichannel.event_names)
    filters = ["channel", "channelId", "messageId", "profileId", "conversationId", "metadata.<field>"]
    assert all(event["filters"] == filters and event["description"] for event in events)
