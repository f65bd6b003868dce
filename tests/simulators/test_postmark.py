"""Postmark's stand-in, driven by the connector's own calls over loopback."""

import base64
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from support.mailing import Mailing, mailing
from tidings.connectors.postmark import Postmark as Connector
from tidings.model.content import Content, Media, Template
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Piece
from tidings.model.reports import Inbound, Interaction, Receipt, Target
from tidings.model.stages import Cause
from tidings.simulators.postmark import Postmark
from tidings.simulators.simulator import Fault, Order

SETTINGS: dict[str, Any] = {
    "serverToken": "a-server-token",
    "webhookLogin": "hub:a-password",
    "sender": "Shop <shop@hub.example>",
    "replyTo": "reply+{message}@in.hub.example",
}


def postmark(other: dict[str, Any] | None = None, **simulated: Any) -> AbstractAsyncContextManager[Mailing]:
    return mailing(Connector, Postmark, SETTINGS | (other or {}), **simulated)


@pytest.mark.parametrize(
    ("local", "told"),
    [
        ("ada", ["delivered"]),
        ("hard-5.1.1", ["failed"]),
        ("full", ["failed"]),
        ("blocked", ["failed"]),
        ("delayed", ["processing", "delivered"]),
        ("expired", ["processing", "expired"]),
        ("delayed-bounce", ["delivered", "failed"]),
        ("rejected", ["failed"]),
        ("away", ["delivered"]),
        ("open", ["delivered", "opened"]),
        ("click-before-delivery", ["opened", "clicked", "delivered"]),
        ("machine-open", ["delivered", "opened*"]),
        ("machine-click", ["delivered", "clicked*"]),
        ("complain", ["delivered", "reported-as-spam"]),
        ("unsub", ["delivered", "opened", "unsubscribe-request"]),
    ],
)
async def test_what_becomes_of_a_mail_is_told(local: str, told: list[str]) -> None:
    async with postmark() as hub:
        sent = await hub.send(f"{local}@example.com")
        assert hub.told == told
        first = hub.reports[0]
        assert isinstance(first, Receipt | Interaction)
        assert first.target == Target("0198-msg", 2, sent.pieces[0].reference, f"{local}@example.com")


async def test_whoever_is_inactive_is_refused_and_the_others_get_it() -> None:
    async with postmark() as hub:
        sent = await hub.send("ada@example.com", "suppressed@example.com", "opted-out@example.com")
        assert [bool(piece.refused) for piece in sent.pieces] == [False, True, True]
        assert isinstance(sent.pieces[0], Piece)
        assert hub.told == ["delivered"]
        with pytest.raises(SendFailed) as refused:
            await hub.send("suppressed@example.com")
        assert (refused.value.reason.cause, refused.value.reason.code) == (Cause.BAD_ADDRESS, "406")


async def test_content_goes_out_as_it_was_meant() -> None:
    async with postmark() as hub:
        files = (Media(type="image/gif", name="dot.gif", data="R0lGODlhAQABAAAAACw="),)
        content = Content(title="Grüße", text="Grüße", html='<img src="cid:dot.gif">', media=files)
        await hub.send("ada@example.com", content=content, tags=("order", "new"))
        await hub.send("ada@example.com", content=Content(template=Template("order", variables={"n": "7"})))
        html, template = (taken["request"] for taken in hub.simulator.taken)
        assert (html["Subject"], html["Tag"], html["TextBody"]) == ("Grüße", "order", "Grüße")
        assert html["Attachments"][0]["ContentID"] == "cid:dot.gif"
        assert html["ReplyTo"] == "reply+0198-msg@in.hub.example"
        assert (template["TemplateAlias"], template["TemplateModel"]) == ("order", {"n": "7"})
        with pytest.raises(SendFailed) as refused:
            await hub.send("ada@example.com", content=Content(template=Template("missing")))
        assert refused.value.reason.code == "1101"


async def test_nothing_happens_with_the_test_token() -> None:
    async with postmark() as hub:
        other = Connector(hub.connector.settings, "email")
        assert other.sender == "shop@hub.example"
        hub.simulator.settings = SETTINGS
        url, headers = f"{hub.simulator.base_url}/email", {"X-Postmark-Server-Token": "POSTMARK_API_TEST"}
        body = {"From": "shop@hub.example", "To": "ada@example.com", "TextBody": "Hi"}
        async with hub.http.post(url, json=body, headers=headers) as response:
            assert (await response.json())["ErrorCode"] == 0
        await hub.simulator.settle()
        assert (hub.simulator.taken, hub.reports) == ([], [])


async def test_trouble_that_passes() -> None:
    async with postmark() as hub:
        hub.simulator.order(Order(Fault.THROTTLED, seconds=7), Fault.ERROR, Order(Fault.REFUSED, "405"))
        with pytest.raises(SendDeferred) as caught:
            await hub.send("ada@example.com")
        assert (caught.value.after, caught.value.reason.cause) == (7.0, Cause.THROTTLED)
        with pytest.raises(SendDeferred) as caught:
            await hub.send("ada@example.com")
        assert caught.value.reason.cause is Cause.PROVIDER
        with pytest.raises(SendFailed) as refused:
            await hub.send("ada@example.com")
        assert refused.value.reason.cause is Cause.ACCOUNT
        hub.simulator.settings = {**SETTINGS, "serverToken": "another"}
        with pytest.raises(SendDeferred) as caught:
            await hub.send("ada@example.com")
        assert (caught.value.reason.code, caught.value.channel_wide) == ("10", True)


async def test_a_lost_answer_is_told_of_by_the_webhooks() -> None:
    async with postmark() as hub:
        hub.simulator.order(Fault.VANISHED)
        with pytest.raises(NoReply) as silence:
            await hub.send("ada@example.com")
        assert silence.value.taken
        await hub.simulator.settle()
        assert hub.told == ["delivered"]


async def test_posts_are_repeated_until_200_or_403() -> None:
    async with postmark() as hub:
        hub.answers = [500, 201]
        await hub.send("ada@example.com")
        assert (hub.simulator.answers, hub.told) == ([500, 201, 200], ["delivered"])
        hub.answers = [403]
        await hub.send("ada@example.com")
        assert (hub.simulator.answers[3:], hub.told) == ([403], ["delivered"])


async def test_whoever_mistyped_the_login_has_time_to_mend_it() -> None:
    async with postmark() as hub:
        hub.simulator.settings = {**SETTINGS, "webhookLogin": "hub:mistyped"}
        await hub.send("ada@example.com")
        assert (hub.simulator.answers, hub.reports) == ([401, 401, 401], [])


async def test_a_secret_header_proves_a_webhook_but_no_inbound_mail() -> None:
    secret = {"webhookLogin": None, "webhookSecret": "a-secret", "webhookHeader": "X-Ours"}
    async with postmark(secret) as hub:
        await hub.send("ada@example.com")
        assert hub.told == ["delivered"]
        assert hub.callbacks[0].headers["x-ours"] == "a-secret"
        await hub.happens(hub.simulator.inbound("ada@example.com", "Hi"))
        assert (hub.simulator.answers[1:], hub.told) == ([401, 401, 401], ["delivered"])


@pytest.mark.parametrize("raw", [False, True])
async def test_mails_come_in(raw: bool) -> None:
    async with postmark() as hub:
        attachment = {"name": "ä.bin", "type": "application/x-any", "data": base64.b64encode(b"octets").decode()}
        told = {"subject": "Re: Grüße", "attachments": [attachment], "html": "<p>Grüße</p>", "raw": raw}
        to = {"to": "reply+0198-msg@in.hub.example"}
        (inbound,) = await hub.happens(hub.simulator.inbound("Ada <ada@example.com>", "Grüße", **told, **to))
        assert isinstance(inbound, Inbound)
        assert (inbound.sender, inbound.name, inbound.to) == ("ada@example.com", "Ada", to["to"])
        assert (inbound.content.title, inbound.content.text, inbound.content.html) == (
            "Re: Grüße",
            "Grüße",
            "<p>Grüße</p>",
        )
        assert inbound.content.media == (
            Media(type="application/x-any", name="ä.bin", size=6, data=attachment["data"]),
        )
        assert inbound.reply_to == Target("0198-msg")
        (second,) = await hub.happens(hub.simulator.inbound("ada@example.com", "Hi"))
        assert isinstance(second, Inbound)
        assert (second.to, second.reply_to) == ("inbox@in.hub.example", None)


async def test_something_happens_later() -> None:
    async with postmark() as hub:
        sent = await hub.send("ada@example.com", "bob@example.com")
        id_ = sent.pieces[0].reference
        (click,) = await hub.happens(
            hub.simulator.act(id_, "clicked", link="https://shop.example/", recipient="bob@example.com")
        )
        assert isinstance(click, Interaction)
        assert (click.url, click.sender, click.prefetched) == ("https://shop.example/", "bob@example.com", False)
        assert hub.simulator.act(id_, "sent") == []


WHOLE: dict[str, Any] = {"From": "shop@hub.example", "To": "a@example.com", "TextBody": "Hi"}


@pytest.mark.parametrize(
    ("changed", "path", "code"),
    [
        ({}, "", 0),
        ([], "", 402),
        ({"To": ""}, "", 300),
        ({"To": "äda@example.com"}, "", 300),
        ({"Cc": ", ".join(f"c{n}@example.com" for n in range(50))}, "", 300),
        ({"From": "shop@elsewhere.example"}, "", 400),
        ({"TextBody": ""}, "", 300),
        ({"Metadata": {f"k{n}": "v" for n in range(11)}}, "", 300),
        ({"Metadata": {"k": "v" * 81}}, "", 300),
        ({"Tag": ["order"]}, "", 300),
        ({"TrackLinks": "Yes"}, "", 300),
        ({"Attachments": [{"Name": "virus.EXE"}]}, "", 411),
        ({}, "/withTemplate", 1101),
        ({"TemplateAlias": "order"}, "/withTemplate", 403),
        ({"TemplateId": 7, "TemplateModel": {}}, "/withTemplate", 0),
    ],
)
async def test_what_postmark_would_refuse_is_refused(changed: Any, path: str, code: int) -> None:
    async with postmark() as hub:
        body = {**WHOLE, **changed} if isinstance(changed, dict) else changed
        url, headers = f"{hub.simulator.base_url}/email{path}", {"X-Postmark-Server-Token": "a-server-token"}
        async with hub.http.post(url, json=body, headers=headers) as response:
            assert (await response.json())["ErrorCode"] == code
            assert response.status == (422 if code else 200)
