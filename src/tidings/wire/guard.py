"""The address guard: where requests may go, judged anew for every origin each minute and for every connection.

A URL is judged as it stands (`tidings.rules.places`), its name is looked up once, all of its addresses are judged, and
libcurl is told to connect to those: it asks no name server itself. What libcurl then connects to is judged a last time
when it wants the socket, so that a name read differently by it and by us leads nowhere either.
"""

import asyncio
import time
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

from msgspec import Struct

from tidings.rules.networks import Address
from tidings.rules.places import Bounds, NotAllowed, Place, place_of
from tidings.wire.resolver import Resolver, SystemResolver

GOOD_FOR = 60.0
"""Seconds until a name is looked up again. libcurl forgets what it was told after twice as long."""
FAILED_FOR = 5.0
"""Seconds until a name that could not be looked up is tried again."""
STALE_FOR = 3600.0
"""Seconds that a name's last addresses serve when it cannot be looked up again (compare RFC 8767)."""
PATIENCE = 1.0
"""Seconds that are waited for a name whose last addresses can serve."""
MOST_KNOWN = 20_000
"""How many origins are remembered."""
CLOSED = Bounds()


class Passage(Struct):
    """What is known of the way to an origin."""

    until: float = 0.0
    """When it must be looked at again, by the guard's clock."""
    error: str = ""
    """Why nothing is sent there: `url`, `refused-address` or `dns`; empty where it may be."""
    why: str = ""
    pin: list[str] = []
    """The name's addresses as libcurl is told them (CURLOPT_RESOLVE); none where the URL has an address itself."""
    is_pinned: bool = False
    """Whether libcurl is known to have them, so that they need not be told again."""
    stale_after: float = 0.0


class Guard:
    """Knows which origins may be gone to: without bounds of its own, public ones by https.

    It belongs to the event loop it is used on; `clock` gives seconds.
    """

    def __init__(
        self,
        bounds: Bounds = CLOSED,
        resolver: Resolver | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bounds = bounds
        self._resolver = resolver or SystemResolver()
        self._clock = clock
        self._known: dict[str, Passage] = {}
        self._looking: dict[str, asyncio.Task[Passage]] = {}
        self.lets_connect = lru_cache(maxsize=4096)(self._lets_connect)
        """Whether a connection to an address may be made, whatever led to it."""

    def known(self, url: str) -> Passage | None:
        """Give what is known of the way to a URL; None where that must be found out."""
        passage = self._known.get(_origin(url))
        return passage if passage is not None and passage.until > self._clock() else None

    async def find(self, url: str, *, timeout: float) -> Passage:
        """Find out whether a URL may be gone to, and how; `timeout` is in seconds."""
        try:
            place = place_of(url)
            self._bounds.judge(place)
        except NotAllowed as refused:
            return Passage(error=refused.code, why=refused.why)
        origin = _origin(url)
        if place.address is not None:
            return self._keep(origin, Passage(until=float("inf"), is_pinned=True))
        if (known := self.known(url)) is not None:
            return known
        looking = self._looking.get(origin)
        if looking is None:
            looking = asyncio.get_running_loop().create_task(self._look_up(origin, place))
            self._looking[origin] = looking
            looking.add_done_callback(lambda _: self._looking.pop(origin))
        patience = timeout if self._last(origin) is None else min(timeout, PATIENCE)
        # Others may wait for the same answer, so it is not cancelled when we no longer do.
        await asyncio.wait({looking}, timeout=patience)
        if looking.done():
            return looking.result()
        late = self._without_answer(origin, f"Nobody said in time where {place.host} is.")
        return late if late.error else self._keep(origin, late)

    def close(self) -> None:
        """Wait for no name any more."""
        for looking in self._looking.values():
            looking.cancel()

    def _lets_connect(self, address: str) -> bool:
        try:
            return self._bounds.lets_connect(ip_address(address))
        except ValueError:
            return False

    async def _look_up(self, origin: str, place: Place) -> Passage:
        try:
            found: list[Address] = [ip_address(each) for each in await self._resolver(place.host, place.port)]
            if not found:
                raise OSError(f"{place.host} has no address")
        except (OSError, ValueError) as error:
            return self._keep(origin, self._without_answer(origin, f"{place.host} cannot be looked up: {error}"))
        now = self._clock()
        try:
            self._bounds.judge_addresses(place, found)
        except NotAllowed as refused:
            return self._keep(origin, Passage(now + GOOD_FOR, refused.code, refused.why))
        pin = [f"+{place.host}:{place.port}:{','.join(map(_written, found))}"]
        return self._keep(origin, Passage(now + GOOD_FOR, pin=pin, stale_after=now + STALE_FOR))

    def _without_answer(self, origin: str, why: str) -> Passage:
        """Go by a name's last addresses, which were judged, where there are any."""
        until, last = self._clock() + FAILED_FOR, self._last(origin)
        if last is None:
            return Passage(until, "dns", why)
        return Passage(until, pin=last.pin, stale_after=last.stale_after)

    def _last(self, origin: str) -> Passage | None:
        last = self._known.get(origin)
        return last if last is not None and last.stale_after > self._clock() else None

    def _keep(self, origin: str, passage: Passage) -> Passage:
        self._known.pop(origin, None)
        self._known[origin] = passage
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
        return passage


def _origin(url: str) -> str:
    """Cut a URL where its path or query begins: nothing behind can change where one that was found good leads."""
    end = url.find("/", len("https://"))
    origin = url if end < 0 else url[:end]
    return origin if "?" not in origin else origin.partition("?")[0]


def _written(address: Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)
