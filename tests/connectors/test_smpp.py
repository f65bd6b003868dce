"""The SMPP connector beyond its samples: segments, settings, and who is believed."""

from typing import Any

import pytest
from msgspec.structs import replace

from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.smpp import Smpp
from tidings.connectors.smpp.sending import write
from tidings.connectors.smpp.settings import Settings
from tidings.model.content import Content
from tidings.model.errors import BadSignature, Refused, SendFailed
from tidings.model.exchange import Callback
from tidings.rules.smpp.pdu import read_message, read_pdu

GIVEN = {"baseUrl": "smpp://smsc.example.com", "systemId": "hubesme", "password": "s3cretpw", "sender": "HUB"}
DELIVERY = Callback(method="DELIVER", url="smpp:", headers={"system-id": "hubesme"}, body=b"", received_at=0)


def settings(**more: Any) -> Settings:
    read: Settings = read_settings(Smpp, {**GIVEN, **more})
    return read


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 159 + "€", 2),
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("Ж" * 70, 1),
        ("Ж" * 71, 2),
        ("Ж" * 134, 2),
        ("Ж" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 67, 3),
    ],
)
def test_text_takes_as_many_segments_as_it_must(text: str, segments: int) -> None:
    written = write(text, settings())
    assert len(written.segments) == segments
    assert "".join(written.segments) == text


@pytest.mark.parametrize("text", ["a" * 500, "ş" * 200, "á" * 500, "Ж" * 300, "[€]" * 150])
@pytest.mark.parametrize("concatenation", ["udh", "udh16", "sar"])
@pytest.mark.parametrize(
    "more", [{}, {"latin1": True}, {"nationalLanguage": "turkish"}, {"defaultAlphabet": "latin-1"}]
)
def test_no_segment_is_longer_than_the_air_takes(text: str, concatenation: str, more: dict[str, Any]) -> None:
    connector = Smpp(settings(concatenation=concatenation, **more), "sms")
    outgoing = Outgoing(
        message="m", hop=0, workspace="w", platform="sms", to="+447700900123", content=Content(text=text), now=0
    )
    exchange = connector.send(outgoing, report_to="")
    message = read_message(read_pdu(next(exchange).body))
    header = message.short_message[0] + 1 if message.esm_class else 0
    octets = len(message.short_message) - header
    room = 140 - (header or 6)
    # Septets are packed on the air.
    assert octets <= (room * 8 // 7 if message.data_coding == 0 else room)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"baseUrl": "https://smsc.example.com"}, "settings"),
        ({"receiptTz": "Nowhere/Else"}, "settings"),
        ({"receiptTz": "../../etc/passwd"}, "settings"),
        ({"tlvs": {"1400": "x"}}, "settings"),
        ({"systemId": "far-too-long-a-system-id"}, "settings.systemId"),
        ({"window": 0}, "settings.window"),
    ],
)
def test_setting_that_cannot_be_is_named(more: dict[str, Any], named: str) -> None:
    with pytest.raises(Refused) as refused:
        settings(**more)
    assert refused.value.errors[0].path == named


def test_only_what_came_over_the_accounts_bind_is_believed() -> None:
    connector = Smpp(settings(), "sms")
    connector.verify(DELIVERY)
    for other in (
        replace(DELIVERY, method="POST"),
        replace(DELIVERY, url="https://hub.example.com/callbacks/smpp:"),
        replace(DELIVERY, headers={}),
        replace(DELIVERY, headers={"system-id": "another"}),
    ):
        with pytest.raises(BadSignature):
            connector.verify(other)


def test_what_would_be_refused_is_not_sent() -> None:
    connector = Smpp(settings(), "sms")
    outgoing = Outgoing(message="m", hop=0, workspace="w", platform="sms", to="ann", content=Content(text="a"), now=0)
    with pytest.raises(SendFailed):
        next(connector.send(outgoing, report_to=""))


def test_bind_is_made_with_what_is_set() -> None:
    connector = Smpp(settings(bind="pair", window=50, perSecond=100, receiptIdBase="same"), "sms")
    terms = connector.terms
    assert (terms.bind, terms.window, terms.per_second, terms.base) == ("pair", 50, 100, "same")
    assert connector.sender == "HUB"
    assert "s3cretpw" not in repr(terms)
