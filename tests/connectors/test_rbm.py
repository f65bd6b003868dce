"""RCS for Business: what its samples do not say."""

import base64
import hmac
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Raw

from tidings.cli.simulation import sample
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.rbm import Rbm
from tidings.connectors.rbm.marks import Mark, message_id, postback_data, read_mark
from tidings.connectors.rbm.proof import data_of
from tidings.connectors.rbm.renewal import GRANT, SCOPE
from tidings.model.content import Content
from tidings.model.errors import BadSignature, Refused, SendDeferred, SendFailed
from tidings.model.exchange import Call, Callback, Exchange, Reply, Sent
from tidings.model.reports import Target
from tidings.model.stages import Cause

NOW = 1_773_500_966_000
SETTINGS = sample("rbm")[1]
UUID = "0198c2f4-9a3d-7f7b-8a52-0c5d3e2f1a10"


def connector(**settings: Any) -> Rbm:
    return Rbm(read_settings(Rbm, {**SETTINGS, **settings}), "rcs")


def outgoing(**said: Any) -> Outgoing:
    given = {"message": UUID, "hop": 0, "workspace": "w", "platform": "rcs", "to": "+447700900123", "now": NOW}
    return Outgoing(**{**given, "content": Content(text="Hi"), **said})


def renewed(exchange: Exchange[Any], *replies: Reply) -> tuple[Call, Any]:
    call = next(exchange)
    try:
        exchange.send(replies[0])
    except StopIteration as end:
        return call, end.value
    raise AssertionError("it asks for more")


def test_the_first_message_of_the_first_hop_has_the_messages_own_id() -> None:
    assert message_id(UUID, f"{UUID}:0", 0) == UUID
    others = {message_id(UUID, f"{UUID}:{hop}", index) for hop, index in ((0, 1), (1, 0), (1, 1))}
    assert len(others | {UUID}) == 4
    assert message_id(UUID, f"{UUID}:1", 0) == message_id(UUID, f"{UUID}:1", 0)


@pytest.mark.parametrize("payload", ["yes", "a=b&hub=c", "ja, ich will ☂", "", "%"])
def test_what_a_button_stands_for_comes_back(payload: str) -> None:
    mark = read_mark(postback_data(f"{UUID}:2", payload, "https://shop.example/?a=1&b=2"))
    assert (mark.target, mark.payload) == (Target(message=UUID, hop=2), payload)
    assert mark.url == "https://shop.example/?a=1&b=2"


@pytest.mark.parametrize("text", ["", "yes", "hub=42&a=yes", "hub=a b:1&a=yes", "&".join("ab=1" for _ in range(20))])
def test_what_another_system_has_written_is_a_payload(text: str) -> None:
    assert read_mark(text) == Mark(None, text)


def test_a_token_is_had_for_an_assertion_by_the_service_account() -> None:
    exchange = connector(accessToken="", tokenExpiresAt=0).renewal(NOW, refused=False)
    assert exchange is not None
    call, changed = renewed(exchange, Reply(status=200, body=b'{"access_token":"ya29.new","expires_in":3599}'))
    assert changed == {"accessToken": "ya29.new", "tokenExpiresAt": NOW + 3_599_000}
    assert call.url == "https://oauth2.googleapis.com/token"
    form = dict(pair.split("=", 1) for pair in call.body.decode().split("&"))
    assert form["grant_type"] == GRANT.replace(":", "%3A")
    key = load_pem_private_key(SETTINGS["privateKey"].encode(), password=None).public_key()
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(form["assertion"], key, algorithms=["RS256"], audience=call.url, options=options)  # type: ignore[arg-type]
    assert (claims["iss"], claims["scope"]) == (SETTINGS["clientEmail"], SCOPE)
    assert (claims["iat"], claims["exp"]) == (NOW // 1000, NOW // 1000 + 3600)


@pytest.mark.parametrize(
    ("expires_at", "refused", "due"),
    [(NOW + 3_600_000, False, False), (NOW + 3_600_000, True, True), (NOW + 60_000, False, True), (0, False, True)],
)
def test_a_token_is_renewed_shortly_before_its_end_or_when_it_is_refused(
    expires_at: int, refused: bool, due: bool
) -> None:
    exchange = connector(tokenExpiresAt=expires_at).renewal(NOW, refused=refused)
    assert (exchange is not None) is due


@pytest.mark.parametrize(
    ("reply", "cause", "channel_wide"),
    [
        (Reply(status=400, body=b'{"error":"invalid_grant"}'), Cause.ACCOUNT, True),
        (Reply(status=200, body=b"fine"), Cause.ACCOUNT, True),
        (Reply(status=503), Cause.PROVIDER, False),
        (Reply(status=429, headers={"retry-after": "9"}), Cause.PROVIDER, False),
    ],
)
def test_messages_wait_where_no_token_is_had(reply: Reply, cause: Cause, channel_wide: bool) -> None:
    exchange = connector(accessToken="").renewal(NOW, refused=False)
    assert exchange is not None
    with pytest.raises(SendDeferred) as waits:
        renewed(exchange, reply)
    assert (waits.value.reason.cause, waits.value.channel_wide) == (cause, channel_wide)


def test_a_private_key_that_is_none_is_said_and_not_shown() -> None:
    exchange = connector(accessToken="", privateKey="no key at all").renewal(NOW, refused=False)
    assert exchange is not None
    with pytest.raises(SendDeferred) as waits:
        next(exchange)
    assert "private key" in str(waits.value)
    assert "no key at all" not in str(waits.value)


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({}, "https://oauth2.googleapis.com/token"),
        ({"baseUrl": "https://europe-rcsbusinessmessaging.googleapis.com/"}, "https://oauth2.googleapis.com/token"),
        ({"baseUrl": "http://127.0.0.1:9/"}, "http://127.0.0.1:9/token"),
        ({"tokenUrl": "https://tokens.example/"}, "https://tokens.example/"),
    ],
)
def test_tokens_are_had_at_googles_or_where_one_says(settings: dict[str, Any], place: str) -> None:
    assert connector(**settings).settings.tokens == place


@pytest.mark.parametrize("agent", ["", "an agent", "agent@example.com"])
def test_an_agent_that_is_none_is_refused(agent: str) -> None:
    with pytest.raises(Refused) as refused:
        connector(agentId=agent)
    assert "agentId" in refused.value.errors[0].path


def test_what_would_be_refused_is_not_sent() -> None:
    sending: Exchange[Sent] = connector().send(outgoing(content=Content(text="x" * 3073)), report_to="")
    with pytest.raises(SendFailed) as failed:
        next(sending)
    assert failed.value.reason.cause is Cause.INVALID


def test_the_sender_is_the_agent_without_its_domain() -> None:
    assert connector(agentId="shop@rbm.goog").sender == "shop"


def test_a_second_way_to_write_the_same_octets_is_not_believed() -> None:
    """The last letter of base64 has bits to spare: whoever changes them changes nothing that is signed."""
    text = base64.b64encode(b"1").decode()
    assert data_of(text) == b"1"
    with pytest.raises(BadSignature):
        data_of(text.replace("Q", "R"))


def test_every_signature_is_by_the_octets_and_not_by_their_writing() -> None:
    octets = msgspec.json.encode({"senderPhoneNumber": "+1", "eventType": "READ", "messageId": "m"})
    digest = base64.b64encode(hmac.digest(SETTINGS["clientToken"].encode(), octets, "sha512")).decode()
    body = msgspec.json.encode({"message": {"data": base64.b64encode(octets).decode()}})
    callback = Callback(method="POST", url="u", headers={"x-goog-signature": digest}, body=body, received_at=NOW)
    connector().verify(callback)
    (report,) = connector().parse(callback)
    assert isinstance(report.raw, Raw)
