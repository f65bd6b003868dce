"""The simulator of RCS for Business, met by the connector over loopback, and as strict as Google is."""

import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest

from support.carrier import carry
from tidings.cli.simulation import sample
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.rbm import Rbm
from tidings.model.content import Action, Card, Content, Media
from tidings.model.errors import SendDeferred, SendFailed
from tidings.model.exchange import Callback, Sent
from tidings.model.stages import Cause
from tidings.simulators.rbm import Rbm as Google
from tidings.simulators.simulator import Fault, Order

SETTINGS = sample("rbm")[1]
PHONE = "+447700900123"
ID = "0198c2f4-9a3d-7f7b-8a52-0c5d3e2f1a10"
PICTURE = Media("image/png", "https://files.example/1.png")
YES = Action("Yes", payload="yes")


@pytest.fixture
async def google() -> AsyncIterator[Google]:
    simulator = Google(SETTINGS, unreachable=("+447700900404",), statuses=())
    await simulator.start()
    yield simulator
    await simulator.stop()


def connector(google: Google, **more: Any) -> Rbm:
    return Rbm(read_settings(Rbm, {**SETTINGS, "baseUrl": google.base_url, **more}), "rcs")


async def send(google: Google, content: Content, *, to: str = PHONE, **more: Any) -> Sent:
    outgoing = Outgoing(message=ID, hop=0, workspace="w", platform="rcs", to=to, content=content, now=1)
    return await carry(connector(google, **more).send(outgoing, report_to=""))


@pytest.mark.parametrize(
    "content",
    [
        Content(text="Hi", actions=(YES,)),
        Content(text="Hi", media=(PICTURE,), title="Look"),
        Content(media=(PICTURE, PICTURE)),
        Content(cards=(Card("One", actions=(YES,)), Card("Two", media=PICTURE))),
    ],
)
async def test_what_the_connector_writes_is_taken(google: Google, content: Content) -> None:
    sent = await send(google, content)
    assert [each.reference for each in sent.pieces] == [each["id"] for each in google.taken]


async def test_a_message_sent_twice_is_one(google: Google) -> None:
    assert await send(google, Content(text="Hi")) != await send(google, Content(text="Hi"))
    assert len(google.taken) == 1


async def test_who_cannot_be_reached_and_who_may_not_send_are_refused(google: Google) -> None:
    with pytest.raises(SendFailed) as unreachable:
        await send(google, Content(text="Hi"), to="+447700900404")
    assert unreachable.value.reason.cause is Cause.UNREACHABLE
    with pytest.raises(SendFailed) as stranger:
        await send(google, Content(text="Hi"), agentId="another")
    assert stranger.value.reason.cause is Cause.ACCOUNT
    with pytest.raises(SendDeferred) as stale:
        await send(google, Content(text="Hi"), accessToken="old")
    assert stale.value.stale


async def test_a_token_is_given_for_an_assertion_of_the_account_only(google: Google) -> None:
    now = time.time_ns() // 1_000_000
    exchange = connector(google, accessToken="").renewal(now, refused=False)
    assert exchange is not None
    changed = await carry(exchange)
    assert changed["accessToken"] in google.tokens
    other = connector(google, accessToken="", clientEmail="somebody@else.example").renewal(now, refused=False)
    assert other is not None
    with pytest.raises(SendDeferred):
        await carry(other)


@pytest.mark.parametrize(
    ("order", "status"),
    [(Order(Fault.REFUSED, "400"), 400), (Order(Fault.THROTTLED, seconds=3), 429), (Order(Fault.ERROR), 500)],
)
async def test_faults_are_answered_as_google_does(google: Google, order: Order, status: int) -> None:
    google.order(order)
    with pytest.raises((SendFailed, SendDeferred)):
        await send(google, Content(text="Hi"))
    assert google.taken == []
    if status == 429:
        google.order(order)
        with pytest.raises(SendDeferred) as wait:
            await send(google, Content(text="Hi"))
        assert (wait.value.after, wait.value.channel_wide) == (3.0, True)


CONTENT = {"text": "Hi"}
WRONG: Mapping[str, Any] = {
    "no JSON": b"{",
    "no message": {},
    "two kinds": {"contentMessage": {"text": "Hi", "contentInfo": {"fileUrl": "https://x.example"}}},
    "long text": {"contentMessage": {"text": "x" * 3073}},
    "odd field": {"contentMessage": CONTENT, "colour": "red"},
    "odd traffic": {"contentMessage": CONTENT, "messageTrafficType": "GOSSIP"},
    "odd ttl": {"contentMessage": CONTENT, "ttl": "soon"},
    "no file": {"contentMessage": {"contentInfo": {"fileUrl": "file:///etc/passwd"}}},
    "two cards in one": {"contentMessage": {"richCard": {"standaloneCard": {}, "carouselCard": {}}}},
    "empty card": {"contentMessage": {"richCard": {"standaloneCard": {"cardContent": {}}}}},
    "long card": {"contentMessage": {"richCard": {"standaloneCard": {"cardContent": {"title": "x" * 201}}}}},
    "card without its file": {
        "contentMessage": {
            "richCard": {"standaloneCard": {"cardContent": {"media": {"contentInfo": {"fileUrl": "x"}}}}}
        }
    },
    "card with five buttons": {
        "contentMessage": {
            "richCard": {
                "standaloneCard": {"cardContent": {"title": "x", "suggestions": [{"reply": {"text": "x"}}] * 5}}
            }
        }
    },
    "carousel of one": {"contentMessage": {"richCard": {"carouselCard": {"cardContents": [{"title": "x"}]}}}},
    "long button": {"contentMessage": {"text": "x", "suggestions": [{"reply": {"text": "x" * 26}}]}},
}


@pytest.mark.parametrize("what", WRONG)
async def test_what_google_would_refuse_is_refused(google: Google, what: str) -> None:
    body = WRONG[what]
    status = await _ask(google, "POST", f"phones/{PHONE}/agentMessages?messageId={ID}", body)
    assert status == 400
    assert google.taken == []


async def test_ids_are_uuids(google: Google) -> None:
    assert await _ask(google, "POST", f"phones/{PHONE}/agentMessages?messageId=1", {"contentMessage": CONTENT}) == 400


async def test_messages_are_taken_back_and_capabilities_told(google: Google) -> None:
    await send(google, Content(text="Hi"))
    assert await _ask(google, "DELETE", f"phones/{PHONE}/agentMessages/{ID}?x=1") == 200
    assert google.revoked == [ID]
    assert await _ask(google, "DELETE", f"phones/{PHONE}/agentMessages/other?x=1") == 404
    assert await _ask(google, "GET", f"phones/{PHONE}/capabilities?requestId=1") == 200
    assert await _ask(google, "GET", "phones/+447700900404/capabilities?requestId=1") == 404
    for method, path in (("DELETE", f"phones/{PHONE}/agentMessages/{ID}"), ("GET", f"phones/{PHONE}/capabilities")):
        assert await _ask(google, method, f"{path}?x=1", token="old") == 401


async def test_what_is_pushed_is_what_the_connector_reads(google: Google) -> None:
    await send(google, Content(text="Hi", actions=(YES,)))
    listening = connector(google)
    google.callback_url = "https://hub.example.test/callbacks/7"
    callbacks = [
        *google.act(ID, "DELIVERED"),
        *google.act(ID, "tap", text="Yes"),
        *google.act(ID, "tap", text="No such button", payload="none", url="https://x.example"),
        *google.act(ID, "stop"),
        *google.expire(ID),
        *google.inbound(PHONE, "Hello"),
        *google.inbound(PHONE, "", location={"latitude": 1.0, "longitude": 2.0}),
    ]
    meant = []
    for each in callbacks:
        post = each()
        callback = Callback(method="POST", url=post.url, headers=post.headers, body=post.body, received_at=1)
        listening.verify(callback)
        meant += [type(report).__name__ for report in listening.parse(callback)]
    assert meant == [
        *("Receipt", "Interaction", "Inbound", "Interaction"),
        *("Interaction", "Inbound", "Receipt", "Inbound", "Inbound"),
    ]


async def _ask(google: Google, method: str, path: str, body: Any = None, *, token: str = "") -> int:
    headers = {"authorization": f"Bearer {token or SETTINGS['accessToken']}"}
    url = f"{google.base_url}/v1/{path}&agentId={SETTINGS['agentId']}"
    data = {"data": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers, **data) as answer:
        return answer.status
