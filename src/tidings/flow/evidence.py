"""Evidence: what a callback's proof rests on and the provider publishes, a certificate say, is fetched and kept."""

from collections import OrderedDict
from typing import Final

from tidings.flow.clock import Clock
from tidings.model.errors import BadSignature
from tidings.model.exchange import Call
from tidings.wire.http import Http

GOOD_FOR: Final = 3_600_000
"""Milliseconds until it is fetched again."""
MOST: Final = 200
"""How many are kept."""
LARGEST: Final = 2**16
"""Octets."""
TIMEOUT: Final = 10.0
"""Seconds: the provider waits for our answer meanwhile."""


class Evidence:
    """Fetches evidence through the address guard, and keeps it by its URL. A failure is not kept."""

    def __init__(self, http: Http, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._kept: OrderedDict[str, tuple[int, bytes]] = OrderedDict()

    async def get(self, call: Call) -> bytes:
        """Give what is at a URL; raises BadSignature where it cannot be had."""
        until, body = self._kept.get(call.url, (0, b""))
        if until > self._clock.now():
            return body
        result = await self._http.fetch(call.method, call.url, call.headers, call.body, timeout=TIMEOUT)
        if result.error or result.status != 200 or len(result.body) > LARGEST:
            raise BadSignature(f"its evidence cannot be had: {result.error or result.status}")
        self._kept[call.url] = (self._clock.now() + GOOD_FOR, result.body)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return result.body
