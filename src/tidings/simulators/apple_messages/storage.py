"""Apple's store of files, which has only what is encrypted, and the packing of large data."""

import base64
import hashlib
import json
import secrets
import zlib
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR


class Storage:
    """Files by their place; a place is reserved for so many octets, and filled once."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._reserved: dict[str, int] = {}

    def reserve(self, size: int) -> str:
        """Reserve a place."""
        place = secrets.token_hex(8)
        self._reserved[place] = size
        return place

    def put(self, place: str, octets: bytes) -> str:
        """Put a file into its place; give its checksum, empty where it does not belong there."""
        if self._reserved.pop(place, -1) != len(octets):
            return ""
        self.files[place] = octets
        return checksum(octets)

    def is_at(self, url: str, place: str, signature: str) -> bool:
        """Whether this file, with this checksum, is where somebody says."""
        octets = self.files.get(place)
        return octets is not None and url.endswith(f"/{place}") and checksum(octets) == signature

    def seal(self, octets: bytes, base_url: str) -> dict[str, Any]:
        """Encrypt a file as a device does and keep it; give how a message names it, the signature in hex."""
        key = secrets.token_bytes(32)
        place = self.reserve(len(octets))
        signature = self.put(place, _turn(key, octets))
        return {
            "url": f"{base_url}/content/{place}",
            "owner": place,
            "key": f"00{key.hex()}",
            "signature": base64.b64decode(signature).hex(),
        }

    def open(self, told: Any) -> bytes | None:
        """Read a file as the device does that a message with these fields comes to; None where it cannot."""
        try:
            octets = self.files[told["owner"]]
            key = bytes.fromhex(told["key"])
            fits = self.is_at(told["url"], told["owner"], told["signature-base64"]) and int(told["size"]) == len(octets)
        except (KeyError, TypeError, ValueError):
            return None
        return _turn(key[1:], octets) if fits and len(key) == 33 and key[0] == 0 else None

    def read(self, ref: Any) -> Any:
        """Read the interactive data that stand under a reference; None where there are none."""
        packed = self.open(ref)
        whole = self.unpack(packed) if packed else None
        return json.loads(whole) if whole else None

    def pack(self, octets: bytes) -> bytes:
        """Pack large data; how Apple does it, nobody has to know."""
        return zlib.compress(octets)

    def unpack(self, octets: bytes) -> bytes | None:
        """Unpack large data; None where they are none."""
        try:
            return zlib.decompress(octets)
        except zlib.error:
            return None


def checksum(octets: bytes) -> str:
    """Write a file's checksum, in base64."""
    return base64.b64encode(b"\x01" + hashlib.sha1(octets, usedforsecurity=False).digest()).decode()


def _turn(key: bytes, octets: bytes) -> bytes:
    turning = Cipher(AES(key), CTR(bytes(16))).encryptor()
    return turning.update(octets) + turning.finalize()
