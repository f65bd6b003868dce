"""The signature, against an implementation written from the contract alone; what answers mean; when it tries again."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.channels.samples import a_subscription
from tidings.dialects.channels import Channels
from tidings.dialects.dialect import Delivery
from tidings.model.secrets import Secret
from tidings.model.subscriptions import Verdict

channels = Channels()


def independent_hmac(key: bytes, said: bytes) -> bytes:
    """HMAC as RFC 2104 spells it out."""
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(each ^ 0x36 for each in key) + said).digest()
    return hashlib.sha256(bytes(each ^ 0x5C for each in key) + inner).digest()


@given(
    key=st.text(st.characters(codec="utf-8"), min_size=1, max_size=100),
    body=st.binary(max_size=200),
    timestamp=st.integers(0, 2**33),
    path=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20),
)
def test_the_signature_is_what_the_contract_says(key: str, body: bytes, timestamp: int, path: str) -> None:
    url = f"https://acme.example/hook?{path}"
    said = b"\n".join([str(timestamp).encode(), url.encode(), hashlib.sha256(body).digest()])
    subscription = a_subscription("sms.outbound", secret=Secret(key))
    assert channels.sign(subscription, Delivery("evt-1", timestamp, url, body)) == {
        "messagebird-signature": base64.b64encode(independent_hmac(key.encode(), said)).decode(),
        "messagebird-request-timestamp": str(timestamp),
        "messagebird-request-id": "evt-1",
    }


def test_another_attempt_has_the_same_id_and_another_signature() -> None:
    subscription = a_subscription("sms.outbound")
    first = channels.sign(subscription, Delivery("evt-1", 1_700_000_000, "https://acme.example", b"{}"))
    second = channels.sign(subscription, Delivery("evt-1", 1_700_000_005, "https://acme.example", b"{}"))
    assert first["messagebird-request-id"] == second["messagebird-request-id"]
    assert first["messagebird-signature"] != second["messagebird-signature"]


def test_without_a_key_nothing_is_signed() -> None:
    subscription = a_subscription("sms.outbound", secret=Secret(""))
    assert channels.sign(subscription, Delivery("evt-1", 1, "https://acme.example", b"{}")) == {}


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, Verdict.DONE), (204, Verdict.DONE), (299, Verdict.DONE)]
    + [(status, Verdict.RETRY) for status in (0, 199, 300, 302, 400, 404, 410, 429, 500, 503)],
)
def test_what_an_answer_means(status: int, verdict: Verdict) -> None:
    assert channels.judge(status) is verdict


def test_it_tries_again_for_eight_hours() -> None:
    seconds = [wait / 1000 for wait in channels.schedule.waits]
    assert seconds == [5, 30, 120, 300, 900, 1800, 3600, 7200, 14400]
    assert 7.5 * 3600 < sum(seconds) < 8.5 * 3600
