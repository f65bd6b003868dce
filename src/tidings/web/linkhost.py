"""The host that short addresses stand at, where it is one of its own: its paths are the links' slugs."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from tidings.settings import Settings

DOOR: Final = "/l"
"""Where links are found in the table of doors."""


class LinkHost(Struct, frozen=True):
    """A host, and what stands there before a slug."""

    host: bytes
    prefix: str

    @classmethod
    def of(cls, settings: Settings) -> "LinkHost | None":
        """Read where links stand; None where that is at the doors that they have in any case."""
        if settings.link_url == f"{settings.public_url}{DOOR}":
            return None
        parts = urlsplit(settings.link_url)
        return cls(parts.netloc.lower().encode("latin-1"), parts.path.rstrip("/"))

    def below(self, headers: Iterable[tuple[bytes, bytes]], path: str) -> str | None:
        """Say which door a path means at this host; None where it means no link, or another host was asked for."""
        if not path.startswith(f"{self.prefix}/"):
            return None
        asked = next((value for name, value in headers if name == b"host"), b"")
        return DOOR + path.removeprefix(self.prefix) if asked.lower() == self.host else None
