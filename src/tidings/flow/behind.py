"""Whose events wait for longer than is usual: the operators hear of it once, until everything older is told."""

from collections.abc import Iterable

from tidings.flow import notices
from tidings.flow.notify import Notifier
from tidings.flow.world import World


class Behind:
    """Knows which of this process's subscriptions are behind."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._told: set[str] = set()

    def look(self, notifiers: Iterable[Notifier]) -> None:
        """Say which subscriptions have fallen behind since the last look."""
        before = self._world.clock.now() - round(self._world.settings.behind_minutes * 60_000)
        behind = set()
        for notifier in notifiers:
            subscription, since = notifier.subscription, notifier.oldest_at
            if since is None or since > before:
                continue
            behind.add(subscription.id)
            if subscription.id not in self._told:
                self._world.say(notices.behind(subscription, since=since))
        self._told = behind
