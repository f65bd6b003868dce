"""Twilio's stand-in against the real connector, over sockets on loopback."""

from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from time import time
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from support.carrier import carry
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.twilio import Twilio
from tidings.model.content import Content, Media
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Callback, Sent
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report
from tidings.model.stages import Cause, Reason, Stage
from tidings.simulators.simulator import Fault, Order
from tidings.simulators.twilio import Twilio as Simulator
from tidings.simulators.twilio.webhooks import Overrides

ACCOUNT = "AC00112233445566778899aabbccddeeff"
SERVICE = "MG00000000000000000000000000000001"
SETTINGS = {"accountSid": ACCOUNT, "authToken": "hub-test-auth-token-0001", "sender": "+15005550006"}
TO = "+447700900123"


class Hub:
    """Where callbacks go: each is verified and read as the hub does."""

    def __init__(self, settings: dict[str, Any], stack: AsyncExitStack) -> None:
        self.settings = settings
        self.stack = stack
        self.callbacks: list[Callback] = []
        self.reports: list[Report] = []
        self.refusals: list[int] = []
        """Statuses to answer the next callbacks with."""

    async def start(self, **options: Any) -> Simulator:
        app = web.Application()
        app.router.add_route("*", "/callbacks/7/{below}", self._receive)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        self.stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/callbacks/7"
        self.simulator = Simulator(
            self.settings, callback_url=self.url, pace=0.0, retry_seconds=(0.01, 0.02), **options
        )
        base_url = await self.simulator.start()
        self.stack.push_async_callback(self.simulator.stop)
        self.connector = Twilio(read_settings(Twilio, {**self.settings, "baseUrl": base_url}), "sms")
        return self.simulator

    async def send(self, platform: str = "sms", **given: Any) -> Sent:
        content = given.pop("content", Content(text="Parcel ready"))
        connector = Twilio(self.connector.settings, platform)
        outgoing = Outgoing(
            **{"message": "msg:1", "hop": 2, "workspace": "ws-1", "to": TO, "now": int(time() * 1000), **given},
            platform=platform,
            content=content,
        )
        return await carry(connector.send(outgoing, report_to=self.url))

    async def _receive(self, request: web.Request) -> web.Response:
        callback = Callback(
            method=request.method,
            url=f"{self.url.removesuffix('/callbacks/7')}{request.raw_path}",
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            received_at=0,
            below=request.match_info["below"],
        )
        self.callbacks.append(callback)
        self.connector.verify(callback)
        if self.refusals:
            return web.Response(status=self.refusals.pop(0))
        self.reports += self.connector.parse(callback)
        answer = self.connector.answer(callback)
        return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)

    def stages(self) -> list[tuple[str, int | None, str, Stage]]:
        return [
            (report.target.message, report.target.hop, report.target.reference, report.stage)
            for report in self.reports
            if isinstance(report, Receipt)
        ]


Make = Callable[..., Hub]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    async with AsyncExitStack() as stack:
        yield lambda **settings: Hub({**SETTINGS, **settings}, stack)


async def test_life_of_a_message(make: Make) -> None:
    hub = make()
    simulator = await hub.start()
    sent = await hub.send()
    await simulator.settle()
    reference = simulator.taken[0]["id"]
    assert msgspec.json.decode(sent.answer)["sid"] == reference
    assert (sent.units, sent.sender, [piece.reference for piece in sent.pieces]) == (1, "+15005550006", [reference])
    assert hub.stages() == [("msg:1", 2, reference, Stage.SENT), ("msg:1", 2, reference, Stage.DELIVERED)]
    assert simulator.answers == [200, 200]
    assert hub.callbacks[0].url == f"{hub.url}/status?m=msg%3A1&h=2"
    fields = dict(pair.split("=") for pair in hub.callbacks[0].body.decode().replace("%2B", "+").split("&"))
    signature = hub.callbacks[0].headers["x-twilio-signature"]
    assert RequestValidator(SETTINGS["authToken"]).compute_signature(hub.callbacks[0].url, fields) == signature


@pytest.mark.parametrize("given", [{"apiKeySid": "SK1", "apiKeySecret": "s"}, {"messagingServiceSid": SERVICE}])
async def test_other_credentials_and_a_messaging_service(make: Make, given: dict[str, str]) -> None:
    hub = make(**given)
    simulator = await hub.start(port_signed=False)
    await hub.send("mms", content=Content(media=(Media(url="https://media.example/a.jpg"),)))
    await simulator.settle()
    assert simulator.taken[0]["id"].startswith("MM")
    assert simulator.taken[0]["media"] == ["https://media.example/a.jpg"]
    assert [stage for *_, stage in hub.stages()] == [Stage.SENT, Stage.DELIVERED]


async def test_wrong_credentials_stop_the_channel(make: Make) -> None:
    hub = make()
    simulator = await hub.start()
    for wrong in ({"authToken": "other"}, {"accountSid": "AC" + "0" * 32}):
        given = {**SETTINGS, **wrong, "baseUrl": simulator.base_url}
        hub.connector = Twilio(read_settings(Twilio, given), "sms")
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
async def test_refusals(make: Make, code: str, given: dict[str, Any]) -> None:
    hub = make()
    simulator = await hub.start()
    with pytest.raises(SendFailed) as failed:
        await hub.send(**given)
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
async def test_requests_that_the_connector_does_not_make(make: Make, fields: Any, code: int) -> None:
    simulator = await make().start()
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
async def test_failures_after_it_was_taken(make: Make, to: str, stage: Stage, reason: Reason) -> None:
    hub = make()
    simulator = await hub.start()
    await hub.send(to=to)
    await simulator.settle()
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
async def test_faults_of_the_callbacks(make: Make, order: Order | Fault, stages: Sequence[Stage]) -> None:
    hub = make()
    simulator = await hub.start()
    simulator.order(order)
    await hub.send()
    await simulator.settle()
    assert [stage for *_, stage in hub.stages()] == stages


async def test_faults_of_the_answer(make: Make) -> None:
    hub = make()
    simulator = await hub.start()
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
async def test_message_that_was_taken_without_an_answer_is_found(make: Make, path: Sequence[str]) -> None:
    hub = make()
    simulator = await hub.start(path=path)
    simulator.order(Fault.VANISHED)
    sent = await hub.send()
    assert [piece.reference for piece in sent.pieces] == [simulator.taken[0]["id"]]
    simulator.order(Fault.VANISHED)
    with pytest.raises(NoReply):  # Two that are alike: nobody can say which of them it is.
        await hub.send()
    assert len(simulator.taken) == 2


@pytest.mark.parametrize("refusals", [[500], [503, 404, 429]])
async def test_callback_is_posted_again(make: Make, refusals: list[int]) -> None:
    hub = make()
    simulator = await hub.start(path=("delivered",))
    hub.refusals = [*refusals]
    await hub.send()
    await simulator.settle()
    assert simulator.answers == [*refusals, 200]
    assert len({callback.headers["i-twilio-idempotency-token"] for callback in hub.callbacks}) == 1
    assert [stage for *_, stage in hub.stages()] == [Stage.DELIVERED]


async def test_callback_is_given_up(make: Make) -> None:
    hub = make()
    simulator = await hub.start(path=("delivered",))
    hub.refusals = [500] * 4
    await hub.send()
    hub.refusals.append(500)
    simulator.post(simulator.inbound(TO, "Hello"))
    await simulator.settle()
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


async def test_people_write(make: Make) -> None:
    hub = make()
    simulator = await hub.start()
    long = "A long message that came in several segments, and that was joined: café €5."
    simulator.post(simulator.inbound(TO, "Hello: café €5"))
    simulator.post(simulator.inbound(TO, "Hello: by GET", method="GET", fields={"ProfileName": "Ada"}))
    simulator.post(simulator.inbound(TO, long, packed=True))
    await simulator.settle()
    told = {report.content.text: report for report in hub.reports if isinstance(report, Inbound)}
    assert list(told) == ["Hello: café €5", "Hello: by GET", long]
    assert {(each.sender, each.to, each.platform) for each in told.values()} == {(TO, "+15005550006", "")}
    assert told["Hello: by GET"].name == "Ada"
    assert simulator.answers == [200, 200, 200]


async def test_media_stand_behind_credentials_and_a_redirect(make: Make) -> None:
    hub = make()
    simulator = await hub.start()
    media = [{"type": "image/png", "base64": "iVBORw=="}, {"type": "text/plain", "data": "words"}]
    simulator.post(simulator.inbound(TO, "", media=media))
    await simulator.settle()
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


async def test_person_opts_out_and_in_again(make: Make) -> None:
    hub = make()
    simulator = await hub.start(path=())
    sent = await hub.send()
    simulator.post(simulator.act(sent.pieces[0].reference, "stop"))
    await simulator.settle()
    inbound, request_to_stop = hub.reports
    assert isinstance(inbound, Inbound)
    assert isinstance(request_to_stop, Interaction)
    assert inbound.extra["optOutType"] == "STOP"
    assert (request_to_stop.deed, request_to_stop.sender) == (Deed.UNSUBSCRIBE_REQUEST, TO)
    with pytest.raises(SendFailed) as failed:
        await hub.send()
    assert failed.value.reason.cause is Cause.OPTED_OUT
    simulator.post(simulator.inbound(TO, "Start"))
    await simulator.settle()
    await hub.send()
    assert len(simulator.taken) == 2


async def test_links_are_shortened_and_clicked(make: Make) -> None:
    hub = make(messagingServiceSid=SERVICE, shortenUrls=True, smartEncoded=True)
    simulator = await hub.start(path=())
    sent = await hub.send(content=Content(text="It’s at https://shop.example/track/42"), track_links="on")
    reference = sent.pieces[0].reference
    assert simulator.taken[0]["body"].startswith("It's at https://go.example.test/")
    simulator.post(simulator.act(reference, "clicked", user_agent="Mozilla/5.0"))
    simulator.post(simulator.act(reference, "clicked", url="https://shop.example/elsewhere"))
    await simulator.settle()
    clicks = [report for report in hub.reports if isinstance(report, Interaction)]
    assert {click.url for click in clicks} == {"https://shop.example/track/42", "https://shop.example/elsewhere"}
    assert {(click.deed, click.target.reference) for click in clicks} == {(Deed.CLICKED, reference)}
    for callback in hub.callbacks:
        signature, body = callback.headers["x-twilio-signature"], callback.body.decode()
        assert RequestValidator(SETTINGS["authToken"]).validate(callback.url, body, signature)


async def test_things_happen_to_a_message(make: Make) -> None:
    hub = make()
    simulator = await hub.start(path=())
    reference = (await hub.send()).pieces[0].reference
    for deed, more in (("read", {}), ("expired", {}), ("failed", {"code": 30007}), ("partially_delivered", {})):
        simulator.post(simulator.act(reference, deed, **more))
        await simulator.settle()
    assert [stage for *_, stage in hub.stages()] == [Stage.READ, Stage.EXPIRED, Stage.FAILED, Stage.SENT]
    with pytest.raises(ValueError, match="no deed liked"):
        simulator.act(reference, "liked")
    with pytest.raises(ValueError, match="no message SM1"):
        simulator.act("SM1", "read")


async def test_messages_are_shown_changed_and_deleted(make: Make) -> None:
    hub = make()
    simulator = await hub.start(path=())
    sid = (await hub.send()).pieces[0].reference
    await hub.send()
    shown = await (await request(simulator, "GET", f"Messages/{sid}.json")).json()
    assert (shown["sid"], shown["status"], shown["body"]) == (sid, "queued", "Parcel ready")
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


async def test_nothing_without_credentials(make: Make) -> None:
    simulator = await make().start()
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
