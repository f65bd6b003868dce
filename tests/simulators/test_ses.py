"""SES's stand-in, driven by the connector's own calls over loopback."""

import base64
import json
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from msgspec.structs import replace

from support.carrier import carry
from support.mailing import Mailing, mailing
from tidings.connectors.ses import Ses as Connector
from tidings.connectors.ses.signing import signed
from tidings.model.content import Content, Media, Template
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call
from tidings.model.reports import Inbound, Interaction, Receipt, Target
from tidings.model.stages import Cause
from tidings.simulators.ses import Ses
from tidings.simulators.simulator import Fault, Order

SETTINGS: dict[str, Any] = {
    "accessKeyId": "AKIDEXAMPLE",
    "secretAccessKey": "a-secret",
    "region": "eu-west-1",
    "sender": "Shop <shop@hub.example>",
    "topics": ["arn:aws:sns:eu-west-1:123456789012:hub"],
    "configurationSet": "hub-events",
    "inboxBucket": "hub-inbox",
}


def ses(other: dict[str, Any] | None = None, **simulated: Any) -> AbstractAsyncContextManager[Mailing]:
    return mailing(Connector, Ses, SETTINGS | (other or {}), **simulated)


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_subscription_is_confirmed_and_then_events_come(version: str) -> None:
    async with ses(version=version) as hub:
        assert not hub.simulator.topic.confirmed
        sent = await hub.send("ada@example.com")
        assert hub.simulator.topic.confirmed
        assert hub.simulator.answers == [200, 200, 200]
        assert hub.told == ["sent", "delivered"]
        (piece,) = sent.pieces
        receipt = hub.reports[-1]
        assert isinstance(receipt, Receipt)
        assert receipt.target == Target("0198-msg", 2, piece.reference, "ada@example.com")


@pytest.mark.parametrize(
    ("local", "told"),
    [
        ("hard-5.1.1", ["sent", "failed"]),
        ("full", ["sent", "failed"]),
        ("blocked", ["sent", "failed"]),
        ("delayed", ["sent", "processing", "delivered"]),
        ("expired", ["sent", "processing", "expired"]),
        ("delayed-bounce", ["sent", "delivered", "failed"]),
        ("suppressed", ["sent", "failed"]),
        ("opted-out", ["sent", "failed", "unsubscribe-request"]),
        ("rejected", ["sent", "failed"]),
        ("away", ["sent", "delivered", "processing"]),
        ("open", ["sent", "delivered", "opened"]),
        ("click-before-delivery", ["sent", "opened", "clicked", "delivered"]),
        ("machine-open", ["sent", "delivered", "opened*"]),
        ("machine-click", ["sent", "delivered", "clicked*"]),
        ("hasty-click", ["sent", "delivered", "clicked*"]),
        ("complain", ["sent", "delivered", "reported-as-spam"]),
        ("unsub", ["sent", "delivered", "opened", "unsubscribe-request"]),
    ],
)
async def test_what_becomes_of_a_mail_is_told(local: str, told: list[str]) -> None:
    async with ses() as hub:
        await hub.send(f"{local}@example.com")
        assert hub.told == told


async def test_without_a_configuration_set_there_are_only_notifications() -> None:
    async with ses({"configurationSet": ""}) as hub:
        sent = await hub.send("unsub@example.com", "complain@example.com")
        assert hub.told == ["delivered", "delivered", "reported-as-spam"]
        targets = [report.target for report in hub.reports if isinstance(report, Receipt)]
        assert targets == [Target(reference=piece.reference, recipient=piece.recipient) for piece in sent.pieces]


async def test_everybody_gets_a_call_of_their_own_and_what_they_do_is_theirs() -> None:
    async with ses() as hub:
        sent = await hub.send("open@example.com", "hard-5.1.1@example.com", "click@example.com")
        assert [taken["to"] for taken in hub.simulator.taken] == [[piece.recipient] for piece in sent.pieces]
        assert {taken["headers"]["To"] for taken in hub.simulator.taken} == {
            "open@example.com, hard-5.1.1@example.com, click@example.com"
        }
        did = [(each.sender, each.deed) for each in hub.reports if isinstance(each, Interaction)]
        assert sorted(did) == [
            ("click@example.com", "clicked"),
            ("click@example.com", "opened"),
            ("open@example.com", "opened"),
        ]


async def test_whom_ses_refuses_on_the_way_is_told_with_the_others() -> None:
    async with ses() as hub:
        late = Order(Fault.LATE)
        hub.simulator.order(late, Order(Fault.REFUSED, "BadRequestException Illegal address"), late, Fault.THROTTLED)
        sent = await hub.send("a@example.com", "b@example.com", "c@example.com", "d@example.com")
        assert [bool(piece.reference) for piece in sent.pieces] == [True, False, True, True], "d was tried twice"
        refused = sent.pieces[1].refused
        assert (refused.cause, refused.text) == (Cause.INVALID, "Illegal address")  # type: ignore[union-attr]


async def test_content_goes_out_as_it_was_meant() -> None:
    async with ses() as hub:
        picture = Media(type="image/gif", name="dot.gif", data="R0lGODlhAQABAAAAACw=")
        content = Content(title="Grüße", text="Grüße", html='<img src="cid:dot.gif">', media=(picture,))
        await hub.send("ada@example.com", content=content, reply_to="earlier@example.com")
        await hub.send("ada@example.com", content=Content(template=Template("order", variables={"n": "7"})))
        raw, template = hub.simulator.taken
        assert raw["subject"] == "=?utf-8?q?Gr=C3=BC=C3=9Fe?="
        assert raw["headers"]["In-Reply-To"] == "<earlier@example.com>"
        assert "Content-ID: <dot.gif>" in raw["raw"]
        assert template["content"]["Template"]["TemplateData"] == '{"n":"7"}'
        with pytest.raises(SendFailed) as refused:
            await hub.send("ada@example.com", content=Content(template=Template("missing")))
        assert refused.value.reason.code == "NotFoundException"


@pytest.mark.parametrize(
    ("order", "after", "cause"),
    [
        (Order(Fault.THROTTLED), None, Cause.THROTTLED),
        (Order(Fault.ERROR), None, Cause.PROVIDER),
        (Order(Fault.REFUSED, "TooManyRequestsException Daily message quota exceeded."), 3600.0, Cause.THROTTLED),
    ],
)
async def test_trouble_that_passes(order: Order, after: float | None, cause: Cause) -> None:
    async with ses() as hub:
        hub.simulator.order(order)
        with pytest.raises(SendDeferred) as caught:
            await hub.send("ada@example.com")
        assert (caught.value.after, caught.value.reason.cause) == (after, cause)


async def test_a_lost_answer_is_nobodys_to_guess() -> None:
    async with ses() as hub:
        hub.simulator.order(Fault.VANISHED)
        with pytest.raises(NoReply) as silence:
            await hub.send("ada@example.com")
        assert silence.value.taken
        hub.simulator.order(Order(Fault.LATE), Fault.VANISHED)
        sent = await hub.send("a@example.com", "b@example.com")
        assert sent.pieces[1].refused.cause is Cause.UNCERTAIN  # type: ignore[union-attr]


@pytest.mark.parametrize("how", ["base64", "utf8", "s3"])
async def test_mails_come_in(how: str) -> None:
    async with ses() as hub:
        sent = await hub.send("ada@example.com")
        attachment = {"name": "a.bin", "type": "application/x-any", "data": base64.b64encode(b"octets").decode()}
        headers = {"In-Reply-To": f"<{sent.pieces[0].reference}@eu-west-1.amazonses.com>"}
        more = {"subject": "Re: Your order", "attachments": [attachment], "headers": headers}
        (inbound,) = await hub.happens(hub.simulator.inbound("Ada <ada@example.com>", "Grüße", how=how, **more))
        assert isinstance(inbound, Inbound)
        assert (inbound.sender, inbound.name, inbound.to) == ("ada@example.com", "Ada", "inbox@in.hub.example")
        assert (inbound.content.title, inbound.content.text) == ("Re: Your order", "Grüße")
        assert inbound.content.media == (
            Media(type="application/x-any", name="a.bin", size=6, data=attachment["data"]),
        )
        assert inbound.reply_to == Target(reference=sent.pieces[0].reference)


async def test_a_large_mail_lies_in_the_bucket() -> None:
    async with ses() as hub:
        (inbound,) = await hub.happens(hub.simulator.inbound("ada@example.com", "x" * 200_000))
        assert isinstance(inbound, Inbound)
        assert inbound.content.text == "x" * 200_000
        assert len(hub.simulator.bucket) == 1
        settings, now = hub.connector.settings, hub.outgoing("a@b.example").now
        for path, status in (("/hub-inbox/mail/nothing", 404), ("/another/mail/x", 404)):
            call = signed(Call.get(hub.simulator.base_url + path), settings, "s3", now)
            async with hub.http.get(call.url, headers=dict(call.headers)) as response:
                assert response.status == status
        async with hub.http.get(f"{hub.simulator.base_url}/hub-inbox/x") as response:
            assert response.status == 403


async def test_a_post_is_repeated_with_its_own_id() -> None:
    async with ses() as hub:
        await hub.happens(hub.simulator.try_out())
        assert hub.reports == []
        hub.answers = [503, 500]
        await hub.send("ada@example.com")
        assert hub.told == ["sent", "delivered"]
        hub.simulator.order(Fault.DUPLICATE)
        await hub.send("ada@example.com")
        keys = [report.key for report in hub.reports if isinstance(report, Receipt)]
        assert len(keys) == 6
        assert len(set(keys)) == 4


async def test_raw_delivery_is_refused_and_tried_again_in_vain() -> None:
    async with ses(raw=True) as hub:
        await hub.send("ada@example.com")
        assert hub.simulator.answers == [200, *[503] * 6]
        assert hub.reports == []


async def test_nothing_is_posted_before_the_subscription_is_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.simulators.ses.CONFIRMED_WITHIN", 0.01)
    async with ses({"topics": ["arn:aws:sns:eu-west-1:123456789012:another", *SETTINGS["topics"]]}) as hub:
        hub.connector = Connector(replace(hub.connector.settings, topics=tuple(SETTINGS["topics"])), "email")
        await hub.send("ada@example.com")
        assert hub.simulator.answers == [503, 503, 503]
        async with hub.http.get(f"{hub.simulator.base_url}/?Action=ConfirmSubscription&Token=guessed") as response:
            assert response.status == 400
        assert not hub.simulator.topic.confirmed


async def post(hub: Mailing, body: Any, **headers: str) -> tuple[int, str]:
    """Post a truly signed request; gives the answer's status and the exception's name."""
    call = Call.post(f"{hub.simulator.base_url}/v2/email/outbound-emails", json=body)
    call = signed(call, hub.connector.settings, "ses", hub.outgoing("a@b.example").now)
    async with hub.http.post(call.url, data=call.body, headers={**call.headers, **headers}) as response:
        return response.status, response.headers.get("x-amzn-errortype", "")


SIMPLE = {"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hi"}}}}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ([], "BadRequestException"),
        ({"Destination": {"ToAddresses": []}}, "BadRequestException"),
        ({"Destination": {"ToAddresses": ["a@example.com"] * 51}}, "BadRequestException"),
        ({"Destination": {"ToAddresses": ["äda@example.com"]}}, "BadRequestException"),
        ({"FromEmailAddress": "shop@elsewhere.example"}, "MessageRejected"),
        ({"EmailTags": [{"Name": "a", "Value": "b c"}]}, "BadRequestException"),
        ({"EmailTags": [{"Name": "a", "Value": "b"}] * 2}, "BadRequestException"),
        ({"Content": {}}, "BadRequestException"),
        ({"Content": {"Simple": {}}}, "BadRequestException"),
        ({"Content": {"Simple": {}, "Raw": {}}}, "BadRequestException"),
        ({"Content": {"Raw": {"Data": "!"}}}, "BadRequestException"),
        ({"Content": {"Raw": {"Data": base64.b64encode(b"Hello").decode()}}}, "BadRequestException"),
        ({"Content": {"Template": {}}}, "NotFoundException"),
        ({}, ""),
    ],
)
async def test_what_ses_would_refuse_is_refused(body: Any, told: str) -> None:
    whole = {"FromEmailAddress": "shop@hub.example", "Destination": {"ToAddresses": ["a@example.com"]}}
    async with ses() as hub:
        asked = {**whole, "Content": SIMPLE, **body} if isinstance(body, dict) else body
        assert (await post(hub, asked))[1] == told


async def test_a_request_must_be_signed_with_the_accounts_key() -> None:
    async with ses() as hub:
        asked = {"FromEmailAddress": "shop@hub.example", "Destination": {"ToAddresses": ["a@b.example"]}}
        assert await post(hub, {**asked, "Content": SIMPLE}) == (200, "")
        assert await post(hub, {}, Authorization="Basic eDp5") == (403, "MissingAuthenticationTokenException")
        assert await post(hub, {}, **{"X-Amz-Date": "20200101T000000Z"}) == (403, "InvalidSignatureException")
        for other, told in (
            ({"accessKeyId": "AKIDOTHER"}, "UnrecognizedClientException"),
            ({"region": "us-east-1"}, "InvalidSignatureException"),
            ({"secretAccessKey": "another"}, "SignatureDoesNotMatch"),
        ):
            hub.simulator.settings = {**SETTINGS, **other}
            with pytest.raises(SendDeferred) as caught:
                await hub.send("ada@example.com")
            assert (caught.value.reason.code, caught.value.channel_wide) == (told, True)


async def test_something_happens_later() -> None:
    async with ses() as hub:
        sent = await hub.send("ada@example.com", "bob@example.com")
        id_ = sent.pieces[1].reference
        (click,) = await hub.happens(hub.simulator.act(id_, "clicked", link="https://shop.example/"))
        assert isinstance(click, Interaction)
        assert (click.url, click.sender, click.prefetched) == ("https://shop.example/", "bob@example.com", False)


async def test_an_exchange_is_of_one_call_for_each_and_no_more() -> None:
    async with ses() as hub:
        outgoing = hub.outgoing("a@example.com", "a@example.com")
        sent = await carry(hub.connector.send(outgoing, report_to=""))
        assert len(sent.pieces) == len(hub.simulator.taken) == 1
        assert json.loads(bytes(sent.answer)) == {"MessageId": sent.pieces[0].reference}
