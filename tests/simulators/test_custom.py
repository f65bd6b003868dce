"""The custom provider's stand-in, driven by the connector's own calls over loopback."""

import base64
import time
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest

from support.carrier import carry
from support.listening import Listening, listening
from tidings.connectors.custom import Custom
from tidings.model.content import Content
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Target
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.signing import sign_standard
from tidings.simulators.custom import CustomProvider
from tidings.simulators.simulator import Fault, Order

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER_KEY = "whsec_" + base64.b64encode(b"o" * 32).decode()


Hub = Listening[CustomProvider]


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    message = {"message": "msg-1", "hop": 0, "platform": "sms", "to": "+447123123123"}
    settings = {"signingKey": KEY}
    async with listening(Custom, CustomProvider, settings, outgoing=message, retry_seconds=(0.01,)) as told:
        yield told


async def test_message_is_taken_and_reported(hub: Hub) -> None:
    sent = await hub.send("x" * 161)
    answer = {"to": "447123123123", "successful": True, "clientRef": "msg-1", "segmentCount": 2}
    assert msgspec.json.decode(sent.answer) == answer
    assert sent == Sent(pieces=(Piece("msg-1"),), answer=sent.answer, units=2)
    assert hub.stages == [Stage.SENT, Stage.DELIVERED]
    assert [report.target for report in hub.reports if isinstance(report, Receipt)] == [Target("msg-1", 0)] * 2
    assert hub.simulator.answers == [200, 200]
    assert [each["id"] for each in hub.simulator.taken] == ["msg-1:0"]


async def test_message_sent_again_is_taken_once(hub: Hub) -> None:
    first = await hub.send()
    again = await hub.send()
    assert again == first
    assert len(hub.simulator.taken) == 1
    assert len(hub.reports) == 2


async def test_message_without_a_body_has_no_segments(hub: Hub) -> None:
    native = Content(native={"sms": msgspec.Raw(b'{"a":1}')})
    sent = await hub.send(native, message="msg-2", to="ann")
    assert msgspec.json.decode(sent.answer) == {"to": "ann", "successful": True, "clientRef": "msg-2"}


async def test_taken_message_that_vanished_is_taken_once(hub: Hub) -> None:
    hub.simulator.order(Fault.VANISHED)
    with pytest.raises(NoReply) as silence:
        await hub.send()
    assert silence.value.taken
    assert (await hub.send()).pieces == (Piece("msg-1"),)
    assert len(hub.simulator.taken) == 1


async def test_dropped_message_is_taken_later(hub: Hub) -> None:
    hub.simulator.order(Fault.DROPPED)
    with pytest.raises(NoReply):
        await hub.send()
    assert hub.simulator.taken == []
    await hub.send()
    assert len(hub.simulator.taken) == 1


async def test_hanging_provider_makes_no_reply(hub: Hub) -> None:
    hub.simulator.order(Order(Fault.HANGING, seconds=5))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.2)) as session:
        with pytest.raises(NoReply) as silence:
            await carry(hub.connector.send(hub.outgoing(), report_to=hub.url), session=session)
    assert (silence.value.taken, silence.value.error) == (True, "timeout")


async def test_nobody_there_has_not_taken_it(hub: Hub) -> None:
    await hub.simulator.stop()
    with pytest.raises(NoReply) as silence:
        await hub.send()
    assert (silence.value.taken, silence.value.error) == (False, "connect")


async def test_throttling_and_trouble_defer(hub: Hub) -> None:
    hub.simulator.order(Order(Fault.THROTTLED, seconds=3), Fault.ERROR)
    with pytest.raises(SendDeferred) as throttled:
        await hub.send()
    assert (throttled.value.after, throttled.value.channel_wide) == (3.0, True)
    with pytest.raises(SendDeferred) as trouble:
        await hub.send()
    assert trouble.value.reason == Reason(Cause.PROVIDER, "internal error", "500", permanent=False)


async def test_refusals_fail(hub: Hub) -> None:
    hub.simulator.order(Order(Fault.REFUSED, code="UnicodeBodyRejected"), Order(Fault.REFUSED, code="422"))
    with pytest.raises(SendFailed) as unsuccessful:
        await hub.send()
    text = "SMS channel returned a status of unsuccessful"
    assert unsuccessful.value.reason == Reason(Cause.INVALID, text, "UnicodeBodyRejected")
    with pytest.raises(SendFailed) as refused:
        await hub.send()
    assert refused.value.reason == Reason(Cause.INVALID, "refused", "422")


async def test_wrong_key_is_refused_both_ways(hub: Hub) -> None:
    hub.channel(signingKey=OTHER_KEY)
    with pytest.raises(SendFailed) as refused:
        await hub.send()
    assert refused.value.reason.cause is Cause.ACCOUNT
    hub.simulator.post(hub.simulator.inbound("447234234234", "Hi"))
    await hub.simulator.settle()
    assert (hub.simulator.answers, hub.reports) == ([403, 403], [])


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
    call = Call(method="POST", url=f"{hub.simulator.base_url}/messages", headers=headers, body=body)
    assert (await carry(_once(call))).status == 400
    assert hub.simulator.taken == []


def _once(call: Call) -> Exchange[Reply]:
    return (yield call)


async def test_what_people_do_is_posted(hub: Hub) -> None:
    await hub.send()
    await hub.send(hop=1)
    hub.reports.clear()
    hub.simulator.post(
        [
            *hub.simulator.inbound("447234234234", "Hi", to="447123123123"),
            *hub.simulator.act("msg-1:0", "read"),
            *hub.simulator.act("msg-1", "clicked", url="https://example.test"),
        ]
    )
    await hub.simulator.settle()
    inbound, read, click = hub.reports
    assert isinstance(inbound, Inbound)
    assert (inbound.sender, inbound.to, inbound.content) == ("+447234234234", "+447123123123", Content(text="Hi"))
    assert isinstance(read, Receipt)
    assert (read.target.message, read.target.hop, read.stage) == ("msg-1", 0, Stage.READ)
    assert isinstance(click, Interaction)
    assert (click.deed, click.target.hop, click.url) == (Deed.CLICKED, 1, "https://example.test")
    with pytest.raises(ValueError, match="no such deed"):
        hub.simulator.act("msg-1", "waved")


async def test_callbacks_come_twice_reversed_early_or_never(hub: Hub) -> None:
    stages = [Stage.SENT, Stage.DELIVERED]
    for fault, expected in {
        Fault.DUPLICATE: [Stage.SENT, Stage.SENT, Stage.DELIVERED, Stage.DELIVERED],
        Fault.REORDERED: stages[::-1],
        Fault.EARLY: stages,
        Fault.LOST: [],
    }.items():
        hub.reports.clear()
        hub.simulator.order(fault)
        await hub.send(message=fault)
        assert hub.stages == expected, fault
    ids = [callback.headers["webhook-id"] for callback in hub.callbacks]
    assert len(set(ids)) == len(ids)
