"""Signing mail (DKIM, RFC 6376), with both ends relaxed.

The libraries that do this read the clock and know no keys but their own, so a mail would not be the same octets twice.
What is written here is checked against one of them.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from textwrap import wrap
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Struct

SIGNED: Final = (
    *("from", "from", "reply-to", "subject", "date", "message-id", "to", "cc", "mime-version", "content-type"),
    *("content-transfer-encoding", "in-reply-to", "references", "list-unsubscribe", "list-unsubscribe-post"),
    *("feedback-id", "auto-submitted", "disposition-notification-to"),
)
"""Headers that are signed where they are there; the second `from` sees to it that nobody adds one (section 8.15)."""

_SPACE: Final = re.compile(rb"[ \t]+")
_LINE: Final = 70
_FOLD: Final = "\r\n\t"

Key = RSAPrivateKey | Ed25519PrivateKey


class Signer(Struct, frozen=True):
    """A key, and the domain it signs for."""

    domain: str
    selector: str
    key: Key

    def sign(self, mail: bytes, now: int) -> bytes:
        """Put a signature before a mail whose lines end with CRLF; `now` is in milliseconds."""
        head, _, body = mail.partition(b"\r\n\r\n")
        headers = _headers(head)
        names = list(_names(headers))
        named = _FOLD.join(f"{name}:" for name in names).rstrip(":")
        lines = (
            f"v=1; a={self._algorithm}; c=relaxed/relaxed; d={self.domain}; s={self.selector};",
            f"t={now // 1000}; h={named};",
            f"bh={b64encode(sha256(_relaxed_body(body)).digest()).decode()};",
            "b=",
        )
        unsigned = _FOLD.join(lines)
        signed = b"".join(_relaxed(name, value) + b"\r\n" for name, value in _chosen(headers, names))
        signed += _relaxed("dkim-signature", unsigned.encode())
        signature = _FOLD.join(wrap(b64encode(self._seal(signed)).decode(), _LINE))
        return f"DKIM-Signature: {unsigned}{signature}\r\n".encode() + mail

    @property
    def _algorithm(self) -> str:
        return "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"

    def _seal(self, signed: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(signed, PKCS1v15(), SHA256())
        return self.key.sign(sha256(signed).digest())  # RFC 8463 section 3: the hash is what is signed


def read_key(pem: str) -> Key:
    """Read a private key; raises ValueError where it is none that mail is signed with."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("The DKIM key cannot be read: it must be a private key in PEM without a password.") from error
    if isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        return key
    raise ValueError("The DKIM key must be one of RSA or Ed25519.")


def _headers(head: bytes) -> list[tuple[str, bytes]]:
    """List the headers in order, by lower-case name, each with all of its lines."""
    lines = re.split(rb"\r\n(?![ \t])", head)
    pairs = (line.partition(b":") for line in lines)
    return [(name.decode("ascii", "replace").strip().lower(), value) for name, _, value in pairs]


def _names(headers: list[tuple[str, bytes]]) -> Iterator[str]:
    there = {name for name, _ in headers}
    return (name for name in SIGNED if name in there)


def _chosen(headers: list[tuple[str, bytes]], names: list[str]) -> Iterator[tuple[str, bytes]]:
    """Give the signed headers in the order they are named; of one that is there twice the last comes first."""
    left = list(headers)
    for name in names:
        found = next((each for each in reversed(left) if each[0] == name), None)
        if found is not None:
            left.remove(found)
            yield found


def _relaxed(name: str, value: bytes) -> bytes:
    """Write a header as it is signed (section 3.4.2), without the end of its line."""
    return name.encode() + b":" + _SPACE.sub(b" ", value.replace(b"\r\n", b"")).strip()


def _relaxed_body(body: bytes) -> bytes:
    """Write a body as it is signed (section 3.4.4)."""
    lines = [_SPACE.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)
