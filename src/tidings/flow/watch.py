"""Watching one channel: its operators hear when its provider takes nothing any more, and when it does again."""

from typing import Final

from tidings.flow import notices
from tidings.flow.world import World
from tidings.model.stages import Cause, Reason
from tidings.model.workspaces import Channel

FAILS_AFTER: Final = 5
"""How many submissions in a row must fail."""


class Watch:
    """Counts what comes of the submissions of one channel."""

    def __init__(self, world: World, channel: Channel) -> None:
        self._world = world
        self._channel = channel
        self._failures = 0
        self._since = 0
        self._told = False

    @property
    def failing_since(self) -> int | None:
        """Since when it has taken nothing, once its operators were told; None while it does."""
        return self._since if self._told else None

    def worked(self) -> None:
        """The provider took something, or refused it for what it was."""
        if self._told:
            self._world.say(notices.channel_recovered(self._channel, since=self._since))
        self._failures, self._told = 0, False

    def refused(self, reason: Reason) -> None:
        """The provider refused something: for what it was, or because it refuses us."""
        if reason.cause is Cause.ACCOUNT:
            self.failed(reason)
        else:
            self.worked()

    def failed(self, reason: Reason) -> None:
        """The provider did not take something, and it says nothing of what that was."""
        if reason.cause is Cause.THROTTLED:
            return  # It works, and as fast as it can.
        if not self._failures:
            self._since = self._world.clock.now()
        self._failures += 1
        if self._failures >= FAILS_AFTER and not self._told:
            self._told = True
            self._world.say(notices.channel_failing(self._channel, reason, since=self._since))
