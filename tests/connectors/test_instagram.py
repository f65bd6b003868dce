"""What is particular to Instagram; its samples are proven by the suite over every connector."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tidings.connectors
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.instagram import Instagram
from tidings.connectors.instagram.renewing import AHEAD
from tidings.connectors.proving.samples import Folder, Sample
from tidings.model.content import Content, Media
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Reply
from tidings.model.reports import Receipt
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.times import from_iso

FOLDER = Folder(Instagram, Path(tidings.connectors.__file__).parent / "samples" / "instagram")
TOKEN = {"authorization": "Bearer IGAA-example-token"}
ENDS_ON = "2026-09-01T00:00:00Z"
ENDS = from_iso(ENDS_ON)


def connector(**settings: Any) -> Instagram:
    return Instagram(read_settings(Instagram, {**FOLDER.channel.settings, **settings}), "instagram")


def test_sender_is_the_account_also_through_a_page() -> None:
    assert connector(pageId="220000000000118").sender == "17841400000000001"


def test_an_echo_is_a_delivery_for_whoever_wants_it_so() -> None:
    _, echo = Sample(FOLDER, FOLDER.path / "echo.http").received()
    [sent], [delivered] = connector().parse(echo), connector(deliveredByEcho=True).parse(echo)
    assert isinstance(sent, Receipt)
    assert isinstance(delivered, Receipt)
    assert (sent.stage, delivered.stage) == (Stage.SENT, Stage.DELIVERED)
    assert (connector().able.receipts, connector(deliveredByEcho=True).able.receipts) == (False, True)


def test_send_refuses_what_check_refuses() -> None:
    asked = Outgoing(
        message="m", hop=0, workspace="w", platform="instagram", to="ana.pt", content=Content(text="Hello"), now=1
    )
    [error] = connector().check(asked)
    with pytest.raises(SendFailed) as failed:
        next(connector().send(asked, report_to=""))
    assert failed.value.reason == Reason(Cause.INVALID, f"to: {error.message}")


# Files


def fetched(media: Media, **settings: Any) -> Call:
    """The one call that a fetch makes; what is answered is given."""
    exchange = connector(**settings).fetch(media, 0)
    call = next(exchange)
    file = Reply(status=200, body=b"octets")
    with pytest.raises(StopIteration) as end:
        exchange.send(file)
    assert end.value.value == file
    return call


def test_a_file_is_got_without_credentials() -> None:
    url = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1"
    assert fetched(Media(url=url)) == Call.get(url, follow=True)


@pytest.mark.parametrize("settings", [{}, {"pageId": "220000000000118"}])
@pytest.mark.parametrize(
    ("reference", "fields"),
    [
        ("mention:1:2", "mentioned_comment.comment_id%282%29%7Bid%2Ctext%2Ctimestamp%2Cusername%2Cmedia%7D"),
        (
            "mention:1",
            "mentioned_media.media_id%281%29%7Bid%2Ccaption%2Cmedia_type%2Cmedia_url%2Cpermalink%2Ctimestamp%2Cusername%7D",
        ),
    ],
)
def test_what_a_mention_says_is_asked_of_the_account(reference: str, fields: str, settings: dict[str, str]) -> None:
    call = fetched(Media(reference=reference), **settings)
    host = "https://graph.facebook.com" if settings else "https://graph.instagram.com"
    assert call.url == f"{host}/v25.0/17841400000000001?fields={fields}"
    assert dict(call.headers) == TOKEN


# Tokens


def renewed(exchange: Exchange[Mapping[str, Any]] | None, reply: Reply) -> tuple[Call, Mapping[str, Any]]:
    assert exchange is not None
    call = next(exchange)
    with pytest.raises(StopIteration) as end:
        exchange.send(reply)
    return call, end.value.value


def test_a_token_is_refreshed_before_it_ends() -> None:
    new = {"access_token": "IGAA-new", "token_type": "bearer", "expires_in": 5_184_000}
    exchange = connector(tokenExpiresOn=ENDS_ON).renewal(ENDS - AHEAD, refused=False)
    call, settings = renewed(exchange, Reply(status=200, body=msgspec.json.encode(new)))
    assert call.method == "GET"
    assert call.url == (
        "https://graph.instagram.com/refresh_access_token?grant_type=ig_refresh_token&access_token=IGAA-example-token"
    )
    assert settings == {"accessToken": "IGAA-new", "tokenExpiresOn": "2026-10-21T00:00:00.000Z"}
    again = connector(**settings)
    assert again.renewal(ENDS - AHEAD, refused=False) is None


@pytest.mark.parametrize(
    ("settings", "now"),
    [
        ({}, ENDS),
        ({"tokenExpiresOn": "in autumn"}, ENDS),
        ({"tokenExpiresOn": ENDS_ON, "pageId": "1"}, ENDS - 1),
        ({"tokenExpiresOn": ENDS_ON}, ENDS - AHEAD - 1),
        ({"tokenExpiresOn": ENDS_ON}, ENDS),
    ],
)
def test_a_token_that_need_not_or_cannot_be_refreshed_is_left(settings: dict[str, str], now: int) -> None:
    assert connector(**settings).renewal(now, refused=True) is None


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(status=400, body=b'{"error":{"code":190,"message":"It has ended."}}'), "The token is not refreshed: "),
        (Reply(status=502, body=b""), "The token is not refreshed: "),
        (Reply(status=200, body=b"[]"), "The answer holds no token."),
        (Reply(status=200, body=b'{"access_token":"","expires_in":5}'), "The answer holds no token."),
        (Reply(status=200, body=b'{"access_token":"a","expires_in":0}'), "The answer holds no token."),
        (Reply(status=200, body=b'{"access_token":"a","expires_in":99999999999}'), "The answer holds no token."),
    ],
)
def test_a_token_that_is_not_given_is_asked_for_later(reply: Reply, why: str) -> None:
    exchange = connector(tokenExpiresOn=ENDS_ON).renewal(ENDS - 1, refused=False)
    assert exchange is not None
    next(exchange)
    with pytest.raises(SendDeferred) as wait:
        exchange.send(reply)
    assert wait.value.reason.cause is Cause.ACCOUNT
    assert wait.value.reason.text.startswith(why)
    assert "IGAA" not in repr(wait.value)


def test_a_refresh_without_an_answer_is_told_as_that() -> None:
    exchange = connector(tokenExpiresOn=ENDS_ON).renewal(ENDS - 1, refused=False)
    assert exchange is not None
    next(exchange)
    with pytest.raises(NoReply):
        exchange.throw(NoReply("timed out", taken=True))
