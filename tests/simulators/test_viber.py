"""The simulator of Viber, met by the connector over loopback."""

import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest
from msgspec import Raw

from support.listening import Listening, listening
from tidings.connectors.viber import Viber
from tidings.model.content import Action, Card, Choice, Content, Listing, Location, Media
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.reports import Inbound, Interaction, Receipt
from tidings.model.stages import Cause, Reason, Stage
from tidings.simulators.simulator import Fault, Order
from tidings.simulators.viber import Viber as Vibers

SETTINGS = {"authToken": "test-auth-token", "senderName": "Shop"}
TOKEN = {"X-Viber-Auth-Token": "test-auth-token"}
ANA = "hUbUs3rAbCdEf0="
ALL = [Stage.DELIVERED, Stage.READ]


def hub(other: Mapping[str, Any] | None = None, **simulated: Any) -> AbstractAsyncContextManager[Listening[Vibers]]:
    return listening(Viber, Vibers, SETTINGS, outgoing={"to": ANA}, other=other, **simulated)


PICTURE = Media(type="image/png", url="https://cdn.example.test/1.png", caption="One")
CARD = Card("Rocha", "A pear", PICTURE, (Action("Take it", payload="rocha"),))
CONTENTS = {
    "text": Content(text="Hello"),
    "picture": Content(media=(PICTURE,)),
    "video": Content(media=(Media(type="video/mp4", url="https://cdn.example.test/1.mp4", size=1000),)),
    "file": Content(media=(Media(type="audio/mpeg", url="https://cdn.example.test/1.mp3", size=1000),)),
    "url": Content(media=(Media(type="application/pdf", url="https://cdn.example.test/1"),)),
    "location": Content(location=Location(38.7, -9.1)),
    "contact": Content(contacts=({"name": {"formatted_name": "Rui"}, "phones": [{"phone": "+351911111111"}]},)),
    "text with buttons": Content(text="Fine?", actions=(Action("Yes", payload="yes"), Action("Here", "location"))),
    "text with a list": Content(text="Choose", listing=Listing("Times", (Choice("1", "Monday", "9:00"),))),
    "rich_media": Content(cards=(CARD, Card("Conference"))),
    "sticker": Content(native={"viber": Raw(b'{"type":"sticker","sticker_id":46105}')}),
}


@pytest.mark.parametrize("in_body", [False, True])
@pytest.mark.parametrize("name", CONTENTS)
async def test_every_kind_of_message_is_taken_and_told_of(name: str, in_body: bool) -> None:
    async with hub({"tokenInBody": in_body}) as told:
        sent = await told.send(CONTENTS[name])
        [taken] = told.simulator.taken
        assert (taken["to"], taken["type"]) == (ANA, name.split(maxsplit=1)[0])
        assert [piece.reference for piece in sent.pieces] == [taken["id"]]
        assert int(taken["id"]) > 2**53
        assert told.stages == ALL
        [first, *_] = told.reports
        assert isinstance(first, Receipt)
        assert first.target.reference == taken["id"]


async def test_wrong_token_is_refused() -> None:
    async with hub({"authToken": "old"}) as told:
        with pytest.raises(SendDeferred) as refused:
            await told.send(Content(text="Hello"))
        assert refused.value.reason == Reason(Cause.ACCOUNT, "invalidAuthToken", "2", permanent=False)
        assert told.simulator.taken == []


async def test_bot_without_a_callback_url_cannot_send() -> None:
    async with hub() as told:
        told.simulator.callback_url = ""
        with pytest.raises(SendDeferred) as refused:
            await told.send(Content(text="Hello"))
        assert refused.value.reason == Reason(Cause.ACCOUNT, "webhookNotSet", "10", permanent=False)


async def test_refusal_of_certain_people_and_with_a_chosen_status() -> None:
    async with hub(refusing={"stranger=": 5}, unsubscribed=[ANA]) as told:
        told.simulator.order(Order(Fault.REFUSED, code="21"), Fault.REFUSED)
        refusals = []
        for to in ("stranger=", ANA, "others=", "others="):
            with pytest.raises(SendFailed) as refused:
                await told.send(Content(text="Hello"), to=to)
            refusals.append((refused.value.reason.cause, refused.value.reason.code))
        assert refusals == [
            (Cause.BAD_ADDRESS, "5"),
            (Cause.OPTED_OUT, "6"),
            (Cause.COUNTRY, "21"),
            (Cause.INVALID, "3"),
        ]
        await told.happens(told.simulator.inbound(ANA, "Hi"))
        await told.send(Content(text="Hello"))
        assert len(told.simulator.taken) == 1


async def test_faults_of_the_connection() -> None:
    async with hub() as told:
        told.simulator.order(Order(Fault.THROTTLED, seconds=7), Fault.ERROR, Fault.VANISHED)
        with pytest.raises(SendDeferred) as wait:
            await told.send(Content(text="Hello"))
        assert (wait.value.after, wait.value.channel_wide) == (None, True)
        with pytest.raises(SendDeferred):
            await told.send(Content(text="Hello"))
        assert told.simulator.taken == []
        with pytest.raises(NoReply) as silence:
            await told.send(Content(text="Hello"))
        assert silence.value.taken
        await told.simulator.settle()
        assert told.stages == ALL


@pytest.mark.parametrize(
    ("fault", "stages"),
    [
        (Fault.EARLY, ALL),
        (Fault.LOST, []),
        (Fault.REORDERED, ALL[::-1]),
        (Fault.DUPLICATE, [Stage.DELIVERED, Stage.DELIVERED, Stage.READ, Stage.READ]),
    ],
)
async def test_faults_of_the_callbacks(fault: Fault, stages: list[Stage]) -> None:
    async with hub() as told:
        told.simulator.order(fault)
        await told.send(Content(text="Hello"))
        assert told.stages == stages


async def test_every_device_tells_of_a_message_and_it_is_the_same_word() -> None:
    async with hub(devices=2) as told:
        await told.send(Content(text="Hello"))
        assert told.stages == [Stage.DELIVERED, Stage.DELIVERED, Stage.READ, Stage.READ]
        assert len({report.key for report in told.reports if isinstance(report, Receipt)}) == 2


async def test_message_that_was_taken_fails_later() -> None:
    async with hub(failing={ANA: "the client did not like it"}) as told:
        await told.send(Content(text="Hello"))
        [failed] = told.reports
        assert isinstance(failed, Receipt)
        assert (failed.stage, failed.reason) == (Stage.FAILED, Reason(Cause.UNKNOWN, "the client did not like it"))


@pytest.mark.parametrize("button", [{}, {"Text": "A", "Rows": 3}, {"Text": "A", "Columns": 7}])
async def test_keyboard_that_a_client_cannot_show_fails_later(button: dict[str, Any]) -> None:
    keyboard = {"Type": "keyboard", "Buttons": [{"ActionBody": "a", **button}]}
    body = {"type": "text", "text": "Hello", "keyboard": keyboard}
    async with hub() as told:
        await told.send(Content(native={"viber": Raw(json.dumps(body).encode())}))
        [failed] = told.reports
        assert isinstance(failed, Receipt)
        assert failed.reason
        assert failed.reason.text.startswith("keyboard is not valid.")


async def test_callback_is_repeated_until_it_is_answered_with_200() -> None:
    async with hub(statuses=("delivered",)) as told:
        told.answers = [500, 204]
        await told.send(Content(text="Hello"))
        assert told.simulator.answers == [500, 204, 200]
        assert told.stages == [Stage.DELIVERED]


async def test_person_writes_and_the_bots_own_receipt_comes_too() -> None:
    async with hub() as told:
        inbound, arrived = await told.happens(told.simulator.inbound(ANA, "Hi", name="Ana", chat_id="g1"))
        assert isinstance(inbound, Inbound)
        assert (inbound.sender, inbound.name, inbound.content.text) == (ANA, "Ana", "Hi")
        assert (inbound.reply_to, inbound.conversation) == (None, "g1")
        assert isinstance(arrived, Receipt)
        assert inbound.key == f"inbound:{arrived.target.reference}"


async def test_tracking_data_comes_back_with_the_next_message_only() -> None:
    async with hub(statuses=()) as told:
        await told.send(Content(text="Hello"))
        first, *_ = await told.happens(
            told.simulator.inbound(ANA, "", type="picture", media="https://dl.example.test/1")
        )
        second, *_ = await told.happens(told.simulator.inbound(ANA, "Hi"))
        assert isinstance(first, Inbound)
        assert isinstance(second, Inbound)
        assert first.reply_to
        assert (first.reply_to.message, first.reply_to.hop, second.reply_to) == ("0198-msg", 1, None)


@pytest.mark.parametrize(("silent", "more", "payload"), [(False, {}, "COMING"), (True, {"label": "No"}, "No")])
async def test_tap_is_told(silent: bool, more: dict[str, str], payload: str) -> None:
    async with hub({"silentTaps": silent}, statuses=()) as told:
        asked = Content(text="Fine?", actions=(Action("Yes", payload="COMING"), Action("No")))
        sent = await told.send(asked)
        inbound, click, _ = await told.happens(told.simulator.act(sent.pieces[0].reference, "reply", **more))
        assert isinstance(inbound, Inbound)
        assert isinstance(click, Interaction)
        assert (inbound.content.text, inbound.extra.get("silent", False)) == (payload, silent)
        assert (click.deed, click.payload, click.target.message, click.target.hop) == (
            "clicked",
            payload,
            "0198-msg",
            1,
        )


async def test_tap_on_a_card_is_told() -> None:
    async with hub(statuses=()) as told:
        sent = await told.send(CONTENTS["rich_media"])
        _, click, _ = await told.happens(told.simulator.act(sent.pieces[0].reference, "reply"))
        assert isinstance(click, Interaction)
        assert click.payload == "rocha"


async def test_people_come_and_go() -> None:
    async with hub() as told:
        stopped, subscribed = await told.happens(
            [*told.simulator.act("", "unsubscribed", sender=ANA), *told.simulator.act("", "subscribed", sender=ANA)]
        )
        assert isinstance(stopped, Interaction)
        assert (stopped.deed, stopped.target.address) == ("unsubscribe-request", ANA)
        assert getattr(subscribed, "why", "") == "subscribed: a person subscribed to the bot"
        with pytest.raises(SendFailed) as refused:
            await told.send(Content(text="Hello"))
        assert refused.value.reason.cause is Cause.OPTED_OUT


async def test_person_who_opens_the_chat_is_welcomed() -> None:
    async with hub({"welcomeText": "Hello!"}) as told:
        welcome = await told.simulator.start_conversation(ANA)
        assert told.simulator.welcomes == [welcome]
        assert (welcome["sender"], welcome["text"]) == ({"name": "Shop"}, "Hello!")
    async with hub() as told:
        assert await told.simulator.start_conversation(ANA) == {}
        assert told.simulator.welcomes == []


async def test_callback_url_is_tried_while_it_is_set() -> None:
    async with hub() as told, aiohttp.ClientSession(headers=TOKEN) as session:
        told.simulator.callback_url = ""

        async def ask(door: str, **body: Any) -> Any:
            async with session.post(f"{told.simulator.base_url}/{door}", json=body) as reply:
                assert reply.status == 200
                return await reply.json()

        told.answers = [404]
        assert (await ask("set_webhook", url=told.url))["status_message"] == "invalidUrl"
        answer = await ask("set_webhook", url=told.url, event_types=["delivered"])
        assert answer["event_types"] == ["delivered", "message", "subscribed", "unsubscribed"]
        assert (await ask("get_account_info"))["webhook"] == told.url
        await told.send(Content(text="Hello"))
        assert told.stages == [Stage.DELIVERED]
        await ask("set_webhook", url=told.url, event_types=[])
        [inbound] = await told.happens(told.simulator.inbound(ANA, "Hi"))
        assert isinstance(inbound, Inbound)
        assert len((await ask("set_webhook", url=""))["event_types"]) == 7
        assert told.simulator.callback_url == ""


TEXT = {"receiver": ANA, "sender": {"name": "Shop"}, "type": "text", "text": "Hello"}


def keyboard(button: dict[str, Any], version: int = 1) -> dict[str, Any]:
    return {**TEXT, "min_api_version": version, "keyboard": {"Type": "keyboard", "Buttons": [button]}}


def media(kind: str, **value: Any) -> dict[str, Any]:
    return {**TEXT, "type": kind, "media": "https://cdn.example.test/1", **value}


def cards(rows: int, *buttons: int, version: int = 7) -> dict[str, Any]:
    held = [{"Rows": each, "Columns": 6, "ActionBody": "a"} for each in buttons]
    group = {"Type": "rich_media", "ButtonsGroupRows": rows, "ButtonsGroupColumns": 6, "Buttons": held}
    return {**TEXT, "type": "rich_media", "rich_media": group, "min_api_version": version}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 3),
        ({**TEXT, "text": "x" * 31_000}, 3),
        ({**TEXT, "receiver": ""}, 4),
        ({**TEXT, "sender": {}}, 4),
        ({**TEXT, "sender": {"name": "x" * 29}}, 3),
        ({**TEXT, "tracking_data": "x" * 4097}, 3),
        ({**TEXT, "type": "fax"}, 3),
        ({**TEXT, "text": ""}, 4),
        ({**TEXT, "text": "x" * 7001}, 3),
        (media("picture", text="x" * 769), 3),
        (media("picture", text=None), 4),
        (media("url", media="x"), 3),
        (media("video"), 4),
        (media("video", size=1, duration=181), 3),
        (media("file", size=1), 4),
        (media("file", size=1, file_name="x" * 257), 3),
        ({**TEXT, "type": "location", "location": {"lat": 91, "lon": 0}}, 3),
        ({**TEXT, "type": "contact", "contact": {"name": "Rui"}}, 4),
        ({**TEXT, "type": "contact", "contact": {"name": "x" * 29, "phone_number": "1"}}, 3),
        ({**TEXT, "type": "sticker", "sticker_id": "1"}, 3),
        ({**TEXT, "keyboard": {"Buttons": []}}, 3),
        (keyboard({"ActionType": "dance", "ActionBody": "a"}), 3),
        (keyboard({"Text": "a"}), 3),
        (keyboard({"ActionBody": "a", "Silent": True}, 5), 3),
        (keyboard({"ActionBody": "a", "Silent": True, "Text": "a"}, 6), 0),
        (keyboard({"ActionBody": "a", "ActionType": "share-phone"}, 2), 3),
        (cards(3, 1, 2), 0),
        (cards(3, 1, 1), 3),
        (cards(8, 8), 3),
        (cards(1, 1, version=1), 3),
    ],
)
async def test_message_that_viber_takes_or_refuses(body: Any, status: int) -> None:
    async with hub() as told, aiohttp.ClientSession(headers=TOKEN) as session:
        async with session.post(f"{told.simulator.base_url}/send_message", json=body) as reply:
            assert reply.status == 200
            assert (await reply.json())["status"] == status
        assert len(told.simulator.taken) == (status == 0)


@pytest.mark.parametrize("door", ["send_message", "set_webhook", "get_account_info"])
async def test_requests_that_make_no_sense(door: str) -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        for headers, body, status in (({}, b"{}", 2), (TOKEN, b"{", 3), (TOKEN, b'"a"', 3)):
            async with session.post(f"{told.simulator.base_url}/{door}", data=body, headers=headers) as reply:
                assert (await reply.json())["status"] == status
