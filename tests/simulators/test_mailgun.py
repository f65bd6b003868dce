"""Mailgun's stand-in, driven by the connector's own calls over loopback."""

import base64
import io
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
import pytest

from support.mailing import Mailing, mailing
from tidings.connectors import mailgun
from tidings.model.content import Content, Media, Template
from tidings.model.errors import SendDeferred, SendFailed
from tidings.model.exchange import Piece, Sent
from tidings.model.reports import Deed, Inbound, Interaction, Receipt
from tidings.model.stages import Cause, Stage
from tidings.rules.uploads import Upload, write_form
from tidings.simulators.mailgun import Mailgun
from tidings.simulators.simulator import Fault, Order

SETTINGS = {
    "apiKey": "key-account-0001",
    "signingKey": "key-hub-webhook-signing-0001",
    "domain": "mail.hub.example",
    "sender": "Shop <shop@mail.hub.example>",
}
AUTH = {"authorization": f"Basic {base64.b64encode(b'api:key-account-0001').decode()}"}


Start = Callable[..., Any]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:
        yield lambda **options: stack.enter_async_context(mailing(mailgun.Mailgun, Mailgun, SETTINGS, **options))


def told(hub: Mailing) -> list[Stage | Deed]:
    """What the reports say, in the order they came."""
    return [
        report.stage if isinstance(report, Receipt) else report.deed
        for report in hub.reports
        if isinstance(report, Receipt | Interaction)
    ]


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
    sent = await hub.send(f"{local}@example.com")
    if generation == "json":
        expected = [Stage.SENT, *LIVES[local]]
    else:
        expected = [each for each in LIVES[local] if each is not Stage.PROCESSING and local != "rejected"]
    assert told(hub) == expected
    assert hub.simulator.answers == [200] * len(expected)
    for report in hub.reports:
        assert isinstance(report, Receipt | Interaction)
        target = report.target
        assert (target.message, target.hop, target.reference) == ("0198-msg", 2, sent.pieces[0].reference)
        assert target.recipient == f"{local}@example.com"
        assert isinstance(report, Receipt) or report.prefetched == local.startswith("bot-")


async def test_reason_comes_through(start: Start) -> None:
    hub = await start(generation="legacy")
    await hub.send("suppressed-606@example.com", "suppressed-607@example.com", "hard-5.1.1@example.com")
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
    sent = await hub.send("ada@example.com", content=content, options=options, tags=("order",))
    (taken,) = hub.simulator.taken
    assert sent == Sent(
        pieces=(Piece("0198-msg.2@mail.hub.example", "ada@example.com"),),
        answer=msgspec.Raw(json.dumps({"id": taken["id"], "message": "Queued. Thank you."}).encode()),
        sender="shop@mail.hub.example",
    )
    assert (taken["subject"], taken["from"], taken["template"]) == (
        "Grüße",
        '"Shop" <shop@mail.hub.example>',
        "greeting",
    )
    assert taken["template-variables"] == {"name": "Ada"}
    assert taken["headers"] == {"X-Order": "42", "Message-Id": "<0198-msg.2@mail.hub.example>"}
    assert taken["variables"] == {"tidings-messageId": "0198-msg", "tidings-apiSpaceId": "ws-1", "tidings-hop": "2"}
    assert taken["files"] == [
        {"field": "inline", "name": "logo.png", "type": "image/png"},
        {"field": "attachment", "name": "a.bin", "type": "application/octet-stream"},
    ]
    assert taken["tags"] == ["order"]
    assert told(hub) == [Stage.SENT, Stage.DELIVERED]


async def test_raw_mail_goes_to_its_own_door(start: Start) -> None:
    hub = await start()
    native = {"email": msgspec.Raw(b'{"message": "Subject: Raw\\r\\n\\r\\nHello"}')}
    await hub.send("ada@example.com", content=Content(native=native))
    assert hub.simulator.taken[0]["files"] == [{"field": "message", "name": "message.eml", "type": "message/rfc822"}]


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
    url = hub.simulator.base_url + settings.get("baseUrl", "")
    hub.channel(**{**settings, "baseUrl": url})
    with pytest.raises(SendDeferred) as caught:
        await hub.send("ada@example.com")
    assert (caught.value.reason.cause, caught.value.reason.code, caught.value.channel_wide) == (cause, code, True)
    assert hub.simulator.taken == []


async def test_one_bad_recipient_refuses_the_whole_call(start: Start) -> None:
    hub = await start()
    with pytest.raises(SendFailed) as caught:
        await hub.send("ada@example.com", "bob@localhost")
    assert caught.value.reason.text == "'to' parameter is not a valid address. please check documentation"
    assert hub.simulator.taken == []


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


async def post(hub: Mailing, fields: dict[str, Any], path: str = "messages") -> tuple[int, str]:
    url = f"{hub.simulator.base_url}/v3/mail.hub.example/{path}"
    headers = {**AUTH, "content-type": "application/x-www-form-urlencoded"}
    body = io.BytesIO(urlencode(fields, doseq=True).encode())
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        return response.status, await response.text()


async def test_mail_that_says_nothing_is_refused(start: Start) -> None:
    hub = await start()
    people = {"from": "a@b.example", "to": "c@d.example"}
    assert (await post(hub, people))[0] == 400
    assert (await post(hub, people, "messages.mime"))[0] == 400
    content_type, body = write_form([*people.items(), ("text", "x")], [("extra", Upload("a", "t/t", b"x"))])
    url = f"{hub.simulator.base_url}/v3/mail.hub.example/messages"
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
    hub.simulator.order(order)
    with pytest.raises(SendDeferred) as caught:
        await hub.send("ada@example.com")
    assert (caught.value.after, caught.value.reason.code) == (after, code)


async def test_ordered_refusal_is_final(start: Start) -> None:
    hub = await start()
    hub.simulator.order(Order(Fault.REFUSED, code="402"))
    with pytest.raises(SendFailed) as caught:
        await hub.send("ada@example.com")
    assert caught.value.reason.code == "402"


async def test_lost_answer_is_looked_up_among_the_events(start: Start) -> None:
    hub = await start()
    hub.simulator.order(Fault.VANISHED)
    sent = await hub.send("ada@example.com")
    assert sent.pieces == (Piece("0198-msg.2@mail.hub.example", "ada@example.com"),)
    again = await hub.send("ada@example.com", tries=1)
    assert again.pieces == sent.pieces
    assert len(hub.simulator.taken) == 1


async def test_dropped_message_is_sent_again_once(start: Start) -> None:
    hub = await start()
    hub.simulator.order(Fault.DROPPED)
    with pytest.raises(SendDeferred):
        await hub.send("ada@example.com")
    await hub.send("ada@example.com", tries=1)
    assert len(hub.simulator.taken) == 1


async def test_repeated_post_has_the_same_key(start: Start) -> None:
    hub = await start()
    hub.simulator.order(Fault.DUPLICATE)
    await hub.send("ada@example.com")
    keys = [report.key for report in hub.reports]
    assert [keys[0], keys[2]] == [keys[1], keys[3]]
    assert len(set(keys)) == 2


async def test_posts_are_repeated_until_200_or_406(start: Start) -> None:
    hub = await start(generation="legacy")
    hub.answers = [503, 201]
    await hub.send("ada@example.com")
    assert (hub.simulator.answers, told(hub)) == ([503, 201, 200], [Stage.DELIVERED])
    hub.answers = [503, 406]
    await hub.send("ada@example.com")
    assert (hub.simulator.answers, told(hub)) == ([503, 201, 200, 503, 406], [Stage.DELIVERED])


async def test_something_happens_later(start: Start) -> None:
    hub = await start()
    sent = await hub.send("ada@example.com")
    clicks = hub.simulator.act(sent.pieces[0].reference, "clicked", url="https://shop.example/", bot="apple")
    await hub.happens(clicks)
    click = hub.reports[-1]
    assert (click.deed, click.url, click.prefetched) == (Deed.CLICKED, "https://shop.example/", True)


async def test_mail_comes_in_by_a_route(start: Start) -> None:
    hub = await start()
    data = bytes(range(256))
    attachment = {"name": "ä.bin", "type": "application/octet-stream", "data": base64.b64encode(data).decode()}
    for how in ("forward", "store", "mime"):
        more = {"subject": "Re: Your order", "attachments": [attachment], "headers": {"In-Reply-To": "<m.0@x.example>"}}
        await hub.happens(hub.simulator.inbound("Ada <ada@example.com>", "Grüße", how=how, **more))
    await hub.happens(hub.simulator.inbound("bob@example.com", "Hi", html="<p>Hi</p>"))
    forwarded, stored, mime, plain = hub.reports
    assert [callback.content_type for callback in hub.callbacks] == [
        "multipart/form-data",
        *["application/x-www-form-urlencoded"] * 3,
    ]
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
        await hub.send(f"{local}@example.com")
    base = f"{hub.simulator.base_url}/v3/mail.hub.example/events"
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
