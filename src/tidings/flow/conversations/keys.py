"""The integrators' public keys, fetched through the address guard where they publish them."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from tidings.flow.conversations.setting import Setting
from tidings.flow.world import World
from tidings.rules.conversations.tokens import BadToken, key_of

GOOD_FOR: Final = 3_600_000
"""Milliseconds until a set of keys is fetched again."""
AGAIN_AFTER: Final = 60_000
"""Milliseconds between two fetches at least, whatever keys tokens name: else a stranger could have us ask all day."""
LARGEST: Final = 2**16
"""Octets."""
TIMEOUT: Final = 10.0
"""Seconds."""


class Fetched(Struct, frozen=True):
    """A set of keys as it was fetched; None where that failed."""

    at: int
    keys: Any


async def integrators_key(world: World, setting: Setting, kid: str) -> Any:
    """Give the key that an integrator's token is to be proven with; raises BadToken where it cannot be had.

    A key that is not known is looked for once more where the keys are published, for they are changed now and then.
    """
    settings = setting.settings
    if settings.key is not None:
        return settings.key
    url = settings.jwks_url
    async with world.lock(f"jwks {url}"):
        now, known = world.clock.now(), world.conversations.fetched.get(url)
        found = None if known is None else key_of(known.keys, kid, settings.algorithm)
        is_old = known is None or now - known.at >= GOOD_FOR
        may_ask = known is None or now - known.at >= AGAIN_AFTER
        if is_old or (found is None and may_ask):
            fresh = await _fetch(world, url)
            # What was known goes on where the new cannot be had.
            keys = known.keys if fresh is None and known is not None else fresh
            world.conversations.fetched[url] = Fetched(now, keys)
            found = key_of(keys, kid, settings.algorithm)
    if found is None:
        raise BadToken("The key that it names is not published.")
    return found


async def _fetch(world: World, url: str) -> Any:
    result = await world.http.fetch("GET", url, {"accept": "application/json"}, b"", timeout=TIMEOUT)
    if result.error or result.status != 200 or len(result.body) > LARGEST:
        return None
    try:
        return msgspec.json.decode(result.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
