"""Why a vocabulary's own signature holds or does not. The signatures are made by second implementations."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.keys import hmac_key
from support.subscriber import comapi_signature, messagebird_signature
from tidings.dialects.channels import Channels
from tidings.dialects.dialect import Delivery, Dialect
from tidings.dialects.omnichannel import Omnichannel
from tidings.dialects.operations import Operations
from tidings.model.secrets import Secret
from tidings.model.subscriptions import Subscription, Wanted
from tidings.rules.signing.examining import Finding, Flaw, Received

AT = 1_790_000_000
URL = "https://acme.example/hook?a=1"
SECRET = "a secret of some length"
BODY = b'{"name":"message.sent","revision":2}'

COMAPI = "X-Comapi-Signature"
MESSAGEBIRD = "messagebird-signature"
TIMESTAMP = "messagebird-request-timestamp"

DIALECTS = {COMAPI: Omnichannel(), MESSAGEBIRD: Channels()}


def subscription(dialect: Dialect, secret: str = SECRET) -> Subscription:
    return Subscription(
        id="s1",
        serial=1,
        workspace="w1",
        dialect=dialect.name,
        url=URL,
        wanted=(Wanted("sms.outbound"),),
        secret=Secret(secret),
        keys=(hmac_key(),),
        created_at=1,
        updated_at=1,
    )


def comapi(body: bytes = BODY, secret: str = SECRET) -> dict[str, str]:
    return {COMAPI.lower(): comapi_signature(secret, body)}


def messagebird(body: bytes = BODY, secret: str = SECRET, url: str = URL) -> dict[str, str]:
    return {MESSAGEBIRD: messagebird_signature(secret, str(AT), url, body), TIMESTAMP: str(AT)}


SIGNED = {COMAPI: comapi, MESSAGEBIRD: messagebird}
each_header = pytest.mark.parametrize("header", SIGNED)


def examined(
    header: str, headers: dict[str, str], body: bytes = BODY, *, secret: str = SECRET, **more: Any
) -> Finding | None:
    received = {"at": AT * 1000, "url": URL, **more}
    dialect = DIALECTS[header]
    return dialect.examine(subscription(dialect, secret), Received(headers=headers, body=body, **received))


def flaw(header: str, headers: dict[str, str], body: bytes = BODY, **more: Any) -> Flaw | None:
    finding = examined(header, headers, body, **more)
    assert finding is not None
    assert finding.header == header
    assert bool(finding.detail) == (finding.flaw is not None)
    return finding.flaw


@each_header
def test_a_good_signature_holds(header: str) -> None:
    assert flaw(header, SIGNED[header]()) is None


@each_header
def test_what_a_dialect_signs_it_finds_good(header: str) -> None:
    dialect = DIALECTS[header]
    told = dialect.sign(subscription(dialect), Delivery("evt_1", AT, URL, BODY))
    assert flaw(header, {name.lower(): value for name, value in told.items()}) is None


@each_header
def test_a_missing_signature_is_told(header: str) -> None:
    finding = examined(header, {})
    assert finding is not None
    assert (finding.flaw, finding.is_there) == (Flaw.MISSING_HEADER, False)


@each_header
def test_without_a_secret_no_signature_is_due(header: str) -> None:
    assert examined(header, {}, secret="") is None
    assert flaw(header, SIGNED[header](), secret="") is Flaw.UNSIGNED


def test_operations_have_no_signature_of_their_own() -> None:
    """All of it is Standard Webhooks', which is examined elsewhere."""
    dialect = Operations()
    received = Received(headers=comapi(), body=BODY, at=AT * 1000, url=URL)
    assert dialect.sign(subscription(dialect), Delivery("evt_1", AT, URL, BODY)) == {}
    assert dialect.examine(subscription(dialect), received) is None


@each_header
def test_another_secret_is_told_from_another_body(header: str) -> None:
    sign = SIGNED[header]
    wrong = sign(secret="another secret")
    assert flaw(header, wrong, sent=BODY) is Flaw.WRONG_KEY
    assert flaw(header, wrong) is Flaw.UNPROVEN
    changed = BODY.replace(b"sent", b"read")
    assert flaw(header, sign(), changed, sent=BODY) is Flaw.BODY_CHANGED
    assert flaw(header, sign(), changed) is Flaw.UNPROVEN
    assert flaw(header, sign(), b'{ "name": "message.sent", "revision": 2 }') is Flaw.RESERIALISED


def test_another_url_is_told() -> None:
    finding = examined(MESSAGEBIRD, messagebird(), url="http://10.0.0.7/hook")
    assert finding is not None
    assert (finding.flaw, finding.detail) == (Flaw.WRONG_URL, f"It is over {URL}, and this is http://10.0.0.7/hook.")
    assert flaw(MESSAGEBIRD, messagebird(url="https://acme.example/")) is Flaw.UNPROVEN
    assert flaw(COMAPI, comapi(), url="http://10.0.0.7/hook") is None


def test_the_time_of_the_signature_is_judged() -> None:
    finding = examined(MESSAGEBIRD, messagebird(), at=(AT + 3600) * 1000)
    assert finding is not None
    assert finding.flaw is Flaw.TIME
    assert "messagebird-request-timestamp is 3600 seconds before" in finding.detail
    assert flaw(MESSAGEBIRD, messagebird(), at=(AT + 300) * 1000) is None


@pytest.mark.parametrize(
    ("name", "value", "flawed"),
    [
        (TIMESTAMP, "yesterday", Flaw.MALFORMED_HEADER),
        (TIMESTAMP, "", Flaw.MISSING_HEADER),
        (TIMESTAMP, str(AT + 1), Flaw.UNPROVEN),
        (MESSAGEBIRD, "é", Flaw.UNPROVEN),
    ],
)
def test_spoilt_headers_are_told(name: str, value: str, flawed: Flaw) -> None:
    assert flaw(MESSAGEBIRD, {**messagebird(), name: value}) is flawed


@given(st.sampled_from([*SIGNED]), st.text(), st.text(), st.binary())
def test_whatever_comes_is_examined(header: str, signature: str, timestamp: str, body: bytes) -> None:
    headers = {COMAPI.lower(): signature, MESSAGEBIRD: signature, TIMESTAMP: timestamp}
    assert flaw(header, headers, body) is not None
