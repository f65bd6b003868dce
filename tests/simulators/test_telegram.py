"""The simulator of Telegram's Bot API, met by the connector and by another library over loopback."""

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
import pytest
import telegram as library
from msgspec import Raw
from telegram import error as library_errors
from telegram.request import HTTPXRequest

from support.carrier import carry
from support.listening import Listening, listening
from support.waiting import until
from tidings.connectors.telegram import Telegram
from tidings.connectors.telegram.reading import WANTED
from tidings.model.content import Action, Card, Choice, Content, Listing, Location, Media
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Sent
from tidings.model.reports import Deed, Inbound, Interaction
from tidings.model.stages import Cause, Reason
from tidings.simulators.simulator import Fault, Order
from tidings.simulators.telegram import ALLOWED
from tidings.simulators.telegram import Telegram as BotApi
from tidings.simulators.telegram.flood import GROUP
from tidings.simulators.telegram.posting import Updates

SETTINGS = {"botToken": "700:a-test-token", "webhookSecret": "hub-secret_01"}
ANA = 5210000001
GROUP_ID = -1001234567890
PNG = "https://cdn.example.test/1.png"


def hub(settings: Mapping[str, Any] = SETTINGS, **simulated: Any) -> AbstractAsyncContextManager[Listening[BotApi]]:
    return listening(Telegram, BotApi, settings, outgoing={"to": str(ANA)}, people=(ANA, GROUP_ID), **simulated)


@asynccontextmanager
async def other_library(api: BotApi, token: str = SETTINGS["botToken"]) -> AsyncIterator[library.Bot]:
    """The other library's bot, at the same simulator."""
    requests = (HTTPXRequest(), HTTPXRequest())
    bot = library.Bot(
        token,
        base_url=f"{api.base_url}/bot",
        base_file_url=f"{api.base_url}/file/bot",
        request=requests[0],
        get_updates_request=requests[1],
    )
    try:
        yield bot
    finally:
        for request in requests:
            await request.shutdown()


# What is sent

CONTENTS = {
    "text": Content(text="Hello"),
    "html": Content(html="<h1>Hello</h1><p>It is <b>on its way</b></p>"),
    "photo": Content(text="Look", media=(Media(type="image/png", url=PNG),)),
    "video": Content(media=(Media(type="video/mp4", url="https://cdn.example.test/1.mp4"),)),
    "audio": Content(media=(Media(type="audio/mpeg", url="https://cdn.example.test/1.mp3"),)),
    "voice": Content(media=(Media(type="audio/ogg", url="https://cdn.example.test/1.ogg"),)),
    "animation": Content(media=(Media(type="image/gif", url="https://cdn.example.test/1.gif"),)),
    "sticker": Content(media=(Media(type="application/x-tgsticker", url="https://cdn.example.test/1.tgs"),)),
    "document": Content(media=(Media(type="text/plain", data="hello", name='a"b.txt'),)),
    "album": Content(text="Look", media=(Media(type="image/png", url=PNG), Media(type="image/png", data="aGk="))),
    "buttons": Content(text="Fine?", actions=(Action("Yes", payload="y"), Action("More", "link", url=PNG))),
    "place asked for": Content(text="Where?", actions=(Action("Here", "location"),)),
    "list": Content(text="When?", listing=Listing("Times", (Choice("1", "Monday", "9:00"),))),
    "location": Content(location=Location(38.7, -9.1)),
    "venue": Content(location=Location(38.7, -9.1, "Rossio", "Lisboa")),
    "contact": Content(contacts=({"phone_number": "+351912345678", "first_name": "Rui"},)),
    "cards": Content(cards=(Card("Red", media=Media(url=PNG)), Card("Blue", actions=(Action("Buy"),)))),
    "poll": Content(native={"telegram": Raw(b'{"question":"When?","options":[{"text":"Now"},{"text":"Later"}]}')}),
    "dice": Content(native={"telegram": Raw(b'{"method":"sendDice"}')}),
}


@pytest.mark.parametrize("name", CONTENTS)
async def test_every_kind_of_message_is_taken_as_the_library_would_send_it(name: str) -> None:
    async with hub() as told:
        sent = await told.send(CONTENTS[name])
        assert [piece.reference for piece in sent.pieces] == [each["id"] for each in told.simulator.taken]
        ours = [(each["method"], each["body"]) for each in told.simulator.taken]
        numbers = {
            each["id"]: told.simulator.bot.messages[ANA, int(each["id"].split(":")[1])] for each in told.simulator.taken
        }
        for message in numbers.values():
            assert library.Message.de_json(message, None).message_id == message["message_id"]
        async with other_library(told.simulator) as bot:
            for method, body in dict(ours).items():
                told.simulator.taken.clear()
                await _by_library(bot, method, body)
                theirs = told.simulator.taken[0]
                assert theirs["method"] == method
                assert _comparable(theirs["body"]) == _comparable(body)


async def _by_library(bot: library.Bot, method: str, body: Mapping[str, Any]) -> None:
    """Have the other library make a call with our parameters, as its own types."""
    given = dict(body)
    if "reply_markup" in given:
        markup = given["reply_markup"]
        kind = library.InlineKeyboardMarkup if "inline_keyboard" in markup else library.ReplyKeyboardMarkup
        given["reply_markup"] = kind.de_json(markup, bot)
    if method == "sendMediaGroup":
        given["media"] = [library.InputMediaPhoto(PNG, caption=item.get("caption")) for item in given["media"]]
    if method == "sendPoll":
        given["options"] = [each["text"] for each in given["options"]]
    if method == "sendDocument":
        given["document"] = library.InputFile(b"hello", filename="a.txt")
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method)
    await getattr(bot, name)(**given)


def _comparable(body: Mapping[str, Any]) -> dict[str, Any]:
    """What both libraries have to say alike: everything but the names of files that come along."""
    said = {name: value for name, value in body.items() if value is not None and name != "document"}
    for item in said.get("media", ()):
        item.pop("media")
        item.pop("parse_mode", None)
    if "options" in said:
        said["options"] = [{"text": each["text"]} for each in said["options"]]
    return {name: float(value) if name in ("latitude", "longitude") else value for name, value in said.items()}


async def test_file_that_comes_along_is_kept_and_can_be_fetched_again() -> None:
    async with hub() as told:
        await told.send(CONTENTS["document"])
        [(file, kept)] = told.simulator.bot.files.items()
        assert kept == ("text/plain", b"hello")
        reply = await carry(told.connector.fetch(Media(reference=file), 0))
        assert (reply.status, reply.body) == (200, b"hello")
        again = Content(media=(Media(type="text/plain", reference=file),))
        await told.send(again)
        assert len(told.simulator.taken) == 2
        assert (await carry(told.connector.fetch(Media(reference="unknown"), 0))).status == 400
        with pytest.raises(SendFailed, match="wrong file identifier"):
            await told.send(Content(media=(Media(type="text/plain", reference="unknown"),)))


async def test_file_is_given_only_with_the_token() -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        file = told.simulator.bot.keep_file("text/plain", b"hello")
        for token, status in (("700:a-test-token", 200), ("700:another", 401), ("x", 404)):
            async with session.get(f"{told.simulator.base_url}/file/bot{token}/documents/{file}") as reply:
                assert reply.status == status
        async with session.get(f"{told.simulator.base_url}/file/bot700:a-test-token/documents/none") as reply:
            assert reply.status == 404
        told.simulator.bot.files["large"] = ("text/plain", b"x" * (20 * 2**20 + 1))
        assert (await carry(told.connector.fetch(Media(reference="large"), 0))).status == 400


async def test_what_is_answered_is_named_and_courtesies_come_first() -> None:
    async with hub() as told:
        [*_, report] = await told.happens(told.simulator.inbound(str(ANA), "Are you open?", connection="bc1"))
        assert isinstance(report, Inbound)
        assert report.reference == f"bc1/{ANA}:4711"
        sent = await told.send(Content(text="Yes"), reply_to=report.reference, typing=True, markRead=True)
        assert sent.pieces[0].reference == f"bc1/{ANA}:4712"
        [taken] = told.simulator.taken
        assert taken["body"]["reply_parameters"] == {"message_id": 4711, "allow_sending_without_reply": True}
        assert [shown.get("action", shown.get("message_id")) for shown in told.simulator.methods.shown] == [
            4711,
            "typing",
        ]
        with pytest.raises(SendFailed, match="BUSINESS_CONNECTION_INVALID"):
            await told.send(Content(text="Yes"), businessConnectionId="another")


async def test_message_that_is_there_is_changed() -> None:
    async with hub() as told:
        sent = await told.send(Content(text="Hello"))
        reference = sent.pieces[0].reference

        async def call(**body: Any) -> Sent:
            native = Raw(msgspec.json.encode({"message_id": reference, **body}))
            return await told.send(Content(native={"telegram": native}))

        changed = await call(method="editMessageText", text="Hello again")
        assert changed.pieces[0].reference == f"editMessageText:{reference}"
        assert told.simulator.bot.messages[ANA, 4711]["text"] == "Hello again"
        with pytest.raises(SendFailed, match="message is not modified"):
            await call(method="editMessageText", text="Hello again")
        await call(reaction=[{"type": "emoji", "emoji": "👍"}])
        assert told.simulator.methods.reactions == {(ANA, 4711): [{"type": "emoji", "emoji": "👍"}]}
        await call(method="deleteMessage")
        with pytest.raises(SendFailed, match="message to delete not found"):
            await call(method="deleteMessage")


async def test_only_ones_own_and_only_young_messages_are_changed() -> None:
    async with hub() as told:
        await told.happens(told.simulator.inbound(str(ANA), "Hi"))
        edit = Content(native={"telegram": Raw(b'{"method":"editMessageText","message_id":4711,"text":"x"}')})
        with pytest.raises(SendFailed, match="message can't be edited"):
            await told.send(edit)
        told.simulator.bot.messages[ANA, 4711]["date"] -= 49 * 3600
        with pytest.raises(SendFailed, match="can't be deleted for everyone"):
            await told.send(Content(native={"telegram": Raw(b'{"method":"deleteMessage","message_id":4711}')}))


async def test_public_channel_is_named() -> None:
    async with hub() as told:
        told.simulator.bot.names["shopnews"] = -1009
        sent = await told.send(Content(text="News"), to="@shopnews")
        assert sent.pieces[0].reference == "-1009:4711"
        copy = Content(native={"telegram": Raw(b'{"method":"copyMessage","from_chat_id":1,"message_id":2}')})
        assert (await told.send(copy, to="@shopnews")).pieces[0].reference == "@shopnews:4712"


# What is refused


@pytest.mark.parametrize(("token", "code"), [("700:another", "401"), ("malformed", "404"), ("700:with space", "404")])
async def test_wrong_token_stops_the_channel(token: str, code: str) -> None:
    async with hub() as told:
        told.channel(botToken=token)
        with pytest.raises(SendDeferred) as wait:
            await told.send(Content(text="Hello"))
        assert (wait.value.reason.cause, wait.value.reason.code) == (Cause.ACCOUNT, code)
        assert wait.value.channel_wide


async def test_only_who_started_the_bot_and_did_not_block_it_is_reached() -> None:
    async with hub() as told:
        with pytest.raises(SendFailed) as failed:
            await told.send(Content(text="Hello"), to="5")
        assert failed.value.reason == Reason(Cause.BAD_ADDRESS, "Bad Request: chat not found", "400")
        await told.happens(told.simulator.inbound("5", "/start"))
        await told.send(Content(text="Hello"), to="5")
        [*_, blocked] = await told.happens(told.simulator.act("5:4711", "blocked"))
        assert isinstance(blocked, Interaction)
        assert (blocked.deed, blocked.sender) == (Deed.UNSUBSCRIBE_REQUEST, "5")
        with pytest.raises(SendFailed) as failed:
            await told.send(Content(text="Hello"), to="5")
        assert failed.value.reason.cause is Cause.BLOCKED
        await told.happens(told.simulator.act("5:4711", "came_back"))
        await told.send(Content(text="Hello"), to="5")


async def test_group_that_moved_is_followed() -> None:
    async with hub() as told:
        told.simulator.bot.moved[-200] = GROUP_ID
        sent = await told.send(Content(text="Hello"), to="-200")
        assert sent.pieces[0].reference == f"{GROUP_ID}:4711"


async def test_flood_is_held_back() -> None:
    async with hub() as told:
        for _ in range(GROUP[0]):
            await told.send(Content(text="Hello"), to=str(GROUP_ID))
        with pytest.raises(SendDeferred) as wait:
            await told.send(Content(text="Hello"), to=str(GROUP_ID))
        assert wait.value.reason.cause is Cause.THROTTLED
        assert wait.value.after is not None
        assert 50 < wait.value.after <= 60
        assert not wait.value.channel_wide
        told.channel(paidBroadcast=True)
        await told.send(Content(text="Hello"))


async def test_too_much_at_once_stops_the_whole_bot() -> None:
    async with hub() as told:
        told.simulator.bot.people |= set(range(1, 40))
        with pytest.raises(SendDeferred) as wait:
            for person in range(1, 40):
                await told.send(Content(text="Hello"), to=str(person))
        assert (wait.value.after, wait.value.channel_wide) == (1.0, True)
    async with hub(flood=False) as told:
        for _ in range(40):
            await told.send(Content(text="Hello"))


WRONG_CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "message text is empty": ("sendMessage", {"text": " "}),
    "message is too long": ("sendMessage", {"text": "x" * 4097}),
    "message caption is too long": ("sendPhoto", {"photo": PNG, "caption": "x" * 1025}),
    'Unsupported start tag "p"': ("sendMessage", {"text": "<p>x</p>", "parse_mode": "HTML"}),
    "Unmatched end tag": ("sendMessage", {"text": "<b><i>x</b></i>", "parse_mode": "HTML"}),
    "Can't find end tag": ("sendMessage", {"text": "<b>x", "parse_mode": "HTML"}),
    "Unclosed start tag": ("sendMessage", {"text": "a < b", "parse_mode": "HTML"}),
    "text is empty": ("sendMessage", {"text": "<b></b>", "parse_mode": "HTML"}),
    "BUTTON_DATA_INVALID": ("sendMessage", {"text": "x", "inline": [{"text": "x", "callback_data": "x" * 65}]}),
    "BUTTON_URL_INVALID": ("sendMessage", {"text": "x", "inline": [{"text": "x", "url": "tel:1"}]}),
    "BUTTON_TEXT_EMPTY": ("sendMessage", {"text": "x", "inline": [{"text": "", "url": PNG}]}),
    "Text buttons are unallowed": ("sendMessage", {"text": "x", "inline": [{"text": "x"}]}),
    "reply markup is too long": ("sendMessage", {"text": "x", "inline": [{"text": "x", "url": PNG}] * 101}),
    "wrong number of items": ("sendMediaGroup", {"media": [{"type": "photo", "media": PNG}]}),
    "can't mix": (
        "sendMediaGroup",
        {"media": [{"type": "photo", "media": PNG}, {"type": "document", "media": PNG}]},
    ),
    "there is no file": ("sendPhoto", {"photo": "attach://none"}),
    "wrong file identifier": ("sendPhoto", {"photo": "none"}),
    "parameter 'photo' is required": ("sendPhoto", {}),
    "parameter 'address' is required": ("sendVenue", {"latitude": 1, "longitude": 1, "title": "x"}),
    "wrong location": ("sendLocation", {"latitude": 91, "longitude": 1}),
    "parameter 'first_name' is required": ("sendContact", {"phone_number": "+1"}),
    "poll question": ("sendPoll", {"question": "x" * 301, "options": []}),
    "at least 2 option": ("sendPoll", {"question": "x", "options": [{"text": "x"}]}),
    "message to be replied not found": ("sendMessage", {"text": "x", "reply_parameters": {"message_id": 9}}),
    "message to react not found": ("setMessageReaction", {"message_id": 9}),
    "message to edit not found": ("editMessageText", {"message_id": 9, "text": "x"}),
    "message not found": ("readBusinessMessage", {"message_id": 9}),
    "query is too old": ("answerCallbackQuery", {"callback_query_id": "9"}),
    "method not found": ("logOut", {}),
    "limit must be": ("getUpdates", {"limit": 0}),
    "HTTPS URL must": ("setWebhook", {"url": "http://example.com/"}),
    "only on ports": ("setWebhook", {"url": "https://example.com:8080/"}),
    "unallowed characters": ("setWebhook", {"url": "https://example.com/", "secret_token": "a b"}),
    "invalid file_id": ("getFile", {"file_id": "none"}),
}


@pytest.mark.parametrize("told", WRONG_CALLS)
async def test_what_telegram_refuses_is_refused(told: str) -> None:
    async with hub() as listening, aiohttp.ClientSession() as session:
        method, body = WRONG_CALLS[told]
        if method == "getUpdates":
            listening.simulator.callback_url = ""
        given = {"chat_id": ANA, **body}
        if "inline" in given:
            given["reply_markup"] = {"inline_keyboard": [given.pop("inline")]}
        url = f"{listening.simulator.base_url}/bot{SETTINGS['botToken']}/{method}"
        async with session.post(url, json=given) as reply:
            answer = await reply.json()
        assert (answer["ok"], answer["error_code"]) == (False, reply.status)
        assert told in answer["description"]
        assert listening.simulator.taken == []


async def test_calls_may_be_json_forms_or_queries_and_nothing_else() -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        url = f"{told.simulator.base_url}/bot{SETTINGS['botToken']}/SENDMESSAGE"
        markup = '{"inline_keyboard":[[{"text":"x","callback_data":"x"}]]}'
        fields = {"chat_id": str(ANA), "text": "Hello", "reply_markup": markup, "disable_notification": "true"}
        async with session.post(url, data=fields) as reply:
            assert reply.status == 200
        async with session.get(url, params={"chat_id": str(ANA), "text": "Hello"}) as reply:
            assert reply.status == 200
        assert told.simulator.taken[0]["body"]["disable_notification"] is True
        assert told.simulator.taken[0]["body"]["reply_markup"]["inline_keyboard"][0][0]["text"] == "x"
        for wrong in (b"[]", b"{"):
            async with session.post(url, data=wrong, headers={"content-type": "application/json"}) as reply:
                assert reply.status == 400
        async with session.post(url, data={**fields, "reply_markup": "{"}) as reply:
            assert "can't parse reply_markup" in (await reply.json())["description"]
        large = aiohttp.FormData({"chat_id": str(ANA)})
        large.add_field("photo", io.BytesIO(b"x" * (10 * 2**20 + 1)), filename="a.png")
        async with session.post(url.replace("SENDMESSAGE", "sendPhoto"), data=large) as reply:
            assert reply.status == 413


async def test_faults() -> None:
    async with hub() as told:
        told.simulator.order(
            Order(Fault.REFUSED, code="403"),
            Order(Fault.REFUSED, code="403 Forbidden: user is deactivated"),
            Fault.REFUSED,
            Order(Fault.THROTTLED, seconds=7),
            Fault.ERROR,
            Fault.VANISHED,
        )
        for cause in (Cause.BLOCKED, Cause.BAD_ADDRESS, Cause.BAD_ADDRESS):
            with pytest.raises(SendFailed) as failed:
                await told.send(Content(text="Hello"))
            assert failed.value.reason.cause is cause
        with pytest.raises(SendDeferred) as wait:
            await told.send(Content(text="Hello"))
        assert (wait.value.after, wait.value.channel_wide) == (7.0, True)
        with pytest.raises(SendDeferred):
            await told.send(Content(text="Hello"))
        assert told.simulator.taken == []
        with pytest.raises(NoReply) as silence:
            await told.send(Content(text="Hello"))
        assert silence.value.taken


# What is told


async def test_what_people_write_is_told_and_the_library_reads_it() -> None:
    async with hub() as told:
        sent = await told.send(Content(text="Hello"))
        number = sent.pieces[0].reference.split(":")[1]
        written = [
            told.simulator.inbound(str(ANA), "Hi", name="Ana Silva", reply_to=number),
            told.simulator.inbound(str(ANA), "Hi there", edits=4712),
            told.simulator.inbound(str(ANA), "Look", file="photo", type="image/jpeg", data="aGVsbG8="),
            told.simulator.inbound(str(ANA), "", file="document", data="aGVsbG8="),
            told.simulator.inbound(str(ANA), "", location={"latitude": 1.0, "longitude": 2.0}),
            told.simulator.inbound(str(GROUP_ID), "Hi all", person=ANA),
        ]
        for callbacks in written:
            await told.happens(callbacks)
        texts, first = [], told.reports[0]
        for report, raw in zip(told.reports, told.bodies, strict=True):
            assert isinstance(report, Inbound)
            theirs = library.Update.de_json(raw, None).effective_message
            assert theirs
            assert report.sender == str(theirs.chat.id)
            texts.append(theirs.text or theirs.caption or "")
        assert texts == ["Hi", "Hi there", "Look", "", "", "Hi all"]
        assert isinstance(first, Inbound)
        assert first.reply_to
        assert first.reply_to.reference == sent.pieces[0].reference
        photo = told.reports[2]
        assert isinstance(photo, Inbound)
        fetched = await carry(told.connector.fetch(photo.content.media[0], 0))
        assert (fetched.body, fetched.headers["content-type"]) == (b"hello", "image/jpeg")
        group = told.reports[5]
        assert isinstance(group, Inbound)
        assert (group.sender, group.extra["userId"]) == (str(GROUP_ID), str(ANA))


async def test_deeds_are_told_and_taps_are_answered() -> None:
    async with hub() as told:
        sent = await told.send(Content(text="Fine?", actions=(Action("Yes", payload="hub:6d0c:y"),)))
        message = sent.pieces[0].reference
        [*_, click] = await told.happens(told.simulator.act(message, "callback_query", data="hub:6d0c:y"))
        assert isinstance(click, Interaction)
        assert (click.deed, click.payload, click.target.reference) == (Deed.CLICKED, "hub:6d0c:y", message)
        assert list(told.simulator.bot.queries.values()) == [True]
        told_of: list[tuple[str, str]] = []
        for emoji in ("👍", "🔥", ""):
            before = len(told.reports)
            await told.happens(told.simulator.act(message, "reaction", emoji=emoji))
            told_of += [(each.action, each.emoji) for each in told.reports[before:] if isinstance(each, Interaction)]
        assert told_of == [("react", "👍"), ("unreact", "👍"), ("react", "🔥"), ("unreact", "🔥")]
        await told.happens(told.simulator.inbound(str(ANA), "Hm", connection="bc1"))
        [*_, gone] = await told.happens(told.simulator.act(f"{ANA}:4712", "deleted", connection="bc1"))
        assert isinstance(gone, Interaction)
        assert (gone.deed, gone.target.reference) == (Deed.DELETE_REQUEST, f"bc1/{ANA}:4712")
        for raw in told.bodies:
            assert library.Update.de_json(raw, None).update_id == raw["update_id"]
        with pytest.raises(ValueError, match="Nobody does 'read'"):
            told.simulator.act(message, "read")


async def test_nothing_is_told_of_what_nobody_receipts() -> None:
    async with hub() as told:
        await told.send(Content(text="Hello"))
        await told.simulator.settle()
        assert told.reports == []


async def test_update_is_repeated_until_it_is_taken() -> None:
    async with hub() as told:
        told.answers = [500, 503]
        await told.happens(told.simulator.inbound(str(ANA), "Hi"))
        assert told.simulator.answers == [500, 503, 200]
        assert len(told.reports) == 1


# Webhooks and asking for updates


async def test_webhook_is_set_asked_for_and_deleted_by_the_library() -> None:
    async with hub() as told, other_library(told.simulator) as bot:
        url, told.simulator.callback_url = told.simulator.callback_url, ""
        told.simulator.inbound(str(ANA), "before")
        assert await bot.set_webhook(url, secret_token="another_secret", allowed_updates=["message"])
        info = await bot.get_webhook_info()
        assert (info.url, info.pending_update_count, info.allowed_updates) == (url, 1, ("message",))
        told.simulator.post(told.simulator.inbound(str(ANA), "Hi"))
        await told.simulator.settle()
        assert told.simulator.answers == [403, 403, 403]
        told.channel(webhookSecret="another_secret")
        await told.happens(told.simulator.inbound(str(ANA), "Hi again"))
        assert told.simulator.act(f"{ANA}:4711", "reaction", emoji="👍") == []
        assert await bot.delete_webhook(drop_pending_updates=True)
        assert (await bot.get_webhook_info()).pending_update_count == 0
        assert (await bot.get_me()).id == 700


async def test_updates_are_asked_for_where_there_is_no_webhook() -> None:
    async with hub(settings={**SETTINGS, "pollSeconds": 1}) as told:
        told.channel(pollSeconds=1)
        assert told.simulator.inbound(str(ANA), "Hi") == []
        sent = await told.send(Content(text="Fine?", actions=(Action("Yes"),)))
        told.simulator.act(sent.pieces[0].reference, "callback_query", data="Yes")
        first = await carry(told.connector.poll("", 0))
        assert [type(report) for report in first.reports] == [Inbound, Interaction]
        assert list(told.simulator.bot.queries.values()) == [True]
        again = await carry(told.connector.poll("", 0))
        assert again.reports == first.reports, "what is not confirmed is told again"
        waiting = asyncio.create_task(carry(told.connector.poll(first.place, 0)))
        await until(lambda: not told.simulator.updates.waiting)
        told.simulator.inbound(str(ANA), "Still there?")
        last = await waiting
        assert [each.content.text for each in last.reports if isinstance(each, Inbound)] == ["Still there?"]
        async with other_library(told.simulator) as bot:
            [theirs] = await bot.get_updates(offset=-1, allowed_updates=["message"])
            assert theirs.effective_message
            assert theirs.effective_message.text == "Still there?"


async def test_asking_for_updates_and_a_webhook_exclude_each_other() -> None:
    async with hub() as told, other_library(told.simulator) as bot:
        with pytest.raises(SendDeferred) as wait:
            await carry(told.connector.poll("", 0))
        assert (wait.value.reason.cause, wait.value.reason.code) == (Cause.ACCOUNT, "409")
        with pytest.raises(library_errors.Conflict):
            await bot.get_updates()


def test_updates_are_kept_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    updates = Updates("", "", ALLOWED, polled=True)
    updates.tell("message", {})
    [(began, _)] = updates.waiting
    monkeypatch.setattr("time.monotonic", lambda: began + 24 * 3600)
    updates.forget_before(0)
    assert updates.waiting == []


def test_reactions_come_only_to_whoever_names_them() -> None:
    updates = Updates("", "", (), polled=True)
    assert [updates.number(kind, {}) is None for kind in ("message", "message_reaction")] == [False, True]


def test_the_webhook_is_set_up_for_what_the_connector_wants() -> None:
    assert set(ALLOWED) == set(WANTED)


async def test_errors_are_what_the_library_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    async with hub() as told:
        async with other_library(told.simulator) as bot:
            told.simulator.bot.blocked.add(ANA)
            with pytest.raises(library_errors.Forbidden, match="bot was blocked by the user"):
                await bot.send_message(ANA, "Hello")
            told.simulator.bot.moved[-200] = GROUP_ID
            with pytest.raises(library_errors.ChatMigrated) as moved:
                await bot.send_message(-200, "Hello")
            assert moved.value.new_chat_id == GROUP_ID
            told.simulator.order(Order(Fault.THROTTLED, seconds=7))
            monkeypatch.setenv("PTB_TIMEDELTA", "true")
            with pytest.raises(library_errors.RetryAfter) as wait:
                await bot.send_message(GROUP_ID, "Hello")
            assert wait.value.retry_after == timedelta(seconds=7)
        async with other_library(told.simulator, "700:another") as bot:
            with pytest.raises(library_errors.InvalidToken):
                await bot.get_me()
