"""The simulator of Meta's Cloud API, met by the connector over loopback."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest
from msgspec import Raw

from support.listening import Listening, listening
from tidings.connectors.whatsapp_cloud import WhatsAppCloud
from tidings.model.content import Action, Choice, Content, Listing, Location, Media, Template
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.reports import Inbound, Interaction, Receipt
from tidings.model.stages import Cause, Reason, Stage
from tidings.simulators.simulator import Fault, Order
from tidings.simulators.whatsapp_cloud import WhatsAppCloud as Meta

SETTINGS = {
    "phoneNumberId": "318620757128766",
    "accessToken": "EAAG-test-token",
    "appSecret": "test-app-secret",
    "verifyToken": "test-verify-token",
    "phoneNumber": "+351210000077",
}
ANA = "+351911111111"
USER_ID = "PT.20000000000000000018"
ALL = [Stage.SENT, Stage.DELIVERED, Stage.READ]


def hub(other: Mapping[str, Any] | None = None, **simulated: Any) -> AbstractAsyncContextManager[Listening[Meta]]:
    return listening(WhatsAppCloud, Meta, SETTINGS, outgoing={"to": ANA}, other=other, **simulated)


CONTENTS = {
    "text": Content(text="Hello"),
    "image": Content(media=(Media(type="image/png", url="https://cdn.example.test/1.png", caption="One"),)),
    "video": Content(media=(Media(type="video/mp4", url="https://cdn.example.test/1.mp4"),)),
    "audio": Content(media=(Media(type="audio/ogg", url="https://cdn.example.test/1.ogg"),)),
    "document": Content(media=(Media(type="application/pdf", url="https://cdn.example.test/1", name="a.pdf"),)),
    "sticker": Content(media=(Media(type="image/webp", url="https://cdn.example.test/1.webp"),)),
    "location": Content(location=Location(38.7, -9.1, "Rossio")),
    "contacts": Content(contacts=({"name": {"formatted_name": "Rui"}},)),
    "interactive": Content(text="Fine?", actions=(Action("Yes", payload="yes"), Action("No"))),
    "interactive link": Content(text="Look", actions=(Action("Look", "link", url="https://example.com"),)),
    "interactive place": Content(text="Where?", actions=(Action("Here", "location"),)),
    "interactive list": Content(text="Choose", listing=Listing("Times", (Choice("1", "Monday", "9:00"),))),
    "interactive flow": Content(
        native={"whatsapp": Raw(b'{"interactive":{"type":"flow","body":{"text":"Rate"},"action":{"name":"flow"}}}')}
    ),
    "reaction": Content(native={"whatsapp": Raw(b'{"reaction":{"message_id":"wamid.A","emoji":""}}')}),
    "template": Content(template=Template("order_update", "en", variables={"1": "Ana", "button.0.url": "t"})),
}


@pytest.mark.parametrize("name", CONTENTS)
async def test_every_kind_of_message_is_taken_and_told_of(name: str) -> None:
    async with hub() as told:
        sent = await told.send(CONTENTS[name])
        [taken] = told.simulator.taken
        assert [piece.reference for piece in sent.pieces] == [taken["id"]]
        assert (taken["to"], taken["type"]) == ("351911111111", name.split(maxsplit=1)[0])
        assert sent.sender == "318620757128766"
        assert told.stages == ALL
        [first, *_] = told.reports
        assert isinstance(first, Receipt)
        assert (first.target.message, first.target.hop, first.target.reference) == ("0198-msg", 1, taken["id"])


async def test_file_is_uploaded_and_can_be_fetched_again() -> None:
    async with hub({"proveSecret": True}) as told:
        await told.send(Content(media=(Media(type="image/png", data="aGVsbG8=", name='a"b.png'),)))
        [(known, kept)] = told.simulator.files.items()
        assert kept == ("image/png", b"hello")
        assert told.simulator.taken[0]["body"]["image"] == {"id": known}
        token = {"Authorization": f"Bearer {SETTINGS['accessToken']}"}
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{told.simulator.base_url}/v25.0/{known}", headers=token) as reply:
                named = await reply.json()
            async with session.get(named["url"], headers=token) as reply:
                assert (await reply.read(), reply.content_type) == (b"hello", "image/png")
        assert named == {
            "url": f"{told.simulator.base_url}/v25.0/files/{known}",
            "mime_type": "image/png",
            "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            "file_size": 5,
            "id": known,
            "messaging_product": "whatsapp",
        }


@pytest.mark.parametrize(
    ("settings", "cause", "code"),
    [({"accessToken": "old"}, Cause.ACCOUNT, "190"), ({"phoneNumberId": "1"}, Cause.INVALID, "100")],
)
@pytest.mark.parametrize("media", [(), (Media(type="image/png", data="aGVsbG8="),)])
async def test_wrong_credentials_are_refused(
    settings: dict[str, str], cause: Cause, code: str, media: tuple[Media, ...]
) -> None:
    async with hub(settings) as told:
        with pytest.raises((SendFailed, SendDeferred)) as refused:
            await told.send(Content(text="Hello", media=media))
        assert isinstance(refused.value, SendFailed | SendDeferred)
        assert (refused.value.reason.cause, refused.value.reason.code) == (cause, code)
        assert told.simulator.taken == []


async def test_proof_of_the_app_secret_is_checked() -> None:
    async with hub({"proveSecret": True, "appSecret": "another"}) as told:
        with pytest.raises(SendFailed) as refused:
            await told.send(Content(text="Hello"))
        assert refused.value.reason.text == "Invalid appsecret_proof provided in the API argument."


async def test_refusal_with_a_chosen_code() -> None:
    async with hub() as told:
        told.simulator.order(Order(Fault.REFUSED, code="131047"), Fault.REFUSED)
        with pytest.raises(SendFailed) as refused:
            await told.send(Content(text="Hello"))
        assert refused.value.reason == Reason(Cause.WINDOW, "Re-engagement message.", "131047")
        with pytest.raises(SendDeferred) as wait:
            await told.send(Content(text="Hello"))
        assert wait.value.reason == Reason(Cause.PROVIDER, "Something went wrong.", "131000", permanent=False)


async def test_faults_of_the_connection() -> None:
    async with hub() as told:
        told.simulator.order(Order(Fault.THROTTLED, seconds=7), Fault.ERROR, Fault.VANISHED)
        with pytest.raises(SendDeferred) as wait:
            await told.send(Content(text="Hello"))
        assert (wait.value.after, wait.value.channel_wide) == (7.0, True)
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
        (Fault.DUPLICATE, [Stage.SENT, Stage.SENT, Stage.DELIVERED, Stage.DELIVERED, Stage.READ, Stage.READ]),
    ],
)
async def test_faults_of_the_callbacks(fault: Fault, stages: list[Stage]) -> None:
    async with hub() as told:
        told.simulator.order(fault)
        await told.send(Content(text="Hello"))
        assert told.stages == stages


async def test_only_read_without_delivered() -> None:
    async with hub(statuses=("sent", "read"), jitter=0.01) as told:
        await told.send(Content(text="Hello"))
        assert told.stages == [Stage.SENT, Stage.READ]


async def test_callback_is_repeated_until_it_is_answered_with_200() -> None:
    async with hub(statuses=("delivered",)) as told:
        told.answers = [500, 204]
        await told.send(Content(text="Hello"))
        assert told.simulator.answers == [500, 204, 200]
        assert told.stages == [Stage.DELIVERED]


async def test_window_is_closed_until_the_person_writes() -> None:
    async with hub(window_seconds=60, statuses=("delivered",)) as told:
        await told.send(Content(text="Hello"))
        await told.send(CONTENTS["template"])
        told.simulator.post(told.simulator.inbound(ANA, "Hi"))
        await told.simulator.settle()
        await told.send(Content(text="Hello"))
        assert told.stages == [Stage.FAILED, Stage.DELIVERED, Stage.DELIVERED]
        [failed, *_] = told.reports
        assert isinstance(failed, Receipt)
        assert failed.reason == Reason(Cause.WINDOW, "Re-engagement message.", "131047")


async def test_message_that_fails_with_a_chosen_code() -> None:
    async with hub(undeliverable={"351911111111": 131050}) as told:
        await told.send(Content(text="Hello"))
        [failed, unsubscribed] = told.reports
        assert isinstance(failed, Receipt)
        assert failed.reason == Reason(Cause.OPTED_OUT, "Unable to deliver the message.", "131050")
        assert isinstance(unsubscribed, Interaction)
        assert (unsubscribed.deed, unsubscribed.sender) == ("unsubscribe-request", ANA)


async def test_person_known_only_by_a_user_id() -> None:
    async with hub(statuses=("played",)) as told:
        sent = await told.send(Content(text="Hello"), to=USER_ID)
        assert told.simulator.taken[0]["body"]["recipient"] == USER_ID
        assert b'"userId":"PT.20000000000000000018"' in bytes(sent.answer)
        told.simulator.post(
            [*told.simulator.inbound(USER_ID, "Hi"), *told.simulator.act(sent.pieces[0].reference, "stop")]
        )
        await told.simulator.settle()
        _, opened, inbound, stopped = told.reports
        assert isinstance(inbound, Inbound)
        assert (inbound.sender, inbound.contact_key) == (USER_ID, "whatsappuserid")
        assert isinstance(opened, Interaction)
        assert isinstance(stopped, Interaction)
        assert (opened.sender, stopped.sender) == (USER_ID, USER_ID)


async def test_person_known_by_number_and_user_id() -> None:
    async with hub(user_ids={"351911111111": USER_ID}) as told:
        sent = await told.send(Content(text="Hello"))
        assert b'"userId":"PT.20000000000000000018"' in bytes(sent.answer)
        told.simulator.post(told.simulator.inbound(ANA, "Hi", name="Ana", context=sent.pieces[0].reference))
        await told.simulator.settle()
        inbound = told.reports[-1]
        assert isinstance(inbound, Inbound)
        assert (inbound.sender, inbound.name, inbound.extra["userId"]) == (ANA, "Ana", USER_ID)
        assert inbound.reply_to
        assert inbound.reply_to.reference == sent.pieces[0].reference


async def test_message_is_marked_as_read_before_it_is_answered() -> None:
    async with hub() as told:
        told.simulator.post(told.simulator.inbound(ANA, "", type="image", image={"id": "1", "mime_type": "image/png"}))
        await told.simulator.settle()
        [inbound] = told.reports
        assert isinstance(inbound, Inbound)
        known = inbound.key.removeprefix("inbound:")
        await told.send(Content(text="Hello"), reply_to=known, typing=True)
        await told.send(Content(text="Hello"), reply_to="wamid.unknown", markRead=True)
        assert told.simulator.read == [known]
        assert [each["body"]["context"] for each in told.simulator.taken] == [
            {"message_id": known},
            {"message_id": "wamid.unknown"},
        ]


@pytest.mark.parametrize(
    ("deed", "more", "told_deed", "payload"),
    [
        ("reaction", {"emoji": "👍"}, "reaction", ""),
        ("reaction", {"emoji": ""}, "reaction", ""),
        ("button", {"payload": "p", "text": "Stop"}, "clicked", "p"),
        ("button_reply", {"id": "yes", "title": "Yes"}, "clicked", "yes"),
        ("list_reply", {"id": "1", "title": "Monday"}, "clicked", "1"),
        ("nfm_reply", {"response": {"rating": 5}}, "clicked", '{"rating": 5}'),
        ("revoke", {}, "delete-request", ""),
        ("played", {}, "opened", ""),
        ("failed", {"code": "131050"}, "unsubscribe-request", ""),
        ("stop", {}, "unsubscribe-request", ""),
    ],
)
async def test_deeds_are_told(deed: str, more: dict[str, Any], told_deed: str, payload: str) -> None:
    async with hub(statuses=()) as told:
        sent = await told.send(Content(text="Hello"))
        told.simulator.post(told.simulator.act(sent.pieces[0].reference, deed, **more))
        await told.simulator.settle()
        done = told.reports[-1]
        assert isinstance(done, Interaction)
        assert (done.deed, done.payload, done.sender) == (told_deed, payload, ANA)
        if deed != "stop":
            assert done.target.reference == sent.pieces[0].reference
        if deed == "reaction":
            assert (done.emoji, done.action) == (more["emoji"], "react" if more["emoji"] else "unreact")


async def test_deed_on_a_message_nobody_sent() -> None:
    async with hub() as told:
        told.simulator.post(told.simulator.act("wamid.A", "delivered", sender=ANA))
        await told.simulator.settle()
        [receipt] = told.reports
        assert isinstance(receipt, Receipt)
        assert (receipt.target.message, receipt.target.reference) == ("", "wamid.A")


async def test_handshake() -> None:
    async with hub() as told:
        assert await told.simulator.shake_hands()
        assert not await told.simulator.shake_hands(verify_token="another")


async def test_subscribing_the_account_asks_the_callback_first() -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        url, told.simulator.callback_url = told.simulator.callback_url, ""
        door = f"{told.simulator.base_url}/v25.0/204680258680796/subscribed_apps"
        token = {"Authorization": f"Bearer {SETTINGS['accessToken']}"}
        wanted = {"override_callback_uri": url, "verify_token": "test-verify-token"}
        for headers, body, status in (
            ({}, wanted, 401),
            (token, {**wanted, "verify_token": "another"}, 400),
            (token, None, 200),
            (token, wanted, 200),
        ):
            async with session.post(door, json=body, headers=headers) as reply:
                assert reply.status == status
        assert told.simulator.callback_url == url


TEXT = {"messaging_product": "whatsapp", "to": "351911111111", "type": "text", "text": {"body": "Hello"}}
INTERACTIVE = {**TEXT, "type": "interactive"}
BUTTON = {"type": "reply", "reply": {"id": "1", "title": "Yes"}}


def interactive(kind: str, action: Any, text: str = "Hello") -> dict[str, Any]:
    return {**INTERACTIVE, "interactive": {"type": kind, "body": {"text": text}, "action": action}}


def media(kind: str, **value: Any) -> dict[str, Any]:
    return {**TEXT, "type": kind, kind: value}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], 100),
        ({**TEXT, "messaging_product": "telegram"}, 100),
        ({**TEXT, "to": ""}, 131008),
        ({**TEXT, "type": "fax"}, 131009),
        ({**TEXT, "text": None}, 131008),
        ({**TEXT, "text": "Hello"}, 131008),
        ({**TEXT, "text": {"body": 17}}, 131009),
        ({**TEXT, "text": {"body": "x" * 4097}}, 131009),
        (media("image", id="1", link="https://example.com"), 131009),
        (media("image", link="https://example.com", caption="x" * 1025), 131009),
        (media("image", id="nowhere"), 131009),
        (media("audio", link="https://example.com", caption="x"), 131009),
        (interactive("carousel", {}), 131009),
        (interactive("button", {"buttons": [BUTTON]}, text="x" * 1025), 131009),
        (interactive("button", {"buttons": [BUTTON] * 4}), 131009),
        (interactive("list", {"sections": []}), 131009),
        (interactive("cta_url", {"parameters": {"display_text": "x" * 21, "url": "https://example.com"}}), 131009),
        (interactive("flow", {}), 131009),
        (media("template", name="a"), 131009),
        (media("reaction", emoji="👍"), 131009),
        (media("location", latitude=1), 131009),
        ({**TEXT, "type": "contacts", "contacts": [{}]}, 131009),
    ],
)
async def test_message_that_meta_refuses(body: Any, code: int) -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        door = f"{told.simulator.base_url}/v25.0/318620757128766/messages"
        token = {"Authorization": f"Bearer {SETTINGS['accessToken']}"}
        async with session.post(door, json=body, headers=token) as reply:
            answer = await reply.json()
        assert (reply.status, answer["error"]["code"]) == (400, code)
        assert told.simulator.taken == []


async def test_requests_that_make_no_sense() -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        number, token = f"{told.simulator.base_url}/v25.0/318620757128766", {"Authorization": "Bearer EAAG-test-token"}
        for method, url, headers, body, status in (
            ("POST", f"{number}/messages", token, b"hello", 400),
            ("POST", f"{number}/media", token, b"a=b", 400),
            ("GET", number, {}, b"", 401),
            ("GET", number, token, b"", 400),
            ("GET", f"{told.simulator.base_url}/v25.0/files/1", {}, b"", 401),
            ("GET", f"{told.simulator.base_url}/v25.0/files/1", token, b"", 404),
        ):
            async with session.request(method, url, headers=headers, data=body) as reply:
                assert reply.status == status, url


async def test_marketing_messages_are_templates() -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        await told.send(CONTENTS["template"], marketing=True)
        assert [taken["type"] for taken in told.simulator.taken] == ["template"]
        door = f"{told.simulator.base_url}/v25.0/318620757128766/marketing_messages"
        async with session.post(door, json=TEXT, headers={"Authorization": "Bearer EAAG-test-token"}) as reply:
            assert (await reply.json())["error"]["code"] == 131009
