"""The simulator of Apple's gateway, met by the connector over loopback."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import msgspec
import pytest
from msgspec import Raw

from support.carrier import carry
from support.listening import Listening, listening
from tidings.connectors.apple_messages import AppleMessages
from tidings.connectors.apple_messages.interactive import BID
from tidings.connectors.connector import Outgoing
from tidings.model.content import Action, Choice, Content, Listing, Media
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.reports import Deed, Inbound, Interaction
from tidings.model.stages import Cause
from tidings.simulators.apple_messages import AppleMessages as Apple
from tidings.simulators.apple_messages.proof import token_for, trouble_with
from tidings.simulators.simulator import Fault, Order

SETTINGS: dict[str, Any] = {
    "mspId": "11111111-2222-3333-4444-555555555555",
    "secret": "QXBwbGVNc3BTZWNyZXRLZXlGb3JUZXN0c09ubHkhITE=",
    "businessId": "biz-1",
}
ANA = "urn:mbid:AQAAY45PVG4jg/ni/q6r+Ab="
NOW = 1_760_000_000_000


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW / 1000)


def hub(other: Mapping[str, Any] | None = None, **simulated: Any) -> AbstractAsyncContextManager[Listening[Apple]]:
    return listening(
        AppleMessages, Apple, SETTINGS, outgoing={"to": ANA}, other=other, **{"people": [ANA], **simulated}
    )


def native(body: Any) -> Content:
    return Content(native={"apple-business-chat": Raw(msgspec.json.encode(body))})


BUBBLES: dict[str, Any] = {"receivedMessage": {"title": "Open"}, "replyMessage": {"title": "Done"}}
EVENT = {
    "event": {
        "title": "Visit",
        "timeslots": [{"identifier": "s", "startTime": "2026-05-26T08:27+0000", "duration": 60}],
    }
}
FORM = {"dynamic": {"version": "1.2", "template": "messageForms", "data": {"pages": []}}}
PICTURE = Media(type="image/png", data="aGVsbG8=", name="a.png")
REPLIES = (Action("Mon", payload="a"), Action("Tue", payload="b"))
LIST = Listing("Days", (Choice("1", "Monday"), Choice("2", "Tuesday", "9:00"), Choice("3", "Later", section="Other")))
LARGE = Listing("Days", tuple(Choice(str(number), f"Day {number}", "x" * 90) for number in range(90)))

CONTENTS = {
    "text": Content(text="Hello"),
    "text with files": Content(text="Look", media=(PICTURE, Media(type="text/plain", data="hello", caption="Two"))),
    "richLink": Content(text="https://example.com", media=(PICTURE,)),
    "richLink button": Content(actions=(Action("Shop", "link", url="https://example.com"),)),
    "interactive replies": Content(text="When?", actions=REPLIES),
    "interactive reply": Content(text="Sure?", actions=REPLIES[:1]),
    "interactive list": Content(text="When?", listing=LIST, media=(PICTURE,)),
    "interactive large list": Content(text="When?", listing=LARGE),
    "interactive times": native({**EVENT, **BUBBLES}),
    "interactive form": native({**FORM, **BUBBLES}),
    "interactive app": native({"type": "interactive", "interactiveData": {"bid": "x:y", "URL": "?a", **BUBBLES}}),
}


@pytest.mark.parametrize("name", CONTENTS)
async def test_every_kind_of_message_is_taken(name: str) -> None:
    async with hub() as told:
        sent = await told.send(CONTENTS[name])
        [taken] = told.simulator.taken
        assert [piece.reference for piece in sent.pieces] == [taken["id"]]
        assert (taken["to"], taken["body"]["type"]) == (ANA, name.partition(" ")[0])
        assert told.reports == [], "Apple tells nothing of what it took"


async def test_device_can_read_the_files_and_nobody_else_can() -> None:
    async with hub() as told:
        await told.send(CONTENTS["text with files"])
        first, second = told.simulator.taken[0]["body"]["attachments"]
        assert told.simulator.storage.open(first) == told.simulator.storage.open(second) == b"hello"
        assert told.simulator.storage.open({**first, "key": "00" + "ab" * 32}) != b"hello"
        assert told.simulator.storage.open({**first, "size": "6"}) is None
        assert b"hello" not in told.simulator.storage.files.values()
        assert told.simulator.taken[0]["body"]["body"] == "Look\n\ufffc\n\ufffc Two"


async def test_large_list_comes_by_reference_and_may_be_sent_again_by_it() -> None:
    async with hub() as told:
        sent = await told.send(CONTENTS["interactive large list"])
        ref = told.simulator.taken[0]["body"]["interactiveDataRef"]
        assert len(told.simulator.storage.read(ref)["data"]["listPicker"]["sections"][0]["items"]) == 90
        assert msgspec.json.decode(sent.answer)["dataRefs"] == [ref]
        assert "interactiveData" not in told.simulator.taken[0]["body"]


async def test_message_sent_again_is_taken_once() -> None:
    async with hub() as told:
        told.simulator.order(Fault.VANISHED)
        with pytest.raises(NoReply) as silence:
            await told.send(CONTENTS["text"])
        assert silence.value.taken
        sent = await told.send(CONTENTS["text"])
        [taken] = told.simulator.taken
        assert sent.pieces[0].reference == taken["id"]


async def test_faults() -> None:
    async with hub() as told:
        told.simulator.order(
            Order(Fault.REFUSED, code="413"), Fault.REFUSED, Order(Fault.THROTTLED, seconds=7), Fault.ERROR
        )
        for _ in range(2):
            with pytest.raises(SendFailed) as refused:
                await told.send(CONTENTS["text"])
            assert refused.value.reason.cause is Cause.INVALID
        with pytest.raises(SendDeferred) as wait:
            await told.send(CONTENTS["text"])
        assert (wait.value.after, wait.value.channel_wide) == (7.0, True)
        with pytest.raises(SendDeferred):
            await told.send(CONTENTS["text"])
        assert told.simulator.taken == []


@pytest.mark.parametrize("settings", [{"secret": "YW5vdGhlciBzZWNyZXQgb2YgdGhlIHNhbWUgbGVuZ3Ro"}, {"mspId": "other"}])
@pytest.mark.parametrize("name", ["text", "text with files", "interactive large list"])
async def test_wrong_credentials_are_refused(settings: Any, name: str) -> None:
    async with hub(settings) as told:
        with pytest.raises(SendDeferred) as refused:
            await told.send(CONTENTS[name])
        assert (refused.value.reason.cause, refused.value.reason.code) == (Cause.ACCOUNT, "403")
        assert told.simulator.taken == []


async def test_clock_that_is_wrong_is_refused() -> None:
    async with hub() as told:
        told.ahead = -3_700_000
        with pytest.raises(SendDeferred) as refused:
            await told.send(CONTENTS["text"])
        assert refused.value.reason.code == "403"
        await told.happens(told.simulator.inbound(ANA, "Hello"))
        assert told.reports == []
        assert set(told.simulator.answers) == {403}


async def test_person_must_write_first() -> None:
    async with hub(people=()) as told:
        with pytest.raises(SendFailed) as refused:
            await told.send(CONTENTS["text"])
        assert refused.value.reason.cause is Cause.BAD_ADDRESS
        [inbound] = await told.happens(told.simulator.inbound(ANA, "Hello", intent="billing", group="support"))
        assert isinstance(inbound, Inbound)
        assert (inbound.sender, inbound.to, inbound.content.text) == (ANA, "biz-1", "Hello")
        assert (inbound.extra["intent"], inbound.extra["locale"]) == ("billing", "en_US")
        await told.send(CONTENTS["text"], to=inbound.sender)
        assert len(told.simulator.taken) == 1


@pytest.mark.parametrize("strict", [False, True])
async def test_person_who_closes_is_left_alone_until_they_write_again(strict: bool) -> None:
    async with hub(strict_close=strict) as told:
        sent = await told.send(CONTENTS["text"])
        [closed] = await told.happens(told.simulator.act(sent.pieces[0].reference, "close"))
        assert isinstance(closed, Interaction)
        assert (closed.deed, closed.sender) == (Deed.UNSUBSCRIBE_REQUEST, ANA)
        if strict:
            with pytest.raises(SendFailed) as refused:
                await told.send(CONTENTS["text"], message="0199-msg")
            assert refused.value.reason.cause is Cause.OPTED_OUT
        else:
            await told.send(CONTENTS["text"], message="0199-msg")
        await told.happens(told.simulator.inbound(ANA, "Hello again"))
        await told.send(CONTENTS["text"], message="0200-msg")
        assert len(told.simulator.taken) == (2 if strict else 3)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    ("name", "deed", "more", "text", "payload"),
    [
        ("interactive replies", "quick-reply", {"picked": ["b"]}, "Tue", "b"),
        ("interactive list", "listPicker", {"picked": ["1", "3"]}, "Monday, Later", "1,3"),
        ("interactive large list", "listPicker", {"picked": ["89"]}, "Day 89", "89"),
        ("interactive times", "event", {"picked": ["s"]}, "2026-05-26T08:27+0000", "s"),
        (
            "interactive form",
            "dynamic",
            {"selections": [{"title": "Size", "items": [{"title": "L"}]}]},
            "Size: L",
            None,
        ),
    ],
)
async def test_what_a_person_picks_is_told(
    name: str, deed: str, more: Any, text: str, payload: str | None, large: bool
) -> None:
    async with hub(large_answers=large) as told:
        sent = await told.send(CONTENTS[name])
        inbound, click = await told.happens(told.simulator.act(sent.pieces[0].reference, deed, **more))
        assert isinstance(inbound, Inbound)
        assert isinstance(click, Interaction)
        assert inbound.content.text == text
        assert (click.deed, click.target.reference) == (Deed.CLICKED, sent.pieces[0].reference)
        assert inbound.reply_to == click.target
        assert click.payload == (msgspec.json.encode(more["selections"]).decode() if payload is None else payload)


async def test_answer_to_a_message_nobody_sent() -> None:
    async with hub() as told:
        for deed in ("quick-reply", "event", "listPicker"):
            [inbound] = await told.happens(told.simulator.act("nobody", deed, sender=ANA))
            assert isinstance(inbound, Inbound)
            assert inbound.reply_to is None


@pytest.mark.parametrize("deed", ["typing_start", "typing_end"])
async def test_typing_is_no_report(deed: str) -> None:
    async with hub() as told:
        assert await told.happens(told.simulator.act("", deed, sender=ANA)) == []
        assert told.simulator.answers == [200]


async def test_answer_may_be_announced_by_typing() -> None:
    async with hub({"agent": "tidings", "autoReply": True}) as told:
        await told.send(CONTENTS["text"], typing=True)
        assert [sign["type"] for sign in told.simulator.signs] == ["typing_start"]
        assert len(told.simulator.taken) == 1


async def test_reaction_comes_as_a_text() -> None:
    async with hub() as told:
        sent = await told.send(CONTENTS["text"])
        [reaction] = await told.happens(told.simulator.act(sent.pieces[0].reference, "tapback", text="Loved “Hello”"))
        assert isinstance(reaction, Interaction)
        assert (reaction.deed, reaction.emoji, reaction.target.address) == (Deed.REACTION, "❤️", ANA)


@pytest.mark.parametrize("packed", [False, True])
async def test_file_of_a_person_is_got(packed: bool) -> None:
    async with hub(packed=packed) as told:
        files = [("a.png", b"a picture"), ("b.bin", b"")]
        [inbound] = await told.happens(told.simulator.inbound(ANA, "Look", files=files))
        assert isinstance(inbound, Inbound)
        assert inbound.content.text == "Look"
        for media, (name, octets) in zip(inbound.content.media, files, strict=True):
            assert (media.name, media.size) == (name, len(octets))
            reply = await carry(told.connector.fetch(media, NOW))
            assert (reply.status, reply.body) == (200, octets)
        told.simulator.storage.files.clear()
        reply = await carry(told.connector.fetch(inbound.content.media[0], NOW))
        assert reply.status == 404


async def test_callback_is_repeated_until_it_is_taken() -> None:
    async with hub() as told:
        told.answers = [500]
        reports = await told.happens(told.simulator.inbound(ANA, "Hello")[1:])
        assert told.simulator.answers == [500, 200]
        assert len(reports) == 1


def test_token_of_the_simulators_is_the_vector() -> None:
    assert token_for(SETTINGS, at=1_760_000_000).endswith(".uKC9GURYHBi9A_uE5fdkFZ3k07X4q_WaGsEMYaiD3dY")
    assert trouble_with({}, SETTINGS) == 401
    assert trouble_with({"authorization": f"Bearer {token_for(SETTINGS)}"}, SETTINGS) == 403, "it is Apple's, not ours"


ID = "6f0c0f1e-7c0f-4e0f-9c55-2f1d8d2f0a11"
TEXT = {"v": 1, "id": ID, "type": "text", "sourceId": "biz-1", "destinationId": ANA, "body": "Hello"}
LINK = {"url": "https://example.com", "title": "Shop", "assets": {}}
ITEMS = [{"identifier": "a", "title": "A"}, {"identifier": "b", "title": "B"}]


def interactive(bid: str = BID, data: Any = None, **beside: Any) -> dict[str, Any]:
    inner = {"version": "1.0", "requestIdentifier": "r", **(data or {})}
    return {**TEXT, "type": "interactive", "interactiveData": {"bid": bid, "data": inner, **beside}}


@pytest.mark.parametrize(
    ("message", "headers"),
    [
        (b"no JSON", {}),
        ([], {}),
        ({**TEXT, "v": 2}, {}),
        ({**TEXT, "id": "1"}, {"id": "1"}),
        (TEXT, {"id": "6f0c0f1e-7c0f-4e0f-9c55-2f1d8d2f0a12"}),
        (TEXT, {"destination-id": "urn:mbid:other"}),
        (TEXT, {"msp-agent": "x" * 65}),
        (TEXT, {"auto-reply": "yes"}),
        ({**TEXT, "sourceId": "biz-2"}, {}),
        ({**TEXT, "type": "close"}, {}),
        ({**TEXT, "body": ""}, {}),
        ({**TEXT, "body": "\ufffc"}, {}),
        ({**TEXT, "body": "\ufffc", "attachments": [{"name": "a", "mimeType": "b"}]}, {}),
        ({**TEXT, "type": "richLink", "richLinkData": {**LINK, "title": ""}}, {}),
        ({**TEXT, "type": "richLink", "richLinkData": {**LINK, "assets": {"image": {"data": ""}}}}, {}),
        ({**TEXT, "type": "interactive"}, {}),
        ({**TEXT, "type": "interactive", "interactiveDataRef": {"owner": "x"}}, {}),
        (interactive(), {}),
        (interactive(data={"version": "2.0", **EVENT}, **BUBBLES), {}),
        (interactive("x:y", receivedMessage={"title": ""}), {}),
        (interactive(data=EVENT), {}),
        (interactive(data={**EVENT, **FORM}, **BUBBLES), {}),
        (interactive(data={"event": {**EVENT["event"], "timeslots": []}}, **BUBBLES), {}),
        (interactive(data={"quick-reply": {"summaryText": "x", "items": ITEMS[:1]}}), {}),
        (interactive(data={"listPicker": {"sections": [{"items": [ITEMS[0], ITEMS[0]]}]}}, **BUBBLES), {}),
        (
            interactive(data=FORM, receivedMessage={"title": "x", "imageIdentifier": "y"}, replyMessage={"title": "x"}),
            {},
        ),
    ],
)
async def test_what_apple_would_refuse_is_refused(message: Any, headers: dict[str, str]) -> None:
    async with hub() as told, aiohttp.ClientSession() as session:
        given = {"data": message} if isinstance(message, bytes) else {"json": message}
        async with session.post(
            f"{told.simulator.base_url}/v1/message", headers={**ours(told), **headers}, **given
        ) as answer:
            assert answer.status == 400
        assert told.simulator.taken == []


def ours(told: Listening[Apple]) -> dict[str, str]:
    """The headers of a request of ours."""
    outgoing = Outgoing(
        message="m", hop=0, workspace="w", platform="apple-business-chat", to=ANA, content=Content(text="x"), now=NOW
    )
    return {**next(told.connector.send(outgoing, report_to="")).headers, "id": ID}


async def test_doors_for_files_and_large_data_are_as_strict() -> None:
    async with hub() as told, aiohttp.ClientSession() as session:

        async def status(method: str, path: str, headers: Mapping[str, str], data: bytes = b"") -> int:
            async with session.request(method, told.simulator.base_url + path, headers=headers, data=data) as answer:
                return answer.status

        known = {name: value for name, value in ours(told).items() if name in ("authorization", "source-id")}
        for method, path in (
            ("GET", "/v1/preUpload"),
            ("GET", "/v1/preDownload"),
            ("POST", "/v1/encodePayload"),
            ("POST", "/v1/decodePayload"),
        ):
            assert await status(method, path, {}) == 401
            assert await status(method, path, {**known, "source-id": "biz-2"}) == 403
        assert await status("GET", "/v1/preUpload", {**known, "size": "x"}) == 400
        assert await status("GET", "/v1/preUpload", {**known, "size": "1", "mmcs-size": "2"}) == 400
        assert await status("GET", "/v1/preDownload", known) == 404
        assert await status("POST", "/mmcs/nowhere", {}, b"x") == 400
        assert await status("GET", "/mmcs/nowhere", {}) == 404
        assert await status("POST", "/v1/decodePayload", {**known, "bid": BID}, b"x") == 400
        large = interactive(data={"quick-reply": {"summaryText": "x" * 20_000, "items": ITEMS}})
        assert await status("POST", "/v1/message", ours(told), msgspec.json.encode(large)) == 413
