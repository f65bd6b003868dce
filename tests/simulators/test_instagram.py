"""The simulator of Instagram, met by the connector over loopback."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest
from msgspec import Raw

from support.carrier import carry
from support.listening import Listening, listening
from tidings.connectors.instagram import Instagram
from tidings.model.content import Action, Card, Content, Media
from tidings.model.errors import SendDeferred, SendFailed
from tidings.model.reports import Inbound, Receipt, Unknown
from tidings.model.stages import Cause, Stage
from tidings.rules.times import from_iso
from tidings.simulators.instagram import Instagram as Meta

ACCOUNT, ANA = "17841400000000001", "5210000000000001"
SETTINGS = {"accountId": ACCOUNT, "accessToken": "a-token", "appSecret": "a-secret", "verifyToken": "a-verify-token"}
THROUGH_A_PAGE = {**SETTINGS, "pageId": "220000000000118"}
HELLO = Content(text="Hello")
PICTURE = Media(type="image/png", url="https://cdn.example.test/1.png")
LINK = Action("Look", "link", url="https://example.com")


def hub(
    other: Mapping[str, Any] | None = None, settings: Mapping[str, Any] = SETTINGS, **simulated: Any
) -> AbstractAsyncContextManager[Listening[Meta]]:
    return listening(Instagram, Meta, settings, outgoing={"to": ANA}, other=other, **simulated)


CONTENTS = {
    "text": HELLO,
    "quick replies": Content(text="Which size?", actions=(Action("S"), Action("M", payload="SIZE_M"))),
    "buttons": Content(text="Look", actions=(LINK, Action("No"))),
    "image": Content(media=(PICTURE,)),
    "images": Content(media=(PICTURE, PICTURE)),
    "cards": Content(cards=(Card("Hat", "Green", PICTURE, (LINK,)),)),
    "heart": Content(native={"instagram": Raw(b'{"attachment":{"type":"like_heart"}}')}),
}


@pytest.mark.parametrize("settings", [SETTINGS, THROUGH_A_PAGE])
@pytest.mark.parametrize("name", CONTENTS)
async def test_every_kind_of_message_is_taken_and_told_of(name: str, settings: dict[str, str]) -> None:
    async with hub(settings=settings) as told:
        sent = await told.send(CONTENTS[name])
        [taken] = told.simulator.taken
        assert [piece.reference for piece in sent.pieces] == [taken["id"]]
        assert (taken["to"], sent.sender) == (ANA, ACCOUNT)
        [echo] = told.reports
        assert isinstance(echo, Receipt)
        assert (echo.stage, echo.target.reference) == (Stage.SENT, taken["id"])
        assert echo.went_at == told.simulator.sent_at(taken["id"])


async def test_reads_name_a_message_or_a_time_and_no_delivery_is_ever_told() -> None:
    async with hub() as told:
        sent = await told.send(HELLO)
        known = sent.pieces[0].reference
        [by_id] = await told.happens(told.simulator.act(known, "read"))
        [by_time] = await told.happens(told.simulator.act(known, "read", watermark=True))
        assert isinstance(by_id, Receipt)
        assert isinstance(by_time, Receipt)
        assert (by_id.target.reference, by_id.target.address) == (known, ANA)
        assert by_time.target.until == told.simulator.sent_at(known)
        assert told.stages == [Stage.SENT, Stage.READ, Stage.READ]


async def test_what_messenger_takes_and_instagram_does_not() -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        door = f"{told.simulator.base_url}/v25.0/{ACCOUNT}/messages"
        call = {"type": "phone_number", "title": "Call", "payload": "+351210000077"}
        poster = {"template_type": "button", "text": "x", "buttons": [call]}
        film = {"type": "video", "payload": {"url": "https://example.com"}}
        for message in (
            {"text": "é" * 501},
            {"text": "x", "metadata": "x"},
            {"sticker_id": "1", "text": "x"},
            {"attachment": {"type": "template", "payload": poster}},
            {"attachment": {"type": "template", "payload": {"template_type": "receipt"}}},
            {"attachments": [film, film]},
            {"attachments": [{"type": "image", "payload": {}}] * 2},
        ):
            body = {"recipient": {"id": ANA}, "message": message}
            async with session.post(door, json=body, headers={"Authorization": "Bearer a-token"}) as reply:
                assert reply.status == 400, message


async def test_the_window_and_wrong_credentials() -> None:
    async with hub(window_seconds=60) as told:
        with pytest.raises(SendFailed) as refused:
            await told.send(HELLO)
        assert refused.value.reason.cause is Cause.WINDOW
        await told.happens(told.simulator.inbound(ANA, "Hi"))
        await told.send(HELLO)
    async with hub({"accessToken": "old"}) as told:
        with pytest.raises(SendDeferred) as wait:
            await told.send(HELLO)
        assert wait.value.stale


async def test_story_replies_and_mentions_come_with_an_address_that_dies() -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        [reply] = await told.happens(
            told.simulator.inbound(ANA, "Love it", reply_to={"story": {"id": "1", "url": "https://example.com"}})
        )
        [mention] = await told.happens(told.simulator.inbound(ANA, "", story=True))
        assert isinstance(reply, Inbound)
        assert isinstance(mention, Inbound)
        assert (reply.extra["kind"], mention.extra["kind"]) == ("story_reply", "story_mention")
        [picture] = mention.content.media
        async with session.get(picture.url) as answer:
            assert (answer.status, await answer.read()) == (200, b"a picture")
        told.simulator.stories.clear()
        async with session.get(picture.url) as answer:
            assert answer.status == 404


@pytest.mark.parametrize("bare", [False, True])
async def test_a_comment_is_answered_in_private_once_and_in_public(bare: bool) -> None:
    async with hub(settings=THROUGH_A_PAGE) as told:
        [comment] = await told.happens(told.simulator.inbound(ANA, "Price?", comment="18000000000009039", bare=bare))
        assert isinstance(comment, Inbound)
        assert (comment.sender, comment.extra["kind"]) == (ANA, "comment")
        await told.send(HELLO, reply_to="18000000000009039")
        assert [each["to"] for each in told.simulator.taken] == [ANA]
        with pytest.raises(SendFailed) as refused:
            await told.send(HELLO, reply_to="18000000000009039")
        assert refused.value.reason.code == "10900"
        await told.send(HELLO, reply_to="18000000000009039", public=True)
        assert [each["below"] for each in told.simulator.public] == ["18000000000009039"]
        assert isinstance(told.reports[-1], Unknown), "the account hears of its own comment"
        with pytest.raises(SendFailed):
            await told.send(HELLO, reply_to="4711", public=True)


@pytest.mark.parametrize("settings", [SETTINGS, THROUGH_A_PAGE])
@pytest.mark.parametrize(("where", "field"), [("mention", "mentioned_comment"), ("caption", "mentioned_media")])
async def test_a_mention_is_looked_up_and_answered(where: str, field: str, settings: dict[str, str]) -> None:
    async with hub(settings=settings) as told:
        [mention] = await told.happens(told.simulator.inbound(ANA, "I like @shop", **{where: True}))
        assert isinstance(mention, Inbound)
        reply = await carry(told.connector.fetch(mention.content.media[0], 0))
        assert reply.status == 200
        assert f'"{field}"'.encode() in reply.body
        assert b"I like @shop" in reply.body
        await told.send(HELLO, to=mention.sender)
        [answer] = told.simulator.public
        assert answer["below"] == mention.key.partition(":")[2]
        with pytest.raises(SendFailed):
            await told.send(HELLO, to="mention:1:2")
        lost = await carry(told.connector.fetch(Media(reference="mention:1:2"), 0))
        assert lost.status == 400


async def test_a_token_is_refreshed() -> None:
    async with hub({"tokenExpiresOn": "2026-09-01T00:00:00Z"}) as told:
        exchange = told.connector.renewal(from_iso("2026-08-31T00:00:00Z"), refused=False)
        assert exchange is not None
        settings = await carry(exchange)
        assert settings == {"accessToken": told.simulator.tokens[-1], "tokenExpiresOn": "2026-10-29T23:59:04.000Z"}


async def test_requests_that_make_no_sense() -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        root, token = told.simulator.base_url, {"Authorization": "Bearer a-token"}
        await told.happens(told.simulator.inbound(ANA, "Price?", comment="18"))
        for method, url, headers, body, status in (
            ("GET", f"{root}/refresh_access_token?access_token=old", {}, b"", 401),
            ("GET", f"{root}/v25.0/{ACCOUNT}", {}, b"", 401),
            ("GET", f"{root}/v25.0/{ACCOUNT}?fields=id", token, b"", 400),
            ("GET", f"{root}/cdn/nothing", {}, b"", 404),
            ("POST", f"{root}/v25.0/{ACCOUNT}/mentions", token, b"{}", 400),
            ("POST", f"{root}/v25.0/{ACCOUNT}/mentions", {}, b"{}", 401),
            ("POST", f"{root}/v25.0/18/replies", token, b"hello", 400),
            ("POST", f"{root}/v25.0/19/replies", token, b"{}", 400),
        ):
            async with session.request(method, url, headers=headers, data=body) as reply:
                assert reply.status == status, url
