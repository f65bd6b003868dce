"""What is particular to TikTok; its samples are proven by the suite over every connector."""

import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tidings.connectors
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.proving.samples import Folder, Sample
from tidings.connectors.tiktok import TikTok
from tidings.connectors.tiktok.errors import AGAINST_THE_RULES, THROTTLED, TROUBLE, UNAUTHORIZED, USED_UP, advice_on
from tidings.connectors.tiktok.images import LARGEST
from tidings.connectors.tiktok.renewal import MARGIN
from tidings.model.content import Content, Media
from tidings.model.errors import BadSignature, NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Callback, Exchange, Reply
from tidings.model.reports import Receipt
from tidings.model.stages import Cause, Reason, Stage

FOLDER = Folder(TikTok, Path(tidings.connectors.__file__).parent / "samples" / "tiktok")
NOW = FOLDER.channel.now
HOUR = 3_600_000
API = "https://business-api.tiktok.com/open_api/v1.3"
PNG = b"\x89PNG\r\n\x1a\n and so on"
VECTOR = (
    b'{"client_key":"7000000000000000001","event":"im_receive_msg","create_time":1760000000,'
    b'"user_openid":"biz-open-id-1","content":"{}"}'
)
VECTOR_SIGNATURE = "t=1760000000,s=2bcf6f597bf5439934d5b4e01d0c7ae211bc2b3b1fc0adf8e9c71ccdab0f42a1"
AT = 1_760_000_000_000


def connector(**settings: Any) -> TikTok:
    return TikTok(read_settings(TikTok, {**FOLDER.channel.settings, **settings}), "tiktok")


def outgoing(content: Content | None = None, **more: Any) -> Outgoing:
    given = {"to": "7300000000000000001", "content": content or Content(text="Hello"), "now": NOW, **more}
    return Outgoing(message="m", hop=0, workspace="w", platform="tiktok", **given)


def callback(body: bytes, signature: str, received_at: int = AT) -> Callback:
    headers = {"tiktok-signature": signature}
    url = FOLDER.channel.callback_url
    return Callback(method="POST", url=url, headers=headers, body=body, received_at=received_at)


def answers(exchange: Exchange[Any] | None, *replies: Reply) -> tuple[Sequence[Call], Any]:
    """Run an exchange; gives its calls and what it returns."""
    assert exchange
    calls, left = [], list(replies)
    try:
        call = next(exchange)
        while True:
            calls.append(call)
            call = exchange.send(left.pop(0))
    except StopIteration as end:
        assert not left
        return calls, end.value


def told(code: int, data: Any = None, message: str = "") -> Reply:
    return Reply(status=200, body=msgspec.json.encode({"code": code, "message": message, "data": data or {}}))


TAKEN = told(0, {"message": {"message_id": "777"}})


# Trust


def test_published_signature_is_believed() -> None:
    assert len(VECTOR) == 131
    connector().verify(callback(VECTOR, VECTOR_SIGNATURE))


@pytest.mark.parametrize("seconds", [-301, -300, 0, 300, 301])
def test_signature_is_good_for_five_minutes(seconds: int) -> None:
    request = callback(VECTOR, VECTOR_SIGNATURE, AT + seconds * 1000)
    if abs(seconds) <= 300:
        connector().verify(request)
    else:
        with pytest.raises(BadSignature, match="too old"):
            connector().verify(request)


def test_signature_by_an_empty_secret_is_refused() -> None:
    signature = hmac.digest(b"", b"1760000000." + VECTOR, "sha256").hex()
    with pytest.raises(BadSignature):
        connector(clientSecret="").verify(callback(VECTOR, f"t=1760000000,s={signature}"))


@pytest.mark.parametrize("signature", ["", "t=", "t=1760000000", "s=1", "t=١,s=1", f"t={'1' * 5000},s=1", "t=1=2,s"])
def test_signature_that_is_none_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature):
        connector().verify(callback(VECTOR, signature))


# The window


@pytest.mark.parametrize(
    ("heard_at", "answered", "open_"),
    [
        (None, 99, True),
        (NOW, 0, True),
        (NOW, 9, True),
        (NOW, 10, False),
        (NOW - 48 * HOUR + 1, 0, True),
        (NOW - 48 * HOUR, 0, False),
    ],
)
def test_nothing_is_sent_where_the_window_is_known_to_be_closed(
    heard_at: int | None, answered: int, open_: bool
) -> None:
    exchange = connector().send(outgoing(heard_at=heard_at, answered=answered), report_to="")
    if open_:
        assert next(exchange).url == f"{API}/business/message/send/"
    else:
        with pytest.raises(SendFailed) as failed:
            next(exchange)
        assert failed.value.reason.cause is Cause.WINDOW


@pytest.mark.parametrize(
    "settings", [{"windowHours": 0, "windowMessages": 0}, {"windowHours": 72, "windowMessages": 20}]
)
def test_window_can_be_set(settings: dict[str, Any]) -> None:
    exchange = connector(**settings).send(outgoing(heard_at=NOW - 49 * HOUR, answered=15), report_to="")
    assert next(exchange).method == "POST"


def test_send_refuses_what_check_refuses() -> None:
    wrong = outgoing(to="")
    [error] = connector().check(wrong)
    with pytest.raises(SendFailed) as failed:
        next(connector().send(wrong, report_to=""))
    assert failed.value.reason == Reason(Cause.INVALID, f"to: {error.message}")


def test_sender_is_the_account() -> None:
    assert connector().sender == "biz-open-id-1"


# Images


def test_image_is_got_from_its_address_and_uploaded() -> None:
    image = Content(media=(Media(url="https://cdn.example.test/1"),))
    replies = (Reply(status=200, body=PNG), told(0, {"media_id": "md1"}), TAKEN)
    [get, upload, send], sent = answers(connector().send(outgoing(image), report_to=""), *replies)
    assert (get.method, get.url, get.follow) == ("GET", "https://cdn.example.test/1", True)
    assert "access-token" not in get.headers, "our token is no business of whoever has the image"
    assert upload.url == f"{API}/business/message/media/upload/"
    assert PNG in upload.body
    assert b'filename="image.png"\r\nContent-Type: image/png' in upload.body
    assert msgspec.json.decode(send.body)["image"] == {"media_id": "md1"}
    assert [piece.reference for piece in sent.pieces] == ["777"]


@pytest.mark.parametrize("body", [b"GIF89a", PNG + b"x" * LARGEST, b""])
def test_what_is_no_image_or_too_large_is_not_uploaded(body: bytes) -> None:
    image = Content(media=(Media(type="image/png", url="https://cdn.example.test/1"),))
    with pytest.raises(SendFailed, match="no image in JPEG or PNG"):
        answers(connector().send(outgoing(image), report_to=""), Reply(status=200, body=body))


def test_large_image_that_comes_along_is_refused_at_once() -> None:
    data = "iVBORw0KGgoA" + "AAAA" * (LARGEST // 3)
    [error] = connector().check(outgoing(Content(media=(Media(type="image/png", data=data),))))
    assert (error.path, error.code) == ("body.media[0].size", "TooLong")


# Codes


@pytest.mark.parametrize(
    ("code", "text", "advice"),
    [
        (40105, "", UNAUTHORIZED),
        (40102, "", UNAUTHORIZED),
        (40100, "", THROTTLED),
        (40016, "", THROTTLED),
        (40133, "", THROTTLED),
        (40064, "You are sending messages TOO FAST. Take a rest.", USED_UP),
        (40064, "Your message was blocked due to messaging restrictions.", AGAINST_THE_RULES),
        (51065, "", TROUBLE),
        (50000, "", TROUBLE),
    ],
)
def test_code_means_what_follows(code: int, text: str, advice: Any) -> None:
    assert advice_on(code, text, connector().settings) is advice


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (40001, Cause.ACCOUNT),
        (40002, Cause.INVALID),
        (40007, Cause.BAD_ADDRESS),
        (40908, Cause.UNSUPPORTED),
        (40999, Cause.INVALID),
        (60001, Cause.UNKNOWN),
        (-1, Cause.UNKNOWN),
    ],
)
def test_code_that_refuses_for_good(code: int, cause: Cause) -> None:
    advice = advice_on(code, "", connector().settings)
    assert (advice.cause, advice.permanent, advice.deferred) == (cause, True, False)


def test_refused_token_is_stale() -> None:
    with pytest.raises(SendDeferred) as wait:
        answers(connector().send(outgoing(), report_to=""), told(40105))
    assert (wait.value.stale, wait.value.channel_wide) == (True, True)
    with pytest.raises(SendDeferred) as wait:
        answers(connector().send(outgoing(), report_to=""), told(40100))
    assert not wait.value.stale


def test_codes_can_be_set() -> None:
    settings = connector(tokenCodes=[1], throttleCodes=[2], windowCodes=[3]).settings
    assert [advice_on(code, "", settings) for code in (1, 2, 3)] == [UNAUTHORIZED, THROTTLED, AGAINST_THE_RULES]
    assert advice_on(40105, "", settings).cause is Cause.INVALID


# Renewal

TOKENS = {
    "access_token": "act.new",
    "refresh_token": "rft.new",
    "expires_in": 86400,
    "refresh_token_expires_in": 31536000,
    "open_id": "biz-open-id-1",
}


@pytest.mark.parametrize(
    ("settings", "refused", "due"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"refreshToken": None}, True, False),
        ({"refreshToken": ""}, True, False),
        ({"tokenExpiresAt": NOW + MARGIN + 1}, False, False),
        ({"tokenExpiresAt": NOW + MARGIN}, False, True),
        ({"tokenExpiresAt": NOW - HOUR}, False, True),
        ({"tokenExpiresAt": NOW - HOUR, "refreshToken": None}, False, False),
    ],
)
def test_tokens_are_renewed_when_they_are_refused_or_end_soon(
    settings: Mapping[str, Any], refused: bool, due: bool
) -> None:
    assert (connector(**settings).renewal(NOW, refused=refused) is not None) == due


def test_renewal_trades_the_refresh_token_for_another() -> None:
    [call], changed = answers(connector().renewal(NOW, refused=True), told(0, TOKENS))
    assert (call.method, call.url) == ("POST", f"{API}/tt_user/oauth2/refresh_token/")
    assert msgspec.json.decode(call.body) == {
        "client_id": "7000000000000000001",
        "client_secret": "tt-client-secret-01",
        "grant_type": "refresh_token",
        "refresh_token": "rft.sample-refresh-token",
    }
    assert changed == {
        "accessToken": "act.new",
        "refreshToken": "rft.new",
        "tokenExpiresAt": NOW + 24 * HOUR,
        "refreshTokenExpiresAt": NOW + 365 * 24 * HOUR,
    }
    renewed = connector(**changed)
    assert renewed.renewal(NOW, refused=False) is None
    [call] = answers(renewed.renewal(NOW + 24 * HOUR, refused=False), told(0, TOKENS))[0]
    assert msgspec.json.decode(call.body)["refresh_token"] == "rft.new"


def test_end_that_nobody_tells_is_not_known() -> None:
    tokens = {**TOKENS, "expires_in": 0, "refresh_token_expires_in": 10**12}
    changed = answers(connector().renewal(NOW, refused=True), told(0, tokens))[1]
    assert (changed["tokenExpiresAt"], changed["refreshTokenExpiresAt"]) == (0, 0)


@pytest.mark.parametrize(
    ("reply", "cause", "channel_wide"),
    [
        (told(40103, message="The refresh token was used."), Cause.ACCOUNT, True),
        (told(40002, message="client_id: invalid"), Cause.ACCOUNT, True),
        (told(51065), Cause.PROVIDER, False),
        (told(0), Cause.PROVIDER, False),
    ],
)
def test_messages_wait_where_tokens_cannot_be_renewed(reply: Reply, cause: Cause, channel_wide: bool) -> None:
    with pytest.raises(SendDeferred) as wait:
        answers(connector().renewal(NOW, refused=True), reply)
    assert (wait.value.reason.cause, wait.value.channel_wide, wait.value.stale) == (cause, channel_wide, False)


# Files

FILE = Media(
    reference="conversation_id=7300000000000000001&message_id=7300000000000000701&media_id=md1&media_type=IMAGE"
)


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://business-api.tiktok.com/file/1", True),
        ("https://p16-im.tiktokcdn.com/1", True),
        ("https://tiktok.com/1", True),
        ("http://p16-im.tiktokcdn.com/1", False),
        ("https://nottiktok.com/1", False),
        ("https://tiktok.com.example.test/1", False),
        ("https://[", False),
    ],
)
def test_our_token_goes_along_to_tiktok_only(url: str, trusted: bool) -> None:
    [ask, get], reply = answers(
        connector().fetch(FILE, 0), told(0, {"download_url": url}), Reply(status=200, body=b"octets")
    )
    assert ask.url == f"{API}/business/message/media/download/"
    assert msgspec.json.decode(ask.body) == {
        "business_id": "biz-open-id-1",
        "conversation_id": "7300000000000000001",
        "message_id": "7300000000000000701",
        "media_id": "md1",
        "media_type": "IMAGE",
    }
    assert get.url == url
    assert get.headers == ({"x-user": "act.sample-access-token"} if trusted else {})
    assert reply.body == b"octets"


def test_sticker_is_got_from_its_address_without_our_token() -> None:
    url = "https://p16-im.tiktokcdn.com/s.webp"
    [get], reply = answers(connector().fetch(Media(url=url), 0), Reply(status=200, body=b"octets"))
    assert (get.url, get.headers, reply.body) == (url, {}, b"octets")


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (told(40007), 404),
        (told(40105), 401),
        (Reply(status=503), 503),
        (told(0), 502),
        (Reply(status=200, body=b"x"), 502),
    ],
)
def test_file_that_is_nowhere_is_not_fetched(reply: Reply, status: int) -> None:
    assert answers(connector().fetch(FILE, 0), reply)[1].status == status


@pytest.mark.parametrize("reference", ["", "x", "media_id=1", "conversation_id=1&message_id=2&media_id=3"])
def test_file_that_is_wrongly_named_is_not_asked_for(reference: str) -> None:
    calls, reply = answers(connector().fetch(Media(reference=reference), 0))
    assert (calls, reply.status) == ([], 404)


# Echoes


def test_echo_counts_as_delivery_only_where_that_is_set() -> None:
    echo = Sample(FOLDER, FOLDER.path / "sent.http").received()[1]
    stages = []
    for believing in (False, True):
        ours = connector(echoMeansDelivered=believing)
        [receipt] = ours.parse(echo)
        assert isinstance(receipt, Receipt)
        assert receipt.went_at == 1_760_000_001_123, "read marks are by the same clock"
        stages.append((ours.able.receipts, receipt.stage))
    assert stages == [(False, Stage.SENT), (True, Stage.DELIVERED)]


def test_broken_connection_comes_through() -> None:
    exchange = connector().send(outgoing(), report_to="")
    next(exchange)
    with pytest.raises(NoReply):
        exchange.throw(NoReply("reset", taken=True))
