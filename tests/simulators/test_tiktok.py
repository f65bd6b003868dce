"""The simulator of TikTok's Business Messaging API, met by the connector over loopback."""

import base64
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from msgspec import Raw

from support.carrier import carry
from support.listening import Listening, listening
from tidings.connectors.tiktok import TikTok
from tidings.model.content import Action, Content, Media
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Target, Unknown
from tidings.model.stages import Cause, Stage
from tidings.simulators.simulator import Fault, Order
from tidings.simulators.tiktok import TikTok as Business

SETTINGS = {
    "businessId": "biz-open-id-1",
    "clientKey": "7000000000000000001",
    "clientSecret": "a-client-secret",
    "accessToken": "act.first",
    "refreshToken": "rft.first",
}
ANA = "7300000000000000001"
PNG = b"\x89PNG\r\n\x1a\n and so on"
HELLO = Content(text="Hello")


@asynccontextmanager
async def hub(*, heard: bool = True, **simulated: Any) -> AsyncIterator[Listening[Business]]:
    async with listening(TikTok, Business, SETTINGS, outgoing={"to": ANA}, **simulated) as told:
        if heard:
            told.simulator.account.hear(ANA)
        yield told


async def ask(told: Listening[Business], method: str, path: str, body: Any = None, **headers: str) -> Any:
    """Ask the API something with our own hands; gives the answer, which is always HTTP 200."""
    url = f"{told.simulator.base_url}/open_api/v1.3/{path}"
    async with aiohttp.ClientSession() as session, session.request(method, url, data=body, headers=headers) as reply:
        assert reply.status == 200
        return await reply.json()


CONTENTS = {
    "TEXT": HELLO,
    "IMAGE": Content(media=(Media(type="image/png", data=base64.b64encode(PNG).decode()),)),
    "TEMPLATE": Content(text="Fine?", actions=(Action("Yes", payload="y"), Action("No"))),
    "TEMPLATE with links": Content(text="Fine?", actions=(Action("Yes, I would like it so"),)),
    "SHARE_POST": Content(native={"tiktok": Raw(b'{"share_post":{"item_id":"900"}}')}),
}


@pytest.mark.parametrize("name", CONTENTS)
async def test_every_kind_of_message_is_taken_and_echoed(name: str) -> None:
    async with hub() as told:
        sent = await told.send(CONTENTS[name])
        [taken] = told.simulator.taken
        assert [piece.reference for piece in sent.pieces] == [taken["id"]]
        assert (taken["to"], taken["type"]) == (ANA, name.split(maxsplit=1)[0])
        [echo] = told.reports
        assert isinstance(echo, Receipt)
        assert (echo.stage, echo.target) == (Stage.SENT, Target(reference=taken["id"]))
        assert echo.went_at == told.simulator.account.sent_at[taken["id"]]
        [body] = told.bodies
        assert isinstance(body["content"], str)
        assert json.loads(body["content"])["message_tag"] == {"source": "API"}


async def test_image_is_uploaded_and_one_that_came_is_fetched() -> None:
    async with hub() as told:
        await told.send(CONTENTS["IMAGE"])
        [(image, kept)] = told.simulator.account.images.items()
        assert kept == ("image/png", PNG)
        assert told.simulator.taken[0]["body"]["image"] == {"media_id": image}
        [*_, came] = await told.happens(told.simulator.inbound(ANA, "", image=base64.b64encode(PNG).decode()))
        assert isinstance(came, Inbound)
        reply = await carry(told.connector.fetch(came.content.media[0], 0))
        assert (reply.status, reply.body) == (200, PNG)
        unknown = came.content.media[0].reference.replace("md-", "none-")
        assert (await carry(told.connector.fetch(Media(reference=unknown), 0))).status == 404
        told.channel(accessToken="another")
        assert (await carry(told.connector.fetch(came.content.media[0], 0))).status == 401
        url = f"{told.simulator.base_url}/files/{image}"
        assert (await carry(told.connector.fetch(Media(url=url), 0))).status == 403


async def test_what_is_answered_is_quoted_and_courtesies_come_first() -> None:
    async with hub() as told:
        [*_, came] = await told.happens(told.simulator.inbound(ANA, "Price?"))
        assert isinstance(came, Inbound)
        assert (came.sender, came.name, came.extra["userId"]) == (ANA, "ana.pt", f"user-of-{ANA}")
        sent = await told.send(Content(text="10"), reply_to=came.reference, typing=True, markRead=True)
        [taken] = told.simulator.taken
        assert taken["body"]["referenced_message_info"] == {"referenced_message_id": came.reference}
        assert told.simulator.account.actions == [(ANA, "MARK_READ"), (ANA, "TYPING")]
        with pytest.raises(SendFailed, match="The message does not exist"):
            await told.send(Content(text="10"), reply_to="9")
        [*_, answered] = await told.happens(told.simulator.inbound(ANA, "Thanks", answers=sent.pieces[0].reference))
        assert isinstance(answered, Inbound)
        assert answered.reply_to == Target(reference=sent.pieces[0].reference)


# The window


async def test_a_person_must_write_first() -> None:
    async with hub(heard=False) as told:
        with pytest.raises(SendFailed) as failed:
            await told.send(HELLO)
        assert failed.value.reason.cause is Cause.BAD_ADDRESS
        with pytest.raises(SendFailed):
            await told.send(HELLO, typing=True)
        assert told.simulator.account.actions == []
        await told.happens(told.simulator.inbound(ANA, "Hi"))
        await told.send(HELLO)


async def test_ten_messages_go_to_a_person_until_they_write_again() -> None:
    async with hub() as told:
        for _ in range(10):
            await told.send(HELLO)
        with pytest.raises(SendFailed) as failed:
            await told.send(HELLO)
        assert (failed.value.reason.cause, failed.value.reason.code) == (Cause.WINDOW, "40064")
        await told.happens(told.simulator.inbound(ANA, "Hi"))
        await told.send(HELLO)


async def test_window_closes() -> None:
    async with hub(window_seconds=0) as told:
        with pytest.raises(SendFailed) as failed:
            await told.send(HELLO)
        assert failed.value.reason.cause is Cause.WINDOW


# Tokens


async def test_token_is_renewed_and_the_refresh_token_is_good_once() -> None:
    async with hub() as told:
        told.simulator.account.expire()
        with pytest.raises(SendDeferred) as wait:
            await told.send(HELLO)
        assert (wait.value.reason.cause, wait.value.stale) == (Cause.ACCOUNT, True)

        async def renewed() -> Mapping[str, Any]:
            exchange = told.connector.renewal(int(time.time() * 1000), refused=True)
            assert exchange
            return await carry(exchange)

        changed = await renewed()
        with pytest.raises(SendDeferred) as wait:
            await renewed()
        assert (wait.value.reason.code, wait.value.stale) == ("40103", False)
        told.channel(**changed)
        await told.send(HELLO)
        again = await renewed()
        assert again["refreshToken"] not in (changed["refreshToken"], SETTINGS["refreshToken"])


@pytest.mark.parametrize("settings", [{"clientSecret": "another"}, {"clientKey": "another"}])
async def test_tokens_are_for_the_app_only(settings: dict[str, str]) -> None:
    async with hub() as told:
        told.channel(**settings)
        exchange = told.connector.renewal(0, refused=True)
        assert exchange
        with pytest.raises(SendDeferred):
            await carry(exchange)


# What is refused


@pytest.mark.parametrize(
    ("settings", "code"), [({"accessToken": "another"}, "40105"), ({"businessId": "another"}, "40001")]
)
@pytest.mark.parametrize("name", ["TEXT", "IMAGE"])
async def test_wrong_credentials_are_refused(settings: dict[str, str], code: str, name: str) -> None:
    async with hub() as told:
        told.channel(**settings)
        with pytest.raises((SendFailed, SendDeferred)) as refused:
            await told.send(CONTENTS[name])
        assert isinstance(refused.value, SendFailed | SendDeferred)
        assert refused.value.reason.code == code
        assert told.simulator.taken == []


TO_ANA = {"business_id": "biz-open-id-1", "recipient_type": "CONVERSATION", "recipient": ANA}
TEXT = {"message_type": "TEXT", "text": {"body": "x"}}
BUTTON = {"type": "REPLY", "title": "x", "id": "x"}
CARD = {"type": "QA_BUTTON_CARD", "title": "x", "buttons": [BUTTON]}
WRONG_BODIES: dict[str, Any] = {
    "no object": [],
    "no recipient": {**TO_ANA, **TEXT, "recipient": ""},
    "another kind of recipient": {**TO_ANA, **TEXT, "recipient_type": "USER"},
    "no type": {**TO_ANA, "text": {"body": "x"}},
    "no text": {**TO_ANA, "message_type": "TEXT"},
    "an empty text": {**TO_ANA, "message_type": "TEXT", "text": {"body": " "}},
    "a long text": {**TO_ANA, "message_type": "TEXT", "text": {"body": "x" * 6001}},
    "text and image": {**TO_ANA, **TEXT, "image": {"media_id": "x"}},
    "an image nobody has": {**TO_ANA, "message_type": "IMAGE", "image": {"media_id": "x"}},
    "a long label": {**TO_ANA, "message_type": "TEMPLATE", "template": {**CARD, "buttons": [{"title": "x" * 21}]}},
    "four buttons": {**TO_ANA, "message_type": "TEMPLATE", "template": {**CARD, "buttons": [BUTTON] * 4}},
    "a long title": {**TO_ANA, "message_type": "TEMPLATE", "template": {**CARD, "title": "x" * 41}},
    "another card": {**TO_ANA, "message_type": "TEMPLATE", "template": {**CARD, "type": "CAROUSEL"}},
    "a card that answers": {
        **TO_ANA,
        "message_type": "TEMPLATE",
        "template": CARD,
        "referenced_message_info": {"referenced_message_id": "1"},
    },
    "another action": {**TO_ANA, "message_type": "SENDER_ACTION", "sender_action": "WAVE"},
}


@pytest.mark.parametrize("name", WRONG_BODIES)
async def test_what_tiktok_refuses_is_refused(name: str) -> None:
    async with hub() as told:
        body = json.dumps(WRONG_BODIES[name])
        answer = await ask(told, "POST", "business/message/send/", body, **{"Access-Token": "act.first"})
        assert answer["code"] in (40002, 40007)
        assert told.simulator.taken == []


async def test_body_that_is_no_json_is_refused() -> None:
    async with hub() as told:
        answer = await ask(told, "POST", "business/message/send/", "{", **{"Access-Token": "act.first"})
        assert answer["code"] == 40002


@pytest.mark.parametrize(
    ("fields", "octets", "code"),
    [
        ({"business_id": "biz-open-id-1", "media_type": "VIDEO"}, PNG, 40002),
        ({"business_id": "biz-open-id-1", "media_type": "IMAGE"}, None, 40002),
        ({"business_id": "biz-open-id-1", "media_type": "IMAGE"}, b"GIF89a", 40908),
        ({"business_id": "another", "media_type": "IMAGE"}, PNG, 40001),
    ],
)
async def test_upload_that_tiktok_refuses_is_refused(fields: dict[str, str], octets: bytes | None, code: int) -> None:
    async with hub() as told:
        form = aiohttp.FormData(fields)
        if octets is not None:
            form.add_field("file", octets, filename="a.png")
        answer = await ask(told, "POST", "business/message/media/upload/", form, **{"Access-Token": "act.first"})
        assert answer["code"] == code


async def test_webhook_is_the_apps() -> None:
    async with hub() as told:
        app = {"app_id": SETTINGS["clientKey"], "secret": SETTINGS["clientSecret"]}
        wanted = {**app, "event_type": "DIRECT_MESSAGE", "callback_url": told.url}
        told.simulator.callback_url = ""
        listed = f"business/webhook/list/?app_id={app['app_id']}&secret={app['secret']}"
        assert (await ask(told, "GET", listed))["data"] == {}
        for wrong in ({"secret": "another"}, {"event_type": "COMMENT"}):
            assert (await ask(told, "POST", "business/webhook/update/", json.dumps(wanted | wrong)))["code"] > 0
        assert (await ask(told, "POST", "business/webhook/update/", json.dumps(wanted)))["code"] == 0
        assert (await ask(told, "GET", listed))["data"] == {"callback_url": told.url}
        account = await ask(told, "GET", "business/get/", **{"Access-Token": "act.first"})
        assert account["data"]["username"] == "shop"
        grant = json.dumps({"grant_type": "password"})
        assert (await ask(told, "POST", "tt_user/oauth2/refresh_token/", grant))["code"] == 40002
        download = json.dumps({"business_id": "biz-open-id-1", "media_type": "AUDIO"})
        asked = await ask(told, "POST", "business/message/media/download/", download, **{"Access-Token": "act.first"})
        assert asked["code"] == 40002


async def test_faults() -> None:
    async with hub() as told:
        told.simulator.order(
            Order(Fault.REFUSED, code="40002"),
            Fault.REFUSED,
            Order(Fault.THROTTLED, seconds=7),
            Fault.ERROR,
            Fault.VANISHED,
        )
        with pytest.raises(SendFailed) as failed:
            await told.send(HELLO)
        assert failed.value.reason.cause is Cause.INVALID
        for cause, channel_wide in ((Cause.PROVIDER, False), (Cause.THROTTLED, True), (Cause.PROVIDER, False)):
            with pytest.raises(SendDeferred) as wait:
                await told.send(HELLO)
            assert (wait.value.reason.cause, wait.value.channel_wide) == (cause, channel_wide)
        assert told.simulator.taken == []
        with pytest.raises(NoReply) as silence:
            await told.send(HELLO)
        assert silence.value.taken


async def test_echo_may_come_before_the_answer_or_not_at_all() -> None:
    async with hub() as told:
        told.simulator.order(Fault.EARLY, Fault.LOST, Fault.DUPLICATE)
        for count in (1, 1, 3):
            await told.send(HELLO)
            assert len(told.reports) == count
    async with hub(echoes=False) as told:
        await told.send(HELLO)
        assert told.reports == []


# What is told


async def test_read_covers_all_that_was_sent_before() -> None:
    async with hub() as told:
        sent = [(await told.send(HELLO)).pieces[0].reference for _ in range(3)]
        times = [told.simulator.account.sent_at[each] for each in sent]
        assert len(set(times)) == 3
        [*_, mark] = await told.happens(told.simulator.act(sent[1], "read"))
        assert isinstance(mark, Receipt)
        assert (mark.stage, mark.target) == (Stage.READ, Target(address=ANA, until=times[1]))
        before = len(told.reports)
        told.simulator.post(told.simulator.act(sent[2], "own_read"))
        await told.simulator.settle()
        assert len(told.reports) == before, "what our own side reads is no news"


async def test_deeds_are_told() -> None:
    async with hub() as told:
        message = (await told.send(CONTENTS["TEMPLATE"])).pieces[0].reference
        for deed, action in (("reaction", "react"), ("unreaction", "unreact")):
            [*_, reaction] = await told.happens(told.simulator.act(message, deed, emoji="🔥"))
            assert isinstance(reaction, Interaction)
            assert (reaction.action, reaction.emoji, reaction.target.reference) == (action, "🔥", message)
        [*_, click] = await told.happens(told.simulator.act(message, "tap", id="y", title="Yes"))
        said = told.reports[-2]
        assert isinstance(click, Interaction)
        assert isinstance(said, Inbound)
        assert (click.deed, click.payload, click.target.reference) == (Deed.CLICKED, "y", message)
        assert said.content.text == "Yes"
        assert isinstance((await told.happens(told.simulator.act(message, "app_message", text="Hello")))[-1], Unknown)
        [*_, post] = await told.happens(
            told.simulator.inbound(ANA, "", type="share_post", share_post={"embed_url": "https://x"})
        )
        assert isinstance(post, Inbound)
        assert (post.content.text, post.extra["type"]) == ("https://x", "share_post")
        with pytest.raises(ValueError, match="Nobody does 'wave'"):
            told.simulator.act(message, "wave")


async def test_webhook_signed_too_long_ago_is_refused_and_repeated() -> None:
    async with hub() as told:
        told.simulator.news.late = 301
        told.simulator.post(told.simulator.inbound(ANA, "Hi"))
        await told.simulator.settle()
        assert (told.simulator.answers, told.reports) == ([403, 403, 403], [])
        told.simulator.news.late = 0
        told.answers = [500]
        await told.happens(told.simulator.inbound(ANA, "Hi"))
        assert told.simulator.answers[3:] == [500, 200]
