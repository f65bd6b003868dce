"""What a receiver believes, and what it says of everything else."""

import email.message
import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict
from standardwebhooks import Webhook as TheirWebhook
from starlette.datastructures import Headers as StarletteHeaders

from support.contract import comapi_headers, messagebird_headers, standard_headers
from tidings.model.subscriptions import KeyKind
from tidings.receiver import BadSignature, Misconfigured, Unreadable, Webhook
from tidings.receiver.headers import Headers
from tidings.rules.signing import hmac_sha1_hex, key_from, messagebird, sign_standard

NOW = 1_700_000_000
BODY = b'{"eventId": "e-1"}'
URL = "https://acme.example/hooks?from=hub"
OCTETS, OTHER_OCTETS = bytes(range(32)), bytes(range(1, 33))
KEY, OTHER_KEY = key_from(OCTETS), key_from(OTHER_OCTETS)
SECRET, OTHER_SECRET = "a secret of sixteen or more", "another secret of sixteen"
PAIR = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = "whpk_" + b64encode(PAIR.public_key().public_bytes_raw()).decode()
OTHER_PUBLIC_KEY = "whpk_" + b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()


def webhook(*keys: str, **more: Any) -> Webhook:
    return Webhook(keys, **{"now": lambda: NOW, **more})


def by_pair(body: bytes = BODY, at: int = NOW) -> dict[str, str]:
    """Sign as the specification has it for `v1a`."""
    signature = "v1a," + b64encode(PAIR.sign(b"evt-1.%d." % at + body)).decode()
    return {**standard_headers(OCTETS, at, body), "webhook-signature": signature}


def refusal(hook: Webhook, headers: Headers, body: bytes = BODY, **more: Any) -> str:
    with pytest.raises(BadSignature) as refused:
        hook.verify(headers, body, **more)
    text = str(refused.value)
    for secret in (KEY, OTHER_KEY, SECRET, OTHER_SECRET, PUBLIC_KEY):
        assert secret not in text
        assert secret not in repr(hook)
    return text


# -- what others sign is believed, and what we sign is believed by others --------------------------------------------

bodies = st.binary(max_size=300)
secrets = st.text(st.characters(codec="utf-8"), min_size=1, max_size=100)
times = st.integers(0, 2**33)


@given(octets=st.binary(min_size=24, max_size=64), at=times, body=bodies)
def test_standard_webhooks_made_by_hand_are_believed(octets: bytes, at: int, body: bytes) -> None:
    webhook(key_from(octets), now=lambda: at).verify(standard_headers(octets, at, body), body)
    ours = sign_standard(key_from(octets), "evt-1", at, body)
    assert ours == standard_headers(octets, at, body)["webhook-signature"]


@given(secret=secrets, body=bodies)
def test_comapi_signatures_made_by_hand_are_believed(secret: str, body: bytes) -> None:
    Webhook(comapi=secret).verify(comapi_headers(secret, body), body)
    assert hmac_sha1_hex(secret, body) == comapi_headers(secret, body)["X-Comapi-Signature"]


@given(key=secrets, at=times, path=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])), body=bodies)
def test_messagebird_signatures_made_by_hand_are_believed(key: str, at: int, path: str, body: bytes) -> None:
    url = f"https://acme.example/{path}"
    headers = messagebird_headers(key, at, url, body)
    Webhook(messagebird=key, url=url, now=lambda: at).verify(headers, body)
    assert messagebird(key, at, url, body) == headers["messagebird-signature"]


@given(body=st.dictionaries(st.text(), st.integers() | st.text(), max_size=4).map(json.dumps))
def test_the_independent_library_and_we_believe_each_other(body: str) -> None:
    now = int(datetime.now(UTC).timestamp())
    theirs = TheirWebhook(KEY).sign("evt-1", datetime.fromtimestamp(now, UTC), body)
    headers = {"webhook-id": "evt-1", "webhook-timestamp": str(now), "webhook-signature": theirs}
    Webhook(KEY).verify(headers, body.encode())
    assert TheirWebhook(KEY).verify(body, standard_headers(OCTETS, now, body.encode())) == json.loads(body)


def test_signatures_by_a_key_pair_are_believed() -> None:
    webhook(PUBLIC_KEY).verify(by_pair(), BODY)
    # The pair is of RFC 8032, 7.1, test 2; with it `openssl pkeyutl -sign -rawin` signed "evt-1.1700000000.{}".
    octets = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = "v1a,05f0pAtIcYaTkG0jPTih1dJVCiEE11JOz/I+NhC4WZ0cIMqvsoWZnEbPuqjzSY62z0hCznBaKWKoD8mHui1oBg=="
    headers = {"webhook-id": "evt-1", "webhook-timestamp": "1700000000", "webhook-signature": signature}
    webhook("whpk_" + b64encode(octets).decode().rstrip("=")).verify(headers, b"{}")


@pytest.mark.parametrize(
    "signature",
    [
        "v1a,",
        "v1a,bm9uZQ==",
        "v1a,not base64",
        "v1a,é".encode().decode("latin-1"),
        "v1a," + b64encode(bytes(64)).decode(),
    ],
)
def test_what_is_no_signature_by_the_pair_is_refused(signature: str) -> None:
    assert "webhook-signature" in refusal(webhook(PUBLIC_KEY), {**by_pair(), "webhook-signature": signature})


# -- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys", [(KEY,), (OTHER_KEY, KEY), (KEY, OTHER_KEY), (PUBLIC_KEY, KEY), (OTHER_KEY, PUBLIC_KEY)]
)
def test_while_keys_are_changed_any_of_ours_and_any_signature_of_theirs_will_do(keys: tuple[str, ...]) -> None:
    headers = standard_headers(OCTETS, NOW, BODY)
    unknown = "v2,xyz v1,bm9uZQ=="
    every = " ".join((unknown, headers["webhook-signature"], by_pair()["webhook-signature"]))
    webhook(*keys).verify({**headers, "webhook-signature": every}, BODY)
    assert refusal(webhook(OTHER_KEY, OTHER_PUBLIC_KEY), {**headers, "webhook-signature": every})


def test_secrets_of_the_vocabularies_can_be_several_too() -> None:
    hook = Webhook(comapi=[OTHER_SECRET, SECRET], messagebird=[SECRET, OTHER_SECRET], url=URL, now=lambda: NOW)
    for old, new in ((SECRET, SECRET), (OTHER_SECRET, OTHER_SECRET)):
        hook.verify({**comapi_headers(old, BODY), **messagebird_headers(new, NOW, URL, BODY)}, BODY)


def test_every_kind_of_signature_that_has_a_key_must_hold() -> None:
    hook = webhook(KEY, comapi=SECRET)
    standard, own = standard_headers(OCTETS, NOW, BODY), comapi_headers(SECRET, BODY)
    hook.verify({**standard, **own}, BODY)
    assert refusal(hook, own) == "the header webhook-id is missing"
    assert refusal(hook, standard) == "the header x-comapi-signature is missing"
    assert "x-comapi-signature" in refusal(hook, {**standard, **comapi_headers(OTHER_SECRET, BODY)})


@pytest.mark.parametrize(
    ("keys", "more", "why"),
    [
        ((), {}, "give one of them"),
        ("", {"comapi": ()}, "give one of them"),
        (["whsec_"], {}, "empty"),
        ([""], {}, "keys holds an empty key"),
        ([KEY, ""], {}, "keys holds an empty key"),
        ((), {"comapi": [""]}, "comapi holds an empty key"),
        ((), {"messagebird": [SECRET, ""]}, "messagebird holds an empty key"),
        (["whsec_no base64 :-)"], {}, "base64"),
        ([KEY, "whpk_AAAA"], {}, "a public key must be whpk_ and base64 of 32 octets"),
        (["whpk_:-)"], {}, "a public key must be whpk_ and base64 of 32 octets"),
        ([key_from(OCTETS, KeyKind.ED25519)], {}, "the secret half"),
    ],
)
def test_keys_that_prove_nothing_are_found_at_the_start(keys: Any, more: dict[str, Any], why: str) -> None:
    with pytest.raises(Misconfigured, match=why) as wrong:
        Webhook(keys, **more)
    assert not any(key and key in str(wrong.value) for key in keys)


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"webhook-id": "evt-2"}, "webhook-signature is by none of the keys"),
        ({"webhook-id": ""}, "the header webhook-id is missing"),
        ({"webhook-signature": ""}, "the header webhook-signature is missing"),
        ({"webhook-signature": "v1,"}, "webhook-signature is by none of the keys"),
        ({"webhook-signature": "v1,é"}, "the header webhook-signature is not ASCII"),
        ({"webhook-signature": "v1,\ud800"}, "the header webhook-signature is not ASCII"),
        ({"webhook-id": "é"}, "the header webhook-id is not ASCII"),
        ({"webhook-signature": "v1, " * 33}, "more than 32 signatures"),
        ({"webhook-timestamp": ""}, "the header webhook-timestamp is missing"),
        ({"webhook-timestamp": "now"}, "webhook-timestamp is no time"),
        ({"webhook-timestamp": "-1"}, "webhook-timestamp is no time"),
        ({"webhook-timestamp": "1" * 5000}, "webhook-timestamp is no time"),
        ({"webhook-timestamp": f"{NOW + 1}"}, "webhook-signature is by none of the keys"),
        ({"webhook-timestamp": f"{NOW + 301}"}, "301 seconds ahead of this machine's clock"),
        ({"webhook-timestamp": f"{NOW - 301}"}, "301 seconds behind this machine's clock"),
    ],
)
def test_a_standard_webhook_that_is_not_as_it_was_signed_is_refused(changed: dict[str, str], why: str) -> None:
    assert why in refusal(webhook(KEY, PUBLIC_KEY), {**standard_headers(OCTETS, NOW, BODY), **changed})


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"messagebird-signature": "é"}, "the header messagebird-signature is not ASCII"),
        ({"messagebird-signature": "AAAA"}, "messagebird-signature is by none of the keys"),
        ({"messagebird-request-timestamp": ""}, "the header messagebird-request-timestamp is missing"),
        ({"messagebird-request-timestamp": "soon"}, "messagebird-request-timestamp is no time"),
        ({"messagebird-request-timestamp": f"{NOW - 1}"}, "messagebird-signature is by none of the keys"),
        ({"messagebird-request-timestamp": f"{NOW - 400}"}, "400 seconds behind"),
    ],
)
def test_a_messagebird_request_that_is_not_as_it_was_signed_is_refused(changed: dict[str, str], why: str) -> None:
    hook = Webhook(messagebird=SECRET, url=URL, now=lambda: NOW)
    assert why in refusal(hook, {**messagebird_headers(SECRET, NOW, URL, BODY), **changed})


@pytest.mark.parametrize(
    "hook", [webhook(KEY), Webhook(comapi=SECRET), Webhook(messagebird=SECRET, url=URL, now=lambda: NOW)]
)
def test_a_changed_body_is_refused(hook: Webhook) -> None:
    signed = {
        **standard_headers(OCTETS, NOW, BODY),
        **comapi_headers(SECRET, BODY),
        **messagebird_headers(SECRET, NOW, URL, BODY),
    }
    hook.verify(signed, BODY)
    assert "not what" in refusal(hook, signed, json.dumps(json.loads(BODY), indent=1).encode())
    assert "missing" in refusal(hook, {})


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_time_within_the_tolerance_will_do(seconds: int) -> None:
    webhook(KEY, now=lambda: NOW + seconds).verify(standard_headers(OCTETS, NOW, BODY), BODY)


def test_the_tolerance_can_be_set() -> None:
    headers = standard_headers(OCTETS, NOW, BODY)
    webhook(KEY, now=lambda: NOW + 0.5, tolerance_seconds=0.5).verify(headers, BODY)
    assert "behind" in refusal(webhook(KEY, now=lambda: NOW + 0.6, tolerance_seconds=0.5), headers)
    assert "behind" in refusal(Webhook(KEY), headers)


@pytest.mark.parametrize("body", ["{}", bytearray(b"{}"), {}, None])
def test_a_body_that_is_not_the_bytes_that_came_is_the_callers_fault(body: Any) -> None:
    with pytest.raises(TypeError, match="the bytes as they came"):
        webhook(KEY).verify({}, body)


# -- the address -----------------------------------------------------------------------------------------------------


def test_the_address_is_the_public_one_and_can_differ_from_request_to_request() -> None:
    fixed = Webhook(messagebird=SECRET, url=URL, now=lambda: NOW)
    other = "https://acme.example/hooks/two"
    fixed.verify(messagebird_headers(SECRET, NOW, URL, BODY), BODY)
    fixed.verify(messagebird_headers(SECRET, NOW, other, BODY), BODY, url=other)
    assert "URL" in refusal(fixed, messagebird_headers(SECRET, NOW, "http://10.0.0.7:8000/hooks?from=hub", BODY))
    with pytest.raises(Misconfigured, match="as it was subscribed with"):
        Webhook(messagebird=SECRET).verify(messagebird_headers(SECRET, NOW, URL, BODY), BODY)


def test_an_address_that_is_no_text_is_refused() -> None:
    hook = Webhook(messagebird=SECRET, now=lambda: NOW)
    told = messagebird_headers(SECRET, NOW, URL, BODY)
    assert refusal(hook, told, url="https://acme.example/\udcff") == "the URL holds what is no text"


# -- headers in every form -------------------------------------------------------------------------------------------

SIGNED = standard_headers(OCTETS, NOW, BODY)


def _message() -> email.message.Message:
    message = email.message.Message()
    for name, value in SIGNED.items():
        message[name.title()] = value
    return message


@pytest.mark.parametrize(
    "headers",
    [
        SIGNED,
        {name.upper(): value for name, value in SIGNED.items()},
        {name: value.encode() for name, value in SIGNED.items()},
        list(SIGNED.items()),
        iter([(name.title().encode(), value.encode()) for name, value in SIGNED.items()]),
        {**{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in SIGNED.items()}, "wsgi.input": object()},
        _message(),
        StarletteHeaders(raw=[(name.encode(), value.encode()) for name, value in SIGNED.items()]),
        CIMultiDict({name.title(): value for name, value in SIGNED.items()}),
        [*SIGNED.items(), *SIGNED.items(), (7, "a name that is no text")],
    ],
    ids=[
        "dict",
        "upper case",
        "bytes",
        "pairs",
        "asgi",
        "wsgi",
        "http.server",
        "starlette",
        "aiohttp",
        "twice the same",
    ],
)
def test_headers_come_in_any_form(headers: Any) -> None:
    webhook(KEY).verify(headers, BODY)


@pytest.mark.parametrize("name", ["webhook-id", "Webhook-Timestamp", b"webhook-signature", "HTTP_WEBHOOK_ID"])
def test_a_header_that_is_there_twice_and_not_the_same_is_refused(name: Any) -> None:
    assert "is there twice" in refusal(webhook(KEY), [*SIGNED.items(), (name, "another")])


@pytest.mark.parametrize("name", ["webhook_id", "http-webhook-id", "HTTP_HTTP_WEBHOOK_ID", "webhook-id "])
def test_a_name_that_only_looks_like_a_headers_is_passed_over(name: str) -> None:
    webhook(KEY).verify([*SIGNED.items(), (name, "another")], BODY)


texts = st.text() | st.binary().map(lambda octets: octets.decode("latin-1"))


@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from([*SIGNED, "X-Comapi-Signature", "messagebird-signature", "other"]), texts | st.binary()
        )
    ),
    body=bodies,
)
@example(headers=[*SIGNED.items(), ("x-comapi-signature", "0" * 40)], body=b"[")
def test_whatever_comes_is_refused_and_nothing_else_is_raised(headers: Any, body: bytes) -> None:
    hook = webhook(KEY, PUBLIC_KEY, comapi=SECRET, messagebird=SECRET, url=URL)
    with pytest.raises(BadSignature):
        hook.events(headers, body)


# -- verifying and reading in one ------------------------------------------------------------------------------------


def test_what_is_proven_is_read_and_what_is_not_is_not() -> None:
    hook = webhook(KEY)
    (event,) = hook.events(SIGNED, BODY)
    assert (event.id, event.raw) == ("e-1", BODY)
    with pytest.raises(BadSignature):
        hook.events(SIGNED, BODY + b" ")
    with pytest.raises(Unreadable, match="not JSON"):
        hook.events(standard_headers(OCTETS, NOW, b"hello"), b"hello")


CHANNELS = b'{"service": "channels", "event": "sms.outbound", "payload": {"id": "m-1", "status": "sent"}}'


def test_the_id_of_a_channels_event_is_the_signed_header() -> None:
    (event,) = webhook(KEY).events(standard_headers(OCTETS, NOW, CHANNELS), CHANNELS)
    assert event.id == "evt-1"


def test_an_id_that_nobody_signed_is_not_believed() -> None:
    hook = Webhook(messagebird=SECRET, url=URL, now=lambda: NOW)
    ids: set[str] = set()
    for number, id_ in enumerate(("evt-1", "evt-forged")):
        told = {**messagebird_headers(SECRET, NOW + number, URL, CHANNELS, id_), "webhook-id": id_}
        ids.update(event.id for event in hook.events(told, CHANNELS))
    (only,) = ids
    assert only.startswith("sha256:")
