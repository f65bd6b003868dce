"""Tokens, by a published vector and by hand."""

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tidings.rules.conversations.tokens import (
    BadToken,
    Claim,
    Ticket,
    Trust,
    audience_of,
    check_nonce,
    key_id,
    key_of,
    make_nonce,
    public_key,
    read_claim,
    read_ticket,
    session_token,
)

SECRET = "app-messaging-shared-secret-0001"
VECTOR = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2h1Yi5leGFtcGxlLyIsImF1ZCI6Imh0dHBzOi8vaHViLmV4YW1wbGU"
    "vYXBwIiwic3ViIjoiYW5vbl8xIiwibm9uY2UiOiJuLTAwMDEiLCJpYXQiOjE3NjAwMDAwMDAsImV4cCI6MTc2MDAwMzYwMH0.x3h1T1XaCRKaTr3m"
    "rGv5htvsr4Z2BvNCVaIhOTZ8KY8"
)
TRUST = Trust(algorithm="HS256", issuer="https://hub.example/", audience="https://hub.example/app")
THEN = 1_760_000_000_000
KEYS = (b"k" * 32, b"o" * 32)


def test_the_vector_is_read() -> None:
    assert read_claim(VECTOR, SECRET, TRUST, THEN) == Claim("anon_1", "n-0001")


@pytest.mark.parametrize(
    ("now", "good"),
    [(THEN - 60_000, True), (THEN - 61_000, False), (THEN + 3_659_000, True), (THEN + 3_660_000, False)],
)
def test_a_clock_may_be_a_minute_wrong(now: int, good: bool) -> None:
    if good:
        assert read_claim(VECTOR, SECRET, TRUST, now).profile == "anon_1"
    else:
        with pytest.raises(BadToken):
            read_claim(VECTOR, SECRET, TRUST, now)


@pytest.mark.parametrize("place", range(0, len(VECTOR), 7))
def test_a_changed_letter_is_refused(place: int) -> None:
    letter = "A" if VECTOR[place] != "A" else "E"
    with pytest.raises(BadToken):
        read_claim(VECTOR[:place] + letter + VECTOR[place + 1 :], SECRET, TRUST, THEN)


def test_the_claim_that_names_the_person_is_the_integrators_choice() -> None:
    claims = {**jwt.decode(VECTOR, options={"verify_signature": False}), "user": {"id": 1}, "member": "ann"}
    token = jwt.encode(claims, SECRET)
    named = Trust(algorithm="HS256", issuer=TRUST.issuer, audience=TRUST.audience, id_claim="member")
    assert read_claim(token, SECRET, named, THEN).profile == "ann"
    for wrong in ("user", "nobody"):
        other = Trust(algorithm="HS256", issuer=TRUST.issuer, audience=TRUST.audience, id_claim=wrong)
        with pytest.raises(BadToken, match=wrong):
            read_claim(token, SECRET, other, THEN)


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 9000, "é.é.é", "e30.e30.e30", VECTOR.replace(".", "")])
def test_what_is_no_token_names_no_key(token: str) -> None:
    with pytest.raises(BadToken):
        read_claim(token, SECRET, TRUST, THEN)
    try:
        assert key_id(token) == ""
    except BadToken:
        assert token != VECTOR
    assert audience_of(token) == ""


def test_a_key_is_named_by_a_text_or_not_at_all() -> None:
    assert key_id(jwt.encode({}, SECRET, headers={"kid": "one"})) == "one"
    assert key_id(VECTOR) == ""


# -- published keys ------------------------------------------------------------------------------------------------

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


def published(**more: Any) -> dict[str, Any]:
    return {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "one", **more}


def test_a_key_is_found_by_its_name_and_fits_its_algorithm() -> None:
    other = {**ECAlgorithm.to_jwk(EC.public_key(), as_dict=True), "kid": "two"}
    keys = {"keys": [published(), other, "no key", {"kid": "three", "kty": "strange"}]}
    assert key_of(keys, "one", "RS256") is not None
    assert key_of(keys, "two", "ES256") is not None
    for kid, algorithm in (("two", "RS256"), ("three", "RS256"), ("four", "RS256"), ("", "RS256")):
        assert key_of(keys, kid, algorithm) is None
    assert key_of({"keys": [published()]}, "", "RS256") is not None, "the only one there is"


@pytest.mark.parametrize(
    "keys",
    [
        None,
        [],
        {},
        {"keys": None},
        {"keys": [published(use="enc")]},
        {"keys": [published(alg="PS256")]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}]},
        {"keys": [{**published(), "n": None}]},
        {"keys": [{**published(), "n": "*"}]},
    ],
)
def test_what_is_no_key_of_ours_is_passed_over(keys: Any) -> None:
    assert key_of(keys, "one", "RS256") is None


def test_a_public_key_is_of_its_algorithm() -> None:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = EC.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    assert public_key(pem, "ES256") is not None
    for wrong, algorithm in ((pem, "RS256"), ("no key", "ES256"), ("", "ES256")):
        with pytest.raises(ValueError, match="publicKey"):
            public_key(wrong, algorithm)


# -- ours ----------------------------------------------------------------------------------------------------------


def test_a_sessions_token_is_read_with_any_of_the_hubs_keys() -> None:
    ticket = Ticket("s1", "anon_1", THEN)
    for key in KEYS:
        token = session_token(ticket, "w1", key)
        assert read_ticket(token, "w1", KEYS, THEN - 1) == ticket
        assert audience_of(token) == "w1"
        for workspace, keys, now in (
            ("w2", KEYS, THEN - 1),
            ("w1", KEYS, THEN),
            ("w1", (b"x" * 32,), 0),
            ("w1", (), 0),
        ):
            with pytest.raises(BadToken):
                read_ticket(token, workspace, keys, now)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "a", "aud": "w1", "exp": 2**40},
        {"sid": "s", "aud": "w1", "exp": 2**40},
        {"sub": 1, "sid": "s", "aud": "w1", "exp": 2**40},
        {"sub": "a", "sid": "s", "aud": "w1", "exp": "x"},
        {"sub": "a", "sid": "s", "aud": "w1", "exp": 1.5},
        {"sub": "a", "sid": "s", "exp": 2**40},
    ],
)
def test_what_is_signed_by_us_and_no_session_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        read_ticket(jwt.encode(claims, KEYS[0]), "w1", KEYS, THEN)


def test_a_nonce_is_known_again_and_no_other() -> None:
    nonce = make_nonce("w1", "a1", THEN, KEYS[1])
    assert check_nonce(nonce, "w1", "a1", KEYS, THEN - 1) == THEN
    for given, workspace, authentication, now in (
        (nonce, "w2", "a1", 0),
        (nonce, "w1", "a2", 0),
        (nonce, "w1", "a1", THEN),
        (nonce[:-1], "w1", "a1", 0),
        ("9" + nonce, "w1", "a1", 0),
        ("", "w1", "a1", 0),
        ("é.é", "w1", "a1", 0),
        ("²." + nonce.partition(".")[2], "w1", "a1", 0),
    ):
        with pytest.raises(BadToken):
            check_nonce(given, workspace, authentication, KEYS, now)
