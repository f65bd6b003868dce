"""Connecting to an SMSC, where the hub may go."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Protocol

from tidings.model.errors import NoReply
from tidings.rules.places import NotAllowed
from tidings.rules.smpp.terms import Terms, place_of
from tidings.wire.reaching import Reach
from tidings.wire.smpp.link import Link


class Dial(Protocol):
    """Connects to where terms say; `make` makes our end. Raises NoReply, with nothing taken."""

    async def __call__(self, terms: Terms, make: Callable[[], Link]) -> Link:
        """Connect."""
        ...


class Dialler:
    """Connects behind the address guard, with TLS where the URL says so."""

    def __init__(self, reach: Reach, *, tls: ssl.SSLContext | None = None) -> None:
        self._reach = reach
        self._tls = tls

    async def __call__(self, terms: Terms, make: Callable[[], Link]) -> Link:
        """Connect to the first address that answers; raises NoReply."""
        host, port, tls = place_of(terms.url)
        written = f"[{host}]" if ":" in host else host
        try:
            async with asyncio.timeout(terms.connect_seconds):
                made = await self._reach.connect(written, port, encrypted=tls)
                _, link = await asyncio.get_running_loop().create_connection(
                    make, sock=made, ssl=self._context() if tls else None, server_hostname=host if tls else None
                )
        except NotAllowed as refused:
            raise NoReply(refused.why, taken=False, error=refused.code) from refused
        except ssl.SSLError as error:
            raise NoReply(f"TLS with {host} failed: {error}", taken=False, error="tls") from error
        except TimeoutError as error:
            raise NoReply(f"{host}:{port} does not answer.", taken=False, error="timeout") from error
        except OSError as error:
            raise NoReply(f"{host}:{port} cannot be connected to: {error}", taken=False, error="connect") from error
        return link

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls
