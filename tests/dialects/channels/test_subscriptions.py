"""Subscriptions: what is taken, what is refused, and what comes back."""

from typing import Any

import msgspec
import pytest

from dialects.channels.samples import a_subscription
from tidings.dialects.channels import patch_subscription, read_subscription, show_subscription
from tidings.model.drafts import SubscriptionDraft
from tidings.model.errors import Refused
from tidings.model.secrets import Secret
from tidings.model.subscriptions import Filter, Wanted

ASKED: dict[str, Any] = {"service": "channels", "event": "sms.outbound", "url": "https://acme.example/hook"}


def read(**fields: Any) -> SubscriptionDraft:
    return read_subscription(msgspec.json.encode({**ASKED, **fields}))


def errors(**fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        read(**fields)
    assert refused.value.status == 422
    return [(error.path, error.code) for error in refused.value.errors]


def filters(*pairs: tuple[Any, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in pairs]


def test_everything_that_can_be_asked() -> None:
    pairs = (("messageStatus", "sent"), ("channelId", "c"), ("messageStatus", "delivered"))
    assert read(signingKey="key", eventFilters=filters(*pairs), status="inactive") == SubscriptionDraft(
        url="https://acme.example/hook",
        wanted=(Wanted("sms.outbound", tuple(Filter(*pair) for pair in pairs)),),
        secret="key",
        active=False,
    )


def test_the_least_that_can_be_asked() -> None:
    body = b'{"event":"telegram.interaction","url":"http://acme.example"}'
    assert read_subscription(body) == SubscriptionDraft(
        url="http://acme.example", wanted=(Wanted("telegram.interaction"),)
    )


def test_custom_platforms_are_the_workspaces_own() -> None:
    body = msgspec.json.encode({**ASKED, "event": "drop-box.inbound"})
    assert read_subscription(body, platforms=["drop-box"]).wanted == (Wanted("drop-box.inbound"),)
    with pytest.raises(Refused):
        read_subscription(body)
    with pytest.raises(Refused):
        read_subscription(body.replace(b"inbound", b"outgoing"), platforms=["drop-box"])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"event": "sms.outgoing"}, [("event", "unknown")]),
        ({"event": "whatsap.outbound"}, [("event", "unknown")]),
        ({"event": "whatsApp.outbound"}, [("event", "unknown")]),
        ({"event": "<channel>.outbound"}, [("event", "unknown")]),
        ({"event": ""}, [("event", "unknown")]),
        ({"event": None}, [("event", "type")]),
        ({"service": "conversations"}, [("service", "unknown")]),
        ({"status": "paused"}, [("status", "unknown")]),
        ({"url": "acme.example"}, [("url", "invalid")]),
        ({"url": 7}, [("url", "type")]),
        ({"signingKey": None}, [("signingKey", "type")]),
        ({"signingKey": "a\0"}, [("signingKey", "text")]),
        ({"eventFilter": []}, [("eventFilter", "unknown")]),
        ({"eventFilters": {}}, [("eventFilters", "type")]),
        ({"eventFilters": [{"key": "channelId"}]}, [("eventFilters[0].value", "required")]),
        ({"eventFilters": filters(("channelId", 7))}, [("eventFilters[0].value", "type")]),
        ({"eventFilters": filters(("channelId", ""))}, [("eventFilters[0].value", "invalid")]),
        ({"eventFilters": filters(("channelId", "a"), ("channelId", "a"))}, [("eventFilters[1].key", "repeated")]),
        ({"eventFilters": filters(("channel", "a"))}, [("eventFilters[0].key", "unknown")]),
        ({"eventFilters": filters(("messageStatus", "read"))}, [("eventFilters[0].value", "unknown")]),
        ({"eventFilters": filters(("interactionType", "read"))}, [("eventFilters[0].key", "misplaced")]),
        (
            {"event": "sms.inbound", "eventFilters": filters(("messageStatus", "delivered"))},
            [("eventFilters[0].key", "misplaced")],
        ),
        (
            {
                "event": "sms.interaction",
                "eventFilters": filters(("messageStatus", "sent"), ("interactionType", "invalid")),
            },
            [("eventFilters[0].key", "misplaced"), ("eventFilters[1].value", "unknown")],
        ),
        (
            {"event": "nothing", "url": "ftp://x", "eventFilters": filters(("messageStatus", "sent"), ("a", "b"))},
            [("event", "unknown"), ("url", "invalid"), ("eventFilters[1].key", "unknown")],
        ),
    ],
)
def test_what_is_refused_is_named(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert errors(**fields) == expected


STORED = a_subscription(
    "sms.outbound", ("messageStatus", "sent"), name="mine", options={"v1a": True}, secret=Secret("old")
)


def patched(**changes: Any) -> SubscriptionDraft:
    return patch_subscription(STORED, msgspec.json.encode(changes))


def test_a_patch_changes_what_it_names_and_nothing_else() -> None:
    before = SubscriptionDraft(
        url=STORED.url, wanted=STORED.wanted, secret="old", name="mine", active=True, options={"v1a": True}
    )
    assert patched() == before
    assert patched(url="http://new.example") == msgspec.structs.replace(before, url="http://new.example")
    assert patched(status="inactive") == msgspec.structs.replace(before, active=False)
    assert patched(signingKey="new") == msgspec.structs.replace(before, secret="new")
    assert patched(signingKey=None) == msgspec.structs.replace(before, secret="")
    assert patched(eventFilters=None) == msgspec.structs.replace(before, wanted=(Wanted("sms.outbound"),))
    assert patched(eventFilters=filters(("channelId", "c"))) == msgspec.structs.replace(
        before, wanted=(Wanted("sms.outbound", (Filter("channelId", "c"),)),)
    )


def test_what_is_shown_can_be_sent_back() -> None:
    shown = show_subscription(STORED)
    assert patched(**shown) == patched()
    assert "signingKey" not in shown
    assert show_subscription(a_subscription("sms.inbound", active=False))["status"] == "inactive"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"event": "sms.inbound"}, "eventFilters[0].key"),
        ({"url": None}, "url"),
        ({"event": None}, "event"),
        ({"eventFilters": [{"key": 1, "value": ""}]}, "eventFilters[0].key"),
        ({"webhook": 1}, "webhook"),
    ],
)
def test_a_patch_is_checked_like_a_new_one(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(Refused) as refused:
        patched(**changes)
    assert (refused.value.status, refused.value.errors[0].path) == (422, path)


def test_a_patch_may_name_a_custom_platform() -> None:
    draft = patch_subscription(STORED, b'{"event":"drop-box.outbound"}', platforms=("drop-box",))
    assert draft.wanted[0].event == "drop-box.outbound"


def test_a_patch_that_is_no_object() -> None:
    with pytest.raises(Refused) as refused:
        patch_subscription(STORED, b"[]")
    assert refused.value.status == 422
