"""The in-app connector's oddities: its settings, and replies of its wire."""

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.apps import SETTINGS
from tidings.connectors.app_messaging import AppMessaging
from tidings.connectors.connector import Outgoing, read_settings
from tidings.model.content import Content
from tidings.model.errors import NoReply, Refused, SendFailed
from tidings.model.exchange import Reply

FORM = serialization.PublicFormat.SubjectPublicKeyInfo
PEM = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(serialization.Encoding.PEM, FORM).decode()
OTHERS: dict[str, Any] = {name: value for name, value in SETTINGS.items() if name != "secret"}


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (OTHERS, "HS256 needs a secret"),
        ({**SETTINGS, "secret": "short"}, "at least 32 octets"),
        ({**SETTINGS, "jwksUrl": "https://a.example"}, "neither publicKey nor jwksUrl"),
        ({**SETTINGS, "algorithm": "ES256"}, "needs either a publicKey or a jwksUrl"),
        ({**OTHERS, "algorithm": "ES256"}, "needs either a publicKey or a jwksUrl"),
        ({**OTHERS, "algorithm": "ES256", "publicKey": PEM, "jwksUrl": "https://a.example"}, "needs either"),
        ({**OTHERS, "algorithm": "RS256", "publicKey": PEM}, "no public key for RS256"),
        ({**OTHERS, "algorithm": "ES256", "jwksUrl": "ftp://a.example"}, "starts with https"),
        ({**OTHERS, "algorithm": "ES256", "publicKey": PEM, "example": True}, "example needs HS256"),
        ({**SETTINGS, "algorithm": "none"}, "Invalid enum value"),
        ({**SETTINGS, "sender": " x"}, "no spaces around it"),
        ({**SETTINGS, "origins": ["https://www.example.com/"]}, "is no origin"),
        ({**SETTINGS, "origins": ["*"]}, "is no origin"),
        ({**SETTINGS, "origins": ["https://[::1"]}, "is no origin"),
        ({**SETTINGS, "sessionHours": 25}, "24"),
        ({**SETTINGS, "retentionDays": 29}, "30"),
        ({**SETTINGS, "fileTypes": ["image"]}, "regex"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused) as refused:
        read_settings(AppMessaging, settings)
    assert why in refused.value.errors[0].message


@pytest.mark.parametrize("origin", ["https://www.example.com", "http://localhost:3000", "https://[::1]:8443"])
def test_an_origin_is_written_as_browsers_do(origin: str) -> None:
    assert read_settings(AppMessaging, {**SETTINGS, "origins": [origin]}).origins == (origin,)


@pytest.mark.parametrize(
    ("reply", "raised"),
    [
        (Reply(status=201, body=b"{}"), NoReply),
        (Reply(status=201, body=b"nothing"), NoReply),
        (Reply(status=413, body=b"nothing"), SendFailed),
        (Reply(status=404, body=b"[]"), SendFailed),
    ],
)
def test_a_strange_reply_is_no_success(reply: Reply, raised: type[Exception]) -> None:
    connector = AppMessaging(read_settings(AppMessaging, SETTINGS), "app-messaging")
    outgoing = Outgoing(
        message="m", hop=0, workspace="w", platform="app-messaging", to="ann", content=Content(text="Hi"), now=0
    )
    exchange = connector.send(outgoing, report_to="")
    next(exchange)
    with pytest.raises(raised):
        exchange.send(reply)


def test_a_message_that_would_be_refused_is_not_said() -> None:
    connector = AppMessaging(read_settings(AppMessaging, SETTINGS), "app-messaging")
    outgoing = Outgoing(
        message="m", hop=0, workspace="w", platform="app-messaging", to=" ann", content=Content(text="Hi"), now=0
    )
    with pytest.raises(SendFailed):
        next(connector.send(outgoing, report_to=""))
