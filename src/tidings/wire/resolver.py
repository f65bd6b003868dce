"""Looking names up, as this machine does it."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a name, for a port; raises OSError where it has none, or nobody can be asked."""

MOST_AT_ONCE = 64
"""How many names are looked up at once."""


class SystemResolver:
    """Asks the system (`/etc/hosts`, name servers), in a thread for each name."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(MOST_AT_ONCE)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Give the addresses of a name, those to be tried first in front; raises OSError."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sequence[str]] = loop.create_future()

        def settle(found: Sequence[str], error: OSError | None) -> None:
            self._free.release()
            if future.done():
                return
            if error is None:
                future.set_result(found)
            else:
                future.set_exception(error)

        def ask() -> None:
            found: Sequence[str] = ()
            trouble = None
            try:
                found = _addresses(host, port)
            except OSError as error:
                trouble = error
            # Without a loop that runs, nobody waits for it any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, found, trouble)

        # Not in a pool: its threads would be waited for when the process ends, and a name server that is silent is
        # asked for many seconds.
        try:
            threading.Thread(target=ask, name="look-up", daemon=True).start()
        except RuntimeError as error:
            self._free.release()
            raise OSError("there is no thread to ask in") from error
        return await future


def _addresses(host: str, port: int) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host} is no name") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
