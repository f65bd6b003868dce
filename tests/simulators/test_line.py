"""The simulator of LINE, met by the connector over loopback."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest
from msgspec import Raw

from support.carrier import carry
from support.listening import Listening, listening
from tidings.connectors.line import Line
from tidings.model.content import Action, Card, Choice, Content, Listing, Location, Media
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.reports import Inbound, Interaction, Receipt, Report
from tidings.model.stages import Cause, Reason, Stage
from tidings.simulators.line import Line as Lines
from tidings.simulators.simulator import Fault, Order

SETTINGS = {"accessToken": "test-access-token", "channelSecret": "test-channel-secret"}
TOKEN = {"Authorization": "Bearer test-access-token"}
ANA = "U" + "a" * 32
GROUP = "C" + "c" * 32
PHONE = "+818000001234"


def hub(other: Mapping[str, Any] | None = None, **simulated: Any) -> AbstractAsyncContextManager[Listening[Lines]]:
    return listening(
        Line, Lines, SETTINGS, outgoing={"to": ANA, "message": "0198c7a2-6d0c-7f1e"}, other=other, **simulated
    )


async def writes(told: Listening[Lines], sender: str = ANA, text: str = "Hi", **more: Any) -> list[Report]:
    """Let a person write, and give what is told of it."""
    return await told.happens(told.simulator.inbound(sender, text, **more))


PICTURE = Media(type="image/png", url="https://cdn.example.test/1.png")
CARD = Card("Rocha", "A pear", PICTURE, (Action("Take it", payload="rocha"),))
CONTENTS = {
    "text": Content(text="Hello"),
    "image": Content(media=(PICTURE,)),
    "video": Content(media=(Media(type="video/mp4", url="https://cdn.example.test/1.mp4"),)),
    "audio": Content(media=(Media(type="audio/mpeg", url="https://cdn.example.test/1.mp3"),)),
    "text of a file": Content(media=(Media(type="application/pdf", url="https://cdn.example.test/1"),)),
    "location": Content(location=Location(38.7, -9.1)),
    "text with quick replies": Content(text="Fine?", actions=(Action("Yes"), Action("Here", "location"))),
    "template": Content(title="T", text="Look", actions=(Action("Look", "link", url="https://example.com"),)),
    "template carousel": Content(cards=(CARD, CARD)),
    "flex": Content(text="Choose", listing=Listing("Times", (Choice("1", "Monday", "9:00", "Week"),))),
    "sticker": Content(native={"line": Raw(b'{"type":"sticker","packageId":"446","stickerId":"1988"}')}),
}


@pytest.mark.parametrize("name", CONTENTS)
async def test_every_kind_of_message_is_taken(name: str) -> None:
    async with hub({"previewImageUrl": "https://cdn.example.test/1.jpg"}) as told:
        sent = await told.send(CONTENTS[name], duration=1000)
        [taken] = told.simulator.taken
        assert (taken["to"], taken["messages"][0]["type"]) == (ANA, name.split(maxsplit=1)[0])
        assert [piece.reference for piece in sent.pieces] == [taken["id"]]
        assert told.reports == []


async def test_wrong_token_is_refused() -> None:
    async with hub({"accessToken": "old"}) as told:
        with pytest.raises(SendDeferred) as refused:
            await told.send(Content(text="Hello"))
        assert (refused.value.reason.cause, refused.value.channel_wide) == (Cause.ACCOUNT, True)
        assert told.simulator.taken == []


@pytest.mark.parametrize(
    ("code", "cause", "text"),
    [
        ("", Cause.BAD_ADDRESS, "Failed to send messages"),
        ("403", Cause.ACCOUNT, "Access to this API is not available for your account"),
        ("monthly", Cause.ACCOUNT, "You have reached your monthly limit."),
    ],
)
async def test_refusal_with_a_chosen_code(code: str, cause: Cause, text: str) -> None:
    async with hub() as told:
        told.simulator.order(Order(Fault.REFUSED, code=code))
        with pytest.raises(SendFailed) as refused:
            await told.send(Content(text="Hello"))
        assert (refused.value.reason.cause, refused.value.reason.text) == (cause, text)


@pytest.mark.parametrize("fault", [Fault.VANISHED, Fault.ERROR, Fault.DROPPED])
async def test_what_is_pushed_again_is_taken_once(fault: Fault) -> None:
    async with hub() as told:
        told.simulator.order(fault)
        with pytest.raises(SendDeferred):
            await told.send(Content(text="Hello"))
        again = await told.send(Content(text="Hello"), tries=1)
        [taken] = told.simulator.taken
        assert [piece.reference for piece in again.pieces] == [taken["id"]]
        await told.send(Content(text="Hello"), hop=2)
        assert len(told.simulator.taken) == 2


async def test_too_many_at_once() -> None:
    async with hub() as told:
        told.simulator.order(Order(Fault.THROTTLED, seconds=7))
        with pytest.raises(SendDeferred) as wait:
            await told.send(Content(text="Hello"))
        assert (wait.value.after, wait.value.channel_wide) == (7.0, True)


async def test_quota_is_counted() -> None:
    async with hub(quota=1) as told, aiohttp.ClientSession(headers=TOKEN) as session:
        await told.send(Content(text="Hello"))
        with pytest.raises(SendFailed) as refused:
            await told.send(Content(text="Hello"), hop=2)
        assert refused.value.reason == Reason(
            Cause.ACCOUNT, "You have reached your monthly limit.", "429", permanent=False
        )
        async with session.get(f"{told.simulator.base_url}/v2/bot/message/quota") as reply:
            assert await reply.json() == {"type": "limited", "value": 1}
        async with session.get(f"{told.simulator.base_url}/v2/bot/message/quota/consumption") as reply:
            assert await reply.json() == {"totalUsage": 1}


async def test_reply_token_works_once_and_for_a_while() -> None:
    async with hub(quota=0) as told:
        [inbound] = await writes(told)
        assert isinstance(inbound, Inbound)
        token = inbound.extra["replyToken"]
        await told.send(Content(text="Hello"), replyToken=token)
        assert [taken["to"] for taken in told.simulator.taken] == [ANA]
        with pytest.raises(SendFailed) as refused:
            await told.send(Content(text="Hello"), replyToken=token)
        assert refused.value.reason.cause is Cause.WINDOW
        told.simulator.reply_seconds = 0
        [inbound] = await writes(told)
        assert isinstance(inbound, Inbound)
        with pytest.raises(SendFailed) as refused:
            await told.send(Content(text="Hello"), replyToken=inbound.extra["replyToken"])
        assert refused.value.reason.cause is Cause.WINDOW


async def test_reply_whose_answer_was_lost_is_uncertain() -> None:
    async with hub() as told:
        [inbound] = await writes(told)
        assert isinstance(inbound, Inbound)
        told.simulator.order(Fault.VANISHED)
        with pytest.raises(NoReply) as silence:
            await told.send(Content(text="Hello"), replyToken=inbound.extra["replyToken"])
        assert silence.value.taken
        with pytest.raises(SendFailed) as refused:
            await told.send(Content(text="Hello"), replyToken=inbound.extra["replyToken"], tries=1)
        assert refused.value.reason.cause is Cause.UNCERTAIN
        assert len(told.simulator.taken) == 1


async def test_who_blocked_the_account_is_sent_to_all_the_same_and_gets_nothing() -> None:
    async with hub(blocked=[ANA]) as told:
        await told.send(Content(text="Hello"))
        assert [taken["reached"] for taken in told.simulator.taken] == [False]


async def test_notification_message_is_told_as_delivered() -> None:
    async with hub({"notificationMessages": True}) as told:
        sent = await told.send(Content(text="It comes today."), to=PHONE)
        [taken] = told.simulator.taken
        assert taken["to"] == hashlib.sha256(PHONE.encode()).hexdigest()
        [receipt] = told.reports
        assert isinstance(receipt, Receipt)
        assert (receipt.stage, receipt.target.message, receipt.target.hop) == (
            Stage.DELIVERED,
            "0198c7a2-6d0c-7f1e",
            1,
        )
        assert receipt.target.reference == sent.pieces[0].reference


async def test_notification_message_to_a_phone_that_no_user_has() -> None:
    async with hub({"notificationMessages": True}, strangers=[PHONE]) as told:
        with pytest.raises(SendFailed) as refused:
            await told.send(Content(text="It comes today."), to=PHONE)
        assert (refused.value.reason.cause, refused.value.reason.code) == (Cause.BAD_ADDRESS, "422")


async def test_notification_message_that_does_not_arrive_is_not_told() -> None:
    async with hub({"notificationMessages": True}, blocked=[hashlib.sha256(PHONE.encode()).hexdigest()]) as told:
        await told.send(Content(text="It comes today."), to=PHONE)
        assert told.reports == []


async def test_file_of_a_person_is_fetched() -> None:
    async with hub() as told:
        [inbound] = await writes(told, type="image", data="pixels")
        assert isinstance(inbound, Inbound)
        [media] = inbound.content.media
        reply = await carry(told.connector.fetch(media, 0))
        assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"pixels", "image/jpeg")
        [inbound] = await writes(told, type="file", fileName="a.pdf", fileSize=0, data="")
        assert isinstance(inbound, Inbound)
        assert (await carry(told.connector.fetch(inbound.content.media[0], 0))).status == 503
        assert (await carry(told.connector.fetch(Media(reference="1"), 0))).status == 404


async def test_what_a_person_wrote_is_marked_as_read() -> None:
    async with hub({"markRead": True}) as told:
        [inbound] = await writes(told)
        assert isinstance(inbound, Inbound)
        assert told.simulator.read == [inbound.extra["markAsReadToken"]]
        await writes(told, mode="standby")
        assert len(told.simulator.read) == 1
        await told.send(Content(text="Thanks"), markAsReadToken=inbound.extra["markAsReadToken"])
        assert len(told.simulator.read) == 2
        await told.send(Content(text="Thanks"), markAsReadToken="unknown", hop=2)
        assert len(told.simulator.read) == 2


async def test_events_of_several_people_come_in_one_request() -> None:
    async with hub() as told:
        unsend = {"type": "unsend", "unsend": {"messageId": "1"}, "source": {"type": "user", "userId": "U" + "f" * 32}}
        [inbound, unsent] = await writes(told, also=[unsend])
        assert isinstance(inbound, Inbound)
        assert isinstance(unsent, Interaction)
        assert (inbound.sender, unsent.sender, len(told.bodies)) == (ANA, "U" + "f" * 32, 1)


@pytest.mark.parametrize(
    ("sender", "chat", "address", "conversation"),
    [(ANA, GROUP, ANA, GROUP), (GROUP, "", GROUP, GROUP), ("R" + "e" * 32, "", "R" + "e" * 32, "R" + "e" * 32)],
)
async def test_person_writes_in_a_group_or_room(sender: str, chat: str, address: str, conversation: str) -> None:
    async with hub() as told:
        [inbound] = await writes(told, sender, chat=chat)
        assert isinstance(inbound, Inbound)
        assert (inbound.sender, inbound.conversation) == (address, conversation)


async def test_callback_that_is_not_taken_comes_again_and_says_so() -> None:
    async with hub() as told:
        told.answers = [500]
        [inbound] = await writes(told)
        assert told.simulator.answers == [500, 200]
        first, second = (callback.body for callback in told.callbacks)
        assert (b'"isRedelivery":false' in first, b'"isRedelivery":true' in second) == (True, True)
        assert first.replace(b"false", b"true") == second
        assert isinstance(inbound, Inbound)


async def test_callback_that_is_not_taken_is_lost_where_redelivery_is_off() -> None:
    async with hub(redelivery=False) as told:
        told.answers = [500]
        assert await writes(told) == []
        assert told.simulator.answers == [500]


async def test_console_tries_the_callback_url() -> None:
    async with hub() as told, aiohttp.ClientSession(headers=TOKEN) as session:
        assert await told.simulator.try_endpoint() == 200
        assert told.reports == []
        url, told.simulator.callback_url = told.simulator.callback_url, ""
        endpoint = f"{told.simulator.base_url}/v2/bot/channel/webhook"
        async with session.put(f"{endpoint}/endpoint", json={"endpoint": "ftp://example.com"}) as reply:
            assert reply.status == 400
        async with session.put(f"{endpoint}/endpoint", json={"endpoint": url}) as reply:
            assert reply.status == 200
        async with session.post(f"{endpoint}/test") as reply:
            assert (await reply.json())["success"] is True
        told.answers = [404]
        async with session.post(f"{endpoint}/test") as reply:
            assert (await reply.json())["statusCode"] == 404


async def test_deeds_are_told() -> None:
    async with hub({"previewImageUrl": "https://cdn.example.test/1.jpg"}) as told:
        buttons = Content(text="Fine?", actions=(Action("Yes", payload="COMING"), Action("No")))
        asked = (await told.send(buttons)).pieces[0].reference
        shown = (await told.send(CONTENTS["video"], hop=2)).pieces[0].reference
        for callbacks in (
            told.simulator.act(asked, "postback"),
            told.simulator.act(asked, "postback", label="No"),
            told.simulator.act(asked, "postback", data="menu"),
            told.simulator.act(shown, "videoPlayComplete"),
            told.simulator.act("560000000000000900", "unsend", sender=ANA),
            told.simulator.act(asked, "unfollow"),
            told.simulator.act(asked, "follow", isUnblocked=True),
            told.simulator.act("", "join", sender=GROUP),
            told.simulator.act("", "delivery", sender="another system's"),
        ):
            told.simulator.post(callbacks)
            await told.simulator.settle()
        deeds = [(each.deed, each.payload, each.target.hop) for each in told.reports if isinstance(each, Interaction)]
        assert deeds == [
            ("clicked", "COMING", 1),
            ("clicked", "No", 1),
            ("opened", "", 2),
            ("delete-request", "", None),
            ("unsubscribe-request", "", None),
        ]
        said = [each.content.text for each in told.reports if isinstance(each, Inbound)]
        assert said == ["COMING", "No", "menu"]
        assert ANA in told.simulator.blocked


async def test_label_that_no_button_has() -> None:
    async with hub() as told:
        asked = (await told.send(Content(text="Fine?"))).pieces[0].reference
        told.simulator.post(told.simulator.act(asked, "postback", label="Yes"))
        await told.simulator.settle()
        [inbound] = told.reports
        assert isinstance(inbound, Inbound)
        assert inbound.content.text == ""


async def test_signature_is_lines_own() -> None:
    post = Lines(SETTINGS).inbound(ANA, "Hi")[0]()
    due = base64.b64encode(hmac.new(b"test-channel-secret", post.body, hashlib.sha256).digest()).decode()
    assert post.headers["x-line-signature"] == due


TEXT = {"type": "text", "text": "Hello"}
QUICK = {"type": "action", "action": {"type": "message", "label": "Yes", "text": "Yes"}}
COLUMN = {"text": "A", "actions": [{"type": "uri", "label": "B", "uri": "https://example.com"}]}


def template(**template: Any) -> dict[str, Any]:
    return {"type": "template", "altText": "A", "template": template}


@pytest.mark.parametrize(
    ("message", "is_taken"),
    [
        ("Hello", False),
        ({"type": "fax"}, False),
        ({"type": "text", "text": " "}, False),
        ({"type": "text", "text": "🍎" * 2500}, True),
        ({"type": "text", "text": "🍎" * 2501}, False),
        ({"type": "textV2", "text": "Hello"}, True),
        ({**TEXT, "sender": {"name": "x" * 21}}, False),
        ({**TEXT, "sender": 17}, False),
        ({**TEXT, "quickReply": {"items": [QUICK] * 13}}, True),
        ({**TEXT, "quickReply": {"items": [QUICK] * 14}}, False),
        ({**TEXT, "quickReply": {"items": [{**QUICK, "type": "x"}]}}, False),
        ({**TEXT, "quickReply": {"items": [{"type": "action", "action": {"type": "camera", "label": "B"}}]}}, True),
        ({"type": "image", "originalContentUrl": "https://a.test/1.png"}, False),
        ({"type": "image", "originalContentUrl": "http://a.test", "previewImageUrl": "https://a.test"}, False),
        ({"type": "audio", "originalContentUrl": "https://a.test/1.mp3"}, False),
        ({"type": "location", "title": "A", "address": "B", "latitude": 91, "longitude": 0}, False),
        ({"type": "location", "title": "A", "address": "B"}, False),
        ({"type": "sticker", "packageId": "1"}, False),
        ({"type": "flex", "altText": "A", "contents": {"type": "box"}}, False),
        ({"type": "imagemap", "altText": "A"}, True),
        ({"type": "coupon"}, False),
        (template(type="confirm", text="A", actions=[QUICK["action"], QUICK["action"]]), True),
        (template(type="image_carousel", columns=[]), True),
        (template(type="box"), False),
        (template(type="buttons", text="A", actions=[{"type": "location", "label": "B"}]), False),
        (template(type="buttons", text="A", actions=[{"type": "datetimepicker", "label": "B"}]), True),
        (template(type="buttons", text="A", title="T" * 41, actions=[QUICK["action"]]), False),
        (template(type="carousel", columns=[COLUMN]), True),
        (template(type="carousel", columns=[]), False),
        (template(type="carousel", columns=[COLUMN, {**COLUMN, "title": "T"}]), False),
    ],
)
async def test_message_that_line_takes_or_refuses(message: Any, is_taken: bool) -> None:
    async with hub() as told, aiohttp.ClientSession(headers=TOKEN) as session:
        for door, envelope in (("push", {"to": ANA}), ("validate/push", {})):
            url = f"{told.simulator.base_url}/v2/bot/message/{door}"
            async with session.post(url, json={**envelope, "messages": [message]}) as reply:
                assert reply.status == (200 if is_taken else 400)
        assert len(told.simulator.taken) == is_taken


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("POST", "/v2/bot/message/push", {}, {"to": ANA, "messages": [TEXT]}, 401),
        ("POST", "/v2/bot/message/push", TOKEN, [], 400),
        ("POST", "/v2/bot/message/push", TOKEN, {"to": "ana", "messages": [TEXT]}, 400),
        ("POST", "/v2/bot/message/push", TOKEN, {"to": ANA, "messages": [TEXT] * 6}, 400),
        ("POST", "/v2/bot/message/push", {**TOKEN, "X-Line-Retry-Key": "x"}, {"to": ANA, "messages": [TEXT]}, 400),
        ("POST", "/v2/bot/message/reply", {**TOKEN, "X-Line-Retry-Key": "x"}, {"messages": [TEXT]}, 400),
        ("POST", "/v2/bot/message/reply", TOKEN, {"replyToken": "x", "messages": []}, 400),
        ("POST", "/bot/pnp/push", {**TOKEN, "X-Line-Retry-Key": "x"}, {"to": "0" * 64, "messages": [TEXT]}, 400),
        ("POST", "/bot/pnp/push", {**TOKEN, "X-Line-Delivery-Tag": "x"}, {"to": "0" * 64, "messages": [TEXT]}, 400),
        ("POST", "/bot/pnp/push", TOKEN, {"to": PHONE, "messages": [TEXT]}, 400),
        ("GET", "/v2/bot/message/1/content", {}, None, 401),
        ("GET", "/v2/bot/message/quota", {}, None, 401),
        ("GET", "/v2/bot/message/quota/consumption", {}, None, 401),
        ("GET", "/v2/bot/message/quota", TOKEN, None, 200),
    ],
)
async def test_requests_that_make_no_sense(
    method: str, path: str, headers: dict[str, str], body: Any, status: int
) -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        async with session.request(method, f"{told.simulator.base_url}{path}", json=body, headers=headers) as reply:
            assert reply.status == status
        async with session.post(f"{told.simulator.base_url}/v2/bot/message/push", data=b"{", headers=TOKEN) as reply:
            assert reply.status == 400
        assert told.simulator.taken == []
