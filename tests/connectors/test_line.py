"""What is particular to LINE; its samples are proven by the suite over every connector."""

import hmac
from base64 import b64encode
from pathlib import Path
from typing import Any

import msgspec
import pytest
from linebot.v3 import messaging, webhook, webhooks

import tidings.connectors
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.line import Line
from tidings.connectors.line.checking import utf16_length
from tidings.connectors.line.errors import STATUSES, judge
from tidings.connectors.line.marks import delivered, delivery_tag, hashed, postback_data, read_mark, retry_key
from tidings.connectors.line.reading import OF_NO_MESSAGE
from tidings.connectors.proving.samples import Folder, Sample
from tidings.model.content import Content, Media
from tidings.model.errors import BadSignature, NoReply, SendFailed
from tidings.model.exchange import Callback, Exchange, Reply
from tidings.model.reports import Inbound, Interaction, Receipt, Target
from tidings.model.stages import Cause, Reason

FOLDER = Folder(Line, Path(tidings.connectors.__file__).parent / "samples" / "line")
SECRET = "0123456789abcdef0123456789abcdef"
VECTOR = b'{"destination":"U00000000000000000000000000000001","events":[]}'
VECTOR_SIGNATURE = "YQU0voYIh8lUA1XaYoIEZg9trJlhjyu9qVt6HqVvWf4="
ANA = "Uaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb"
NOW = FOLDER.channel.now


def connector(**settings: Any) -> Line:
    return Line(read_settings(Line, {**FOLDER.channel.settings, **settings}), "line")


def callback(body: bytes, signature: str) -> Callback:
    headers = {"x-line-signature": signature}
    return Callback(method="POST", url=FOLDER.channel.callback_url, headers=headers, body=body, received_at=NOW)


def outgoing(content: Content, to: str = ANA) -> Outgoing:
    return Outgoing(message="m", hop=0, workspace="w", platform="line", to=to, content=content, now=NOW)


def replies_to(exchange: Exchange[Any], *replies: Reply) -> tuple[list[Any], Any]:
    """Let an exchange have its replies; give its calls and what it returns."""
    calls, left = [next(exchange)], list(replies)
    try:
        while True:
            calls.append(exchange.send(left.pop(0)))
    except StopIteration as end:
        return calls, end.value


def test_signature_vector_is_believed_by_us_and_by_lines_own_library() -> None:
    connector().verify(callback(VECTOR, VECTOR_SIGNATURE))
    validator = webhook.SignatureValidator(SECRET)
    assert validator.validate(VECTOR.decode(), VECTOR_SIGNATURE)
    assert not validator.validate(VECTOR.decode() + " ", VECTOR_SIGNATURE)


def test_signature_by_an_empty_secret_is_refused() -> None:
    signature = b64encode(hmac.digest(b"", VECTOR, "sha256")).decode()
    with pytest.raises(BadSignature):
        connector(channelSecret="").verify(callback(VECTOR, signature))


def test_sender_is_the_bot_itself() -> None:
    assert connector().sender == "U00000000000000000000000000000001"


def test_send_refuses_what_check_refuses() -> None:
    [error] = connector().check(outgoing(Content(text="Hello"), "nobody"))
    with pytest.raises(SendFailed) as failed:
        next(connector().send(outgoing(Content(text="Hello"), "nobody"), report_to=""))
    assert failed.value.reason == Reason(Cause.INVALID, f"to: {error.message}")


def test_no_message_waits_for_a_delivery_and_only_what_is_pushed_may_be_repeated() -> None:
    ordinary, notifying = connector().able, connector(notificationMessages=True).able
    assert (ordinary.receipts, ordinary.deduplicates) == (False, True)
    assert (notifying.receipts, notifying.deduplicates) == (False, False)


def test_text_that_cannot_be_written_is_refused() -> None:
    [error] = connector().check(outgoing(Content(text="\ud800")))
    assert error.path == "body"


# Our own id, there and back


def test_retry_key_is_the_same_for_a_hop_and_no_other() -> None:
    assert retry_key("m:0") == retry_key("m:0") != retry_key("m:1")


def test_phone_number_is_hashed_with_its_plus() -> None:
    assert hashed("+818000001234") == "d41e0ad70dddfeb68f149ad6fc61574b9c5780ab7bcb2fba5517771ffbb2409c"


@pytest.mark.parametrize("payload", ["yes", "", "a:b", "tdg:x:1:y", "two\nlines"])
def test_payload_comes_back_with_its_message(payload: str) -> None:
    assert read_mark(postback_data("m:2", payload)) == (Target(message="m", hop=2), payload)


@pytest.mark.parametrize(
    "data", ["", "yes", "tdg:", "tdg:m", "tdg:m:x:y", "tdg::1:y", "tdg:m:12345:y", "tdg:m\x00:1:y"]
)
def test_data_of_others_is_all_payload(data: str) -> None:
    assert read_mark(data) == (None, data)


@pytest.mark.parametrize("data", ["", "tidings-", "tidings-m", "tidings-m:", "tidings-:1", "tidings-m:12345", "m:1"])
def test_delivery_of_others_is_no_delivery_of_ours(data: str) -> None:
    assert delivered(data) is None
    assert delivered(delivery_tag("m:1")) == Target(message="m", hop=1, reference="tidings-m:1")


def test_length_is_counted_as_line_counts() -> None:
    assert [utf16_length(text) for text in ("", "abc", "é漢", "🍎")] == [0, 3, 2, 2]


# Errors


@pytest.mark.parametrize(
    ("status", "cause", "permanent", "deferred"),
    [
        (400, Cause.INVALID, True, False),
        (401, Cause.ACCOUNT, False, True),
        (403, Cause.ACCOUNT, True, False),
        (404, Cause.INVALID, True, False),
        (409, Cause.INVALID, True, False),
        (410, Cause.INVALID, True, False),
        (413, Cause.INVALID, True, False),
        (415, Cause.INVALID, True, False),
        (422, Cause.BAD_ADDRESS, True, False),
        (429, Cause.THROTTLED, False, True),
        (418, Cause.UNKNOWN, True, False),
    ],
)
def test_status_has_its_advice(status: int, cause: Cause, permanent: bool, deferred: bool) -> None:
    advice, text = judge(Reply(status=status, body=b'{"message":"m"}'))
    assert (text, advice.cause, advice.permanent) == ("m", cause, permanent)
    assert (advice.deferred, advice.channel_wide) == (deferred, deferred)
    assert (status in STATUSES) is (cause is not Cause.UNKNOWN)


# Files, and what was read


def test_file_is_fetched_from_lines_host_of_files_with_our_token() -> None:
    kept = Reply(status=200, body=b"file")
    [call], reply = replies_to(connector().fetch(Media(reference="56/1"), 0), kept)
    assert (call.url, call.follow) == ("https://api-data.line.me/v2/bot/message/56%2F1/content", False)
    assert call.headers == {"authorization": "Bearer sample-channel-access-token"}
    assert reply is kept


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({"baseUrl": "http://127.0.0.1:1/"}, "http://127.0.0.1:1"),
        ({"baseUrl": "http://127.0.0.1:1", "filesUrl": "http://127.0.0.1:2/"}, "http://127.0.0.1:2"),
        ({"baseUrl": "https://api.line.me/"}, "https://api-data.line.me"),
    ],
)
def test_files_are_where_the_settings_say(settings: dict[str, str], host: str) -> None:
    call = next(connector(**settings).fetch(Media(reference="1"), 0))
    assert call.url == f"{host}/v2/bot/message/1/content"


def test_file_elsewhere_is_fetched_without_our_token() -> None:
    call = next(connector().fetch(Media(url="https://cdn.example.test/1.mp4", reference="1"), 0))
    assert (call.url, call.headers, call.follow) == ("https://cdn.example.test/1.mp4", {}, True)


def test_file_that_is_being_prepared_is_not_there_yet() -> None:
    _, reply = replies_to(connector().fetch(Media(reference="1"), 0), Reply(status=202))
    assert reply.status == 503


def test_what_people_wrote_is_marked_as_read_where_the_channel_wants_that() -> None:
    _, written = Sample(FOLDER, FOLDER.path / "batch.http").received()
    assert connector().acknowledge(written) is None
    exchange = connector(markRead=True).acknowledge(written)
    assert exchange
    [call], _ = replies_to(exchange, Reply(status=200))
    assert call.url == "https://api.line.me/v2/bot/chat/markAsRead"
    assert msgspec.json.decode(call.body) == {"markAsReadToken": "mRt0k3n"}


def test_mark_that_is_lost_does_no_harm() -> None:
    _, written = Sample(FOLDER, FOLDER.path / "inbound_text.http").received()
    exchange = connector(markRead=True).acknowledge(written)
    assert exchange
    next(exchange)
    with pytest.raises(StopIteration):
        exchange.throw(NoReply("no answer in time", taken=True))


@pytest.mark.parametrize(
    "name", ["inbound_while_another_bot_has_the_chat", "unsent", "trial", "unreadable_no_json", "of_no_id"]
)
def test_nothing_to_mark_as_read(name: str) -> None:
    _, told = Sample(FOLDER, FOLDER.path / f"{name}.http").received()
    assert connector(markRead=True).acknowledge(told) is None


# LINE's own library reads the same samples


def understood(name: str) -> tuple[list[Any], list[Any]]:
    """What we and what LINE's library make of a sample, whose signature it checks as well."""
    ours, sample = Sample(FOLDER, FOLDER.path / f"{name}.http").received()
    theirs = webhook.WebhookParser(SECRET).parse(sample.body.decode(), sample.headers["x-line-signature"])
    return ours.parse(sample), theirs


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("inbound_text", webhooks.TextMessageContent),
        ("inbound_quote", webhooks.TextMessageContent),
        ("inbound_in_a_group", webhooks.TextMessageContent),
        ("inbound_image", webhooks.ImageMessageContent),
        ("inbound_video", webhooks.VideoMessageContent),
        ("inbound_audio", webhooks.AudioMessageContent),
        ("inbound_file", webhooks.FileMessageContent),
        ("inbound_location", webhooks.LocationMessageContent),
        ("inbound_sticker", webhooks.StickerMessageContent),
        ("inbound_sticker_with_words", webhooks.StickerMessageContent),
    ],
)
def test_message_is_what_lines_library_reads(name: str, kind: type[Any]) -> None:
    [inbound], [event] = understood(name)
    assert isinstance(inbound, Inbound)
    assert isinstance(event.message, kind)
    assert inbound.key == f"inbound:{event.message.id}"
    assert (inbound.sender, inbound.at) == (event.source.user_id, event.timestamp)
    assert inbound.content.text == (getattr(event.message, "text", None) or "")
    assert inbound.extra["replyToken"] == event.reply_token
    assert inbound.extra.get("quoteToken") == getattr(event.message, "quote_token", None)
    assert inbound.conversation == getattr(event.source, "group_id", "")
    quoted = getattr(event.message, "quoted_message_id", None)
    assert (inbound.reply_to.reference if inbound.reply_to else None) == quoted
    for media in inbound.content.media:
        assert media.reference == event.message.id
        assert (media.name, media.size) == (
            getattr(event.message, "file_name", ""),
            getattr(event.message, "file_size", None),
        )
    if isinstance(event.message, webhooks.LocationMessageContent):
        assert inbound.content.location
        place = inbound.content.location
        told = event.message
        assert (place.latitude, place.longitude, place.name) == (told.latitude, told.longitude, told.title)


def test_deeds_are_what_lines_library_reads() -> None:
    [inbound, click], [event] = understood("tapped")
    assert read_mark(event.postback.data) == (click.target, click.payload)
    assert (inbound.at, click.sender) == (event.timestamp, event.source.user_id)
    [picked], [event] = understood("tapped_a_date")
    assert picked.extra["datetime"] == event.postback.params["datetime"]
    [watched], [event] = understood("watched")
    assert (watched.target, "") == read_mark(event.video_play_complete.tracking_id)
    [unsent], [event] = understood("unsent")
    assert unsent.target.reference == event.unsend.message_id
    [unfollowed], [event] = understood("unfollowed")
    assert unfollowed.target.address == event.source.user_id
    [receipt], [event] = understood("delivered")
    assert isinstance(receipt, Receipt)
    assert isinstance(event, webhooks.PnpDeliveryCompletionEvent)
    assert (receipt.target.reference, receipt.at) == (event.delivery.data, event.timestamp)
    assert all(isinstance(each, Interaction) for each in (click, watched, unsent, unfollowed))


def test_every_event_that_lines_library_knows_is_known() -> None:
    of_theirs = {each.__fields__["type"].default for each in webhooks.Event.__subclasses__()} - {None}
    of_ours = {"message", "messageEdited", "postback", "videoPlayComplete", "unsend", "unfollow", "delivery"}
    assert len(of_theirs) > 15
    assert of_theirs - of_ours - OF_NO_MESSAGE.keys() == set()


MODELS = {
    "/v2/bot/message/push": messaging.PushMessageRequest,
    "/v2/bot/message/reply": messaging.ReplyMessageRequest,
    "/bot/pnp/push": messaging.PnpMessagesRequest,
    "/v2/bot/chat/markAsRead": messaging.MarkMessagesAsReadByTokenRequest,
}
CALLS = [
    (f"{sample.path.stem} {index}", step.call)
    for sample in FOLDER.samples()
    if sample.kind == "send"
    for index, step in enumerate(sample.sending()[2].steps)
]


@pytest.mark.parametrize("call", [call for _, call in CALLS], ids=[name for name, _ in CALLS])
def test_request_is_one_that_lines_library_could_make(call: Any) -> None:
    model = MODELS[call.url.removeprefix("https://api.line.me")]
    assert without_nothing(model.from_dict(call.json).to_dict()) == without_nothing(call.json)


def without_nothing(value: Any) -> Any:
    """Leave out what says nothing: the library writes its defaults."""
    if isinstance(value, dict):
        kept = {name: without_nothing(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each not in (None, False)}
    return [without_nothing(each) for each in value] if isinstance(value, list) else value
