"""The custom provider's stand-in, driven by the connector's own calls over loopback."""

import base64
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from support.carrier import carry
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.custom import Custom
from tidings.model.content import Content
from tidings.model.errors import BadSignature, NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Callback, Exchange, Piece, Reply, Sent
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.signing import sign_standard
from tidings.simulators.custom import CustomProvider
from tidings.simulators.simulator import Fault, Order

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER_KEY = "whsec_" + base64.b64encode(b"o" * 32).decode()


class Hub:
    """A provider's stand-in, a channel to it, and a door that keeps what the provider posts."""

    def __init__(self, provider: CustomProvider, url: str, settings: dict[str, Any]) -> None:
        self.provider = provider
        self.url = url
        self.connector = Custom(read_settings(Custom, settings), "sms")
        self.reports: list[Report] = []
        self.ids: list[str] = []

    def send(self, message: str = "msg-1", hop: int = 0, text: str = "Hello") -> Exchange[Sent]:
        outgoing = Outgoing(
            message=message,
            hop=hop,
            workspace="ws-1",
            platform="sms",
            to="+447123123123",
            content=Content(text=text),
            now=int(time.time() * 1000),
        )
        return self.connector.send(outgoing, report_to=self.url)

    async def take(self, request: web.Request) -> web.Response:
        callback = Callback(
            method=request.method,
            url=self.url,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            received_at=int(time.time() * 1000),
        )
        try:
            self.connector.verify(callback)
        except BadSignature:
            return web.Response(status=403)
        self.ids.append(callback.headers["webhook-id"])
        self.reports += self.connector.parse(callback)
        return web.Response()

    def told(self) -> list[tuple[str, int | None, Stage]]:
        return [
            (report.target.message, report.target.hop, report.stage)
            for report in self.reports
            if isinstance(report, Receipt)
        ]


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    door = web.Application()
    runner = web.AppRunner(door, access_log=None)
    provider = CustomProvider({"signingKey": KEY}, pace=0, retry_seconds=(0.01,))
    base_url = await provider.start()
    made = Hub(provider, "", {"url": f"{base_url}/messages", "signingKey": KEY})
    door.add_routes([web.post("/callbacks/7", made.take)])
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = provider.callback_url = f"http://127.0.0.1:{runner.addresses[0][1]}/callbacks/7"
    yield made
    await provider.stop()
    await runner.cleanup()


async def test_message_is_taken_and_reported(hub: Hub) -> None:
    sent = await carry(hub.send(text="x" * 161))
    await hub.provider.settle()
    answer = {"to": "447123123123", "successful": True, "clientRef": "msg-1", "segmentCount": 2}
    assert msgspec.json.decode(sent.answer) == answer
    assert sent == Sent(pieces=(Piece("msg-1"),), answer=sent.answer, units=2)
    assert hub.told() == [("msg-1", 0, Stage.SENT), ("msg-1", 0, Stage.DELIVERED)]
    assert hub.provider.answers == [200, 200]
    assert [each["id"] for each in hub.provider.taken] == ["msg-1:0"]


async def test_message_sent_again_is_taken_once(hub: Hub) -> None:
    first = await carry(hub.send())
    again = await carry(hub.send())
    await hub.provider.settle()
    assert again == first
    assert len(hub.provider.taken) == 1
    assert len(hub.reports) == 2


async def test_message_without_a_body_has_no_segments(hub: Hub) -> None:
    native = Content(native={"sms": msgspec.Raw(b'{"a":1}')})
    outgoing = Outgoing(
        message="msg-2", hop=0, workspace="ws", platform="sms", to="ann", content=native, now=int(time.time() * 1000)
    )
    sent = await carry(hub.connector.send(outgoing, report_to=hub.url))
    assert msgspec.json.decode(sent.answer) == {"to": "ann", "successful": True, "clientRef": "msg-2"}


async def test_taken_message_that_vanished_is_taken_once(hub: Hub) -> None:
    hub.provider.order(Fault.VANISHED)
    with pytest.raises(NoReply) as silence:
        await carry(hub.send())
    assert silence.value.taken
    assert (await carry(hub.send())).pieces == (Piece("msg-1"),)
    assert len(hub.provider.taken) == 1


async def test_dropped_message_is_taken_later(hub: Hub) -> None:
    hub.provider.order(Fault.DROPPED)
    with pytest.raises(NoReply):
        await carry(hub.send())
    assert hub.provider.taken == []
    await carry(hub.send())
    assert len(hub.provider.taken) == 1


async def test_hanging_provider_makes_no_reply(hub: Hub) -> None:
    hub.provider.order(Order(Fault.HANGING, seconds=5))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.2)) as session:
        with pytest.raises(NoReply) as silence:
            await carry(hub.send(), session=session)
    assert (silence.value.taken, silence.value.error) == (True, "timeout")


async def test_nobody_there_has_not_taken_it(hub: Hub) -> None:
    await hub.provider.stop()
    with pytest.raises(NoReply) as silence:
        await carry(hub.send())
    assert (silence.value.taken, silence.value.error) == (False, "connect")


async def test_throttling_and_trouble_defer(hub: Hub) -> None:
    hub.provider.order(Order(Fault.THROTTLED, seconds=3), Fault.ERROR)
    with pytest.raises(SendDeferred) as throttled:
        await carry(hub.send())
    assert (throttled.value.after, throttled.value.channel_wide) == (3.0, True)
    with pytest.raises(SendDeferred) as trouble:
        await carry(hub.send())
    assert trouble.value.reason == Reason(Cause.PROVIDER, "internal error", "500", permanent=False)


async def test_refusals_fail(hub: Hub) -> None:
    hub.provider.order(Order(Fault.REFUSED, code="UnicodeBodyRejected"), Order(Fault.REFUSED, code="422"))
    with pytest.raises(SendFailed) as unsuccessful:
        await carry(hub.send())
    text = "SMS channel returned a status of unsuccessful"
    assert unsuccessful.value.reason == Reason(Cause.INVALID, text, "UnicodeBodyRejected")
    with pytest.raises(SendFailed) as refused:
        await carry(hub.send())
    assert refused.value.reason == Reason(Cause.INVALID, "refused", "422")


async def test_wrong_key_is_refused_both_ways(hub: Hub) -> None:
    settings = {"url": f"{hub.provider.base_url}/messages", "signingKey": OTHER_KEY}
    hub.connector = Custom(read_settings(Custom, settings), "sms")
    with pytest.raises(SendFailed) as refused:
        await carry(hub.send())
    assert refused.value.reason.cause is Cause.ACCOUNT
    hub.provider.post(hub.provider.inbound("447234234234", "Hi"))
    await hub.provider.settle()
    assert (hub.provider.answers, hub.reports) == ([403, 403], [])


@pytest.mark.parametrize(
    ("key", "body"),
    [("msg-1:0", b"[]"), ("other:0", b'{"messageId":"msg-1","channel":"sms","to":"ann","hop":0}')],
)
async def test_request_that_is_no_message_is_refused(hub: Hub, key: str, body: bytes) -> None:
    seconds = int(time.time())
    headers = {
        "webhook-id": key,
        "webhook-timestamp": str(seconds),
        "webhook-signature": sign_standard(KEY, key, seconds, body),
    }
    call = Call(method="POST", url=f"{hub.provider.base_url}/messages", headers=headers, body=body)
    assert (await carry(_once(call))).status == 400
    assert hub.provider.taken == []


def _once(call: Call) -> Exchange[Reply]:
    return (yield call)


async def test_what_people_do_is_posted(hub: Hub) -> None:
    await carry(hub.send())
    await carry(hub.send(hop=1))
    await hub.provider.settle()
    hub.reports.clear()
    hub.provider.post(
        [
            *hub.provider.inbound("447234234234", "Hi", to="447123123123"),
            *hub.provider.act("msg-1:0", "read"),
            *hub.provider.act("msg-1", "clicked", url="https://example.test"),
        ]
    )
    await hub.provider.settle()
    inbound, read, click = hub.reports
    assert isinstance(inbound, Inbound)
    assert (inbound.sender, inbound.to, inbound.content) == ("+447234234234", "+447123123123", Content(text="Hi"))
    assert isinstance(read, Receipt)
    assert (read.target.message, read.target.hop, read.stage) == ("msg-1", 0, Stage.READ)
    assert isinstance(click, Interaction)
    assert (click.deed, click.target.hop, click.url) == (Deed.CLICKED, 1, "https://example.test")
    with pytest.raises(ValueError, match="no such deed"):
        hub.provider.act("msg-1", "waved")


async def test_callbacks_come_twice_reversed_early_or_never(hub: Hub) -> None:
    stages = [Stage.SENT, Stage.DELIVERED]
    for fault, expected in {
        Fault.DUPLICATE: [Stage.SENT, Stage.SENT, Stage.DELIVERED, Stage.DELIVERED],
        Fault.REORDERED: stages[::-1],
        Fault.EARLY: stages,
        Fault.LOST: [],
    }.items():
        hub.reports.clear()
        hub.provider.order(fault)
        await carry(hub.send(message=fault))
        await hub.provider.settle()
        assert [stage for _, _, stage in hub.told()] == expected, fault
    assert len(set(hub.ids)) == len(hub.ids)
