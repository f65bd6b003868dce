"""Callbacks that nobody could read: the operators hear of the first of a channel, and then at most now and then."""

from collections.abc import Callable
from typing import Final

from tidings.flow import notices
from tidings.flow.clock import Clock
from tidings.flow.facts import Noticed
from tidings.model.workspaces import Channel

AGAIN_AFTER: Final = 600_000
"""Milliseconds until the same channel is told of again: a provider repeats what it gets no good answer to."""


class Unreadable:
    """Counts a channel's unreadable callbacks, and says so."""

    def __init__(self, clock: Clock, say: Callable[[Noticed], None]) -> None:
        self._clock = clock
        self._say = say
        self._told: dict[str, tuple[int, int]] = {}
        """By channel: when it was told of, and how many came since."""

    def heard(self, channel: Channel, why: str) -> None:
        """Take one more, which is parked."""
        now = self._clock.now()
        told_at, more = self._told.get(channel.id, (None, 0))
        if told_at is not None and now - told_at < AGAIN_AFTER:
            self._told[channel.id] = told_at, more + 1
            return
        self._told[channel.id] = now, 0
        self._say(notices.unreadable(channel, why, more=more))
