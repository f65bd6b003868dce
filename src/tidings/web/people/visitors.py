"""Who comes to the doors for people, as far as that is looked at, or kept."""

from functools import lru_cache

from tidings.flow.clicks.following import LONGEST_AGENT
from tidings.flow.unsubscribing import Follower
from tidings.rules.networks import Network, read_networks
from tidings.rules.visitors import address_behind
from tidings.web.door import Visit


def address_of(visit: Visit) -> str:
    """Give the address of a visitor; behind proxies of our own, as those say."""
    proxies = visit.world.settings.trusted_proxies
    if not proxies:
        return visit.peer
    return address_behind(visit.peer, visit.headers.get("x-forwarded-for", ""), _networks(proxies))


def follower_of(visit: Visit, workspace: str) -> Follower:
    """Say who followed a link, where its workspace keeps that."""
    known = visit.world.directory.workspaces.get(workspace)
    if known is None or not known.keep_clients:
        return Follower()
    return Follower(visit.headers.get("user-agent", "")[:LONGEST_AGENT], address_of(visit))


@lru_cache(8)
def _networks(text: str) -> tuple[Network, ...]:
    return tuple(read_networks(text))
