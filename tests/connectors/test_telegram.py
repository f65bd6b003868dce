"""What is particular to Telegram; its samples are proven by the suite over every connector."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import telegram as library
from msgspec import Raw

import tidings.connectors
from tidings.connectors.connector import Outgoing, Polled, read_settings
from tidings.connectors.proving.samples import Folder, Sample
from tidings.connectors.telegram import Telegram
from tidings.connectors.telegram.markup import Marked
from tidings.connectors.telegram.places import Named, named_by, reference_of
from tidings.connectors.telegram.reading import WANTED
from tidings.model.content import Content, Media
from tidings.model.errors import BadSignature, NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Callback, Exchange, Reply
from tidings.model.reports import Deed, Inbound, Interaction, Unknown
from tidings.model.stages import Cause, Reason

FOLDER = Folder(Telegram, Path(tidings.connectors.__file__).parent / "samples" / "telegram")
NOW = FOLDER.channel.now
API = "https://api.telegram.org/bot700:sample-bot-token"
UPDATES = [sample for sample in FOLDER.samples() if sample.kind == "callback"]
STRANGE = ("wrong_shape", "odd_number", "without_a_number")
"""In the names of updates that Telegram would not write."""


def connector(**settings: Any) -> Telegram:
    return Telegram(read_settings(Telegram, {**FOLDER.channel.settings, **settings}), "telegram")


def outgoing(**more: Any) -> Outgoing:
    given = {"to": "5210000001", "content": Content(text="Hello"), **more}
    return Outgoing(message="m", hop=0, workspace="w", platform="telegram", now=NOW, **given)


def callback(body: bytes, secret: str | None = "hub-secret_01") -> Callback:
    headers = {} if secret is None else {"x-telegram-bot-api-secret-token": secret}
    return Callback(method="POST", url=FOLDER.channel.callback_url, headers=headers, body=body, received_at=NOW)


def answers(exchange: Exchange[Any], *replies: Reply | NoReply) -> tuple[Sequence[Call], Any]:
    """Run an exchange; gives its calls and what it returns."""
    calls, left = [], list(replies)
    try:
        call = next(exchange)
        while True:
            calls.append(call)
            reply = left.pop(0)
            call = exchange.throw(reply) if isinstance(reply, NoReply) else exchange.send(reply)
    except StopIteration as end:
        assert not left
        return calls, end.value


def done(result: Any) -> Reply:
    return Reply(status=200, body=msgspec.json.encode({"ok": True, "result": result}))


def asked(call: Call) -> tuple[str, Any]:
    return call.url.removeprefix(f"{API}/"), msgspec.json.decode(call.body) if call.body else None


# Trust


@pytest.mark.parametrize("told", ["hub-secret_0", "", None, "hub-secret_01 ", "é\udc80"])
def test_webhook_with_another_secret_is_refused(told: str | None) -> None:
    connector().verify(callback(b"{}"))
    with pytest.raises(BadSignature):
        connector().verify(callback(b"{}", told))


@pytest.mark.parametrize("own", ["", None])
@pytest.mark.parametrize("told", ["", None])
def test_no_webhook_is_believed_where_there_is_no_secret(own: str | None, told: str | None) -> None:
    with pytest.raises(BadSignature):
        connector(webhookSecret=own).verify(callback(b"{}", told))


def test_sender_is_the_bots_own_id() -> None:
    assert connector().sender == "700"


@pytest.mark.parametrize("token", ["", "a-secret", "a-secret:x", "٧:x"])
def test_nothing_is_shown_of_what_is_no_token(token: str) -> None:
    assert connector(botToken=token).sender == ""


def test_send_refuses_what_check_refuses() -> None:
    wrong = outgoing(to="nobody at all")
    [error] = connector().check(wrong)
    with pytest.raises(SendFailed) as failed:
        next(connector().send(wrong, report_to=""))
    assert failed.value.reason == Reason(Cause.INVALID, f"to: {error.message}")


def test_only_a_server_of_ones_own_takes_large_files() -> None:
    large = outgoing(content=Content(media=(Media(type="text/plain", data="x" * (50 * 2**20 + 1)),)))
    assert [error.path for error in connector().check(large)] == ["body.media[0].size"]
    assert connector(localServer=True).check(large) == ()


def test_bot_that_pays_for_it_sends_faster() -> None:
    assert connector().able.rate_per_second == 30
    assert connector(paidBroadcast=True).able.rate_per_second == 1000


@pytest.mark.parametrize(
    ("reference", "named"),
    [
        (reference_of(-100, 5), Named(5, "-100")),
        (reference_of(7, 5, "bc_1-x"), Named(5, "7", "bc_1-x")),
        ("5", Named(5)),
        ("", None),
        ("x", None),
        ("7:", None),
        ("7:5:3", None),
        ("9" * 20, None),
    ],
)
def test_message_is_named_by_its_reference_or_its_number(reference: str, named: Named | None) -> None:
    assert named_by(reference) == named


# HTML


@pytest.mark.parametrize(
    ("html", "written", "seen"),
    [
        ("plain & simple", "plain &amp; simple", "plain & simple"),
        ("<b>a<i>b</b>c</i>", "<b>a<i>b</i></b>c", "abc"),
        ("</b>a</p>", "a", "a"),
        ("<b>a<i>b", "<b>a<i>b</i></b>", "ab"),
        ("<p>a</p>\n  <p>b</p>", "a\nb", "a\nb"),
        ("a<br/><br>b", "a\n\nb", "a\n\nb"),
        ("<a href='x'>a</a><a>b</a>", "ab", "ab"),
        ('<a href="tg://user?id=1">a</a>', '<a href="tg://user?id=1">a</a>', "a"),
        ("<title>t</title><head><b>x</b></head>a", "<b></b>a", "a"),
        ("<span class='x'>a</span>", "a", "a"),
        ("<img src='x'>a", "a", "a"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "12", "12"),
        ("a <!-- no --> b &lt;", "a b &lt;", "a b <"),
        ("<pre>\n x\n</pre>", "<pre>\n x\n</pre>", "x"),
        ("<", "&lt;", "<"),
        ("", "", ""),
    ],
)
def test_html_is_written_with_the_tags_there_are(html: str, written: str, seen: str) -> None:
    marked = Marked(html)
    assert (marked.written, marked.seen) == (written, seen)


# Taps are answered, files fetched, updates asked for


def test_tap_is_acknowledged_and_nothing_else_is() -> None:
    tapped = Sample(FOLDER, FOLDER.path / "clicked.http").received()[1]
    exchange = connector().acknowledge(tapped)
    assert exchange
    [call], result = answers(exchange, done(result=True))
    assert asked(call) == ("answerCallbackQuery", {"callback_query_id": "cbq-000000000000017"})
    assert result is None
    written = Sample(FOLDER, FOLDER.path / "inbound_text.http").received()[1]
    assert connector().acknowledge(written) is None
    assert connector().acknowledge(callback(b"\xff")) is None


def test_lost_acknowledgement_does_no_harm() -> None:
    tapped = Sample(FOLDER, FOLDER.path / "clicked.http").received()[1]
    exchange = connector().acknowledge(tapped)
    assert exchange
    _, result = answers(exchange, NoReply("reset", taken=True))
    assert result is None


def test_file_is_fetched_from_where_it_is() -> None:
    media = Media(reference="AgAC-l")
    found = done({"file_id": "AgAC-l", "file_path": "photos/a b?.jpg"})
    [ask, get], reply = answers(connector().fetch(media, 0), found, Reply(status=200, body=b"octets"))
    assert asked(ask) == ("getFile", {"file_id": "AgAC-l"})
    assert get.url == "https://api.telegram.org/file/bot700:sample-bot-token/photos/a%20b%3F.jpg"
    assert reply.body == b"octets"


@pytest.mark.parametrize(
    ("reply", "status"), [(Reply(status=400, body=b"{}"), 400), (done({}), 502), (Reply(status=200), 502)]
)
def test_file_that_is_nowhere_is_not_fetched(reply: Reply, status: int) -> None:
    _, given = answers(connector().fetch(Media(reference="x"), 0), reply)
    assert given.status == status


def test_updates_are_asked_for_only_where_that_is_set() -> None:
    assert connector().poll_seconds is None
    assert connector(pollSeconds=2).poll_seconds == 2


def updates(*names: str) -> list[Any]:
    return [msgspec.json.decode(Sample(FOLDER, FOLDER.path / f"{name}.http").received()[1].body) for name in names]


def test_updates_are_asked_for_from_where_we_left_off_and_taps_are_answered() -> None:
    told = updates("inbound_text", "clicked")
    [ask, acknowledge], polled = answers(connector().poll("", NOW), done(told), done(result=True))
    every = {"limit": 100, "timeout": 10, "allowed_updates": list(WANTED)}
    assert asked(ask) == ("getUpdates", every)
    assert asked(acknowledge) == ("answerCallbackQuery", {"callback_query_id": "cbq-000000000000017"})
    assert isinstance(polled, Polled)
    assert [type(report) for report in polled.reports] == [Inbound, Interaction]
    assert (polled.place, polled.more) == ("873000003", False)
    [ask], polled = answers(connector().poll(polled.place, NOW), done([]))
    assert asked(ask) == ("getUpdates", {"offset": 873000003, **every})
    assert polled == Polled(reports=(), place="873000003")


def test_what_is_polled_means_what_it_means_as_a_webhook() -> None:
    for sample in UPDATES:
        ours, posted = sample.received()
        body = msgspec.json.decode(posted.body)
        _, polled = answers(connector().poll("", NOW), done([body]), *[done(result=True)] * posted.body.count(b"cbq-"))
        assert [msgspec.to_builtins(each) | {"raw": 0} for each in _plain(polled.reports)] == [
            msgspec.to_builtins(each) | {"raw": 0} for each in _plain(ours.parse(posted))
        ]


def _plain(reports: Sequence[Any]) -> list[Any]:
    return [msgspec.json.decode(msgspec.json.encode(report)) for report in reports]


def test_update_that_cannot_be_read_is_kept_and_passed() -> None:
    _, polled = answers(connector().poll("5", NOW), done([7, {"update_id": 9}, {"update_id": 8, "poll": {}}]))
    assert [type(report) for report in polled.reports] == [Unknown, Unknown, Unknown]
    assert polled.reports[0].raw == Raw(b"7")
    assert polled.place == "10"


def test_a_full_answer_says_that_there_is_more() -> None:
    _, polled = answers(connector().poll("", NOW), done([{"update_id": n, "poll": {}} for n in range(100)]))
    assert (polled.place, polled.more) == ("100", True)


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (409, {"ok": False, "error_code": 409, "description": "Conflict: can't use getUpdates"}, Cause.ACCOUNT),
        (401, {"ok": False, "error_code": 401, "description": "Unauthorized"}, Cause.ACCOUNT),
        (200, {"ok": True, "result": 5}, Cause.PROVIDER),
    ],
)
def test_updates_that_are_not_given_are_asked_for_later(status: int, body: Any, cause: Cause) -> None:
    with pytest.raises(SendDeferred) as wait:
        answers(connector().poll("", NOW), Reply(status=status, body=msgspec.json.encode(body)))
    assert wait.value.reason.cause is cause


# Another library reads the same updates


@pytest.mark.parametrize(
    "sample", [each for each in UPDATES if not any(strange in str(each) for strange in STRANGE)], ids=str
)
def test_update_is_what_the_library_reads(sample: Sample) -> None:
    ours, posted = sample.received()
    body = msgspec.json.decode(posted.body)
    for message in (part for part in body.values() if isinstance(part, dict)):
        message.setdefault("date", 0)
    theirs: Any = library.Update.de_json(body, None)
    for report in ours.parse(posted):
        match report:
            case Inbound():
                _same_message(report, theirs.effective_message)
            case Interaction(deed=Deed.CLICKED):
                query = theirs.callback_query
                assert (report.key, report.payload) == (f"clicked:{query.id}", query.data)
                where = f"{query.message.chat.id}:{query.message.message_id}" if query.message else ""
                assert report.target.reference == where
            case Interaction(deed=Deed.REACTION):
                changed = theirs.message_reaction
                assert report.target.reference == f"{changed.chat.id}:{changed.message_id}"
                kinds = changed.new_reaction if report.action == "react" else changed.old_reaction
                assert report.emoji in [_emoji(kind) for kind in kinds]
            case Interaction(deed=Deed.UNSUBSCRIBE_REQUEST):
                assert theirs.effective_chat
                assert report.sender == str(theirs.effective_chat.id)
            case Interaction(deed=Deed.DELETE_REQUEST):
                deleted = theirs.deleted_business_messages
                named = [f"{deleted.business_connection_id}/{deleted.chat.id}:{n}" for n in deleted.message_ids]
                assert report.target.reference in named


def _emoji(kind: Any) -> str:
    return str(getattr(kind, "emoji", "") or getattr(kind, "custom_emoji_id", "") or "⭐")


def _same_message(inbound: Inbound, theirs: Any) -> None:
    connection = f"{theirs.business_connection_id}/" if theirs.business_connection_id else ""
    assert inbound.reference == f"{connection}{theirs.chat.id}:{theirs.message_id}"
    assert inbound.sender == str(theirs.chat.id)
    if theirs.from_user:
        assert inbound.name == theirs.from_user.full_name
    told_at = theirs.edit_date or theirs.date
    assert inbound.at == (told_at.timestamp() * 1000 or None)
    answered = theirs.reply_to_message
    assert (inbound.reply_to.reference if inbound.reply_to else "") == (
        f"{answered.chat.id}:{answered.message_id}" if answered else ""
    )
    content = inbound.content
    if theirs.text:
        assert content.text == theirs.text
    file = theirs.effective_attachment
    if content.media:
        [media] = content.media
        largest = max(file, key=lambda size: size.width) if isinstance(file, tuple) else file
        assert media.reference == largest.file_id
        assert media.caption == (theirs.caption or "")
        assert media.size == largest.file_size
    if theirs.location:
        assert content.location
        where = (content.location.latitude, content.location.longitude)
        assert where == (theirs.location.latitude, theirs.location.longitude)
    if theirs.contact:
        [contact] = content.contacts
        assert contact["phones"] == [{"phone": theirs.contact.phone_number}]


@pytest.mark.parametrize("name", WANTED)
def test_every_update_we_want_is_known_to_the_library(name: str) -> None:
    assert name in library.Update.ALL_TYPES
