"""What is particular to Apple Messages; its samples are proven by the suite over every connector."""

import base64
import gzip
import hmac
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tidings.connectors
from tidings.connectors.apple_messages import AppleMessages, ciphers
from tidings.connectors.apple_messages.packing import LARGEST, unpacked
from tidings.connectors.apple_messages.tapbacks import EMOJI, TAKEN_BACK, tapback_of
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.proving import spoiling
from tidings.connectors.proving.samples import Folder, Sample
from tidings.model.content import Content, Media
from tidings.model.errors import BadSignature, NoReply, Refused, SendFailed, Unreadable
from tidings.model.exchange import Call, Callback, Exchange, Reply
from tidings.model.reports import Deed, Inbound, Interaction
from tidings.model.stages import Cause, Reason

FOLDER = Folder(AppleMessages, Path(tidings.connectors.__file__).parent / "samples" / "apple-messages")
NOW = FOLDER.channel.now
SECRET: str = FOLDER.channel.settings["secret"]
MSP: str = FOLDER.channel.settings["mspId"]
BASE = "https://mspgw.push.apple.com/v1"
OURS = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiIxMTExMTExMS0yMjIyLTMzMzMtNDQ0NC01NTU1NTU1NTU1NTUiLCJpYXQiOjE3NjAw"
    "MDAwMDB9.QF3b8c-H7pK1igvAsGMe778nbLFyBNn42MVWz6IB9E8"
)
THEIRS = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhdWQiOiIxMTExMTExMS0yMjIyLTMzMzMtNDQ0NC01NTU1NTU1NTU1NTUiLCJpYXQiOjE3NjAw"
    "MDAwMDB9.uKC9GURYHBi9A_uE5fdkFZ3k07X4q_WaGsEMYaiD3dY"
)


def connector(**settings: Any) -> AppleMessages:
    return AppleMessages(read_settings(AppleMessages, {**FOLDER.channel.settings, **settings}), "apple-business-chat")


def callback(body: bytes = b"{}", *, token: str = THEIRS, **headers: str) -> Callback:
    authorized = {"authorization": f"Bearer {token}"} if token else {}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{FOLDER.channel.callback_url}/message"
    return Callback(
        method="POST", url=url, headers={**authorized, **named}, body=body, received_at=NOW, below="message"
    )


def run(exchange: Exchange[Any], replies: Sequence[Reply | NoReply]) -> tuple[list[Call], Any]:
    """Hold an exchange over these replies; give its calls and what it returns."""
    calls = []
    left = list(replies)
    try:
        call = next(exchange)
        while True:
            calls.append(call)
            reply = left.pop(0)
            call = exchange.throw(reply) if isinstance(reply, NoReply) else exchange.send(reply)
    except StopIteration as end:
        assert left == []
        return calls, end.value


# Settings


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"secret": "not base64!"}, "secret is written in base64"),
        ({"secret": "c2hvcnQ="}, "secret has at least 16 octets"),
        ({"mspId": ""}, "length >= 1"),
        ({"businessId": "biz\r\nx: y"}, "matching regex"),
        ({"agent": "x" * 65}, "length <= 64"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], wrong: str) -> None:
    with pytest.raises(Refused) as refused:
        connector(**settings)
    assert wrong in refused.value.errors[0].message


def test_sender_is_the_business() -> None:
    assert connector().sender == "biz-1"


def test_operator_may_trust_apple_to_take_an_id_once_or_not() -> None:
    assert connector().able.deduplicates
    assert not connector(resend=False).able.deduplicates


def test_send_refuses_what_check_refuses() -> None:
    outgoing = Outgoing(
        message="m", hop=0, workspace="w", platform="apple-business-chat", to="ana", content=Content(text="Hi"), now=NOW
    )
    [error] = connector().check(outgoing)
    with pytest.raises(SendFailed) as failed:
        next(connector().send(outgoing, report_to=""))
    assert failed.value.reason == Reason(Cause.INVALID, f"to: {error.message}")


# Tokens, which the vectors and the standard library know as well as we do


def test_token_of_ours_is_the_vector() -> None:
    sample = Sample(FOLDER, FOLDER.path / "send_text.json")
    call = next(sample.exchange())
    assert call.headers["authorization"] == f"Bearer {OURS}"
    signed, _, signature = OURS.rpartition(".")
    due = hmac.digest(base64.b64decode(SECRET), signed.encode(), "sha256")
    assert base64.urlsafe_b64encode(due).rstrip(b"=").decode() == signature


def test_token_of_apples_is_believed_and_ours_is_not() -> None:
    connector().verify(callback(token=THEIRS))
    connector().verify(
        Callback(**{**msgspec.structs.asdict(callback()), "headers": {"authorization": f"bearer {THEIRS}"}})
    )
    with pytest.raises(BadSignature):
        connector().verify(callback(token=OURS))


@pytest.mark.parametrize("end", "ZabcdefXW")
def test_signature_is_written_the_one_way(end: str) -> None:
    # The last letter of 32 octets has two bits to spare.
    with pytest.raises(BadSignature):
        connector().verify(callback(token=THEIRS[:-1] + end))


@pytest.mark.parametrize(
    "token", ["", "a", "a.b", "a.b.c", "a.b.c.d", f"{THEIRS}=", f"{THEIRS}!!!!", THEIRS + "A", "." * 3]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(BadSignature):
        connector().verify(callback(token=token))


def test_statuses_are_as_apple_wants_them() -> None:
    assert connector().answer(callback(destination_id="biz-1")).status == 200
    assert connector().answer(callback()).status == 200
    assert connector().answer(callback(destination_id="biz-2")).status == 404
    assert connector().refusal(callback(token="")).status == 401
    assert connector().refusal(callback(token="x")).status == 403


# Packing


def test_body_is_unpacked_once_whoever_unpacks_it() -> None:
    assert unpacked(gzip.compress(b"{}")) == unpacked(b"{}") == b"{}"


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"x" * (LARGEST + 1)),
        gzip.compress(b"\0" * (40 * 2**20), compresslevel=1),
        b"x" * (LARGEST + 1),
        gzip.compress(b"{}")[:-1],
        gzip.compress(b"{}") + b"x",
        b"\x1f\x8b",
        b"\x1f\x8b" + b"x" * 40,
        gzip.compress(b"[" * 65 + b"]" * 65),
    ],
    ids=["too large", "bomb", "too large unpacked", "cut off", "followed", "head", "no gzip", "deep"],
)
def test_bomb_and_whatever_cannot_be_unpacked_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        unpacked(body)


def test_bomb_is_not_unpacked_further_than_it_may_be() -> None:
    bomb = gzip.compress(b"\0" * (40 * 2**20), compresslevel=1)
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable):
            unpacked(bomb)
        assert tracemalloc.get_traced_memory()[1] < 3 * LARGEST
    finally:
        tracemalloc.stop()


def test_largest_body_is_unpacked() -> None:
    assert len(unpacked(gzip.compress(b"x" * LARGEST))) == LARGEST


# Ciphers


def test_cipher_is_the_vector() -> None:
    key = bytes(range(32))
    assert ciphers.turn(key, b"hello attachment").hex() == "9af56cda4569fea4dd92f902b04b19f4"
    assert ciphers.turn(key, ciphers.turn(key, b"hello attachment")) == b"hello attachment"
    written = "00000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    assert ciphers.written_key(key) == written
    assert ciphers.read_key(written) == ciphers.read_key(written[2:]) == key


def test_signature_in_hex_is_written_in_base64() -> None:
    assert ciphers.signature_in_base64("0112233445566778899aabbccddeeff00112233445") == "ARIjNEVWZ3iJmqu8zd7v8AESIzRF"
    assert ciphers.signature_in_base64("ARIjNEVWZ3iJmqu8zd7v8AESIzRF") == "ARIjNEVWZ3iJmqu8zd7v8AESIzRF"


@pytest.mark.parametrize("key", ["", "00", "zz" * 32, "00" * 34, "é" * 64])
def test_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"256 bits|hexadecimal|fromhex"):
        ciphers.read_key(key)


def test_no_two_files_share_a_key() -> None:
    keys = {
        ciphers.key_for(secret, tag, octets)
        for secret in (b"s" * 32, b"t" * 32)
        for tag in ("m:0", "m:1")
        for octets in (b"", b"a", b"b")
    }
    assert len(keys) == 12
    assert ciphers.key_for(b"s", "m:0", b"a") == ciphers.key_for(b"s", "m:0", b"a")


# Reactions


@pytest.mark.parametrize(("word", "emoji"), EMOJI.items())
def test_reaction_in_each_word(word: str, emoji: str) -> None:
    told = tapback_of(f"{word} “Fine”")
    assert told
    assert (told.emoji, told.action, told.to) == (emoji, "react", "Fine")


@pytest.mark.parametrize(("word", "emoji"), TAKEN_BACK.items())
def test_reaction_taken_back_in_each_word(word: str, emoji: str) -> None:
    told = tapback_of(f"Removed {word} from an image")
    assert told
    assert (told.emoji, told.action, told.to) == (emoji, "unreact", "image")


@pytest.mark.parametrize(
    "text",
    [
        "Liked the offer",
        "I Liked “Fine”",
        "Liked “Fine” very much",
        "liked “Fine”",
        "Liked",
        "Liked a house",
        "Reacted badly to the news",
        "Removed me from “Fine”",
        "Removed a stain from “Fine”",
    ],
)
def test_sentence_that_begins_like_a_reaction_is_none(text: str) -> None:
    assert tapback_of(text) is None


# Files


def file_of(name: str) -> Media:
    ours, received = Sample(FOLDER, FOLDER.path / f"{name}.http").received()
    [inbound] = ours.parse(received)
    assert isinstance(inbound, Inbound)
    return inbound.content.media[0]


KEY = bytes.fromhex("a1b2c3d4" * 8)
PLACE = Reply(status=200, body=b'{"download-url":"https://download.example/1"}')


@pytest.mark.parametrize("name", ["text_with_a_file", "text_with_a_file_of_old"])
def test_file_is_asked_for_got_and_decrypted(name: str) -> None:
    sealed = Reply(status=200, body=ciphers.turn(KEY, b"hello attachment"))
    calls, reply = run(connector().fetch(file_of(name), NOW), [PLACE, sealed])
    asked, got = calls
    assert (asked.method, asked.url) == ("GET", f"{BASE}/preDownload")
    assert asked.headers["authorization"] == f"Bearer {OURS}"
    assert asked.headers["signature"] == "ARIjNEVWZ3iJmqu8zd7v8AESIzRF"
    assert asked.headers["source-id"] == "biz-1"
    assert got == Call.get("https://download.example/1", follow=True), "the token is for the gateway alone"
    assert reply == Reply(status=200, body=b"hello attachment")


@pytest.mark.parametrize(
    ("replies", "status"),
    [
        ([Reply(status=404)], 404),
        ([Reply(status=200, body=b"{}")], 502),
        ([Reply(status=200, body=b'{"download-url":"http://10.0.0.1/"}')], 502),
        ([Reply(status=200, body=b'{"download-url":"file:///etc/passwd"}')], 502),
        ([PLACE, Reply(status=410)], 410),
    ],
)
def test_file_that_is_not_to_be_had(replies: list[Reply], status: int) -> None:
    _, reply = run(connector().fetch(file_of("text_with_a_file"), NOW), replies)
    assert reply.status == status


@pytest.mark.parametrize(
    "reference", ["", "{}", "[" * 10_000, '{"url":"a\\r\\nb","owner":"o","signature":"s","key":""}']
)
def test_file_that_nobody_can_find_is_not_asked_for(reference: str) -> None:
    assert run(connector().fetch(Media(reference=reference), NOW), []) == (
        [],
        Reply(status=404, body=b"The message does not say where the file is."),
    )


def test_what_a_device_writes_breaks_out_of_no_header() -> None:
    ours, received = Sample(FOLDER, FOLDER.path / "text_with_files_that_cannot_be_found.http").received()
    [inbound] = ours.parse(received)
    assert isinstance(inbound, Inbound)
    assert [bool(media.reference) for media in inbound.content.media] == [False, False, False, True, False]


# Large data


def pointing(**ref: Any) -> Callback:
    _, received = Sample(FOLDER, FOLDER.path / "data_that_were_not_got.http").received()
    message = msgspec.json.decode(received.body)
    message["interactiveDataRef"] |= ref
    return msgspec.structs.replace(received, body=msgspec.json.encode(message))


ANSWER = {"bid": "b", "data": {"requestIdentifier": "r-1", "quick-reply": {"selectedIdentifier": "a"}}}
SEALED = Reply(status=200, body=ciphers.turn(KEY, b"packed"))


@pytest.mark.parametrize("written", [ANSWER, {"interactiveData": ANSWER}])
def test_large_data_are_got_before_they_are_read(written: Any) -> None:
    received = pointing()
    exchange = connector().complete(received)
    assert exchange
    calls, completed = run(exchange, [PLACE, SEALED, Reply(status=200, body=msgspec.json.encode(written))])
    decoding = calls[2]
    assert (decoding.method, decoding.url, decoding.body) == ("POST", f"{BASE}/decodePayload", b"packed")
    assert decoding.headers["bid"].endswith("business.extension")
    inbound, click = connector().parse(completed)
    assert isinstance(inbound, Inbound)
    assert isinstance(click, Interaction)
    assert (click.deed, click.target.reference, click.payload) == (Deed.CLICKED, "r-1", "a")


@pytest.mark.parametrize(
    "replies",
    [
        [NoReply("timeout", taken=True)],
        [PLACE, NoReply("timeout", taken=True)],
        [Reply(status=410)],
        [PLACE, SEALED, Reply(status=500)],
        [PLACE, SEALED, Reply(status=200, body=b"[]")],
        [PLACE, SEALED, Reply(status=200, body=b'{"a":"' + b"x" * LARGEST + b'"}')],
    ],
)
def test_large_data_that_cannot_be_got_stay_pointed_to(replies: list[Reply | NoReply]) -> None:
    received = pointing()
    exchange = connector().complete(received)
    assert exchange
    assert run(exchange, replies)[1] == received


@pytest.mark.parametrize(
    "name", ["text", "quick_reply", "typing", "unreadable_text", "unreadable_bomb", "data_that_are_nowhere", "closed"]
)
def test_message_that_points_to_nothing_is_complete(name: str) -> None:
    ours, received = Sample(FOLDER, FOLDER.path / f"{name}.http").received()
    assert isinstance(ours, AppleMessages)
    assert ours.complete(received) is None


def test_message_for_another_business_is_not_completed() -> None:
    message = {**msgspec.json.decode(pointing().body), "destinationId": "biz-2"}
    assert connector().complete(msgspec.structs.replace(pointing(), body=msgspec.json.encode(message))) is None


def test_strange_references_raise_nothing() -> None:
    gone = 0
    for each in spoiling.spoiled(pointing()):
        exchange = connector().complete(each)
        if exchange is None:
            continue
        with pytest.raises(StopIteration) as end:
            next(exchange)  # It ends here where nobody could be asked for the place.
            exchange.send(Reply(status=500))
        assert end.value.value == each
        gone += 1
    assert gone > 10


def test_ids_are_the_same_however_often_a_message_is_sent() -> None:
    sample = Sample(FOLDER, FOLDER.path / "send_text.json")
    first, again = next(sample.exchange()), next(sample.exchange())
    assert first == again
    assert first.headers["id"] == msgspec.json.decode(first.body)["id"]
