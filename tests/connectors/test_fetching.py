"""Files that come with inbound messages are asked for as each provider wants it, and credentials go to nobody else."""

from base64 import b64encode
from typing import Any

import pytest

from tidings.connectors.connector import Connector, read_settings
from tidings.connectors.registry import connectors
from tidings.model.content import Media
from tidings.model.exchange import Call, Reply, same_origin

TWILIO = {"accountSid": "AC" + "0" * 32, "authToken": "token", "sender": "+15005550006"}
MAILGUN = {"apiKey": "key", "signingKey": "signing", "domain": "mail.example", "sender": "Shop <shop@mail.example>"}
WHATSAPP = {
    "accessToken": "token",
    "appSecret": "secret",
    "verifyToken": "verify",
    "phoneNumberId": "318620757128766",
}


def made(name: str, settings: dict[str, Any], platform: str) -> Connector[Any]:
    kind = connectors()[name]
    return kind(read_settings(kind, settings), platform)


def asked(connector: Connector[Any], media: Media, *replies: Reply) -> tuple[list[Call], Reply]:
    """Carry a fetch: the calls it made, and what it gave in the end."""
    exchange = connector.fetch(media, 0)
    calls = [next(exchange)]
    for reply in replies:
        try:
            calls.append(exchange.send(reply))
        except StopIteration as end:
            return calls, end.value
    raise AssertionError("there are too few replies")


def test_a_provider_without_a_way_of_its_own_is_asked_plainly() -> None:
    file = Reply(status=200, body=b"octets")
    calls, given = asked(made("custom", {"mode": "poll"}, "sms"), Media(url="https://files.example/1"), file)
    assert calls == [Call.get("https://files.example/1", follow=True)]
    assert given == file


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("https://api.twilio.com/2010-04-01/Accounts/AC0/Messages/MM1/Media/ME1", True),
        ("https://api.twilio.com.evil.example/Media/ME1", False),
        ("http://api.twilio.com/Media/ME1", False),
        ("https://[not a host/", False),
    ],
)
def test_twilio_gets_its_credentials_and_nobody_else_does(url: str, secret: bool) -> None:
    calls, _ = asked(made("twilio", TWILIO, "mms"), Media(url=url), Reply(status=200))
    basic = "Basic " + b64encode(f"{TWILIO['accountSid']}:token".encode()).decode()
    assert [call.headers for call in calls] == [{"authorization": basic} if secret else {}]
    assert calls[0].follow


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("https://storage-europe-west1.api.mailgun.net/v3/domains/mail.example/messages/1/attachments/0", True),
        ("https://mailgun.net.evil.example/1", False),
        ("http://storage.api.mailgun.net/1", False),
    ],
)
def test_mailgun_gets_its_key_and_nobody_else_does(url: str, secret: bool) -> None:
    calls, _ = asked(made("mailgun", MAILGUN, "email"), Media(url=url), Reply(status=200))
    basic = "Basic " + b64encode(b"api:key").decode()
    assert [call.headers for call in calls] == [{"authorization": basic} if secret else {}]


def test_whatsapp_is_asked_where_the_file_is_and_then_for_it() -> None:
    place = Reply(status=200, body=b'{"url": "https://lookaside.example/1", "mime_type": "image/jpeg"}')
    file = Reply(status=200, body=b"octets")
    calls, given = asked(made("whatsapp-cloud", WHATSAPP, "whatsapp"), Media(reference="media-1"), place, file)
    assert [(call.url.rpartition("/")[2], dict(call.headers)) for call in calls] == [
        ("media-1", {"authorization": "Bearer token"}),
        ("1", {"authorization": "Bearer token"}),
    ]
    assert given == file


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply(status=404, body=b"{}"), 404),
        (Reply(status=200, body=b"[]"), 502),
        (Reply(status=200, body=b"\xff"), 502),
    ],
)
def test_whatsapp_that_does_not_say_where_is_told_so(reply: Reply, status: int) -> None:
    calls, given = asked(made("whatsapp-cloud", WHATSAPP, "whatsapp"), Media(reference="media-1"), reply)
    assert (len(calls), given.status) == (1, status)


def test_one_origin_is_scheme_host_and_port() -> None:
    assert same_origin("https://a.example/x", "https://a.example/y?z")
    assert not same_origin("https://a.example:444/", "https://a.example/")
    assert not same_origin("https://[", "https://[")
