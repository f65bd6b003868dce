"""How files travel: encrypted, each under a key of its own that goes along in the message.

Attachments https://register.apple.com/resources/messages/msp-rest-api/type-text

AES-256 in counter mode, from a counter of zeros. Under one key that hides one plaintext only: a second one, and both
can be read. So a key is made of the plaintext itself, besides the secret and the message.
"""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

KEY_LENGTH = 32
_BEFORE = "00"
"""Stands before every key as it is written in hex."""
_START = bytes(16)


def key_for(secret: bytes, tag: str, octets: bytes) -> bytes:
    """Make the key of a file, which nobody without the secret can guess and no other file has."""
    return hmac.digest(
        secret, b"tidings attachment\0" + tag.encode() + b"\0" + hashlib.sha256(octets).digest(), "sha256"
    )


def turn(key: bytes, octets: bytes) -> bytes:
    """Encrypt, or decrypt: it is the same."""
    turning = Cipher(AES(key), CTR(_START)).encryptor()
    return turning.update(octets) + turning.finalize()


def written_key(key: bytes) -> str:
    """Write a key as it stands in a message."""
    return _BEFORE + key.hex()


def read_key(text: str) -> bytes:
    """Read a key of a message; raises ValueError."""
    key = bytes.fromhex(text.removeprefix(_BEFORE) if len(text) > 2 * KEY_LENGTH else text)
    if len(key) != KEY_LENGTH:
        raise ValueError("A key has 256 bits.")
    return key


def signature_in_base64(text: str) -> str:
    """Write a file's signature in base64, as it is asked for; it comes in hex. Raises ValueError."""
    try:
        return base64.b64encode(bytes.fromhex(text)).decode()
    except ValueError:
        base64.b64decode(text, validate=True)
        return text
