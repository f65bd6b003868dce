"""Trying again: what failed is set aside, tried on the dialect's schedule, and given up after its last wait."""

from collections import deque
from collections.abc import Callable

from tidings.dialects.dialect import Dialect
from tidings.flow import notices
from tidings.flow.aside import Aside
from tidings.flow.choosing import Choosing
from tidings.flow.endpoint import Endpoint
from tidings.flow.journal import Journal
from tidings.flow.judging import Judge
from tidings.flow.lanes import Bundle
from tidings.flow.measured import EndpointTally
from tidings.flow.posting import Poster
from tidings.flow.world import World
from tidings.model.events import Event
from tidings.model.exchange import retry_after
from tidings.model.subscriptions import Subscription, Verdict
from tidings.rules.endpoint import LONGEST_WAIT
from tidings.store.log import events_at
from tidings.wire.http import Result

AGAIN_AFTER = 1000
"""Milliseconds until the store is asked again when it failed us."""


class Retrying:
    """Tries what one subscription has set aside.

    `may_begin` says whether anything may be told now; `go_on` is called when one of them is decided on.
    """

    def __init__(
        self,
        world: World,
        subscription: Subscription,
        dialect: Dialect,
        *,
        choosing: Choosing,
        poster: Poster,
        endpoint: Endpoint,
        judge: Judge,
        journal: Journal,
        tally: EndpointTally,
        may_begin: Callable[[], bool],
        go_on: Callable[[], None],
    ) -> None:
        self._world = world
        self._subscription = subscription
        self._dialect = dialect
        self._choosing = choosing
        self._poster = poster
        self._endpoint = endpoint
        self._judge = judge
        self._journal = journal
        self._tally = tally
        self._may_begin = may_begin
        self._go_on = go_on
        self.aside = Aside(world.clock, journal, self._retry, self._room_for_retries)
        self._in_line: deque[int] = deque()
        """Those to be tried when it is our turn."""

    def change(self, subscription: Subscription) -> None:
        """Follow the subscription."""
        self._subscription = subscription

    def judged(self, bundle: Bundle, at: int, result: Result) -> Verdict:
        """Judge an answer; what is set aside goes on as soon as an endpoint that failed answers."""
        was_stopped = self._endpoint.is_stopped
        verdict = self._judge.judge(bundle, at, result)
        if was_stopped and not self._endpoint.is_stopped:
            self.aside.go_on()
        return verdict

    def try_again(self, event: Event, *, tries: int, number: int, first_at: int, result: Result) -> None:
        """Set an event aside that was tried so often, until its next try is due; give it up where none is left."""
        wait = self._dialect.schedule.wait(tries, self._world.chance.share())
        if wait is None:
            self._world.counts.add("deliveries", "exhausted")
            self._tally.given_up += 1
            self.aside.give_up(event, tries=tries, number=number, first_at=first_at)
            self._world.say(notices.exhausted(self._subscription, event, tries=number))
            return
        now = self._world.clock.now()
        asked = min(retry_after(result.headers, now) or 0, LONGEST_WAIT)
        self.aside.put(event, tries=tries, number=number, first_at=first_at, due_at=now + max(wait, asked))

    def _room_for_retries(self) -> int:
        return 0 if self._endpoint.is_stopped or not self._may_begin() else self._endpoint.room(0)

    def _retry(self, positions: list[int]) -> None:
        if self._endpoint.answers:
            self._world.spawn(self._tell(positions))
        else:
            self._in_line.extend(positions)
            self._world.turns.ask(self, known=self._endpoint.has_answered)

    def take_turn(self) -> bool:
        """Try the next of those that wait for a turn; says whether there is another one."""
        position = self._in_line.popleft()
        if self._may_begin():
            self._world.spawn(self._tell([position]))
        else:
            self.aside.schedule(position, self._world.clock.now())
            self.aside.tried()
        return bool(self._in_line)

    async def _tell(self, positions: list[int]) -> None:
        try:
            found = await self._world.store.read(events_at(positions))
        except Exception:
            for position in positions:
                self.aside.schedule(position, self._world.clock.now() + AGAIN_AFTER)
                self.aside.tried()
            raise
        tellings = {event.position: self._choosing.telling(event, message) for event, message in found}
        for position in positions:
            if (telling := tellings.get(position)) is not None:
                self._judge.made[position] = self.aside[position].number
                self._poster.post((telling,), self._judge.made[position] + 1, self._retried)
            else:
                # Its message was taken out.
                self.aside.free(position)
                self.aside.tried()

    def _retried(self, bundle: Bundle, at: int, result: Result) -> None:
        event = bundle[0].event
        held = self.aside[event.position]
        if self.judged(bundle, at, result) is not Verdict.RETRY:
            self.aside.free(event.position)
        else:
            number, now = self._judge.made[event.position], self._world.clock.now()
            if self._endpoint.is_stopped:
                # It says nothing of this event: it is due as before, once the endpoint answers.
                self.aside.put(event, tries=held.tries, number=number, first_at=held.first_at, due_at=now)
            else:
                self.try_again(event, tries=held.tries + 1, number=number, first_at=held.first_at, result=result)
        self._judge.made.pop(event.position, None)
        self.aside.tried()
        self._journal.write_down()
        self._go_on()
