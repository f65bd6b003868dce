"""The custom connector's oddities: its settings, any platform, signatures by an independent library."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from standardwebhooks import Webhook

from tidings.connectors.connector import Capabilities, Outgoing, read_settings
from tidings.connectors.custom import Custom
from tidings.connectors.proving import spoiling
from tidings.model.content import KINDS, Content
from tidings.model.errors import BadSignature, Refused
from tidings.model.exchange import Callback, Piece, Sent, encode_raw
from tidings.model.platforms import PLATFORMS
from tidings.model.reports import Deed

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
URL = "https://provider.example.test/messages"
CALLBACK_URL = "https://hub.example.test/callbacks/7"


def custom(platform: str = "sms", **settings: Any) -> Custom:
    return Custom(read_settings(Custom, settings), platform)


def outgoing(now: int, **more: Any) -> Outgoing:
    content = Content(text="Grüße \x00")
    return Outgoing(message="m", hop=3, workspace="w", platform="sms", to="+1", content=content, now=now, **more)


def test_any_platform_can_do_everything() -> None:
    everything = Capabilities(
        sends=frozenset(KINDS),
        receipts=True,
        reads=True,
        interactions=frozenset(Deed) - {Deed.READ},
        inbound=True,
        tracks_links=True,
        deduplicates=True,
        only={"receipts": "where the settings say so", "reads": "where the settings say so"},
        signature="Standard Webhooks, HMAC-SHA256",
    )
    email = msgspec.structs.replace(everything, several_recipients=True, receipt_is_the_messages=True)
    assert dict(Custom.capabilities) == {name: email if name == "email" else everything for name in PLATFORMS}
    assert len(Custom.capabilities) == len(PLATFORMS)
    assert Custom.capabilities["carrier-pigeon"] == everything
    assert custom("carrier-pigeon", reads=True).able == everything


def test_operator_says_what_is_reported() -> None:
    able = custom(receipts=False).able
    assert (able.receipts, able.reads) == (False, False)
    able = custom(reads=True).able
    assert (able.receipts, able.reads) == (True, True)


@pytest.mark.parametrize(
    ("settings", "polled"),
    [
        ({}, True),
        ({"mode": "poll"}, True),
        ({"url": URL, "mode": "poll"}, True),
        ({"url": URL, "signingKey": KEY}, False),
        ({"url": URL, "signingKey": KEY, "mode": "push"}, False),
    ],
)
def test_messages_are_posted_or_polled(settings: dict[str, Any], polled: bool) -> None:
    assert custom(**settings).polled is polled


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "push", "signingKey": KEY}, "to push, a url is needed"),
        ({"url": URL}, "to push, a signingKey is needed"),
        ({"signingKey": "whsec_!"}, "a signing key must be whsec_ and base64"),
        ({"inboundKey": "whsec_"}, "a signing key is empty"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused) as refused:
        custom(**settings)
    assert [error.message for error in refused.value.errors] == [message]


def test_library_verifies_what_is_posted() -> None:
    moment = datetime.now(UTC)
    exchange = custom(url=URL, signingKey=KEY).send(outgoing(int(moment.timestamp() * 1000)), report_to=CALLBACK_URL)
    call = next(exchange)
    told = Webhook(KEY).verify(call.body, dict(call.headers))
    assert told == {
        "messageId": "m",
        "apiSpaceId": "w",
        "channel": "sms",
        "hop": 3,
        "to": "+1",
        "body": "Grüße \x00",
        "clientRef": "m",
        "statusUrl": CALLBACK_URL,
    }
    assert call.headers["webhook-id"] == "m:3"


def test_polled_message_is_handed_over_in_the_same_words() -> None:
    polled, pushed = custom(signingKey=KEY), custom(url=URL, signingKey=KEY)
    call = next(pushed.send(outgoing(0), report_to=CALLBACK_URL))
    assert polled.hand_over(outgoing(0), report_to=CALLBACK_URL) == call.body
    with pytest.raises(StopIteration) as end:
        next(polled.send(outgoing(0), report_to=CALLBACK_URL))
    answer = encode_raw({"to": "1", "successful": True, "clientRef": "m"})
    assert end.value.value == Sent(pieces=(Piece("m"),), answer=answer, units=1)


@pytest.mark.parametrize("late", [timedelta(minutes=-5), timedelta(0), timedelta(minutes=5)])
def test_what_the_library_signs_is_believed_within_five_minutes(late: timedelta) -> None:
    moment = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
    body = '[{"type":"gossip"}]'
    headers = {
        "webhook-id": "evt",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": "v1,bm90IG91cnM= " + Webhook(KEY).sign("evt", moment, body),
    }
    custom(signingKey=KEY).verify(
        Callback(
            method="POST",
            url=CALLBACK_URL,
            headers=headers,
            body=body.encode(),
            received_at=int((moment + late).timestamp() * 1000),
        )
    )


def test_one_changed_byte_of_a_signed_header_is_refused() -> None:
    moment = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
    headers = {
        "webhook-id": "evt",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(KEY).sign("evt", moment, "[]"),
    }
    at = int(moment.timestamp() * 1000)
    callback = Callback(method="POST", url=CALLBACK_URL, headers=headers, body=b"[]", received_at=at)
    connector = custom(signingKey=KEY)
    connector.verify(callback)
    changed = list(spoiling.with_byte_changed(callback, tuple(headers)))
    assert len(changed) == sum(map(len, headers.values()))
    for each in changed:
        with pytest.raises(BadSignature):
            connector.verify(each)
