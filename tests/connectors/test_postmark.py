"""What is odd about Postmark, beyond what its samples show."""

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

import tidings.connectors
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.postmark import Postmark
from tidings.connectors.postmark.sending import BY_CODE
from tidings.connectors.proving import Folder, Sample
from tidings.model.content import Content, Media
from tidings.model.errors import BadSignature, FieldError, Refused, SendDeferred, SendFailed
from tidings.model.exchange import Callback, Reply
from tidings.model.reports import Inbound
from tidings.model.stages import Cause

SAMPLES = Folder(Postmark, Path(tidings.connectors.__file__).parent / "samples" / "postmark")


def channel(**more: Any) -> Postmark:
    return Postmark(read_settings(Postmark, SAMPLES.channel.settings | more), "email")


def posted(**headers: str) -> Callback:
    url = "https://hub.example.test/callbacks/7"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Callback(method="POST", url=url, headers=named, body=b"{}", received_at=0)


def believed(connector: Postmark, callback: Callback) -> bool:
    try:
        connector.verify(callback)
    except BadSignature:
        return False
    return True


def test_the_known_vector_is_met() -> None:
    connector = channel(webhookLogin="hub:S3cret-path", webhookSecret=None)
    assert believed(connector, posted(authorization="Basic aHViOlMzY3JldC1wYXRo"))
    for wrong in ("", "Basic", "Basic ", "basic aHViOlMzY3JldC1wYXRo", "Basic aHViOlMzY3JldC1wYXRo ", "é", "Bearer x"):
        assert not believed(connector, posted(authorization=wrong))


def test_a_secret_header_has_the_name_that_was_chosen() -> None:
    connector = channel(webhookLogin=None, webhookSecret="a-secret", webhookHeader="X-Ours")
    assert believed(connector, posted(x_ours="a-secret"))
    assert not believed(connector, posted(x_tidings_secret="a-secret"))
    assert not believed(connector, posted(x_ours=""))


@pytest.mark.parametrize("login", [None, ""])
@pytest.mark.parametrize("secret", [None, ""])
def test_something_must_prove_a_webhook(login: str | None, secret: str | None) -> None:
    with pytest.raises(Refused, match="settings"):
        channel(webhookLogin=login, webhookSecret=secret)


def test_what_is_not_set_is_nobodys_secret() -> None:
    with_login = channel(webhookSecret="")
    assert not believed(with_login, posted(x_tidings_secret=""))
    with_secret = channel(webhookLogin="")
    assert not believed(with_secret, posted(authorization=f"Basic {base64.b64encode(b'').decode()}"))


def test_whoever_is_refused_may_try_again() -> None:
    assert channel().refusal(posted()).status == 401, "at 403 Postmark gives up"


def refused_by(code: int, status: int = 422) -> SendFailed | SendDeferred:
    content = Content(text="x")
    outgoing = Outgoing(message="m", hop=0, workspace="w", platform="email", to="a@b.example", content=content, now=0)
    exchange = channel().send(outgoing, report_to="")
    next(exchange)
    body = msgspec.json.encode({"ErrorCode": code, "Message": "no"})
    try:
        exchange.send(Reply(status=status, body=body))
    except (SendFailed, SendDeferred) as error:
        return error
    raise AssertionError("it is taken")


@pytest.mark.parametrize("code", sorted(BY_CODE))
def test_every_error_says_who_can_act(code: int) -> None:
    error, meaning = refused_by(code), BY_CODE[code]
    assert isinstance(error, SendDeferred) is meaning.later
    assert (error.reason.cause, error.reason.code) == (meaning.cause, str(code))
    assert error.reason.permanent is not meaning.later


def test_an_error_that_is_new_is_the_requests_or_the_servers() -> None:
    assert refused_by(9999).reason.cause is Cause.INVALID
    assert refused_by(9999, 503).reason.cause is Cause.PROVIDER


def test_a_mail_without_any_id_has_the_key_of_its_own_headers() -> None:
    connector, callback = Sample(SAMPLES, SAMPLES.path / "inbound.http").received()
    told = msgspec.json.decode(callback.body)
    del told["MessageID"]
    (inbound,) = connector.parse(replace(callback, body=msgspec.json.encode(told)))
    assert isinstance(inbound, Inbound)
    assert inbound.key == "inbound:reply-1@example.com"


def test_what_is_kept_beside_a_mail_is_not_the_mail_again() -> None:
    connector, callback = Sample(SAMPLES, SAMPLES.path / "inbound_with_attachments.http").received()
    told = {**msgspec.json.decode(callback.body), "RawEmail": "From: ada@example.com\n\nHello"}
    (inbound,) = connector.parse(replace(callback, body=msgspec.json.encode(told)))
    kept = msgspec.json.decode(inbound.raw)
    assert "RawEmail" not in kept
    assert kept["Attachments"][0] == {
        "Name": "dot.gif",
        "ContentType": "image/gif",
        "ContentLength": 6,
        "ContentID": "<dot@x>",
    }


def test_what_check_would_refuse_is_not_sent() -> None:
    outgoing = Outgoing(message="m", hop=0, workspace="w", platform="email", to="ada", content=Content(text="x"), now=0)
    with pytest.raises(SendFailed, match="'ada' is no e-mail address"):
        next(channel().send(outgoing, report_to=""))


def test_huge_message_is_refused_beforehand() -> None:
    content = Content(text="x", media=(Media(type="text/plain", data="x" * (8 * 2**20)),))
    outgoing = Outgoing(message="m", hop=0, workspace="w", platform="email", to="a@b.example", content=content, now=0)
    assert channel().check(outgoing) == (FieldError("body", "Postmark takes at most 10 MB.", "TooLarge"),)


def test_channel_says_who_it_sends_as() -> None:
    assert channel().sender == "shop@hub.example"
