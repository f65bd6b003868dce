"""What proves that a webhook is the hub's: one class for each kind of signature.

Standard Webhooks     https://www.standardwebhooks.com   `v1` HMAC-SHA256 and `v1a` Ed25519, over `id.timestamp.body`
X-Comapi-Signature    hex HMAC-SHA1 of the body: it has no time in it, so what was once sent can be sent again for ever
messagebird-signature base64 HMAC-SHA256 over timestamp, URL and the body's SHA-256
"""

import hmac
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from tidings.model.errors import BadSignature, Misconfigured
from tidings.model.secrets import Secret
from tidings.model.subscriptions import KeyKind
from tidings.receiver.headers import COMAPI, MESSAGEBIRD, STANDARD
from tidings.rules.signing import Signer, hmac_sha1_hex, messagebird
from tidings.rules.signing.keys import PREFIXES, PUBLIC_PREFIX
from tidings.rules.signing.standard import read_seconds

MOST_SIGNATURES: Final = 32
"""In one header; more would cost work, and no rotation needs them."""

_SECRET_HALF: Final = PREFIXES[KeyKind.ED25519]
_V1A: Final = "v1a,"


class Request(Struct, frozen=True, kw_only=True):
    """What is to be proven."""

    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    """As it came."""
    url: str
    """As it was subscribed with; empty where nobody said it."""
    now_ms: int
    tolerance_ms: int
    """How far a signed time may lie from now, either way."""


class Proof(Protocol):
    """One kind of signature, with the keys for it."""

    def check(self, request: Request) -> None:
        """Return if the request is signed with one of the keys; raises BadSignature with what is wrong."""


class Standard:
    """Standard Webhooks 1.0, with any number of keys of either kind."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Make the keys ready; raises Misconfigured where one is none, without saying what it was."""
        self._signers = [Signer(key) for key in keys if not _is_of_pair(key)]
        self._public = [_public(key) for key in keys if _is_of_pair(key)]

    def check(self, request: Request) -> None:
        """Check id, time and body together."""
        event, moment, given = _present(request, STANDARD)
        seconds = _recent(request, moment, "webhook-timestamp")
        signatures = given.split(" ")
        if len(signatures) > MOST_SIGNATURES:
            raise BadSignature(f"webhook-signature holds more than {MOST_SIGNATURES} signatures")
        due = [signer.sign(event, seconds, request.body) for signer in self._signers]
        # Every pair is compared, so that the time taken says nothing of which one matched.
        matched = sum(hmac.compare_digest(one, other) for one in signatures for other in due)
        if not matched and not self._is_by_a_pair(signatures, f"{event}.{seconds}.".encode() + request.body):
            raise BadSignature("webhook-signature is by none of the keys, or the body is not what was signed")

    def _is_by_a_pair(self, signatures: Sequence[str], signed: bytes) -> bool:
        octets = [_octets(each.removeprefix(_V1A)) for each in signatures if each.startswith(_V1A)]
        return any(_verifies(key, each, signed) for each in octets for key in self._public)


class Comapi:
    """The omnichannel vocabulary's own signature."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = [Secret(each) for each in secrets]

    def check(self, request: Request) -> None:
        """Check the body."""
        (given,) = _present(request, (COMAPI,))
        due = [hmac_sha1_hex(secret, request.body) for secret in self._secrets]
        if not sum(hmac.compare_digest(given, each) for each in due):
            raise BadSignature(f"{COMAPI} is by none of the secrets, or the body is not what was signed")


class Messagebird:
    """The channels vocabulary's own signature."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [Secret(each) for each in keys]

    def check(self, request: Request) -> None:
        """Check time, URL and body together; raises Misconfigured where nobody said the URL."""
        if not request.url:
            raise Misconfigured("messagebird-signature is made over the URL: give it, as it was subscribed with")
        given, moment = _present(request, MESSAGEBIRD)
        seconds = _recent(request, moment, MESSAGEBIRD[1])
        try:
            due = [messagebird(key, seconds, request.url, request.body) for key in self._keys]
        except UnicodeEncodeError as error:
            raise BadSignature("the URL holds what is no text") from error
        if not sum(hmac.compare_digest(given, each) for each in due):
            raise BadSignature(f"{MESSAGEBIRD[0]} is by none of the keys, or URL or body are not what was signed")


def _present(request: Request, names: Sequence[str]) -> list[str]:
    found = []
    for name in names:
        text = request.headers.get(name, "")
        if not text:
            raise BadSignature(f"the header {name} is missing")
        if not text.isascii():
            raise BadSignature(f"the header {name} is not ASCII")
        found.append(text)
    return found


def _recent(request: Request, moment: str, name: str) -> int:
    seconds = read_seconds(moment)
    if seconds is None:
        raise BadSignature(f"{name} is no time")
    ahead = seconds * 1000 - request.now_ms
    if abs(ahead) > request.tolerance_ms:
        way = "ahead of" if ahead > 0 else "behind"
        raise BadSignature(f"{name} is {abs(ahead) // 1000} seconds {way} this machine's clock, which is too far")
    return seconds


def _is_of_pair(key: str) -> bool:
    if key.startswith(_SECRET_HALF):
        raise Misconfigured("a whsk_ key is the secret half of a pair, and the hub's alone; give the public one, whpk_")
    return key.startswith(PUBLIC_PREFIX)


def _public(key: str) -> Ed25519PublicKey:
    text = key.removeprefix(PUBLIC_PREFIX).rstrip("=")
    try:
        return Ed25519PublicKey.from_public_bytes(b64decode(text + "=" * (-len(text) % 4), validate=True))
    except ValueError as error:
        raise Misconfigured("a public key must be whpk_ and base64 of 32 octets") from error


def _octets(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def _verifies(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True
