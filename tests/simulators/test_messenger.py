"""The simulator of Messenger, met by the connector over loopback."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest
from msgspec import Raw

from support.listening import Listening, listening
from tidings.connectors.messenger import Messenger
from tidings.model.content import Action, Card, Content, Media, Template
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.reports import Inbound, Interaction, Receipt, Unknown
from tidings.model.stages import Cause, Reason, Stage
from tidings.simulators.messenger import Messenger as Meta
from tidings.simulators.simulator import Fault, Order

PAGE, ANN = "220000000000118", "7300000000001924"
SETTINGS = {"pageId": PAGE, "accessToken": "a-token", "appSecret": "a-secret", "verifyToken": "a-verify-token"}
USUAL = [Stage.SENT, Stage.DELIVERED, Stage.DELIVERED]
"""The echo, and the delivery by id and by time."""
HELLO = Content(text="Hello")
PICTURE = Media(type="image/png", url="https://cdn.example.test/1.png")
LINK = Action("Look", "link", url="https://example.com")


def hub(other: Mapping[str, Any] | None = None, **simulated: Any) -> AbstractAsyncContextManager[Listening[Meta]]:
    return listening(Messenger, Meta, SETTINGS, outgoing={"to": ANN}, other=other, **simulated)


CONTENTS = {
    "text": HELLO,
    "quick replies": Content(text="Which day?", actions=(Action("Mon", payload="DAY_MON"), Action("Tue"))),
    "buttons": Content(text="Look", actions=(LINK, Action("Call", "call", phone="+351210000077"), Action("No"))),
    "image": Content(media=(PICTURE,)),
    "cards": Content(cards=(Card("Hat", "Green", PICTURE, (LINK,)), Card("Scarf", "Red"))),
    "template": Content(template=Template("order_update", variables={"1": "4711", "button.0": "A"})),
    "native": Content(native={"facebook": Raw(b'{"sticker_id":"369239263222822"}')}),
    "receipt": Content(
        native={"facebook": Raw(b'{"attachment":{"type":"template","payload":{"template_type":"receipt"}}}')}
    ),
}


@pytest.mark.parametrize("name", CONTENTS)
async def test_every_kind_of_message_is_taken_and_told_of(name: str) -> None:
    async with hub() as told:
        sent = await told.send(CONTENTS[name])
        [taken] = told.simulator.taken
        assert [piece.reference for piece in sent.pieces] == [taken["id"]]
        assert (taken["to"], sent.sender) == (ANN, PAGE)
        assert told.stages == USUAL
        echo, by_id, by_time = told.reports
        assert isinstance(echo, Receipt)
        assert isinstance(by_id, Receipt)
        assert isinstance(by_time, Receipt)
        assert (echo.target.message, echo.target.hop) == ("0198-msg", 1)
        assert (echo.target.reference, by_id.target.reference) == (taken["id"], taken["id"])
        assert (by_time.target.address, by_time.target.until) == (ANN, echo.went_at)


async def test_a_file_is_uploaded_and_then_sent() -> None:
    async with hub() as told:
        await told.send(Content(media=(Media(type="image/png", data="aGVsbG8=", name="a.png"),)))
        [(known, kept)] = told.simulator.files.items()
        assert kept == ("image/png", b"hello")
        [taken] = told.simulator.taken
        assert taken["body"]["message"]["attachment"] == {"type": "image", "payload": {"attachment_id": known}}


async def test_deliveries_may_name_no_message() -> None:
    async with hub(mids=False) as told:
        await told.send(HELLO)
        assert told.stages == [Stage.SENT, Stage.DELIVERED]


async def test_a_read_speaks_of_all_up_to_the_time_of_a_message() -> None:
    async with hub(statuses=()) as told:
        ids = [(await told.send(HELLO)).pieces[0].reference for _ in range(3)]
        times = [told.simulator.sent_at(each) for each in ids]
        assert times == sorted(set(times)), "messages have an order"
        [read] = await told.happens(told.simulator.act(ids[1], "read"))
        assert isinstance(read, Receipt)
        assert (read.stage, read.target.until) == (Stage.READ, times[1])


@pytest.mark.parametrize(
    ("other", "cause", "code"),
    [({"accessToken": "old"}, Cause.ACCOUNT, "190"), ({"pageId": "1"}, Cause.INVALID, "100")],
)
@pytest.mark.parametrize("media", [(), (Media(type="image/png", data="aGVsbG8="),)])
async def test_wrong_credentials_are_refused(
    other: dict[str, str], cause: Cause, code: str, media: tuple[Media, ...]
) -> None:
    async with hub(other) as told:
        with pytest.raises((SendFailed, SendDeferred)) as refused:
            await told.send(Content(text="Hello", media=media))
        assert isinstance(refused.value, SendFailed | SendDeferred)
        assert (refused.value.reason.cause, refused.value.reason.code) == (cause, code)
        assert told.simulator.taken == []


async def test_faults_of_the_sending() -> None:
    async with hub() as told:
        told.simulator.order(
            Order(Fault.REFUSED, code="10/2018278"), Order(Fault.REFUSED), Order(Fault.THROTTLED, "", 7)
        )
        with pytest.raises(SendFailed) as refused:
            await told.send(HELLO)
        assert refused.value.reason.cause is Cause.WINDOW
        with pytest.raises(SendDeferred) as wait:
            await told.send(HELLO)
        assert wait.value.reason == Reason(Cause.PROVIDER, "(#1) An unknown error has occurred", "1", permanent=False)
        with pytest.raises(SendDeferred) as wait:
            await told.send(HELLO)
        assert (wait.value.after, wait.value.channel_wide) == (7.0, True)
        told.simulator.order(Fault.ERROR, Fault.VANISHED)
        with pytest.raises(SendDeferred):
            await told.send(HELLO)
        assert told.simulator.taken == []
        with pytest.raises(NoReply) as silence:
            await told.send(HELLO)
        assert silence.value.taken
        await told.simulator.settle()
        assert told.stages == USUAL


@pytest.mark.parametrize(
    ("fault", "stages"),
    [
        (Fault.EARLY, USUAL),
        (Fault.LOST, []),
        (Fault.REORDERED, [Stage.DELIVERED, Stage.DELIVERED, Stage.SENT]),
        (Fault.DUPLICATE, [Stage.SENT, Stage.SENT, *[Stage.DELIVERED] * 4]),
    ],
)
async def test_faults_of_the_callbacks(fault: Fault, stages: list[Stage]) -> None:
    async with hub() as told:
        told.simulator.order(fault)
        await told.send(HELLO)
        assert told.stages == stages


async def test_a_callback_is_repeated_until_it_is_answered_with_200() -> None:
    async with hub(statuses=("echo",)) as told:
        told.answers = [500, 204]
        await told.send(HELLO)
        assert told.simulator.answers == [500, 204, 200]
        assert told.stages == [Stage.SENT]


async def test_the_window_is_closed_until_the_person_writes_or_taps() -> None:
    async with hub(window_seconds=60, statuses=()) as told:
        with pytest.raises(SendFailed) as refused:
            await told.send(HELLO)
        assert refused.value.reason.cause is Cause.WINDOW
        await told.send(HELLO, messageTag="HUMAN_AGENT")
        await told.send(CONTENTS["template"])
        await told.happens(told.simulator.act("", "postback", sender=ANN, title="Start", payload="GET_STARTED"))
        await told.send(HELLO)
        told.simulator.window_seconds = 0
        with pytest.raises(SendFailed):
            await told.send(HELLO)
        await told.happens(told.simulator.inbound(ANN, "Hi"))
        told.simulator.window_seconds = 60
        await told.send(HELLO)
        assert len(told.simulator.taken) == 4


async def test_people_who_blocked_us_and_people_there_are_not() -> None:
    async with hub(blocked=[ANN], people=[ANN, "2"]) as told:
        for person, cause in ((ANN, Cause.BLOCKED), ("3", Cause.BAD_ADDRESS)):
            with pytest.raises(SendFailed) as refused:
                await told.send(HELLO, to=person)
            assert refused.value.reason.cause is cause
        await told.send(HELLO, to="2")
        await told.send(HELLO, to="user_ref:box")
        await told.send(HELLO, to="token:t-1")
        assert [each["to"] for each in told.simulator.taken] == ["2", "7" * 16, "7" * 16]


async def test_courtesies_and_reactions_are_no_messages() -> None:
    async with hub() as told:
        await told.send(HELLO, markSeen=True, typing=True)
        react = b'{"sender_action":"react","payload":{"message_id":"m_1","reaction":"like"}}'
        sent = await told.send(Content(native={"facebook": Raw(react)}))
        assert sent.pieces == ()
        assert [each["sender_action"] for each in told.simulator.acts] == ["mark_seen", "typing_on", "react"]
        assert len(told.simulator.taken) == 1


@pytest.mark.parametrize(
    ("deed", "more", "told_deed"),
    [
        ("reaction", {"reaction": "love", "emoji": "❤️"}, "reaction"),
        ("unreact", {}, "reaction"),
        ("quick_reply", {"title": "Mon", "payload": "DAY_MON"}, "clicked"),
        ("postback", {"title": "Mon", "payload": "DAY_MON"}, "clicked"),
        ("deleted", {}, "delete-request"),
        ("stop", {}, "unsubscribe-request"),
    ],
)
async def test_deeds_are_told(deed: str, more: dict[str, Any], told_deed: str) -> None:
    async with hub(statuses=()) as told:
        sent = await told.send(HELLO)
        done = (await told.happens(told.simulator.act(sent.pieces[0].reference, deed, **more)))[-1]
        assert isinstance(done, Interaction)
        assert (done.deed, done.sender, done.payload) == (told_deed, ANN, more.get("payload", ""))
        assert (done.emoji, done.action) == (
            more.get("emoji", ""),
            {"reaction": "react", "unreact": deed}.get(deed, ""),
        )


async def test_people_write_edit_and_comment() -> None:
    async with hub() as told:
        simulator = told.simulator
        [wrote] = await told.happens(simulator.inbound(ANN, "Café?", reply_to={"mid": "m_1"}))
        assert isinstance(wrote, Inbound)
        assert wrote.reply_to
        assert (wrote.content.text, wrote.reply_to.reference) == ("Café?", "m_1")
        mid = wrote.key.partition(":")[2]
        [edited] = await told.happens(simulator.act(mid, "edited", sender=ANN, text="Tea?", num_edit=1))
        assert isinstance(edited, Inbound)
        assert (edited.content.text, edited.extra["editedMessageId"]) == ("Tea?", mid)
        [comment] = await told.happens(simulator.inbound(ANN, "Price?", comment=True))
        assert isinstance(comment, Inbound)
        assert (comment.sender, comment.extra["kind"]) == (ANN, "comment")


async def test_a_comment_is_answered_in_private_once_and_in_public() -> None:
    async with hub() as told:
        [comment] = await told.happens(told.simulator.inbound(ANN, "Price?", comment="1_2"))
        assert isinstance(comment, Inbound)
        sent = await told.send(HELLO, reply_to="1_2")
        assert [each["to"] for each in told.simulator.taken] == [ANN]
        for known, code in (("1_2", "10900"), ("4711", "100")):
            with pytest.raises(SendFailed) as refused:
                await told.send(HELLO, reply_to=known)
            assert refused.value.reason.code == code
        public = await told.send(HELLO, reply_to="1_2", public=True)
        assert public.pieces[0].reference != sent.pieces[0].reference
        own = told.reports[-1]
        assert isinstance(own, Unknown), "the page hears of its own comment"
        with pytest.raises(SendFailed):
            await told.send(HELLO, reply_to="4711", public=True)


async def test_a_comment_may_be_too_old_to_be_answered_in_private(monkeypatch: pytest.MonkeyPatch) -> None:
    async with hub() as told:
        await told.happens(told.simulator.inbound(ANN, "Price?", comment="1_2"))
        later = told.simulator.clock() + 8 * 86_400
        monkeypatch.setattr(told.simulator, "clock", lambda: later)
        with pytest.raises(SendFailed) as refused:
            await told.send(HELLO, reply_to="1_2")
        assert refused.value.reason.cause is Cause.WINDOW


async def test_times_in_seconds_and_events_of_another_apps_conversation() -> None:
    async with hub(in_seconds=True) as told:
        await told.send(HELLO)
        echo = told.reports[0]
        assert isinstance(echo, Receipt)
        assert echo.at
        assert echo.at % 1000 == 0
        told.simulator.standby = True
        [wrote] = await told.happens(told.simulator.inbound(ANN, "Hi"))
        assert isinstance(wrote, Unknown)


async def test_deed_on_a_message_nobody_sent() -> None:
    async with hub() as told:
        [echo] = await told.happens(told.simulator.act("m_typed", "echo", sender=ANN))
        assert isinstance(echo, Unknown)


async def test_handshake() -> None:
    async with hub() as told:
        assert await told.simulator.shake_hands()
        assert not await told.simulator.shake_hands(verify_token="another")


TEXT = {"recipient": {"id": ANN}, "messaging_type": "RESPONSE", "message": {"text": "Hello"}}


def message(**message: Any) -> dict[str, Any]:
    return {**TEXT, "message": message}


def template(**payload: Any) -> dict[str, Any]:
    return message(attachment={"type": "template", "payload": payload})


BUTTON = {"type": "web_url", "title": "Look", "url": "https://example.com"}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {**TEXT, "recipient": {}},
        {**TEXT, "recipient": {"phone": "1"}},
        {**TEXT, "recipient": {"id": ANN, "user_ref": "1"}},
        {**TEXT, "messaging_type": "NEWS"},
        {"recipient": {"id": ANN}, "message": {"text": "Hello"}},
        {**TEXT, "tag": "HUMAN_AGENT"},
        {**TEXT, "messaging_type": "MESSAGE_TAG"},
        {**TEXT, "messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"},
        {**TEXT, "messaging_type": "UTILITY"},
        {**TEXT, "sender_action": "typing_on"},
        {"recipient": {"id": ANN}, "sender_action": "dance"},
        {"recipient": {"id": ANN}, "sender_action": "react"},
        {"recipient": {"id": ANN}, "sender_action": "react", "payload": {"message_id": ""}},
        message(),
        message(text="x", template={}),
        message(text=""),
        message(text=17),
        message(text="x" * 2001),
        message(text="x", metadata="x" * 1001),
        message(text="x", quick_replies=[{"content_type": "text", "title": "x" * 21, "payload": "p"}]),
        message(text="x", quick_replies=[{"content_type": "text", "title": "x", "payload": "p"}] * 14),
        message(attachments=[{"type": "image", "payload": {"url": "https://example.com"}}] * 2),
        message(attachment={"type": "like_heart"}),
        message(attachment={"type": "image", "payload": {}}),
        message(attachment={"type": "fax", "payload": {"url": "https://example.com"}}),
        message(attachment={"type": "image", "payload": {"attachment_id": "nowhere"}}),
        message(attachment={"type": "image", "payload": {"url": "ftp://example.com"}}),
        template(template_type="poster"),
        template(template_type="button", text="", buttons=[BUTTON]),
        template(template_type="button", text="x", buttons=[{**BUTTON, "type": "dance"}]),
        template(template_type="generic", elements=[]),
        template(template_type="generic", elements=[{"title": "x"}]),
        template(template_type="generic", elements=[{"title": "x", "buttons": [BUTTON] * 4}]),
        template(template_type="generic", elements=[{"title": "x", "buttons": [{**BUTTON, "url": ""}]}]),
    ],
)
async def test_message_that_meta_refuses(body: Any) -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        door = f"{told.simulator.base_url}/v25.0/{PAGE}/messages"
        async with session.post(door, json=body, headers={"Authorization": "Bearer a-token"}) as reply:
            answer = await reply.json()
        assert (reply.status, answer["error"]["code"]) == (400, 100)
        assert told.simulator.taken == []


async def test_requests_that_make_no_sense() -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        page, token = f"{told.simulator.base_url}/v25.0/{PAGE}", {"Authorization": "Bearer a-token"}
        await told.happens(told.simulator.inbound(ANN, "Price?", comment="1_2"))
        for url, headers, body, status in (
            (f"{page}/messages", token, b"hello", 400),
            (f"{page}/messages", {}, b"{}", 401),
            (f"{page}/message_attachments", token, b"a=b", 400),
            (f"{page}/subscribed_apps", {}, b"", 401),
            (f"{page}/subscribed_apps", token, b"", 400),
            (f"{page}/subscribed_apps?subscribed_fields=messages", token, b"", 200),
            (f"{told.simulator.base_url}/v25.0/1_2/comments", token, b"{}", 400),
        ):
            async with session.post(url, headers=headers, data=body) as reply:
                assert reply.status == status, url
