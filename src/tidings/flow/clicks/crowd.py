"""Seeing that links of many messages are followed from one network at once. It is known for moments, and only here."""

from collections import OrderedDict
from typing import Final

from tidings.rules.prefetch import CROWD, CROWD_MESSAGES

MOST_NETWORKS: Final = 10_000


class Crowd:
    """Which messages' links were followed last from each network."""

    def __init__(self) -> None:
        self._networks: OrderedDict[str, dict[str, int]] = OrderedDict()

    def joins(self, network: str, message: str, now: int) -> bool:
        """Note that a link was followed; say whether links of several messages were, just now."""
        networks = self._networks
        came = networks.pop(network, {})
        networks[network] = came
        came.pop(message, None)
        came[message] = now
        if len(came) > CROWD_MESSAGES:
            del came[next(iter(came))]
        if len(networks) > MOST_NETWORKS:
            networks.popitem(last=False)
        self._forget(now)
        return len(came) == CROWD_MESSAGES and now - min(came.values()) <= CROWD

    def _forget(self, now: int) -> None:
        """Forget the network that was heard of longest ago, where that was long enough ago, and one more."""
        for _ in range(2):
            network, came = next(iter(self._networks.items()))
            if now - max(came.values()) <= CROWD:
                return
            del self._networks[network]
