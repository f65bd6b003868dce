import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from tidings.model.errors import BadSignature, Misconfigured
from tidings.model.secrets import Secret
from tidings.rules.signing import Signer, hmac_sha1_hex, key_from, messagebird, sign_standard, verify_standard

# The specification's own vector, in the tests of its libraries.
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

OTHER_KEY = key_from(b"another key of twenty-four octets")


def headers(event: str = EVENT, at: object = AT, signature: str = SIGNATURE) -> dict[str, str]:
    return {"webhook-id": event, "webhook-timestamp": str(at), "webhook-signature": signature}


def refusal(told: dict[str, str], *, keys: tuple[str | Secret, ...] = (KEY,), now_ms: int = AT * 1000) -> str:
    with pytest.raises(BadSignature) as refused:
        verify_standard(keys, told, BODY, now_ms=now_ms)
    return str(refused.value)


def test_a_key_is_its_prefix_and_base64() -> None:
    assert key_from(bytes(range(24))) == "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"


@pytest.mark.parametrize("key", [KEY, Secret(KEY), KEY.removeprefix("whsec_")])
def test_the_specifications_vector(key: str | Secret) -> None:
    assert sign_standard(key, EVENT, AT, BODY) == SIGNATURE
    assert Signer(key).sign(EVENT, AT, BODY) == SIGNATURE


def test_a_key_longer_than_a_block_is_hashed_first() -> None:
    # openssl dgst -sha256 -mac HMAC -macopt hexkey:6b6b…
    assert (
        sign_standard(key_from(b"k" * 100), "evt_1", 1700000000, b'{"id":"1"}')
        == "v1,z6M4MiGnmCA77ZA4ZjFvBatiQLi6d/hA8xNM8e+Tvk8="
    )


@given(st.binary(min_size=1, max_size=200), st.text(), st.integers(0, 2**40), st.binary())
def test_a_signer_equals_hmac(key: bytes, event: str, at: int, body: bytes) -> None:
    signer = Signer(key_from(key))
    expected = base64.b64encode(hmac.digest(key, f"{event}.{at}.".encode() + body, hashlib.sha256)).decode()
    assert [signer.sign(event, at, body) for _ in range(2)] == [f"v1,{expected}"] * 2


def test_the_independent_library_reads_our_signature() -> None:
    now = int(datetime.now(UTC).timestamp())
    told = headers(at=now, signature=sign_standard(OTHER_KEY, EVENT, now, BODY))
    assert Webhook(OTHER_KEY).verify(BODY, told) == {"test": 2432232314}


def test_we_read_the_independent_librarys_signature() -> None:
    signature = Webhook(OTHER_KEY).sign(EVENT, datetime.fromtimestamp(AT, UTC), BODY.decode())
    verify_standard([OTHER_KEY], headers(signature=signature), BODY, now_ms=AT * 1000)


@pytest.mark.parametrize("unpadded", ["whsec_a2V5IQ", "whsec_a2V5IQ=="])
def test_padding_of_a_key_may_be_left_out(unpadded: str) -> None:
    assert sign_standard(unpadded, EVENT, AT, BODY) == sign_standard(key_from(b"key!"), EVENT, AT, BODY)


@pytest.mark.parametrize(
    "key", ["whsk_AAAA", "whsec_not base64!", "whsec_AAAA!AAAA", "whsec_a", "whsec_ключ", "whsec_a-b_"]
)
def test_a_key_that_is_no_base64_is_the_operators_fault(key: str) -> None:
    with pytest.raises(Misconfigured, match="must be whsec_ and base64"):
        Signer(Secret(key))
    with pytest.raises(Misconfigured):
        verify_standard([KEY, key], headers(), BODY, now_ms=AT * 1000)


@pytest.mark.parametrize("key", ["", "whsec_", "whsec_=="])
def test_an_empty_key_is_the_operators_fault(key: str) -> None:
    with pytest.raises(Misconfigured, match="empty"):
        Signer(key)


@pytest.mark.parametrize("signature", [SIGNATURE, f"v1a,xyz v1,bm9uZQ== {SIGNATURE}", f"{SIGNATURE} "])
@pytest.mark.parametrize("keys", [(KEY,), (OTHER_KEY, Secret(KEY)), (KEY, OTHER_KEY)])
def test_any_key_of_ours_and_any_signature_of_theirs_will_do(keys: tuple[str | Secret, ...], signature: str) -> None:
    verify_standard(keys, headers(signature=signature), BODY, now_ms=AT * 1000)


@pytest.mark.parametrize("skew", [-300_000, 300_000])
def test_a_time_at_the_edge_of_the_window_will_do(skew: int) -> None:
    verify_standard([KEY], headers(), BODY, now_ms=AT * 1000 + skew)


def test_a_time_outside_the_window_is_refused() -> None:
    for skew in (-300_001, 300_001):
        assert refusal(headers(), now_ms=AT * 1000 + skew) == "webhook-timestamp is too far from now"
    with pytest.raises(BadSignature, match="too far"):
        verify_standard([KEY], headers(), BODY, now_ms=AT * 1000 + 11, tolerance_ms=10)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(name: str) -> None:
    told = headers()
    del told[name]
    expected = "a webhook-id, webhook-timestamp or webhook-signature header is missing"
    assert (refusal(told), refusal({**told, name: ""})) == (expected, expected)


@pytest.mark.parametrize(
    "at", ["now", "-1614265330", "1614265330.0", "١٦١٤٢٦٥٣٣٠", " 1614265330", "1" * 16, "9" * 5000]
)
def test_a_timestamp_that_is_no_time_is_refused(at: str) -> None:
    assert refusal(headers(at=at)) == "webhook-timestamp is no time"


@pytest.mark.parametrize(("event", "signature"), [("évent", SIGNATURE), (EVENT, "v1,é"), (EVENT, "\ud800")])
def test_what_is_not_ascii_is_refused(event: str, signature: str) -> None:
    assert refusal(headers(event, signature=signature)) == "webhook-id or webhook-signature is not ASCII"


@pytest.mark.parametrize(
    "told",
    [
        headers("msg_other"),
        headers(at=AT + 1),
        headers(signature=SIGNATURE.swapcase().replace("V1", "v1")),
        headers(signature=SIGNATURE.replace("v1,", "v2,")),
        headers(signature=SIGNATURE.removeprefix("v1,")),
        headers(signature=" "),
    ],
)
def test_a_wrong_signature_is_refused(told: dict[str, str]) -> None:
    assert refusal(told) == "no signature is by a key of ours"


def test_a_changed_body_and_unknown_keys_are_refused() -> None:
    with pytest.raises(BadSignature, match="no signature"):
        verify_standard([KEY], headers(), BODY + b" ", now_ms=AT * 1000)
    for keys in ((), (OTHER_KEY,)):
        assert refusal(headers(), keys=keys) == "no signature is by a key of ours"


@pytest.mark.parametrize("secret", ["a secret of sixteen", Secret("a secret of sixteen")])
def test_the_omnichannel_signature(secret: str | Secret) -> None:
    # openssl dgst -sha1 -hmac 'a secret of sixteen'
    assert hmac_sha1_hex(secret, b'{"id":"1"}') == "68d82fc18f7ef42cb3cbe8ec1208119da57c0d24"


@pytest.mark.parametrize("key", ["signing key", Secret("signing key")])
def test_the_channels_signature(key: str | Secret) -> None:
    # openssl dgst -sha256 -hmac 'signing key' over time, line feed, URL, line feed and the raw digest of the body
    signature = messagebird(key, 1700000000, "https://hub.example/hook?a=1", b'{"id":"1"}')
    assert signature == "tVDHpf/4kjHcVYZen6fNKx36TGqe63Ky3epDajXlDQU="
