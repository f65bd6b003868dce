"""What is particular to Viber; its samples are proven by the suite over every connector."""

import hmac
from pathlib import Path
from typing import Any

import msgspec
import pytest
from viberbot import Api, BotConfiguration
from viberbot.api import messages as viber_messages

import tidings.connectors
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.proving.samples import Folder, Sample
from tidings.connectors.viber import Viber
from tidings.connectors.viber.errors import ADVICE, Answer, refusal
from tidings.connectors.viber.marks import is_tap, read_mark, tracking_data
from tidings.connectors.viber.reading import STAGES
from tidings.model.content import Content, Media
from tidings.model.errors import BadSignature, Refused, SendDeferred, SendFailed
from tidings.model.exchange import Answer as Answered
from tidings.model.exchange import Callback, Reply
from tidings.model.reports import Inbound, Receipt, Target
from tidings.model.stages import Cause, Reason

FOLDER = Folder(Viber, Path(tidings.connectors.__file__).parent / "samples" / "viber")
TOKEN = "4f2a1c3b5d6e7f80-1a2b3c4d5e6f7081-9a8b7c6d5e4f3a2b"
VECTOR = (
    b'{"event":"webhook","timestamp":1760000000000,"chat_hostname":"SN-CHAT-01_","message_token":6000000000000000001}'
)
VECTOR_SIGNATURE = "b928ba3b8b6bf567d8bbbe3300ebcd919ce300683f30a206fccbe6744caffa1a"
NOW = FOLDER.channel.now


def connector(**settings: Any) -> Viber:
    return Viber(read_settings(Viber, {**FOLDER.channel.settings, **settings}), "viber")


def callback(body: bytes, signature: str = "") -> Callback:
    headers = {"x-viber-content-signature": signature}
    return Callback(method="POST", url=FOLDER.channel.callback_url, headers=headers, body=body, received_at=NOW)


def viberbot() -> Any:
    return Api(BotConfiguration(auth_token=TOKEN, name="Shop", avatar=""))


def test_signature_vector_is_believed_by_us_and_by_viberbot() -> None:
    connector().verify(callback(VECTOR, VECTOR_SIGNATURE))
    assert viberbot().verify_signature(VECTOR, VECTOR_SIGNATURE)
    assert not viberbot().verify_signature(VECTOR + b" ", VECTOR_SIGNATURE)


def test_signature_by_an_empty_token_is_refused() -> None:
    signature = hmac.digest(b"", VECTOR, "sha256").hex()
    with pytest.raises(BadSignature):
        connector(authToken="").verify(callback(VECTOR, signature))


def test_sender_has_a_name() -> None:
    with pytest.raises(Refused):
        connector(senderName="")


def test_send_refuses_what_check_refuses() -> None:
    outgoing = Outgoing(
        message="m", hop=0, workspace="w", platform="viber", to="two words", content=Content(text="Hello"), now=NOW
    )
    [error] = connector().check(outgoing)
    with pytest.raises(SendFailed) as failed:
        next(connector().send(outgoing, report_to=""))
    assert failed.value.reason == Reason(Cause.INVALID, f"to: {error.message}")


def test_text_that_cannot_be_written_is_refused() -> None:
    outgoing = Outgoing(
        message="m", hop=0, workspace="w", platform="viber", to="a", content=Content(text="\ud800"), now=NOW
    )
    [error] = connector().check(outgoing)
    assert error.path == "body"


def test_file_of_a_person_is_fetched_without_our_token() -> None:
    call = next(connector().fetch(Media(url="https://dl-media.viber.com/1.jpg"), 0))
    assert (call.url, call.headers, call.follow) == ("https://dl-media.viber.com/1.jpg", {}, True)


# The welcome


def test_person_who_opens_the_chat_is_welcomed() -> None:
    _, started = Sample(FOLDER, FOLDER.path / "conversation_started.http").received()
    welcoming = connector(welcomeText="Hello!", senderAvatar="https://cdn.example.test/shop.jpg")
    answer = welcoming.answer(started)
    assert (answer.status, answer.content_type) == (200, "application/json")
    sender = {"name": "Shop", "avatar": "https://cdn.example.test/shop.jpg"}
    assert msgspec.json.decode(answer.body) == {"sender": sender, "type": "text", "text": "Hello!"}
    plain = msgspec.json.decode(connector(welcomeText="Hello!").answer(started).body)
    assert plain["sender"] == {"name": "Shop"}


@pytest.mark.parametrize(
    ("welcome", "name"), [("", "conversation_started"), ("Hello!", "subscribed"), ("Hello!", "unreadable_no_json")]
)
def test_nobody_else_is_welcomed(welcome: str, name: str) -> None:
    _, told = Sample(FOLDER, FOLDER.path / f"{name}.http").received()
    assert connector(welcomeText=welcome).answer(told) == Answered()


# Our own id, there and back

BUTTONS = {"keyboard": {"Buttons": [{"ActionBody": "yes"}, {"ActionBody": "no", "ActionType": "none"}]}}


def test_tracking_data_comes_back_with_its_message_and_buttons() -> None:
    mark = read_mark(tracking_data("m:2", BUTTONS))
    assert mark is not None
    target, digests = mark
    assert target == Target(message="m", hop=2)
    assert [is_tap(text, digests) for text in ("yes", "no", "", "Yes")] == [True, False, False, False]


@pytest.mark.parametrize("data", ["", "own", "tdg:", "tdg:m:0", "tdg:m:x:", "tdg::0:", "tdg:m:12345:", "tdg:m:0:zz"])
def test_tracking_data_of_others_is_not_ours(data: str) -> None:
    assert read_mark(data) is None


@pytest.mark.parametrize("keyboard", [None, 7, {}, {"Buttons": 7}, {"Buttons": [7]}])
def test_keyboard_of_another_shape_has_no_buttons(keyboard: Any) -> None:
    assert tracking_data("m:0", {"keyboard": keyboard}) == "tdg:m:0:"


def test_tap_of_a_text_that_cannot_be_written_is_none() -> None:
    assert not is_tap("\ud800", "e3b0c442")


# Statuses


def refused(status: int, tries: int = 0) -> SendFailed | SendDeferred:
    body = msgspec.json.encode({"status": status, "status_message": "m"})
    return refusal(Reply(status=200, body=body), Answer(status, "m"), tries, NOW)


@pytest.mark.parametrize(
    ("cause", "statuses"),
    [
        (Cause.ACCOUNT, (1, 7, 8, 9, 15, 23, 24)),
        (Cause.INVALID, (3, 4, 16, 17, 18, 19, 20)),
        (Cause.BAD_ADDRESS, (5,)),
        (Cause.OPTED_OUT, (6,)),
        (Cause.UNSUPPORTED, (11, 13, 14, 22)),
        (Cause.COUNTRY, (21,)),
    ],
)
def test_status_that_refuses(cause: Cause, statuses: tuple[int, ...]) -> None:
    for status in statuses:
        failure = refused(status)
        assert isinstance(failure, SendFailed)
        assert failure.reason == Reason(cause, "m", str(status), permanent=status not in (23, 24))


@pytest.mark.parametrize(("cause", "status"), [(Cause.ACCOUNT, 2), (Cause.ACCOUNT, 10), (Cause.THROTTLED, 12)])
def test_status_that_defers_the_whole_channel(cause: Cause, status: int) -> None:
    wait = refused(status)
    assert isinstance(wait, SendDeferred)
    assert (wait.reason, wait.channel_wide) == (Reason(cause, "m", str(status), permanent=False), True)


def test_every_status_has_its_advice() -> None:
    assert sorted(ADVICE) == list(range(1, 25))


def test_unknown_status_is_tried_three_times() -> None:
    assert [type(refused(99, tries)) for tries in range(5)] == [SendDeferred] * 3 + [SendFailed] * 2


# The other library reads the same samples


def understood(name: str) -> tuple[list[Any], Any]:
    """What we and what viberbot make of a sample, whose signature it checks as well."""
    ours, sample = Sample(FOLDER, FOLDER.path / f"{name}.http").received()
    assert viberbot().verify_signature(sample.body, sample.headers["x-viber-content-signature"])
    return ours.parse(sample), viberbot().parse_request(sample.body)


@pytest.mark.parametrize("name", ["delivered", "seen", "failed"])
def test_receipt_is_what_viberbot_reads(name: str) -> None:
    [receipt], theirs = understood(name)
    assert isinstance(receipt, Receipt)
    assert receipt.target.reference == str(theirs.message_token)
    assert receipt.stage == STAGES[theirs.event_type]
    assert receipt.at == theirs.timestamp
    assert (receipt.reason.text if receipt.reason else None) == getattr(theirs, "desc", None)
    assert receipt.key.endswith(theirs.user_id)


@pytest.mark.parametrize(
    "name",
    [
        *("inbound_text", "inbound_answer", "inbound_in_a_group", "inbound_picture", "inbound_video", "inbound_file"),
        *("inbound_sticker", "inbound_contact", "inbound_url", "inbound_location", "tapped", "tapped_in_silence"),
    ],
)
def test_message_is_what_viberbot_reads(name: str) -> None:
    [inbound, *taps], theirs = understood(name)
    assert isinstance(inbound, Inbound)
    assert inbound.key == f"inbound:{theirs.message_token}"
    assert (inbound.sender, inbound.name, inbound.at) == (theirs.sender.id, theirs.sender.name, theirs.timestamp)
    assert inbound.conversation == (theirs.chat_id or "")
    assert bool(taps) is name.startswith("tapped")
    assert [tap.payload for tap in taps] == [theirs.message.text for _ in taps]
    message, content = theirs.message, inbound.content
    for media in content.media:
        assert media.url == getattr(message, "media", media.url)
        assert media.caption == (getattr(message, "text", "") or "")
    if isinstance(message, viber_messages.TextMessage):
        assert content.text == message.text
    if isinstance(message, viber_messages.URLMessage):
        assert content.text == message.media
    if isinstance(message, viber_messages.StickerMessage):
        assert inbound.extra["stickerId"] == str(message.sticker_id)
    if isinstance(message, viber_messages.LocationMessage):
        assert content.location
        place = {"lat": content.location.latitude, "lon": content.location.longitude}
        assert place == message.location.to_dict()
    if isinstance(message, viber_messages.ContactMessage):
        [contact] = content.contacts
        assert contact["name"]["formatted_name"] == message.contact.name
        assert contact["phones"] == [{"phone": message.contact.phone_number}]


def test_farewell_is_what_viberbot_reads() -> None:
    [stopped], theirs = understood("unsubscribed")
    assert (stopped.target.address, stopped.at) == (theirs.user_id, theirs.timestamp)


CALLS = [
    (f"{sample.path.stem} {index}", step.call.json)
    for sample in FOLDER.samples()
    if sample.kind == "send"
    for index, step in enumerate(sample.sending()[2].steps)
]


@pytest.mark.parametrize("body", [body for _, body in CALLS], ids=[name for name, _ in CALLS])
def test_message_is_one_that_viberbot_could_send(body: Any) -> None:
    theirs = viber_messages.get_message(body)
    assert theirs.validate()
    written = without_nothing(theirs.to_dict())
    beside = {"receiver", "sender", "auth_token", "duration" if "duration" not in written else ""}
    assert written == without_nothing({name: value for name, value in body.items() if name not in beside})


def without_nothing(value: Any) -> Any:
    """Leave out what says nothing: the library writes its defaults."""
    if isinstance(value, dict):
        kept = {name: without_nothing(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each not in (None, "")}
    return value
