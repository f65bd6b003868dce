"""Why a signature on a webhook holds or does not: what somebody is told whose verification fails."""

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, Literal, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tidings.model.subscriptions import SigningKey
from tidings.rules.signing.standard import TOLERANCE_MS, Signer, read_seconds
from tidings.rules.times import to_iso

T = TypeVar("T")

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
VERSIONS: Final = ("v1,", "v1a,")
"""How the signatures begin that our keys make."""

_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading any octets as JSON may raise."""


class Flaw(StrEnum):
    """What keeps a signature from holding."""

    MISSING_HEADER = "missing-header"
    MALFORMED_HEADER = "malformed-header"
    RESERIALISED = "body-reserialised"
    """The JSON is the same, the bytes are not."""
    BODY_CHANGED = "body-changed"
    WRONG_URL = "wrong-url"
    WRONG_KEY = "wrong-key"
    """The body is the one that was sent; the key, or the secret, is another one."""
    EXPIRED_KEY = "expired-key"
    UNPROVEN = "unproven"
    """Another key, or another body: what was sent is not known here."""
    UNSIGNED = "unsigned"
    """The subscription has no secret of the vocabulary's own, so that we make no such signature."""
    TIME = "time-too-far"


class Received(Struct, frozen=True, kw_only=True):
    """A webhook as somebody says it came."""

    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    url: str
    """Where it came, as its endpoint sees it."""
    at: int
    """When."""
    sent: bytes | None = None
    """The body that was sent; None where that is not known."""


class Finding(Struct, frozen=True):
    """What became of verifying one signature."""

    header: str
    """Where the signature stands, or should."""
    flaw: Flaw | None = None
    """None: it holds."""
    detail: str = ""
    keys: tuple[str, ...] = ()
    """The ids of the Standard Webhooks keys that made it, where that is known."""
    is_there: bool = True
    """Whether any of its headers came at all."""


def examine_standard(keys: Sequence[SigningKey], received: Received) -> Finding:
    """Verify the Standard Webhooks signatures: they hold where one of them does."""
    names = (ID, TIMESTAMP, SIGNATURE)
    if missing := missing_of(received, SIGNATURE, names):
        return missing
    event, moment, signatures = (received.headers[name] for name in names)
    timestamp = read_seconds(moment)
    if timestamp is None:
        return Finding(SIGNATURE, Flaw.MALFORMED_HEADER, f"{TIMESTAMP} is no time in Unix seconds.")
    ours = [each for each in signatures.split(" ") if each.startswith(VERSIONS)]
    if not (ours and event.isascii() and signatures.isascii()):
        return Finding(SIGNATURE, Flaw.MALFORMED_HEADER, f"{SIGNATURE} has no signature that begins with v1, or v1a,")

    def makers(body: bytes) -> list[SigningKey]:
        # Asked of each key without its end: one that expired is to be named.
        due = [(key, Signer(replace(key, expires_at=None))) for key in keys]
        made = [(key, signer.sign(event, timestamp, body)) for key, signer in due]
        return [key for key, one in made if any(hmac.compare_digest(one, other) for other in ours)]

    made_by, flaw = attribute(received, makers)
    named = tuple(key.id for key in made_by or ())
    if flaw is not None:
        return Finding(SIGNATURE, flaw, _DETAILS[flaw], named)
    live = [key for key in made_by or () if key.signs_at(timestamp * 1000)]
    if not live:
        return Finding(SIGNATURE, Flaw.EXPIRED_KEY, "The key that made it had expired at the time it names.", named)
    return timely(received, Finding(SIGNATURE, keys=tuple(key.id for key in live)), TIMESTAMP, timestamp)


def missing_of(received: Received, header: str, names: Sequence[str]) -> Finding | None:
    """Say which headers are missing; None where all of them came."""
    absent = [name for name in names if not received.headers.get(name)]
    if not absent:
        return None
    text = f"{', '.join(absent)} {'is' if len(absent) == 1 else 'are'} missing."
    return Finding(header, Flaw.MISSING_HEADER, text, is_there=len(absent) < len(names))


def examine_body(received: Received, header: str, proves: Callable[[bytes], bool]) -> Finding:
    """Say whether a signature is over the body; `proves` says whether it is over any one."""
    _, flaw = attribute(received, proves)
    return Finding(header, flaw, _DETAILS[flaw]) if flaw is not None else Finding(header)


def attribute(received: Received, prove: Callable[[bytes], T]) -> tuple[T | None, Flaw | None]:
    """Ask what proves a signature over the body as it came, else over what it may have been before.

    The flaw is None where it is over the body as it came.
    """
    for body, flaw in _bodies(received):
        if proof := prove(body):
            return proof, flaw
    return None, Flaw.WRONG_KEY if received.sent == received.body else Flaw.UNPROVEN


def timely(received: Received, finding: Finding, header: str, timestamp: int) -> Finding:
    """Give what was found of a signature that holds, unless its time (Unix seconds) is too far from when it came."""
    off = timestamp * 1000 - received.at
    if abs(off) <= TOLERANCE_MS:
        return finding
    side = "after" if off > 0 else "before"
    text = (
        f"The signature is good, but {header} is {abs(off) // 1000} seconds {side} {to_iso(received.at)}; "
        f"{TOLERANCE_MS // 1000} are allowed."
    )
    return Finding(finding.header, Flaw.TIME, text, finding.keys)


_DETAILS: Final = {
    Flaw.RESERIALISED: "It is over the same JSON in other bytes: verify the raw body, before anything reads it.",
    Flaw.BODY_CHANGED: "It is over the body that was sent, and this is another one.",
    Flaw.WRONG_KEY: "The body is the one that was sent; no key or secret of this subscription made the signature.",
    Flaw.UNPROVEN: "No key or secret of this subscription made it over this body: one of the two is another.",
}


def _bodies(received: Received) -> Iterator[tuple[bytes, Flaw | None]]:
    """Give the bodies a signature may be over, and what it means if it is."""
    body, sent = received.body, received.sent
    yield body, None
    if sent is not None and sent != body:
        is_same = _rewritten(sent, order="deterministic") == _rewritten(body, order="deterministic")
        yield sent, Flaw.RESERIALISED if is_same else Flaw.BODY_CHANGED
    if (rewritten := _rewritten(body)) is not None:
        yield rewritten, Flaw.RESERIALISED


def _rewritten(body: bytes, *, order: Literal["deterministic"] | None = None) -> bytes | None:
    """Write a JSON body as we do, which undoes other spacing and escapes; None where it is none."""
    try:
        return msgspec.json.encode(msgspec.json.decode(body), order=order)
    except _UNREADABLE:
        return None
