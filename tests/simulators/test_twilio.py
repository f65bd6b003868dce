"""Twilio's stand-in against the real connector, over sockets on loopback."""

from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import msgspec
import pytest
from twilio.request_validator import RequestValidator

from support.carrier import carry
from support.listening import Listening, listening
from tidings.connectors.twilio import Twilio
from tidings.model.content import Content, Media
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Target
from tidings.model.stages import Cause, Reason, Stage
from tidings.simulators.simulator import Fault, Order
from tidings.simulators.twilio import Twilio as Simulator
from tidings.simulators.twilio.webhooks import Overrides

ACCOUNT = "AC00112233445566778899aabbccddeeff"
SERVICE = "MG00000000000000000000000000000001"
SETTINGS = {"accountSid": ACCOUNT, "authToken": "hub-test-auth-token-0001", "sender": "+15005550006"}
TO = "+447700900123"


Start = Callable[..., Awaitable[Listening[Simulator]]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def begin(given: Mapping[str, Any] | None = None, **simulated: Any) -> Listening[Simulator]:
            settings = {**SETTINGS, **(given or {})}
            message = {"message": "msg:1", "hop": 2, "to": TO}
            return await stack.enter_async_context(
                listening(Twilio, Simulator, settings, outgoing=message, **simulated)
            )

        yield begin


async def test_life_of_a_message(start: Start) -> None:
    hub = await start()
    simulator = hub.simulator
    sent = await hub.send()
    reference = simulator.taken[0]["id"]
    assert msgspec.json.decode(sent.answer)["sid"] == reference
    assert (sent.units, sent.sender, [piece.reference for piece in sent.pieces]) == (1, "+15005550006", [reference])
    assert hub.stages == [Stage.SENT, Stage.DELIVERED]
    targets = [report.target for report in hub.reports if isinstance(report, Receipt)]
    assert targets == [Target(message="msg:1", hop=2, reference=reference)] * 2
    assert simulator.answers == [200, 200]
    assert hub.callbacks[0].url == f"{hub.url}/status?m=msg%3A1&h=2"
    fields = dict(pair.split("=") for pair in hub.callbacks[0].body.decode().replace("%2B", "+").split("&"))
    signature = hub.callbacks[0].headers["x-twilio-signature"]
    assert RequestValidator(SETTINGS["authToken"]).compute_signature(hub.callbacks[0].url, fields) == signature


@pytest.mark.parametrize("given", [{"apiKeySid": "SK1", "apiKeySecret": "s"}, {"messagingServiceSid": SERVICE}])
async def test_other_credentials_and_a_messaging_service(start: Start, given: dict[str, str]) -> None:
    hub = await start(given, port_signed=False)
    simulator = hub.simulator
    hub.connector = Twilio(hub.connector.settings, "mms")
    await hub.send(Content(media=(Media(url="https://media.example/a.jpg"),)))
    assert simulator.taken[0]["id"].startswith("MM")
    assert simulator.taken[0]["media"] == ["https://media.example/a.jpg"]
    assert hub.stages == [Stage.SENT, Stage.DELIVERED]


async def test_wrong_credentials_stop_the_channel(start: Start) -> None:
    hub = await start()
    simulator = hub.simulator
    for wrong in ({"authToken": "other"}, {"accountSid": "AC" + "0" * 32}):
        hub.channel(**wrong)
        with pytest.raises(SendDeferred) as deferred:
            await hub.send()
        assert (deferred.value.reason.code, deferred.value.channel_wide) == ("20003", True)
    assert simulator.taken == []


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("21211", {"to": "+15005550001"}),
    ("21211", {"to": "somebody"}),
    ("21604", {"to": ""}),
    ("21612", {"to": "+15005550002"}),
    ("21408", {"to": "+15005550003"}),
    ("21610", {"to": "+15005550004"}),
    ("21614", {"to": "+15005550009"}),
    ("21606", {"sender": "+15005550007"}),
    ("21620", {"content": Content(native={"sms": msgspec.Raw(b'{"MediaUrl":"ftp://a"}')})}),
    (
        "21623",
        {"content": Content(native={"sms": msgspec.Raw(b'{"MediaUrl":[%s"https://a"]}' % (b'"https://a",' * 10))})},
    ),
    ("21617", {"content": Content(native={"sms": msgspec.Raw(b'{"Body":"%s"}' % (b"a" * 1601))})}),
    ("21602", {"content": Content(native={"sms": msgspec.Raw(b'{"Body":""}')})}),
    ("20001", {"content": Content(native={"sms": msgspec.Raw(b'{"Body":"a","ValidityPeriod":0}')})}),
    ("30114", {"content": Content(native={"sms": msgspec.Raw(b'{"Body":"a","ShortenUrls":true}')})}),
]


@pytest.mark.parametrize(("code", "given"), REFUSED)
async def test_refusals(start: Start, code: str, given: dict[str, Any]) -> None:
    hub = await start()
    simulator = hub.simulator
    with pytest.raises(SendFailed) as failed:
        await carry(hub.connector.send(hub.outgoing(**given), report_to=hub.url))
    assert (failed.value.reason.code, simulator.taken) == (code, [])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": TO, "Body": "a"}, 21603),
        ({"To": TO, "Body": "a", "From": "An Overlong Name"}, 21606),
        ({"To": TO, "Body": "a", "From": "ACME", "StatusCallback": "hub"}, 21609),
        (None, 21604),
    ],
)
async def test_requests_that_the_connector_does_not_make(start: Start, fields: Any, code: int) -> None:
    simulator = (await start()).simulator
    body = {"data": fields} if fields else {"json": {"To": TO}}
    answer = await request(simulator, "POST", "Messages.json", **body)
    assert (answer.status, (await answer.json())["code"]) == (400, code)


@pytest.mark.parametrize(
    ("to", "stage", "reason"),
    [
        ("+15005530003", Stage.FAILED, Reason(Cause.UNREACHABLE, "The handset cannot be reached now.", "30003", False)),
        ("+15005530036", Stage.EXPIRED, Reason(Cause.EXPIRED, "The validity period is over.", "30036", True)),
    ],
)
async def test_failures_after_it_was_taken(start: Start, to: str, stage: Stage, reason: Reason) -> None:
    hub = await start()
    await hub.send(to=to)
    last = hub.reports[-1]
    assert isinstance(last, Receipt)
    assert (last.stage, last.reason) == (stage, reason)


@pytest.mark.parametrize(
    ("order", "stages"),
    [
        (Fault.DUPLICATE, [Stage.SENT, Stage.SENT, Stage.DELIVERED, Stage.DELIVERED]),
        (Fault.REORDERED, [Stage.DELIVERED, Stage.SENT]),
        (Fault.EARLY, [Stage.SENT, Stage.DELIVERED]),
        (Order(Fault.LATE, seconds=0.05), [Stage.SENT, Stage.DELIVERED]),
        (Fault.LOST, []),
    ],
)
async def test_faults_of_the_callbacks(start: Start, order: Order | Fault, stages: Sequence[Stage]) -> None:
    hub = await start()
    simulator = hub.simulator
    simulator.order(order)
    await hub.send()
    assert hub.stages == stages


async def test_faults_of_the_answer(start: Start) -> None:
    hub = await start()
    simulator = hub.simulator
    simulator.order(Order(Fault.REFUSED, code="21612"), Order(Fault.THROTTLED, seconds=7), Fault.ERROR, Fault.DROPPED)
    with pytest.raises(SendFailed, match="21612"):
        await hub.send()
    with pytest.raises(SendDeferred) as throttled:
        await hub.send()
    assert (throttled.value.after, throttled.value.channel_wide) == (7.0, True)
    for why in ("Twilio answered 500", "disconnected"):
        with pytest.raises(SendDeferred, match=why):
            await hub.send()
    assert simulator.taken == []


@pytest.mark.parametrize("path", [("sent", "delivered"), ("queued",), ()])
async def test_message_that_was_taken_without_an_answer_is_found(start: Start, path: Sequence[str]) -> None:
    hub = await start(path=path)
    simulator = hub.simulator
    simulator.order(Fault.VANISHED)
    sent = await hub.send()
    assert [piece.reference for piece in sent.pieces] == [simulator.taken[0]["id"]]
    simulator.order(Fault.VANISHED)
    with pytest.raises(NoReply):  # Two that are alike: nobody can say which of them it is.
        await hub.send()
    assert len(simulator.taken) == 2


@pytest.mark.parametrize("refusals", [[500], [503, 404, 429]])
async def test_callback_is_posted_again(start: Start, refusals: list[int]) -> None:
    hub = await start(path=("delivered",))
    simulator = hub.simulator
    hub.answers = [*refusals]
    await hub.send()
    assert simulator.answers == [*refusals, 200]
    assert len({callback.headers["i-twilio-idempotency-token"] for callback in hub.callbacks}) == 1
    assert hub.stages == [Stage.DELIVERED]


async def test_callback_is_given_up(start: Start) -> None:
    hub = await start(path=("delivered",))
    simulator = hub.simulator
    hub.answers = [500] * 4
    await hub.send()
    hub.answers.append(500)
    await hub.happens(simulator.inbound(TO, "Hello"))
    assert simulator.answers == [500, 500, 500, 500, 500]
    assert hub.reports == []


@pytest.mark.parametrize(
    ("fragment", "status", "again"),
    [
        ("", 0, True),
        ("", 500, False),
        ("#rc=3&rp=all", 500, True),
        ("#rc=3&rp=all", 404, True),
        ("#rc=3&rp=all", 302, False),
        ("#rc=3&rp=4xx,ct", 404, True),
        ("#rc=3&rp=4xx,ct", 500, False),
        ("#rc=x&rp=5xx", 204, False),
    ],
)
def test_what_the_fragment_asks_for(fragment: str, status: int, again: bool) -> None:
    assert Overrides.of(f"https://hub.example.test/a{fragment}").again(status) is again


def test_retries_that_the_fragment_asks_for() -> None:
    urls = ["https://a", "https://a#rc=0", "https://a#rc=3", "https://a#rc=9", "https://a#rc=-1"]
    assert [Overrides.of(url).retries for url in urls] == [1, 0, 3, 5, 1]


async def test_people_write(start: Start) -> None:
    hub = await start()
    simulator = hub.simulator
    long = "A long message that came in several segments, and that was joined: café €5."
    simulator.post(simulator.inbound(TO, "Hello: café €5"))
    simulator.post(simulator.inbound(TO, "Hello: by GET", method="GET", fields={"ProfileName": "Ada"}))
    await hub.happens(simulator.inbound(TO, long, packed=True))
    told = {report.content.text: report for report in hub.reports if isinstance(report, Inbound)}
    assert list(told) == ["Hello: café €5", "Hello: by GET", long]
    assert {(each.sender, each.to, each.platform) for each in told.values()} == {(TO, "+15005550006", "")}
    assert told["Hello: by GET"].name == "Ada"
    assert simulator.answers == [200, 200, 200]


async def test_media_stand_behind_credentials_and_a_redirect(start: Start) -> None:
    hub = await start()
    simulator = hub.simulator
    media = [{"type": "image/png", "base64": "iVBORw=="}, {"type": "text/plain", "data": "words"}]
    await hub.happens(simulator.inbound(TO, "", media=media))
    [inbound] = hub.reports
    assert isinstance(inbound, Inbound)
    assert (inbound.platform, [each.type for each in inbound.content.media]) == ("mms", ["image/png", "text/plain"])
    url = inbound.content.media[0].url
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as refused:
            assert refused.status == 401
        async with session.get(url, headers=authorization(SETTINGS["authToken"])) as given:
            assert (given.content_type, await given.read()) == ("image/png", b"\x89PNG")
        async with session.get(f"{simulator.base_url}/_media/ME1") as unknown:
            assert unknown.status == 404


async def test_person_opts_out_and_in_again(start: Start) -> None:
    hub = await start(path=())
    simulator = hub.simulator
    sent = await hub.send()
    await hub.happens(simulator.act(sent.pieces[0].reference, "stop"))
    inbound, request_to_stop = hub.reports
    assert isinstance(inbound, Inbound)
    assert isinstance(request_to_stop, Interaction)
    assert inbound.extra["optOutType"] == "STOP"
    assert (request_to_stop.deed, request_to_stop.sender) == (Deed.UNSUBSCRIBE_REQUEST, TO)
    with pytest.raises(SendFailed) as failed:
        await hub.send()
    assert failed.value.reason.cause is Cause.OPTED_OUT
    await hub.happens(simulator.inbound(TO, "Start"))
    await hub.send()
    assert len(simulator.taken) == 2


async def test_links_are_shortened_and_clicked(start: Start) -> None:
    hub = await start({"messagingServiceSid": SERVICE, "shortenUrls": True, "smartEncoded": True}, path=())
    simulator = hub.simulator
    sent = await hub.send(Content(text="It’s at https://shop.example/track/42"), track_links="on")
    reference = sent.pieces[0].reference
    assert simulator.taken[0]["body"].startswith("It's at https://go.example.test/")
    simulator.post(simulator.act(reference, "clicked", user_agent="Mozilla/5.0"))
    await hub.happens(simulator.act(reference, "clicked", url="https://shop.example/elsewhere"))
    clicks = [report for report in hub.reports if isinstance(report, Interaction)]
    assert {click.url for click in clicks} == {"https://shop.example/track/42", "https://shop.example/elsewhere"}
    assert {(click.deed, click.target.reference) for click in clicks} == {(Deed.CLICKED, reference)}
    for callback in hub.callbacks:
        signature, body = callback.headers["x-twilio-signature"], callback.body.decode()
        assert RequestValidator(SETTINGS["authToken"]).validate(callback.url, body, signature)


async def test_things_happen_to_a_message(start: Start) -> None:
    hub = await start(path=())
    simulator = hub.simulator
    reference = (await hub.send()).pieces[0].reference
    for deed, more in (("read", {}), ("expired", {}), ("failed", {"code": 30007}), ("partially_delivered", {})):
        await hub.happens(simulator.act(reference, deed, **more))
    assert hub.stages == [Stage.READ, Stage.EXPIRED, Stage.FAILED, Stage.SENT]
    with pytest.raises(ValueError, match="no deed liked"):
        simulator.act(reference, "liked")
    with pytest.raises(ValueError, match="no message SM1"):
        simulator.act("SM1", "read")


async def test_messages_are_shown_changed_and_deleted(start: Start) -> None:
    hub = await start(path=())
    simulator = hub.simulator
    sid = (await hub.send()).pieces[0].reference
    await hub.send()
    shown = await (await request(simulator, "GET", f"Messages/{sid}.json")).json()
    assert (shown["sid"], shown["status"], shown["body"]) == (sid, "queued", "Hello")
    listed = await (await request(simulator, "GET", "Messages.json?PageSize=1")).json()
    assert ([each["sid"] for each in listed["messages"]], bool(listed["next_page_uri"])) == (
        [simulator.taken[1]["id"]],
        True,
    )
    await request(simulator, "POST", f"Messages/{sid}.json", data={"Body": ""})
    await request(simulator, "POST", f"Messages/{sid}.json", data={"Status": "canceled"})
    await simulator.settle()
    [canceled] = hub.reports
    assert isinstance(canceled, Receipt)
    assert (canceled.stage, canceled.reason) == (Stage.FAILED, Reason(Cause.CANCELLED, "canceled"))
    assert (simulator.taken[0]["body"], simulator.taken[0]["status"]) == ("", "canceled")
    statuses = [(await request(simulator, "DELETE", f"Messages/{sid}.json")).status for _ in range(2)]
    assert statuses == [204, 404]
    assert [(await request(simulator, way, f"Messages/{sid}.json")).status for way in ("GET", "POST")] == [404, 404]


async def test_nothing_without_credentials(start: Start) -> None:
    simulator = (await start()).simulator
    places = ("Messages.json", "Messages/SM1.json", "Messages/SM1/Media/ME1")
    answers = [(await request(simulator, "GET", place, password="wrong")).status for place in places]
    assert answers == [401, 401, 401]


async def request(
    simulator: Simulator, method: str, place: str, *, password: str = SETTINGS["authToken"], **more: Any
) -> aiohttp.ClientResponse:
    async with aiohttp.ClientSession(headers=authorization(password)) as session:
        url = f"{simulator.base_url}/2010-04-01/Accounts/{ACCOUNT}/{place}"
        async with session.request(method, url, **more) as response:
            await response.read()
            return response


def authorization(password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{ACCOUNT}:{password}'.encode()).decode()}"}
