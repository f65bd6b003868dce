"""Standard Webhooks keys as texts: a prefix that says what the key is, and base64.

Serialisation  https://www.standardwebhooks.com   `whsec_` a secret, `whsk_` and `whpk_` the halves of a key pair
Ed25519        RFC 8032 5.1.5                      the secret half is a seed of 32 octets
"""

from base64 import b64decode, b64encode
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidings.model.errors import Misconfigured
from tidings.model.secrets import Secret
from tidings.model.subscriptions import KeyKind

PREFIXES: Final = {KeyKind.HMAC: "whsec_", KeyKind.ED25519: "whsk_"}
PUBLIC_PREFIX: Final = "whpk_"
FEWEST_OCTETS: Final = 24
MOST_OCTETS: Final = 64
"""Of an HMAC key, says the specification."""
SEED_OCTETS: Final = 32


def key_from(random_bytes: bytes, kind: KeyKind = KeyKind.HMAC) -> str:
    """Write random bytes as a key: 24 to 64 of them for HMAC, says the specification, and 32 for Ed25519."""
    return PREFIXES[kind] + b64encode(random_bytes).decode("ascii")


def read_key(kind: KeyKind, text: str) -> str:
    """Read a key that somebody brings, and write it as we do; raises Misconfigured where it is none of that kind.

    Of an Ed25519 key the 64 octets that some libraries write, the seed and the public key, are taken too.
    """
    prefix = PREFIXES[kind]
    if not text.startswith(prefix):
        raise Misconfigured(f"an {kind} key begins with {prefix}")
    octets = octets_of(text, kind)
    if kind is KeyKind.HMAC:
        if not FEWEST_OCTETS <= len(octets) <= MOST_OCTETS:
            raise Misconfigured(f"an {kind} key has {FEWEST_OCTETS} to {MOST_OCTETS} octets")
        return key_from(octets, kind)
    seed = octets[:SEED_OCTETS]
    if len(octets) not in (SEED_OCTETS, 2 * SEED_OCTETS):
        raise Misconfigured(f"an {kind} key has {SEED_OCTETS} octets, or {2 * SEED_OCTETS} with the public key")
    key = key_from(seed, kind)
    if octets[SEED_OCTETS:] not in (b"", _public_octets(key)):
        raise Misconfigured("the public key in it is another one's")
    return key


def octets_of(key: str | Secret, kind: KeyKind) -> bytes:
    """Give what a secret key is written for, its prefix there or not; raises Misconfigured where it is no base64."""
    text = (key.reveal() if isinstance(key, Secret) else key).removeprefix(PREFIXES[kind]).rstrip("=")
    try:
        octets = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise Misconfigured(f"a signing key must be {PREFIXES[kind]} and base64") from error
    if not octets:
        raise Misconfigured("a signing key is empty")
    return octets


def private_key(key: str | Secret) -> Ed25519PrivateKey:
    """Make the secret half of a pair ready to sign; raises Misconfigured where it is no seed."""
    try:
        return Ed25519PrivateKey.from_private_bytes(octets_of(key, KeyKind.ED25519))
    except ValueError as error:
        raise Misconfigured(f"an Ed25519 key has {SEED_OCTETS} octets") from error


def public_key(key: str | Secret) -> str:
    """Give the public half of a pair, `whpk_…`; raises Misconfigured."""
    return PUBLIC_PREFIX + b64encode(_public_octets(key)).decode("ascii")


def _public_octets(key: str | Secret) -> bytes:
    return private_key(key).public_key().public_bytes_raw()
