"""SendGrid's stand-in, driven by the connector's own calls over loopback."""

import base64
import json
import time
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from support.mailing import Mailing, mailing
from tidings.connectors.sendgrid import SendGrid as Connector
from tidings.model.content import Content, Media, Template
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.reports import Inbound, Interaction, Receipt, Target
from tidings.model.stages import Cause
from tidings.simulators.sendgrid import SendGrid
from tidings.simulators.simulator import Fault, Order

SETTINGS: dict[str, Any] = {
    "apiKey": "SG.a-key",
    "publicKey": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDq4Gq/s7XwA2TsC+l76A2OkTUWjEFXPIKB29z67708ELbBQlrKUra49j/"
    "FRJanDG/v2Z2jpC26UEU46uKBMn6A==",
    "inboundLogin": "hub:a-password",
    "sender": "Shop <shop@hub.example>",
    "replyTo": "reply+{message}@in.hub.example",
}


def sendgrid(other: dict[str, Any] | None = None, **simulated: Any) -> AbstractAsyncContextManager[Mailing]:
    return mailing(Connector, SendGrid, SETTINGS | (other or {}), **simulated)


@pytest.mark.parametrize(
    ("local", "told"),
    [
        ("ada", ["sent", "delivered"]),
        ("hard-5.1.1", ["sent", "failed"]),
        ("full", ["sent", "failed"]),
        ("blocked", ["sent", "failed"]),
        ("delayed", ["sent", "processing", "delivered"]),
        ("expired", ["sent", "processing", "expired"]),
        ("delayed-bounce", ["sent", "delivered", "failed"]),
        ("suppressed", ["sent", "failed"]),
        ("opted-out", ["sent", "failed"]),
        ("rejected", ["sent", "failed"]),
        ("away", ["sent", "delivered"]),
        ("open", ["sent", "delivered", "opened"]),
        ("click-before-delivery", ["sent", "opened", "clicked", "delivered"]),
        ("machine-open", ["sent", "delivered", "opened*"]),
        ("machine-click", ["sent", "delivered", "clicked*"]),
        ("complain", ["sent", "delivered", "reported-as-spam"]),
        ("unsub", ["sent", "delivered", "opened", "unsubscribe-request"]),
    ],
)
async def test_what_becomes_of_a_mail_is_told(local: str, told: list[str]) -> None:
    async with sendgrid() as hub:
        sent = await hub.send(f"{local}@example.com")
        assert hub.told == told
        first = hub.reports[0]
        assert isinstance(first, Receipt)
        assert first.target == Target("0198-msg", 2, sent.pieces[0].reference, f"{local}@example.com")


async def test_a_batch_tells_of_everybody_in_no_order() -> None:
    async with sendgrid(batched=True) as hub:
        await hub.send("hasty-click@example.com", "click@example.com", "hard-5.1.1@example.com")
        assert len(hub.callbacks) == 1
        assert hub.callbacks[0].body.endswith(b"\r\n")
        assert sorted(set(hub.told)) == ["clicked", "clicked*", "delivered", "failed", "opened", "sent"]
        clicks = {each.sender: each.prefetched for each in hub.reports if isinstance(each, Interaction) and each.url}
        assert clicks == {"hasty-click@example.com": True, "click@example.com": False}
        keys = [report.key for report in hub.reports if isinstance(report, Receipt | Interaction)]
        assert len(keys) == len(set(keys)) + 1, "one event came twice"


async def test_a_late_bounce_is_found_by_our_own_id() -> None:
    async with sendgrid() as hub:
        sent = await hub.send("ada@example.com")
        bounce = hub.simulator.act(sent.pieces[0].reference, "bounced", status="5.1.1", text="gone", late=True)
        (failed,) = await hub.happens(bounce)
        assert isinstance(failed, Receipt)
        assert failed.target == Target("0198-msg", 2, "", "ada@example.com")
        assert failed.reason is not None
        assert failed.reason.cause is Cause.BAD_ADDRESS
        assert hub.simulator.act(sent.pieces[0].reference, "answered-by-itself") == []


async def test_content_goes_out_as_it_was_meant() -> None:
    async with sendgrid() as hub:
        files = (Media(type="image/gif", name="dot.gif", data="R0lGODlhAQABAAAAACw="),)
        content = Content(title="Grüße", text="Grüße", html='<img src="cid:dot.gif">', media=files)
        await hub.send("ada@example.com", content=content, tags=("order",))
        await hub.send("ada@example.com", content=Content(template=Template("d-1", variables={"n": "7"})))
        html, template = (taken["request"] for taken in hub.simulator.taken)
        assert (html["subject"], html["categories"]) == ("Grüße", ["order"])
        assert [each["type"] for each in html["content"]] == ["text/plain", "text/html"]
        assert html["attachments"][0]["content_id"] == "dot.gif"
        assert html["reply_to"] == {"email": "reply+0198-msg@in.hub.example"}
        assert template["personalizations"][0]["dynamic_template_data"] == {"n": "7"}


async def test_nothing_happens_in_the_sandbox() -> None:
    async with sendgrid() as hub:
        sent = await hub.send("ada@example.com", options={"testMode": True})
        assert json.loads(bytes(sent.answer))["status"] == 200
        assert (hub.simulator.taken, hub.reports) == ([], [])


async def test_trouble_that_passes() -> None:
    async with sendgrid() as hub:
        hub.simulator.order(Order(Fault.THROTTLED, seconds=20), Fault.ERROR)
        with pytest.raises(SendDeferred) as caught:
            await hub.send("ada@example.com")
        assert caught.value.reason.cause is Cause.THROTTLED
        assert caught.value.after is not None
        assert 18 < caught.value.after <= 22
        with pytest.raises(SendDeferred) as caught:
            await hub.send("ada@example.com")
        assert caught.value.reason.cause is Cause.PROVIDER
        hub.simulator.settings = {**SETTINGS, "apiKey": "SG.another"}
        with pytest.raises(SendDeferred) as caught:
            await hub.send("ada@example.com")
        assert (caught.value.reason.cause, caught.value.channel_wide) == (Cause.ACCOUNT, True)


async def test_a_lost_answer_is_told_of_by_the_events() -> None:
    async with sendgrid() as hub:
        hub.simulator.order(Fault.VANISHED)
        with pytest.raises(NoReply) as silence:
            await hub.send("ada@example.com")
        assert silence.value.taken
        await hub.simulator.settle()
        assert hub.told == ["sent", "delivered"]
        hub.simulator.order(Order(Fault.REFUSED, "403"))
        with pytest.raises(SendFailed) as refused:
            await hub.send("ada@example.com")
        assert refused.value.reason.code == "403"


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    "more", [{"how": "parsed"}, {"how": "raw"}, {"how": "parsed", "charset": "iso-8859-1"}], ids=str
)
async def test_mails_come_in(signed: bool, more: dict[str, Any]) -> None:
    async with sendgrid(signed_parse=signed) as hub:
        attachment = {"name": "ä.bin", "type": "application/x-any", "data": base64.b64encode(b"octets").decode()}
        told = {"subject": "Re: Grüße", "attachments": [attachment], "html": "<p>Grüße</p>", **more}
        told["headers"] = {"In-Reply-To": "<0198-msg.2@hub.example>"}
        (inbound,) = await hub.happens(hub.simulator.inbound("Ada <ada@example.com>", "Grüße", **told))
        assert isinstance(inbound, Inbound)
        assert (inbound.sender, inbound.name, inbound.to) == ("ada@example.com", "Ada", "inbox@in.hub.example")
        assert (inbound.content.title, inbound.content.text, inbound.content.html) == (
            "Re: Grüße",
            "Grüße",
            "<p>Grüße</p>",
        )
        assert inbound.content.media == (
            Media(type="application/x-any", name="ä.bin", size=6, data=attachment["data"]),
        )
        assert inbound.reply_to == Target("0198-msg", 2, "0198-msg.2@hub.example")


async def test_inbound_posts_without_the_login_are_refused_and_the_repetition_has_the_same_key() -> None:
    async with sendgrid() as hub:
        hub.answers = [503]
        callbacks = hub.simulator.inbound("ada@example.com", "Hi")
        await hub.happens([*callbacks, *callbacks])
        first, second = (report for report in hub.reports if isinstance(report, Inbound))
        assert first.key == second.key
        hub.simulator.settings = {**SETTINGS, "inboundLogin": "hub:guessed"}
        await hub.happens(hub.simulator.inbound("ada@example.com", "Hi"))
        assert hub.simulator.answers == [503, 200, 200, 403, 403, 403]


WHOLE: dict[str, Any] = {
    "personalizations": [{"to": [{"email": "a@example.com"}]}],
    "from": {"email": "shop@hub.example"},
    "subject": "Hi",
    "content": [{"type": "text/plain", "value": "Hi"}],
}


def people(**more: Any) -> dict[str, Any]:
    return {"personalizations": [{"to": [{"email": "a@example.com"}], **more}]}


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({}, 202, None),
        ([], 400, None),
        ({"personalizations": []}, 400, "personalizations"),
        ({"personalizations": [{}]}, 400, "personalizations.0.to"),
        (people(cc=[{"email": "A@example.com"}]), 400, "personalizations.0"),
        (people(cc=[{"email": "nobody"}]), 400, "personalizations.0.to.0.email"),
        (people(custom_args={"n": 7}), 400, None),
        (people(custom_args={"n": "x" * 10_000}), 400, "personalizations.0.custom_args"),
        (people(bcc=[{"email": f"b{n}@example.com"} for n in range(1000)]), 400, "personalizations"),
        ({"from": "shop@hub.example"}, 400, "from"),
        ({"subject": ""}, 400, "subject"),
        ({"content": []}, 400, "content"),
        ({"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]}, 400, "content"),
        ({"categories": ["c"] * 11}, 400, "categories"),
        ({"headers": {"Subject": "x"}}, 400, "headers"),
        ({"send_at": time.time() + 80 * 3600}, 400, "send_at"),
    ],
)
async def test_what_sendgrid_would_refuse_is_refused(changed: Any, status: int, field: str | None) -> None:
    async with sendgrid() as hub:
        body = {**WHOLE, **changed} if isinstance(changed, dict) else changed
        url, headers = f"{hub.simulator.base_url}/v3/mail/send", {"Authorization": "Bearer SG.a-key"}
        async with hub.http.post(url, json=body, headers=headers) as response:
            told = json.loads(await response.read() or b"{}")
        assert (response.status, told.get("errors", [{}])[0].get("field")) == (status, field)
