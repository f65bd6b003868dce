"""Mailgun's stand-in, driven by the connector's own calls over loopback."""

import base64
import io
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
import pytest
from aiohttp import web

from support.carrier import carry
from tidings.connectors import mailgun
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.mailgun.forms import File, write_multipart
from tidings.model.content import Content, Media, Template
from tidings.model.errors import SendDeferred, SendFailed
from tidings.model.exchange import Callback, Exchange, Piece, Sent
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report
from tidings.model.stages import Cause, Stage
from tidings.simulators.mailgun import Mailgun
from tidings.simulators.simulator import Fault, Order

SETTINGS = {
    "apiKey": "key-account-0001",
    "signingKey": "key-hub-webhook-signing-0001",
    "domain": "mail.hub.example",
    "sender": "Shop <shop@mail.hub.example>",
}
AUTH = {"authorization": f"Basic {base64.b64encode(b'api:key-account-0001').decode()}"}
CALLBACK_URL = "https://hub.example.test/callbacks/7"


class Hub:
    """A stand-in, a channel to it, and a door that verifies and reads what it posts."""

    def __init__(self, provider: Mailgun) -> None:
        self.provider = provider
        self.channel(baseUrl=provider.base_url)
        self.reports: list[Report] = []
        self.types: list[str] = []
        self.statuses: list[int] = []

    def channel(self, **more: Any) -> None:
        self.connector = mailgun.Mailgun(read_settings(mailgun.Mailgun, SETTINGS | more), "email")

    def send(self, *to: str, content: Content | None = None, **more: Any) -> Exchange[Sent]:
        outgoing = Outgoing(
            message="msg-1",
            hop=2,
            workspace="ws-1",
            platform="email",
            to=to[0],
            recipients=tuple(("to", address) for address in to),
            content=content or Content(title="Your order", text="It is on its way."),
            now=int(time.time() * 1000),
            **more,
        )
        assert self.connector.check(outgoing) == ()
        return self.connector.send(outgoing, report_to=CALLBACK_URL)

    async def take(self, request: web.Request) -> web.Response:
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        callback = Callback(
            method=request.method,
            url=f"{CALLBACK_URL}{request.match_info['below']}",
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            received_at=int(time.time() * 1000),
            below=request.match_info["below"].strip("/"),
        )
        self.connector.verify(callback)
        self.types.append(callback.content_type)
        self.reports += self.connector.parse(callback)
        return web.Response()

    def told(self) -> list[Stage | Deed]:
        """What the reports say, in the order they came."""
        return [
            report.stage if isinstance(report, Receipt) else report.deed
            for report in self.reports
            if isinstance(report, Receipt | Interaction)
        ]


Start = Callable[..., Any]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    cleanups: list[Callable[[], Any]] = []

    async def begin(**options: Any) -> Hub:
        provider = Mailgun(SETTINGS, pace=0.0, **{"retry_seconds": (0.01, 0.01), **options})
        await provider.start()
        cleanups.append(provider.stop)
        hub = Hub(provider)
        app = web.Application(client_max_size=2**22)
        app.router.add_post("/callbacks/7{below:.*}", hub.take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        cleanups.append(runner.cleanup)
        provider.callback_url = f"http://127.0.0.1:{runner.addresses[0][1]}/callbacks/7"
        return hub

    yield begin
    for cleanup in cleanups:
        await cleanup()


GENERATIONS = ["json", "legacy", "legacy-multipart"]
LIVES: dict[str, list[Stage | Deed]] = {
    "deliver": [Stage.DELIVERED],
    "hard-5.1.1": [Stage.FAILED],
    "temp-then-deliver": [Stage.PROCESSING, Stage.DELIVERED],
    "temp-then-old": [Stage.PROCESSING, Stage.EXPIRED],
    "unreachable-499": [Stage.EXPIRED],
    "suppressed-606": [Stage.FAILED],
    "complain": [Stage.DELIVERED, Deed.REPORTED_AS_SPAM],
    "unsub": [Stage.DELIVERED, Deed.OPENED, Deed.UNSUBSCRIBE_REQUEST],
    "delayed-bounce": [Stage.DELIVERED, Stage.FAILED],
    "click-before-delivery": [Deed.OPENED, Deed.CLICKED, Stage.DELIVERED],
    "bot-open-apple": [Stage.DELIVERED, Deed.OPENED],
    "bot-click-generic": [Stage.DELIVERED, Deed.CLICKED],
    "rejected": [Stage.FAILED],
}


@pytest.mark.parametrize("local", LIVES)
@pytest.mark.parametrize("generation", GENERATIONS)
async def test_life_is_told_in_either_generation(start: Start, generation: str, local: str) -> None:
    hub = await start(generation=generation)
    sent = await carry(hub.send(f"{local}@example.com"))
    await hub.provider.settle()
    if generation == "json":
        expected = [Stage.SENT, *LIVES[local]]
    else:
        expected = [told for told in LIVES[local] if told is not Stage.PROCESSING and local != "rejected"]
    assert hub.told() == expected
    assert hub.provider.answers == [200] * len(expected)
    for report in hub.reports:
        assert isinstance(report, Receipt | Interaction)
        target = report.target
        assert (target.message, target.hop, target.reference) == ("msg-1", 2, sent.pieces[0].reference)
        assert target.recipient == f"{local}@example.com"
        assert isinstance(report, Receipt) or report.prefetched == local.startswith("bot-")


async def test_reason_comes_through(start: Start) -> None:
    hub = await start(generation="legacy")
    await carry(hub.send("suppressed-606@example.com", "suppressed-607@example.com", "hard-5.1.1@example.com"))
    await hub.provider.settle()
    causes = {each.target.recipient: each.reason.cause for each in hub.reports}
    assert causes == {
        "suppressed-606@example.com": Cause.OPTED_OUT,
        "suppressed-607@example.com": Cause.COMPLAINED,
        "hard-5.1.1@example.com": Cause.BAD_ADDRESS,
    }


async def test_everything_of_a_message_arrives(start: Start) -> None:
    hub = await start()
    content = Content(
        title="Grüße",
        html='<img src="cid:logo.png">',
        media=(Media(type="image/png", name="logo.png", data="iVBORw0KGgo="), Media(name="a.bin", data="AAE=")),
        template=Template("greeting", variables={"name": "Ada"}),
        headers={"X-Order": "42"},
    )
    options = {"testMode": True, "deliveryTime": int(time.time() * 1000) + 60_000, "requireTls": True}
    sent = await carry(hub.send("ada@example.com", content=content, options=options, tags=("order",)))
    await hub.provider.settle()
    (taken,) = hub.provider.taken
    assert sent == Sent(
        pieces=(Piece("msg-1.2@mail.hub.example", "ada@example.com"),),
        answer=msgspec.Raw(json.dumps({"id": taken["id"], "message": "Queued. Thank you."}).encode()),
        sender="shop@mail.hub.example",
    )
    assert (taken["subject"], taken["from"], taken["template"]) == (
        "Grüße",
        '"Shop" <shop@mail.hub.example>',
        "greeting",
    )
    assert taken["template-variables"] == {"name": "Ada"}
    assert taken["headers"] == {"X-Order": "42", "Message-Id": "<msg-1.2@mail.hub.example>"}
    assert taken["variables"] == {"tidings-messageId": "msg-1", "tidings-apiSpaceId": "ws-1", "tidings-hop": "2"}
    assert taken["files"] == [
        {"field": "inline", "name": "logo.png", "type": "image/png"},
        {"field": "attachment", "name": "a.bin", "type": "application/octet-stream"},
    ]
    assert taken["tags"] == ["order"]
    assert hub.told() == [Stage.SENT, Stage.DELIVERED]


async def test_raw_mail_goes_to_its_own_door(start: Start) -> None:
    hub = await start()
    native = {"email": msgspec.Raw(b'{"message": "Subject: Raw\\r\\n\\r\\nHello"}')}
    await carry(hub.send("ada@example.com", content=Content(native=native)))
    assert hub.provider.taken[0]["files"] == [{"field": "message", "name": "message.eml", "type": "message/rfc822"}]


@pytest.mark.parametrize(
    ("settings", "cause", "code"),
    [
        ({"apiKey": "wrong"}, Cause.ACCOUNT, "401"),
        ({"domain": "other.example"}, Cause.ACCOUNT, "404"),
        ({"baseUrl": "/elsewhere"}, Cause.ACCOUNT, "200"),
    ],
)
async def test_wrong_setting_holds_the_channel_up(
    start: Start, settings: dict[str, str], cause: Cause, code: str
) -> None:
    hub = await start()
    url = hub.provider.base_url + settings.get("baseUrl", "")
    hub.channel(**{**settings, "baseUrl": url})
    with pytest.raises(SendDeferred) as caught:
        await carry(hub.send("ada@example.com"))
    assert (caught.value.reason.cause, caught.value.reason.code, caught.value.channel_wide) == (cause, code, True)
    assert hub.provider.taken == []


async def test_one_bad_recipient_refuses_the_whole_call(start: Start) -> None:
    hub = await start()
    with pytest.raises(SendFailed) as caught:
        await carry(hub.send("ada@example.com", "bob@localhost"))
    assert caught.value.reason.text == "'to' parameter is not a valid address. please check documentation"
    assert hub.provider.taken == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "nobody"},
        {"cc": "bob@localhost"},
        {"o:tag": ["a", "b", "c", "d"]},
        {"o:tag": ["ä"]},
        {"o:tracking": "maybe"},
        {"o:dkim": "htmlonly"},
        {"o:deliverytime": "tomorrow"},
        {"o:deliverytime": "Fri, 01 Jan 2100 00:00:00 +0000"},
        {"o:deliver-within": "soon"},
        {"t:variables": "{"},
        {"h:X-Long": "x" * 16_000, "h:X-Longer": "x" * 1_000},
    ],
)
async def test_bad_parameter_is_refused(start: Start, wrong: dict[str, Any]) -> None:
    hub = await start()
    fields = {"from": "a@b.example", "to": "c@d.example", "text": "x"}
    assert (await post(hub, fields | wrong))[0] == 400
    assert (await post(hub, fields))[0] == 200


async def post(hub: Hub, fields: dict[str, Any], path: str = "messages") -> tuple[int, str]:
    url = f"{hub.provider.base_url}/v3/mail.hub.example/{path}"
    headers = {**AUTH, "content-type": "application/x-www-form-urlencoded"}
    body = io.BytesIO(urlencode(fields, doseq=True).encode())
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        return response.status, await response.text()


async def test_mail_that_says_nothing_is_refused(start: Start) -> None:
    hub = await start()
    people = {"from": "a@b.example", "to": "c@d.example"}
    assert (await post(hub, people))[0] == 400
    assert (await post(hub, people, "messages.mime"))[0] == 400
    content_type, body = write_multipart([*people.items(), ("text", "x")], [("extra", File("a", b"x", "t/t"))])
    url = f"{hub.provider.base_url}/v3/mail.hub.example/messages"
    headers = {**AUTH, "content-type": content_type}
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        assert response.status == 400
    assert (await post(hub, {"text": "x"}))[0] == 400
    assert (await post(hub, {**people, "text": "x"}))[0] == 200


@pytest.mark.parametrize(
    ("order", "after", "code"),
    [
        (Order(Fault.THROTTLED, seconds=7), 7.0, "429"),
        (Order(Fault.ERROR), None, "500"),
    ],
)
async def test_trouble_that_passes(start: Start, order: Order, after: float | None, code: str) -> None:
    hub = await start()
    hub.provider.order(order)
    with pytest.raises(SendDeferred) as caught:
        await carry(hub.send("ada@example.com"))
    assert (caught.value.after, caught.value.reason.code) == (after, code)


async def test_ordered_refusal_is_final(start: Start) -> None:
    hub = await start()
    hub.provider.order(Order(Fault.REFUSED, code="402"))
    with pytest.raises(SendFailed) as caught:
        await carry(hub.send("ada@example.com"))
    assert caught.value.reason.code == "402"


async def test_lost_answer_is_looked_up_among_the_events(start: Start) -> None:
    hub = await start()
    hub.provider.order(Fault.VANISHED)
    sent = await carry(hub.send("ada@example.com"))
    assert sent.pieces == (Piece("msg-1.2@mail.hub.example", "ada@example.com"),)
    again = await carry(hub.send("ada@example.com", tries=1))
    assert again.pieces == sent.pieces
    assert len(hub.provider.taken) == 1


async def test_dropped_message_is_sent_again_once(start: Start) -> None:
    hub = await start()
    hub.provider.order(Fault.DROPPED)
    with pytest.raises(SendDeferred):
        await carry(hub.send("ada@example.com"))
    await carry(hub.send("ada@example.com", tries=1))
    assert len(hub.provider.taken) == 1


async def test_repeated_post_has_the_same_key(start: Start) -> None:
    hub = await start()
    hub.provider.order(Fault.DUPLICATE)
    await carry(hub.send("ada@example.com"))
    await hub.provider.settle()
    keys = [report.key for report in hub.reports]
    assert [keys[0], keys[2]] == [keys[1], keys[3]]
    assert len(set(keys)) == 2


async def test_posts_are_repeated_until_200_or_406(start: Start) -> None:
    hub = await start(generation="legacy")
    hub.statuses = [503, 201]
    await carry(hub.send("ada@example.com"))
    await hub.provider.settle()
    assert (hub.provider.answers, hub.told()) == ([503, 201, 200], [Stage.DELIVERED])
    hub.statuses = [503, 406]
    await carry(hub.send("ada@example.com"))
    await hub.provider.settle()
    assert (hub.provider.answers, hub.told()) == ([503, 201, 200, 503, 406], [Stage.DELIVERED])


async def test_something_happens_later(start: Start) -> None:
    hub = await start()
    sent = await carry(hub.send("ada@example.com"))
    await hub.provider.settle()
    clicks = hub.provider.act(sent.pieces[0].reference, "clicked", url="https://shop.example/", bot="apple")
    hub.provider.post(clicks)
    await hub.provider.settle()
    click = hub.reports[-1]
    assert (click.deed, click.url, click.prefetched) == (Deed.CLICKED, "https://shop.example/", True)


async def test_mail_comes_in_by_a_route(start: Start) -> None:
    hub = await start()
    data = bytes(range(256))
    attachment = {"name": "ä.bin", "type": "application/octet-stream", "data": base64.b64encode(data).decode()}
    for how in ("forward", "store", "mime"):
        more = {"subject": "Re: Your order", "attachments": [attachment], "headers": {"In-Reply-To": "<m.0@x.example>"}}
        hub.provider.post(hub.provider.inbound("Ada <ada@example.com>", "Grüße", how=how, **more))
        await hub.provider.settle()
    hub.provider.post(hub.provider.inbound("bob@example.com", "Hi", html="<p>Hi</p>"))
    await hub.provider.settle()
    forwarded, stored, mime, plain = hub.reports
    assert hub.types == ["multipart/form-data", *["application/x-www-form-urlencoded"] * 3]
    for mail in (forwarded, stored, mime):
        assert isinstance(mail, Inbound)
        assert (mail.sender, mail.name, mail.to) == ("ada@example.com", "Ada", "inbox@mail.hub.example")
        assert (mail.content.title, mail.content.text) == ("Re: Your order", "Grüße")
        assert mail.reply_to is not None
        assert mail.reply_to.reference == "m.0@x.example"
    assert forwarded.content.media == (
        Media(type="application/octet-stream", name="ä.bin", data=attachment["data"], size=256),
    )
    assert (plain.sender, plain.content) == ("bob@example.com", Content(text="Hi", html="<p>Hi</p>"))
    (kept,) = stored.content.media
    assert (kept.name, kept.size) == ("ä.bin", 256)
    async with aiohttp.ClientSession() as session:
        async with session.get(kept.url, headers=AUTH) as response:
            assert await response.read() == data
        async with session.get(kept.url) as response:
            assert response.status == 401
        async with session.get(kept.url + "0", headers=AUTH) as response:
            assert response.status == 404


async def test_events_are_listed_page_by_page(start: Start) -> None:
    hub = await start()
    began = time.time()
    for local in ("deliver", "open", "unsub"):
        await carry(hub.send(f"{local}@example.com"))
    base = f"{hub.provider.base_url}/v3/mail.hub.example/events"
    async with aiohttp.ClientSession(headers=AUTH) as session:

        async def pages(**query: str) -> list[list[str]]:
            url, params, found = base, query, [["…"]]
            while found[-1]:
                async with session.get(url, params=params) as response:
                    page = await response.json()
                found.append([event["event"] for event in page["items"]])
                url, params = page["paging"]["next"], {}
            return found[1:]

        in_order = [["accepted", "delivered", "accepted", "delivered"], ["opened", "accepted", "delivered", "opened"]]
        assert await pages(begin=f"{began}", ascending="yes", limit="4") == [*in_order, ["unsubscribed"], []]
        assert await pages(recipient="open@example.com") == [["opened", "delivered", "accepted"], []]
        assert await pages(event="unsubscribed", begin=f"{time.time()}") == [["unsubscribed"], []]
        assert await pages(begin=f"{began - 9}", end=f"{began}") == [[]]
        assert await pages(**{"message-id": "another@example.com"}) == [[]]
        async with session.get(base, headers={"authorization": "Basic d3Jvbmc="}) as response:
            assert response.status == 401


async def test_message_too_large_is_refused(start: Start) -> None:
    hub = await start()
    status, _ = await post(hub, {"from": "a@b.example", "to": "c@d.example", "text": "x" * (26 * 2**20)})
    assert status == 413
