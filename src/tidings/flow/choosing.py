"""Choosing: which events of the log one subscription is told."""

import structlog

from tidings.dialects.dialect import Dialect, Telling
from tidings.flow.world import World
from tidings.model.events import Event
from tidings.model.messages import Message
from tidings.model.subscriptions import Subscription

log = structlog.get_logger()


class Choosing:
    """Puts together what a subscription is told, where it is wanted."""

    def __init__(self, world: World, subscription: Subscription, dialect: Dialect) -> None:
        self._world = world
        self._subscription = subscription
        self._dialect = dialect

    def change(self, subscription: Subscription) -> None:
        """Follow the subscription: it may want other events now."""
        self._subscription = subscription

    def telling(self, event: Event, message: Message) -> Telling | None:
        """Put together what is told; None where the workspace was taken away, and this reader will be."""
        workspace = self._world.directory.workspaces.get(event.workspace)
        return Telling(event, message, workspace) if workspace is not None else None

    def wanted(self, event: Event, message: Message) -> Telling | None:
        """Put together what is told, if it is wanted."""
        telling = self.telling(event, message)
        if telling is None:
            return None
        siblings = self._world.directory.siblings(event.workspace, self._dialect.name)
        try:
            return telling if self._dialect.wants(self._subscription, siblings, telling) else None
        except Exception:
            # Our own fault. Telling it fails likewise or does no harm; leaving it out would make a hole.
            log.exception("nobody knows whether an event is wanted", id=event.id)
            return telling
