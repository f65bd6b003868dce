"""Why a Standard Webhooks signature holds or does not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from support.keys import ed25519_key, hmac_key
from tidings.rules.signing import Signer
from tidings.rules.signing.examining import Finding, Flaw, Received, examine_standard

AT = 1_790_000_000
KEY = hmac_key(id="ours")
PAIR = ed25519_key(id="pair")
STRANGER = hmac_key(b"a stranger's key, made up.")
BODY = '{"name":"message.sent","payload":{"id":"1","body":"Grüße"},"revision":2}'.encode()


def signed(*keys: Any, body: bytes = BODY, at: int = AT, event: str = "evt_1") -> dict[str, str]:
    signature = Signer(*keys).sign(event, at, body)
    return {"webhook-id": event, "webhook-timestamp": str(at), "webhook-signature": signature}


def examined(
    headers: dict[str, str], body: bytes = BODY, *, keys: tuple[Any, ...] = (KEY, PAIR), **more: Any
) -> Finding:
    received = {"at": AT * 1000, "url": "", **more}
    return examine_standard(keys, Received(headers=headers, body=body, **received))


@pytest.mark.parametrize(("by", "named"), [((KEY,), ("ours",)), ((PAIR,), ("pair",)), ((KEY, PAIR), ("ours", "pair"))])
def test_the_keys_that_made_it_are_named(by: tuple[Any, ...], named: tuple[str, ...]) -> None:
    assert examined(signed(*by)) == Finding("webhook-signature", None, "", named)


def test_one_signature_of_ours_among_others_is_enough() -> None:
    headers = signed(STRANGER, KEY)
    headers["webhook-signature"] += " v2,abc v1a,eA=="
    assert examined(headers).flaw is None


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    headers = signed(KEY)
    del headers[name]
    finding = examined(headers)
    assert (finding.flaw, finding.detail, finding.is_there) == (Flaw.MISSING_HEADER, f"{name} is missing.", True)


def test_a_webhook_without_any_of_the_headers_is_told_apart() -> None:
    finding = examined({})
    assert finding.detail == "webhook-id, webhook-timestamp, webhook-signature are missing."
    assert not finding.is_there


@pytest.mark.parametrize(
    "spoilt",
    [
        {"webhook-timestamp": "2026-09-21T14:13:20Z"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": "١٦١٤"},
        {"webhook-signature": "v2,abc"},
        {"webhook-signature": "abc"},
        {"webhook-signature": "v1,é"},
        {"webhook-id": "é"},
        {"webhook-id": "\ud800"},
    ],
)
def test_a_malformed_header_is_told(spoilt: dict[str, str]) -> None:
    assert examined({**signed(KEY), **spoilt}).flaw is Flaw.MALFORMED_HEADER


@pytest.mark.parametrize(
    "written",
    [
        json.dumps(json.loads(BODY)).encode(),
        json.dumps(json.loads(BODY), ensure_ascii=False, indent=2).encode(),
        BODY + b"\n",
    ],
)
@pytest.mark.parametrize("sent", [None, BODY])
def test_a_body_that_was_written_anew_is_told(written: bytes, sent: bytes | None) -> None:
    finding = examined(signed(KEY), written, sent=sent)
    assert (finding.flaw, finding.keys) == (Flaw.RESERIALISED, ("ours",))


def test_a_body_whose_fields_were_sorted_is_told_where_it_is_known_what_was_sent() -> None:
    written = json.dumps(dict(sorted(json.loads(BODY).items(), reverse=True))).encode()
    assert examined(signed(KEY), written).flaw is Flaw.UNPROVEN
    assert examined(signed(KEY), written, sent=BODY).flaw is Flaw.RESERIALISED


@pytest.mark.parametrize("changed", [BODY.replace(b"sent", b"read"), b"", b"\xff", b"[" * 100_000, BODY[:-1]])
def test_a_body_that_was_changed_is_told_where_it_is_known_what_was_sent(changed: bytes) -> None:
    assert examined(signed(KEY), changed).flaw is Flaw.UNPROVEN
    finding = examined(signed(KEY), changed, sent=BODY)
    assert (finding.flaw, finding.keys) == (Flaw.BODY_CHANGED, ("ours",))


def test_another_key_is_told_where_the_body_is_the_one_that_was_sent() -> None:
    assert examined(signed(STRANGER)).flaw is Flaw.UNPROVEN
    assert examined(signed(STRANGER), sent=BODY).flaw is Flaw.WRONG_KEY
    assert examined(signed(STRANGER), sent=BODY + b" ").flaw is Flaw.UNPROVEN


def test_a_key_that_had_expired_is_told_and_one_that_expired_since_is_good() -> None:
    expired = replace(KEY, expires_at=AT * 1000)
    finding = examined(signed(KEY), keys=(expired, PAIR))
    assert (finding.flaw, finding.keys) == (Flaw.EXPIRED_KEY, ("ours",))
    assert examined(signed(KEY, at=AT - 1), keys=(expired, PAIR)).flaw is None
    both = examined(signed(KEY, PAIR), keys=(expired, PAIR))
    assert (both.flaw, both.keys) == (None, ("pair",))


@pytest.mark.parametrize(("off", "side"), [(301, "before"), (-301, "after")])
def test_a_time_that_is_too_far_is_told_beside_the_key(off: int, side: str) -> None:
    finding = examined(signed(KEY), at=(AT + off) * 1000)
    assert (finding.flaw, finding.keys) == (Flaw.TIME, ("ours",))
    assert f"webhook-timestamp is 301 seconds {side} 2026-09-21T14:" in finding.detail
    assert examined(signed(KEY), at=(AT + off - off // 301) * 1000).flaw is None


@given(
    st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()),
    st.binary(),
    st.none() | st.binary(),
)
def test_whatever_comes_is_examined(headers: dict[str, str], body: bytes, sent: bytes | None) -> None:
    assert examined(headers, body, sent=sent).flaw is not None
    assert examined({**signed(KEY), **headers}, body, sent=sent).header == "webhook-signature"
