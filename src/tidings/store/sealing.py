"""Secrets at rest: encrypted with the newest key, readable with every older one still configured."""

import contextlib
import hmac
import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from tidings.model.errors import Misconfigured


class Seal:
    """Encrypts and authenticates (Fernet: AES-128-CBC with HMAC-SHA256); several keys allow rotation."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise Misconfigured("TIDINGS_SECRET_KEYS must be Fernet keys: 32 bytes in URL-safe base64.") from error

    def close(self, text: bytes) -> bytes:
        """Seal a text with the newest key."""
        return self._fernet.encrypt(text)

    def open(self, sealed: bytes) -> bytes:
        """Give a sealed text back; raises Misconfigured where no configured key fits."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise Misconfigured(
                "A stored secret fits none of TIDINGS_SECRET_KEYS; name the older key after the new one."
            ) from error

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """Give keys for another purpose, 32 octets each, one from every key there is, the newest first."""
        return tuple(hmac.digest(key.encode(), purpose.encode(), sha256) for key in self._keys)

    def renew(self, sealed: bytes) -> bytes:
        """Seal a sealed text again with the newest key."""
        self.open(sealed)
        return self._fernet.rotate(sealed)


def key_from_file(path: Path) -> str:
    """Read the key kept beside the database, making it on the first start, readable by its owner alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(path, Fernet.generate_key())
    return path.read_text("ascii").strip()


def _write_new(path: Path, text: bytes) -> None:
    """Write a file whole or not at all; where another process was faster, its file stays."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    with draft.open("r+b") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
