"""Several keys, their kinds, and how they are written."""

from base64 import b64decode, b64encode

import pytest

from support.keys import ed25519_key, hmac_key, proves_v1a
from tidings.model.errors import Misconfigured
from tidings.model.secrets import Secret
from tidings.model.subscriptions import KeyKind
from tidings.rules.signing import Signer, key_from, public_key, read_key, sign_standard

# A vector from the tests of the specification's Go library.
PAIR = b"TESTSIGNINGKEYDONOTUSETHISFORANY"
EVENT = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="

# RFC 8032 7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


def test_the_vector_of_the_specifications_go_library() -> None:
    assert Signer(ed25519_key(PAIR)).sign(EVENT, AT, BODY) == SIGNATURE


def test_the_public_half_is_that_of_the_rfc() -> None:
    assert public_key(key_from(SEED, KeyKind.ED25519)) == "whpk_" + b64encode(PUBLIC).decode()


def test_the_public_half_proves_what_its_pair_signed_and_nothing_else() -> None:
    headers = {"webhook-id": EVENT, "webhook-timestamp": str(AT), "webhook-signature": SIGNATURE}
    public = public_key(ed25519_key(PAIR).secret)
    assert proves_v1a(public, headers, BODY)
    assert not proves_v1a(public, headers, BODY + b" ")
    assert not proves_v1a(public_key(ed25519_key().secret), headers, BODY)
    assert not proves_v1a(public, {**headers, "webhook-signature": "v1,eA=="}, BODY)


def test_every_key_signs_until_it_expires() -> None:
    old, pair, new = hmac_key(expires_at=AT * 1000), ed25519_key(PAIR, expires_at=(AT + 1) * 1000), hmac_key(b"n" * 32)
    signer = Signer(old, pair, new)
    first, second, third = (sign_standard(old.secret, EVENT, at, BODY) for at in (AT - 1, AT, AT + 1))
    told = [signer.sign(EVENT, at, BODY).split(" ") for at in (AT - 1, AT, AT + 1)]
    assert [len(each) for each in told] == [3, 2, 1]
    assert told[0][0] == first
    assert told[1] == [SIGNATURE, sign_standard(new.secret, EVENT, AT, BODY)]
    assert told[2] == [sign_standard(new.secret, EVENT, AT + 1, BODY)]
    assert {second, third}.isdisjoint(told[1] + told[2])


@pytest.mark.parametrize("end", [None, AT * 1000])
def test_one_key_signs_until_it_expires_if_ever(end: int | None) -> None:
    key = hmac_key(expires_at=end)
    expected = sign_standard(key.secret, EVENT, AT, BODY) if end is None else ""
    assert Signer(key).sign(EVENT, AT, BODY) == expected


def test_without_a_key_there_is_no_signature() -> None:
    assert Signer().sign(EVENT, AT, BODY) == ""


@pytest.mark.parametrize(
    ("kind", "octets"),
    [(KeyKind.HMAC, b"k" * 24), (KeyKind.HMAC, b"k" * 64), (KeyKind.ED25519, SEED), (KeyKind.ED25519, SEED + PUBLIC)],
)
def test_a_key_that_is_brought_is_written_as_ours_are(kind: KeyKind, octets: bytes) -> None:
    ours = key_from(octets[:32] if kind is KeyKind.ED25519 else octets, kind)
    assert read_key(kind, key_from(octets, kind)) == ours
    assert read_key(kind, key_from(octets, kind).rstrip("=")) == ours


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        (KeyKind.HMAC, key_from(b"k" * 23), "an hmac key has 24 to 64 octets"),
        (KeyKind.HMAC, key_from(b"k" * 65), "an hmac key has 24 to 64 octets"),
        (KeyKind.HMAC, key_from(b"k" * 32, KeyKind.ED25519), "an hmac key begins with whsec_"),
        (KeyKind.HMAC, b64encode(b"k" * 32).decode(), "an hmac key begins with whsec_"),
        (KeyKind.HMAC, "whsec_ключ", "a signing key must be whsec_ and base64"),
        (KeyKind.HMAC, "whsec_", "a signing key is empty"),
        (KeyKind.ED25519, key_from(b"k" * 32), "an ed25519 key begins with whsk_"),
        (KeyKind.ED25519, "whpk_" + b64encode(PUBLIC).decode(), "an ed25519 key begins with whsk_"),
        (KeyKind.ED25519, "whsk_not base64", "a signing key must be whsk_ and base64"),
        (KeyKind.ED25519, "whsk_=", "a signing key is empty"),
        (KeyKind.ED25519, key_from(b"k" * 31, KeyKind.ED25519), "an ed25519 key has 32 octets, or 64"),
        (KeyKind.ED25519, key_from(b"k" * 40, KeyKind.ED25519), "an ed25519 key has 32 octets, or 64"),
        (KeyKind.ED25519, key_from(SEED + b"p" * 32, KeyKind.ED25519), "the public key in it is another one's"),
    ],
)
def test_a_key_that_is_none_is_refused_and_not_told(kind: KeyKind, text: str, why: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_key(kind, text)
    assert str(refused.value).startswith(why)
    assert text.partition("_")[2] == "" or text.partition("_")[2] not in str(refused.value)


def test_a_pair_that_is_none_cannot_sign() -> None:
    with pytest.raises(Misconfigured, match="an Ed25519 key has 32 octets"):
        Signer(ed25519_key(b"k" * 31))


def test_a_key_is_in_no_repr() -> None:
    key = ed25519_key(PAIR)
    assert repr(key.secret) == repr(Secret("")) in repr(key)
    assert b64encode(PAIR).decode() not in repr((key, Signer(key)))
    assert len(b64decode(key.secret.reveal().removeprefix("whsk_"))) == 32
