"""The endpoint of one subscription: how much may be under way to it, when it is probed, and what is said of it.

The rules are in `tidings.rules.endpoint`. Here they get a clock, and what follows from them: a slow start, so that an
endpoint that has just come back is not buried; a word to the operators when it fails, answers again, or is given up.
"""

from collections.abc import Callable

from tidings.dialects.dialect import Dialect
from tidings.flow import notices
from tidings.flow.clock import Timer
from tidings.flow.world import World
from tidings.model.subscriptions import Subscription
from tidings.rules import endpoint as rules
from tidings.rules.endpoint import WELL, Condition, Failure

FIRST = 2
"""How many webhooks go out at once to an endpoint that nobody has heard from yet; each answer allows one more."""


class Endpoint:
    """What is known of an endpoint, and what may be sent to it now."""

    def __init__(self, world: World, subscription: Subscription, dialect: Dialect, wake: Callable[[], None]) -> None:
        self._world = world
        self._subscription = subscription
        self._dialect = dialect
        self._wake = wake
        self.condition = WELL
        self._most = world.settings.webhook_concurrency
        self._limit = min(FIRST, self._most)
        self._has_answered = False
        self._timer: Timer | None = None

    def resume(self, condition: Condition) -> None:
        """Go on from what an earlier reader knew."""
        self.condition = condition
        self._set_timer()

    def change(self, subscription: Subscription) -> None:
        """Follow the subscription; of another URL nothing is known yet."""
        moved = subscription.url != self._subscription.url
        self._subscription = subscription
        if moved:
            self.condition = WELL
            self._limit = min(FIRST, self._most)
            self._has_answered = False
            self._set_timer()

    def stop(self) -> None:
        """Wake nobody any more."""
        if self._timer is not None:
            self._timer.cancel()

    @property
    def is_stopped(self) -> bool:
        """Whether nothing but probes goes to it."""
        return self.condition.is_stopped

    @property
    def has_answered(self) -> bool:
        """Whether it has ever answered, as far as this process knows."""
        return self._has_answered

    @property
    def answers(self) -> bool:
        """Whether it has answered, and nothing has failed since then."""
        return self._has_answered and self.condition is WELL

    @property
    def limit(self) -> int:
        """How many webhooks may be under way to it at once, as far as is known of it."""
        return self._limit

    def room(self, under_way: int) -> int:
        """How many more webhooks may go out beside those under way."""
        if self.condition.wait(self._world.clock.now()):
            return 0
        if self.condition.is_stopped:
            return 0 if under_way else 1
        return self._limit - under_way

    def answered(self) -> None:
        """Hear that it took something, or refused it knowingly."""
        self._has_answered = True
        if self._limit < self._most:
            self._limit += 1
        before = self.condition
        if before is WELL:
            return
        self.condition = WELL
        self._set_timer()
        if before.is_stopped:
            self._limit = 1
        if before.announced_at is not None:
            since = before.failing_since or before.announced_at
            self._world.say(notices.recovered(self._subscription, since))

    def failed(self, failure: Failure) -> None:
        """Hear that an attempt failed."""
        before = self.condition
        if not failure.status or failure.status in rules.BUSY:
            # It has too much to do; a fault with one event says nothing of that.
            self._limit = max(1, self._limit // 2)
        self.condition = rules.failed(before, failure, self._dialect.schedule, self._world.chance.share())
        given_up_at = rules.given_up_at(self.condition)
        if given_up_at is not None and failure.at >= given_up_at:
            self._world.disable(self._subscription, "failing")
        elif rules.is_to_announce(self.condition, failure.at):
            self.condition = rules.announced(self.condition, failure.at)
            self._world.say(notices.failing(self._subscription, self.condition, failure.status))
        self._set_timer()

    def _set_timer(self) -> None:
        """Come back when the endpoint may be tried again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._world.clock.now()
        if wait := self.condition.wait(now):
            self._timer = self._world.clock.at(now + wait, self._wake)
